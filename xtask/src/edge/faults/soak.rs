//! A crowd and every shape, again and again, while calls go on: what the server holds does
//! not grow.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::crowd::{dispersed, gather};
use super::shapes;
use crate::edge::kit::Kit;
use crate::edge::load::Load;
use crate::edge::proc::{MIB, descriptors, memory};
use crate::servers::HttpServer;

const TIME: Duration = Duration::from_secs(600);
/// Limits that are short enough for the shapes, and long enough for a crowd to come.
const FLAGS: [&str; 6] = [
    "--header-timeout",
    "10s",
    "--body-timeout",
    "10s",
    "--idle-timeout",
    "15s",
];
/// How long a crowd stays.
const STAYS: Duration = Duration::from_secs(20);
const RATE: u32 = 200;
const WORKERS: u32 = 8;
/// What the server may hold more at the end than half way, when its buffers and pools have
/// their size.
const GROWS: u64 = 8 * MIB;
const DESCRIPTORS: usize = 16;
/// How many rounds there are at the least.
const ROUNDS: usize = 4;

/// What the server holds when a round is over.
#[derive(Debug, Clone, Copy)]
struct Held {
    memory: u64,
    descriptors: usize,
}

pub(super) fn check(kit: &Kit<'_>) -> Result<String> {
    let began = Instant::now();
    let server = kit.server(&FLAGS)?;
    let cases = shapes::read(kit, &server)?;
    let load = Load {
        url: server.url.clone(),
        workers: WORKERS,
        rate: RATE,
        mixed: true,
    };
    let calling = load.start();
    let mut held = Vec::new();
    while began.elapsed() < TIME || held.len() < ROUNDS {
        let crowd = gather(&server)?;
        std::thread::sleep(STAYS);
        crowd.go()?;
        dispersed(&server)?;
        shapes::all(&cases, &server)?;
        let now = Held::of(&server)?;
        println!("{} MiB, {} descriptors", now.memory / MIB, now.descriptors);
        held.push(now);
    }
    let tally = calling.end()?;
    tally.whole().context("honest calls")?;
    let (half, last) = compared(&held)?;
    Ok(format!(
        "{} rounds in {:.0} s, {} honest calls, none failed, p99 {:.1} ms; the server holds {} MiB and {} descriptors, {} and {} half way",
        held.len(),
        began.elapsed().as_secs_f64(),
        tally.times.len(),
        tally.within(99).as_secs_f64() * 1e3,
        last.memory / MIB,
        last.descriptors,
        half.memory / MIB,
        half.descriptors
    ))
}

impl Held {
    fn of(server: &HttpServer) -> Result<Self> {
        Ok(Self {
            memory: memory(server.id())?,
            descriptors: descriptors(server.id())?,
        })
    }
}

/// What it held half way, and at the end.
fn compared(held: &[Held]) -> Result<(Held, Held)> {
    ensure!(held.len() >= ROUNDS, "too few rounds: {held:?}");
    let half = *held.get(held.len() / 2).context("no rounds")?;
    let last = *held.last().context("no rounds")?;
    ensure!(last.memory <= half.memory + GROWS, "memory grows: {held:?}");
    ensure!(
        last.descriptors <= half.descriptors + DESCRIPTORS,
        "descriptors are not given back: {held:?}"
    );
    Ok((half, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grows_is_seen() {
        let held = |memory, descriptors| Held {
            memory: memory * MIB,
            descriptors,
        };
        let first = [held(10, 20), held(30, 25), held(40, 25)];
        let with = |last| compared(&[&first[..], &[last]].concat());
        assert!(with(held(42, 30)).is_ok());
        assert!(with(held(80, 30)).is_err());
        assert!(with(held(42, 300)).is_err());
        assert!(compared(&first[..2]).is_err());
    }
}
