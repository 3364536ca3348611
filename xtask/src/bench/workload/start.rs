//! From the start of a process to its first answer, and its memory when nothing happens.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::{Bench, Better, Figure, Row, Runner, Subject};
use crate::bench::client::Client;
use crate::bench::process;
use crate::bench::request::{Call, FIRST_ID};
use crate::run::Task;
use crate::servers::{HttpServer, START};

/// How long memory must not change before it is read.
const IDLE: Duration = Duration::from_secs(1);

pub(super) const FIGURES: &[Figure] = &[
    Figure::new("start", "ms to the first answer", Better::Less, 2).beside_the_floor(),
    Figure::new("memory", "idle KiB", Better::Less, 0).beside_the_floor(),
];

/// A subject that is started again and again.
#[derive(Debug)]
pub(super) struct Start<'a> {
    bench: &'a Bench<'a>,
    subject: &'a Subject,
}

impl<'a> Start<'a> {
    pub(super) fn new(bench: &'a Bench<'a>, subject: &'a Subject) -> Self {
        Self { bench, subject }
    }

    /// It runs where we are, on one core: nothing stands before it that would take time.
    fn command(&self) -> Task {
        let words = self.subject.http(self.bench, Task::new("env"), "j");
        let words = words.into_command();
        let mut words = words.get_args();
        let program = words.next().unwrap_or_default().to_owned();
        Task::new(program).args(words)
    }
}

impl Runner for Start<'_> {
    fn round(&mut self, round: usize, row: &mut Row) -> Result<()> {
        let command = self.command().into_command();
        let request = Call::ModernAdd.request(self.subject.add, FIRST_ID, None);
        let began = Instant::now();
        let server = HttpServer::start(command, START)?;
        let answer = Client::connect(&server.url)?.post(&request)?;
        let took = began.elapsed();
        let expected = Call::ModernAdd.expected(FIRST_ID);
        expected.check(&answer).context("the first answer")?;
        row.checked += 1;
        row.push("start", took.as_secs_f64() * 1e3);
        // Waiting until it is idle takes longer than all the rest, and differs little.
        if round.is_multiple_of(4) {
            let memory = process::settled(server.id(), IDLE)?;
            row.push("memory", memory / 1024.0);
        }
        Ok(())
    }
}
