//! Sends a shape over a connection of its own, and keeps what comes back.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::case::{Case, Part};

/// How long the server may be silent, once it has answered, before it is taken to have said
/// everything.
const SILENCE: Duration = Duration::from_millis(700);
/// What is no answer yet.
const GO_ON: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
/// How long one whole case may take.
const LIMIT: Duration = Duration::from_secs(25);
const POLL: Duration = Duration::from_millis(100);
/// How long the server may take nothing.
const STUCK: Duration = Duration::from_secs(2);
/// How much is kept of what comes back.
const KEPT: usize = 4 << 20;
/// How much is put into one write.
const WRITE: usize = 64 << 10;

/// What came of a case.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) bytes: Vec<u8>,
    /// Whether the server ended the connection.
    pub(super) closed: bool,
    pub(super) took: Duration,
}

/// Sends all of it, unless the server ends the connection, and reads what comes.
pub(super) fn send(case: &Case, host: &str) -> Result<Seen> {
    let began = Instant::now();
    let stream = TcpStream::connect(host).context("connecting")?;
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(STUCK))?;
    stream.set_read_timeout(Some(POLL))?;
    let sent = AtomicBool::new(false);
    let over = AtomicBool::new(false);
    let mut seen = std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            // The server may end the connection whenever it wants.
            let goes_on = write(&stream, &case.send, &over).is_ok();
            sent.store(true, Ordering::SeqCst);
            goes_on
        });
        if case.reads_late {
            let _ = writing.join();
        }
        let seen = read(&stream, case.fine.closes, began, &sent);
        over.store(true, Ordering::SeqCst);
        seen
    });
    seen.took = began.elapsed();
    Ok(seen)
}

fn write(stream: &TcpStream, parts: &[Part], over: &AtomicBool) -> Result<()> {
    let mut stream = stream;
    for part in parts {
        match part {
            Part::Shutdown => stream.shutdown(Shutdown::Write)?,
            Part::Reset => {
                socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO))?;
                stream.shutdown(Shutdown::Both)?;
            }
            Part::Bytes {
                bytes,
                times,
                pause,
            } if pause.is_zero() => {
                // As fast as it goes, in writes of a sensible size.
                let together = (WRITE / bytes.len().max(1)).clamp(1, *times);
                let many = bytes.repeat(together);
                for at in (0..*times).step_by(together) {
                    anyhow::ensure!(!over.load(Ordering::SeqCst), "over");
                    let now = together.min(times - at) * bytes.len();
                    stream.write_all(&many[..now])?;
                }
            }
            Part::Bytes {
                bytes,
                times,
                pause,
            } => {
                for _ in 0..*times {
                    stream.write_all(bytes)?;
                    let due = Instant::now() + *pause;
                    while Instant::now() < due {
                        anyhow::ensure!(!over.load(Ordering::SeqCst), "over");
                        std::thread::sleep(POLL.min(*pause));
                    }
                }
            }
        }
    }
    Ok(())
}

/// Reads until the server ends the connection; where it need not, until it is silent for a
/// while after everything was sent.
fn read(stream: &TcpStream, to_the_end: bool, began: Instant, sent: &AtomicBool) -> Seen {
    let mut stream = stream;
    let mut seen = Seen::default();
    let mut buffer = vec![0; WRITE];
    let mut heard = Instant::now();
    while began.elapsed() < LIMIT {
        match stream.read(&mut buffer) {
            Ok(0) => {
                seen.closed = true;
                break;
            }
            Ok(read) => {
                heard = Instant::now();
                let room = KEPT.saturating_sub(seen.bytes.len());
                seen.bytes.extend_from_slice(&buffer[..read.min(room)]);
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                let has_answered = !seen.bytes.is_empty() && seen.bytes != GO_ON;
                let is_silent = heard.elapsed() > SILENCE && sent.load(Ordering::SeqCst);
                if has_answered && is_silent && !to_the_end {
                    break;
                }
            }
            Err(_) => {
                seen.closed = true;
                break;
            }
        }
    }
    seen
}
