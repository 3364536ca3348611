//! Calls at a steady rate, over connections that are used again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use serde_json::json;

use super::calls;
use crate::bench::client::Client;

/// Of so many calls, one takes a while.
const SLOW_EACH: u32 = 16;
const SLOW_MS: u32 = 150;
/// How many failures are shown.
const SHOWN: usize = 5;

/// What is called, and how often.
#[derive(Debug, Clone)]
pub(super) struct Load {
    pub(super) url: String,
    pub(super) workers: u32,
    /// Calls a second, of all workers together.
    pub(super) rate: u32,
    /// Whether some calls take a while.
    pub(super) mixed: bool,
}

/// Calls that go on until they are ended.
#[derive(Debug)]
pub(super) struct Calling {
    began: Instant,
    ends: Arc<AtomicBool>,
    told: Arc<AtomicBool>,
    workers: Vec<JoinHandle<Tally>>,
}

/// What came of them.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// How long each took that was answered as it should be.
    pub(super) times: Vec<Duration>,
    /// How many connections ended with an answer that said so.
    pub(super) last: u64,
    /// How many connections were silent for so long that the server had ended them.
    pub(super) silent: u64,
    /// How many connections the server did not take once it was told to stop.
    pub(super) untaken: u64,
    pub(super) failures: Vec<String>,
    /// How long it went on.
    pub(super) lasted: Duration,
}

impl Load {
    /// Begins to call.
    pub(super) fn start(self) -> Calling {
        let ends = Arc::new(AtomicBool::new(false));
        let told = Arc::new(AtomicBool::new(false));
        let began = Instant::now();
        let workers = (0..self.workers)
            .map(|number| {
                let mut worker = Worker {
                    load: self.clone(),
                    told: Arc::clone(&told),
                    client: None,
                    tally: Tally::default(),
                };
                let ends = Arc::clone(&ends);
                std::thread::spawn(move || {
                    worker.work(number, began, &ends);
                    worker.tally
                })
            })
            .collect();
        Calling {
            began,
            ends,
            told,
            workers,
        }
    }
}

impl Calling {
    /// From now on the server may refuse connections: it is told to stop.
    pub(super) fn server_is_told(&self) {
        self.told.store(true, Ordering::SeqCst);
    }

    /// Ends the calls, and says what came of them.
    pub(super) fn end(self) -> Result<Tally> {
        self.ends.store(true, Ordering::SeqCst);
        let mut all = Tally::default();
        for worker in self.workers {
            let tally = worker.join().map_err(|_| anyhow!("a worker panicked"))?;
            all.times.extend(tally.times);
            all.last += tally.last;
            all.silent += tally.silent;
            all.untaken += tally.untaken;
            all.failures.extend(tally.failures);
        }
        all.lasted = self.began.elapsed();
        all.times.sort_unstable();
        Ok(all)
    }
}

impl Tally {
    /// Fails when a call did.
    pub(super) fn whole(&self) -> Result<()> {
        let shown = self.failures.iter().take(SHOWN).map(String::as_str);
        ensure!(
            self.failures.is_empty(),
            "{} of {} calls failed: {}",
            self.failures.len(),
            self.times.len() + self.failures.len(),
            shown.collect::<Vec<_>>().join("; ")
        );
        Ok(())
    }

    /// Calls a second that were answered.
    pub(super) fn rate(&self) -> f64 {
        self.times.len() as f64 / self.lasted.as_secs_f64()
    }

    /// The time within which so many in a hundred were answered.
    pub(super) fn within(&self, percent: usize) -> Duration {
        let place = self.times.len() * percent / 100;
        let last = self.times.len().saturating_sub(1);
        self.times.get(place.min(last)).copied().unwrap_or_default()
    }
}

struct Worker {
    load: Load,
    told: Arc<AtomicBool>,
    client: Option<Client>,
    tally: Tally,
}

impl Worker {
    fn work(&mut self, number: u32, began: Instant, ends: &AtomicBool) {
        let between = Duration::from_secs(1) * self.load.workers / self.load.rate;
        let mut due = began + between * number / self.load.workers;
        let mut count = number;
        while !ends.load(Ordering::SeqCst) {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            // One that is late does not catch up: the rate is a rate, not a debt.
            due = Instant::now().max(due + between);
            count += 1;
            self.call(self.load.mixed && count.is_multiple_of(SLOW_EACH));
        }
    }

    fn call(&mut self, slow: bool) {
        // A connection that has ended is not used again, by any client.
        let ended = |it: &mut Client| it.has_ended().unwrap_or(true);
        if self.client.take_if(ended).is_some() {
            self.tally.silent += 1;
        }
        let is_fresh = self.client.is_none();
        match self.try_call(slow) {
            Ok(()) => {}
            // What came too late was never taken: no byte of it was read.
            Err(Failure::NotTaken(_)) if is_fresh && self.told.load(Ordering::SeqCst) => {
                self.tally.untaken += 1;
            }
            Err(Failure::NotTaken(error) | Failure::Wrong(error)) => {
                let on = if is_fresh { "a new" } else { "a used" };
                let failure = format!("on {on} connection: {error:#}");
                self.tally.failures.push(failure);
            }
        }
    }

    fn try_call(&mut self, slow: bool) -> Result<(), Failure> {
        let (tool, arguments, expected) = match slow {
            true => ("wait", json!({"ms": SLOW_MS}), "waited"),
            false => ("add", json!({"a": 2, "b": 3}), "5"),
        };
        let began = Instant::now();
        let mut client = match self.client.take() {
            Some(client) => client,
            None => Client::connect(&self.load.url).map_err(Failure::NotTaken)?,
        };
        let answer = client.post(&calls::modern(tool, &arguments));
        let answer = answer.map_err(Failure::NotTaken)?;
        if answer.is_last() {
            self.tally.last += 1;
        } else {
            self.client = Some(client);
        }
        let right = calls::text(&answer).and_then(|text| {
            ensure!(text == expected, "it answered {text}");
            Ok(())
        });
        right.context(tool).map_err(Failure::Wrong)?;
        self.tally.times.push(began.elapsed());
        Ok(())
    }
}

enum Failure {
    /// No answer came.
    NotTaken(anyhow::Error),
    /// Another answer came.
    Wrong(anyhow::Error),
}
