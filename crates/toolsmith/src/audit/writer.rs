//! The one thread that writes records.
//!
//! Those who wait hear of it when their record is in the hands of the system. Records that
//! come while others are written are written together.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

/// How many records may wait to be written; who has another one waits.
const QUEUE: usize = 1024;
/// How many are written together.
const TOGETHER: usize = 256;
/// How long to wait before what failed is tried again.
const AGAIN: Duration = Duration::from_millis(500);
/// How often to look whether the file was moved away.
const LOOK: Duration = Duration::from_secs(1);

/// A record that waits to be written, and who waits for it.
struct Waiting {
    line: Vec<u8>,
    written: Option<oneshot::Sender<()>>,
}

/// What hands records to the thread. When it is dropped, what waits is written first.
pub(super) struct Writer {
    path: PathBuf,
    queue: Option<mpsc::Sender<Waiting>>,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

/// How the thread is doing.
#[derive(Default)]
struct State {
    /// The file cannot be written to.
    fails: AtomicBool,
    /// What cannot be written now is not waited for.
    ends: AtomicBool,
}

impl Writer {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let target = Target::open(path)?;
        let (queue, waiting) = mpsc::channel(QUEUE);
        let state = Arc::<State>::default();
        let of_thread = Arc::clone(&state);
        let thread = thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || run(target, waiting, &of_thread))?;
        Ok(Self {
            path: path.to_owned(),
            queue: Some(queue),
            state,
            thread: Some(thread),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether records cannot be written at the moment.
    pub(super) fn fails(&self) -> bool {
        self.state.fails.load(Ordering::Relaxed)
    }

    /// Waits for room for a record. None where nothing is written any more.
    pub(super) async fn room(&self) -> Option<Room<'_>> {
        let room = self.queue.as_ref()?.reserve().await;
        room.ok().map(Room)
    }

    /// Writes a record that nobody waits for.
    pub(super) fn write_soon(&self, line: Vec<u8>) {
        let written = None;
        let Some(queue) = &self.queue else { return };
        if queue.try_send(Waiting { line, written }).is_err() {
            tracing::error!("the record of a call is lost: too many wait to be written");
        }
    }
}

/// Room for one record.
pub(super) struct Room<'a>(mpsc::Permit<'a, Waiting>);

impl Room<'_> {
    /// Writes a record, and waits until that is done. `false` where it never will be.
    ///
    /// Dropping the future, once it was polled, takes nothing back.
    pub(super) async fn write(self, line: Vec<u8>) -> bool {
        let (written, done) = oneshot::channel();
        self.0.send(Waiting {
            line,
            written: Some(written),
        });
        done.await.is_ok()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.state.ends.store(true, Ordering::Relaxed);
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // It has nothing to say that was not logged.
            let _ = thread.join();
        }
    }
}

/// Writes what waits until nobody can have more.
fn run(mut target: Target, mut queue: mpsc::Receiver<Waiting>, state: &State) {
    while let Some(first) = queue.blocking_recv() {
        let mut batch = vec![first];
        while batch.len() < TOGETHER
            && let Ok(next) = queue.try_recv()
        {
            batch.push(next);
        }
        let lines: Vec<&[u8]> = batch.iter().map(|it| &*it.line).collect();
        if !write_in_the_end(&mut target, &lines.concat(), state) {
            let lost = batch.len();
            tracing::error!(lost, "records of calls are lost: the server ends");
            continue;
        }
        for waiting in batch {
            if let Some(written) = waiting.written {
                // Who does not wait any more has said so to its client.
                let _ = written.send(());
            }
        }
    }
}

/// Writes lines, as often as it takes. `false` where the server ends before that.
fn write_in_the_end(target: &mut Target, lines: &[u8], state: &State) -> bool {
    let mut rest = lines;
    loop {
        match target.write(lines, &mut rest) {
            Ok(()) => {
                if state.fails.swap(false, Ordering::Relaxed) {
                    tracing::info!("records of calls are written again");
                }
                return true;
            }
            Err(error) => {
                if !state.fails.swap(true, Ordering::Relaxed) {
                    let path = target.path.display();
                    tracing::error!(%error, %path, "records of calls cannot be written, and calls are refused until they can");
                }
            }
        }
        if state.ends.load(Ordering::Relaxed) {
            return false;
        }
        thread::sleep(AGAIN);
    }
}

/// The file.
struct Target {
    path: PathBuf,
    /// None while there is none at the path.
    file: Option<File>,
    looked: Instant,
}

impl Target {
    fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            file: Some(open(path)?),
            looked: Instant::now(),
        })
    }

    /// Writes the rest of some lines. A line is in one file, whole: what was begun in one that
    /// was moved away is begun again in the next.
    fn write<'a>(&mut self, lines: &'a [u8], rest: &mut &'a [u8]) -> io::Result<()> {
        if self.looked.elapsed() >= LOOK {
            self.looked = Instant::now();
            if self.was_moved() {
                self.file = None;
            }
        }
        if self.file.is_none() {
            self.file = Some(open(&self.path)?);
            let done = lines.len() - rest.len();
            let last_end = lines[..done].iter().rposition(|byte| *byte == b'\n');
            *rest = &lines[last_end.map_or(0, |at| at + 1)..];
        }
        let Some(file) = &mut self.file else {
            return Err(io::ErrorKind::NotFound.into());
        };
        while !rest.is_empty() {
            match file.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => *rest = &rest[count..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn was_moved(&self) -> bool {
        let Some(file) = &self.file else { return false };
        match (std::fs::metadata(&self.path), file.metadata()) {
            (Ok(at_path), Ok(ours)) => !is_same(&at_path, &ours),
            _ => true,
        }
    }
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Elsewhere a file that is open cannot be moved.
#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata) -> bool {
    true
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}
