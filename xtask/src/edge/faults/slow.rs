//! Thousands of connections that want little and give less: slow senders, and those on which
//! nothing is asked.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use rustix::process::{Resource, getrlimit, setrlimit};
use socket2::{Domain, Socket, Type};

/// How many there are of each kind.
pub(super) const EACH: usize = 2_000;
/// Over how many addresses they are spread, so that the bound of one is not reached.
const ADDRESSES: usize = 8;
/// How many descriptors that takes, with some to spare; of the server, too, which gets our
/// limit.
const DESCRIPTORS: u64 = 3 * EACH as u64;
const PATIENCE: Duration = Duration::from_secs(10);
/// A slow sender sends so many bytes a second.
const A_SECOND: usize = 1;
/// In how many turns those of one second are sent.
const TURNS: usize = 200;

const HEAD: &str = "POST /mcp HTTP/1.1\r\nHost: localhost\r\n";
const FIELDS: &str =
    "Content-Type: application/json\r\nAccept: application/json\r\nContent-Length: 1000\r\n\r\n{";

/// Allows us, and what we start, as many descriptors as a crowd takes.
pub(super) fn allow_descriptors() -> Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|it| it >= DESCRIPTORS) {
        return Ok(());
    }
    ensure!(
        limit.maximum.is_none_or(|it| it >= DESCRIPTORS),
        "{DESCRIPTORS} file descriptors are needed: raise the hard limit (ulimit -Hn)"
    );
    limit.current = Some(DESCRIPTORS);
    setrlimit(Resource::Nofile, limit).context("the limit of file descriptors cannot be raised")
}

/// A crowd that stays until it is ended. Who is cut off comes again.
#[derive(Debug)]
pub(super) struct Crowd {
    ends: Arc<AtomicBool>,
    slow: JoinHandle<Result<u64>>,
    idle: Vec<TcpStream>,
}

impl Crowd {
    /// Connects all of them, and waits until the server has answered those that ask.
    pub(super) fn come(server: SocketAddr) -> Result<Self> {
        let slow = (0..EACH).map(|number| Slow::connect(server, number));
        let slow: Vec<_> = slow.collect::<Result<_>>()?;
        // Those that are idle have asked something once, as connections in a pool have.
        let idle = (0..EACH).map(|number| -> Result<_> {
            let mut stream = connect(server, number)?;
            stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
            stream.set_read_timeout(Some(PATIENCE))?;
            Ok(stream)
        });
        let mut idle: Vec<_> = idle.collect::<Result<_>>()?;
        for (number, stream) in idle.iter_mut().enumerate() {
            let read = stream.read(&mut [0; 1024]);
            read.with_context(|| format!("the answer to number {number} of the idle"))?;
        }
        let ends = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&ends);
        let slow = std::thread::spawn(move || send_slowly(slow, &until));
        Ok(Self { ends, slow, idle })
    }

    /// Ends it, and says how many slow senders were cut off.
    pub(super) fn go(self) -> Result<u64> {
        self.ends.store(true, Ordering::SeqCst);
        drop(self.idle);
        self.slow.join().map_err(|_| anyhow!("a sender panicked"))?
    }
}

/// One that sends a byte now and then: half of them of their head, half of their body.
#[derive(Debug)]
struct Slow {
    stream: TcpStream,
    server: SocketAddr,
    number: usize,
}

impl Slow {
    fn connect(server: SocketAddr, number: usize) -> Result<Self> {
        let mut stream = connect(server, number)?;
        stream.write_all(HEAD.as_bytes())?;
        let rest = if number.is_multiple_of(2) {
            "X-Slow: "
        } else {
            FIELDS
        };
        stream.write_all(rest.as_bytes())?;
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            server,
            number,
        })
    }

    /// Sends a byte. Gives whether it had been cut off, and came again.
    fn send(&mut self) -> Result<bool> {
        if self.stream.write_all(b" ").is_ok() {
            return Ok(false);
        }
        *self = Self::connect(self.server, self.number)?;
        Ok(true)
    }
}

fn send_slowly(mut all: Vec<Slow>, ends: &AtomicBool) -> Result<u64> {
    let mut cut_off = 0;
    let turn = Duration::from_secs(1) / (TURNS * A_SECOND) as u32;
    let share = all.len().div_ceil(TURNS);
    let mut due = Instant::now();
    loop {
        for some in all.chunks_mut(share) {
            if ends.load(Ordering::SeqCst) {
                return Ok(cut_off);
            }
            for slow in some {
                cut_off += u64::from(slow.send()?);
            }
            due = Instant::now().max(due + turn);
            std::thread::sleep(due - Instant::now().min(due));
        }
    }
}

/// Connects from one of the addresses of this machine.
fn connect(server: SocketAddr, number: usize) -> Result<TcpStream> {
    let last = u8::try_from(2 + number % ADDRESSES)?;
    let from = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)), 0);
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&from.into())?;
    let connected = socket.connect(&server.into());
    connected.with_context(|| format!("connection {number} of the crowd, from {from}"))?;
    socket.set_tcp_nodelay(true)?;
    Ok(socket.into())
}
