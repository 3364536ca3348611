//! Calls through a pipe, with one or several in flight.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{ChildStdin, ChildStdout, Stdio as Io};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use super::{Bench, Figure, Row, Runner, Subject};
use crate::bench::checking::Expected;
use crate::bench::process;
use crate::bench::request::{FIRST_ID, INITIALIZED, initialize, plain_add};
use crate::bench::subject::Program;
use crate::run::Running;

/// How long answers may take beyond the time of the measurement.
const PATIENCE: Duration = Duration::from_secs(30);
/// One answer in so many is read as JSON; of the others the id and the sum are looked for.
const READ_WHOLE: u64 = 1000;

pub(super) const FIGURES: &[Figure] = &[super::RATE, super::COST, super::BUSY];

/// A subject on a pipe.
#[derive(Debug)]
pub(super) struct Stdio {
    running: Running,
    /// Away while somebody calls.
    pipe: Option<Pipe>,
    in_flight: usize,
    time: Duration,
}

#[derive(Debug)]
struct Pipe {
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    next: u64,
    /// Whether it sends back what it gets instead of answering it.
    echoes: bool,
    line: String,
}

impl Stdio {
    pub(super) fn start(bench: &Bench<'_>, subject: &Subject, in_flight: usize) -> Result<Self> {
        let task = subject.stdio(bench);
        let line = task.line();
        let mut command = task.into_command();
        command.stdin(Io::piped()).stdout(Io::piped());
        command.stderr(Io::null());
        let mut running = Running::spawn(&mut command, &line)?;
        let to = running.child.stdin.take().context("no standard input")?;
        let from = running.child.stdout.take().context("no standard output")?;
        let pipe = Pipe {
            to,
            from: BufReader::with_capacity(1 << 16, from),
            next: FIRST_ID,
            echoes: subject.program == Program::Floor,
            line: String::new(),
        };
        let mut stdio = Self {
            running,
            pipe: Some(pipe),
            in_flight,
            time: Duration::from_secs(bench.options.seconds),
        };
        stdio.with_pipe(PATIENCE, |pipe| {
            pipe.open()?;
            pipe.calls(1, Duration::ZERO)
        })?;
        Ok(stdio)
    }

    /// Reading a pipe has no time limit of its own: when it takes too long, the process is
    /// ended, and with it the pipe.
    fn with_pipe<T: Send + 'static>(
        &mut self,
        limit: Duration,
        work: impl FnOnce(&mut Pipe) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let mut pipe = self.pipe.take().context("the pipe broke before")?;
        let (send, done) = channel();
        let worker = std::thread::spawn(move || {
            let result = work(&mut pipe);
            let _ = send.send((result, pipe));
        });
        let Ok((result, pipe)) = done.recv_timeout(limit) else {
            let _ = self.running.child.kill();
            let _ = worker.join();
            bail!("no answer within {} s", limit.as_secs());
        };
        self.pipe = Some(pipe);
        result
    }
}

impl Runner for Stdio {
    fn round(&mut self, _: usize, row: &mut Row) -> Result<()> {
        let id = self.running.child.id();
        let (in_flight, time) = (self.in_flight, self.time);
        let before = process::cpu(id)?;
        let work = move |pipe: &mut Pipe| pipe.calls(in_flight, time);
        let (calls, seconds) = self.with_pipe(time + PATIENCE, work)?;
        let busy = process::cpu(id)? - before;
        row.checked += calls;
        row.push("rate", calls as f64 / seconds);
        row.push("cost", busy * 1e6 / calls as f64);
        row.push("busy", 100.0 * busy / seconds);
        Ok(())
    }
}

impl Pipe {
    /// The handshake of the legacy era, which every peer speaks.
    fn open(&mut self) -> Result<()> {
        if self.echoes {
            return Ok(());
        }
        let hello = initialize().body;
        self.write(&hello)?;
        self.read()?;
        ensure!(
            self.line.contains("\"serverInfo\""),
            "`initialize` got {}",
            self.line
        );
        self.write(INITIALIZED)
    }

    /// Keeps so many calls in flight for a time. Returns how many were answered, and how
    /// long that took.
    fn calls(&mut self, in_flight: usize, time: Duration) -> Result<(u64, f64)> {
        let began = Instant::now();
        let mut open = BTreeSet::new();
        for _ in 0..in_flight {
            open.insert(self.call()?);
        }
        let mut answered = 0;
        while !open.is_empty() {
            self.read()?;
            if !self.echoes && self.line.contains("\"method\"") {
                continue;
            }
            let id = id(&self.line).with_context(|| format!("no id in {}", self.line))?;
            ensure!(open.remove(&id), "nobody asked for {}", self.line);
            answered += 1;
            self.check(id, answered)?;
            if began.elapsed() < time {
                open.insert(self.call()?);
            }
        }
        Ok((answered, began.elapsed().as_secs_f64()))
    }

    fn call(&mut self) -> Result<u64> {
        let id = self.next;
        self.next += 1;
        self.write(&plain_add(id, "add"))?;
        Ok(id)
    }

    fn check(&self, id: u64, answered: u64) -> Result<()> {
        if self.echoes {
            ensure!(self.line.trim_end() == plain_add(id, "add"), "another line");
        } else if answered % READ_WHOLE == 1 {
            Expected::text(id, "5").check_line(&self.line)?;
        } else {
            let right = ["\"text\":\"5\"", "\"text\": \"5\""];
            let holds = right.iter().any(|it| self.line.contains(it));
            ensure!(holds, "it answered {}", self.line);
        }
        Ok(())
    }

    fn write(&mut self, line: &str) -> Result<()> {
        let line = format!("{line}\n");
        self.to
            .write_all(line.as_bytes())
            .context("it reads no more")
    }

    fn read(&mut self) -> Result<()> {
        self.line.clear();
        self.from.read_line(&mut self.line)?;
        ensure!(self.line.ends_with('\n'), "its output ended");
        Ok(())
    }
}

/// The id of an answer, without reading all of it.
fn id(line: &str) -> Option<u64> {
    let (_, rest) = line.split_once("\"id\":")?;
    let rest = rest.trim_start();
    let end = rest.find(|it: char| !it.is_ascii_digit())?;
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_found_wherever_it_stands() {
        assert_eq!(
            id(r#"{"jsonrpc":"2.0","id":1000001,"result":{}}"#),
            Some(1_000_001)
        );
        assert_eq!(id(r#"{"result":{}, "id": 7}"#), Some(7));
        assert_eq!(id(r#"{"method":"x"}"#), None);
    }
}
