//! What honest calls cost while a crowd is there, measured beside what they cost without it.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::slow::{Crowd, EACH};
use crate::bench::process::quiet;
use crate::edge::kit::{Kit, until};
use crate::edge::load::Load;
use crate::edge::proc::descriptors;
use crate::servers::HttpServer;

/// How often both are measured, one after the other.
const ROUNDS: usize = 5;
/// For how long each time.
const TIME: Duration = Duration::from_secs(3);
const RATE: u32 = 250;
const WORKERS: u32 = 8;
/// How much longer the slowest hundredth may take with a crowd.
const MOST: f64 = 2.0;
/// How far apart measurements without a crowd may lie for anything to be said.
const NOISE: f64 = 2.0;
const PATIENCE: Duration = Duration::from_secs(10);

/// The slowest hundredth of calls, without and with a crowd, in milliseconds.
#[derive(Debug, Clone, Copy)]
struct Round {
    alone: f64,
    crowded: f64,
}

pub(super) fn check(kit: &Kit<'_>) -> Result<String> {
    let server = kit.server(&[])?;
    measure(&server)?;
    let mut cut_off = 0;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let alone = measure(&server)?;
        let crowd = gather(&server)?;
        let crowded = measure(&server)?;
        cut_off += crowd.go()?;
        dispersed(&server)?;
        // Nor is what it does for those who left to fall on the next measurement.
        quiet(server.id())?;
        rounds.push(Round { alone, crowded });
    }
    verdict(&rounds).map(|said| {
        format!(
            "{EACH} slow senders, {cut_off} of them cut off, and {EACH} idle connections: {said}"
        )
    })
}

/// Whether the crowd costs too much, or whether that cannot be told here.
fn verdict(rounds: &[Round]) -> Result<String> {
    let of = |get: fn(&Round) -> f64| spread(rounds.iter().map(get));
    let (alone, crowded) = (of(|it| it.alone), of(|it| it.crowded));
    let ratio = of(|it| it.crowded / it.alone);
    let said = format!(
        "p99 {:.1} ms alone ({:.1} to {:.1}), {:.1} ms with them ({:.1} to {:.1}), {:.2} times as long ({:.2} to {:.2})",
        alone[1],
        alone[0],
        alone[2],
        crowded[1],
        crowded[0],
        crowded[2],
        ratio[1],
        ratio[0],
        ratio[2],
    );
    if ratio[1] <= MOST {
        return Ok(said);
    }
    ensure!(
        alone[2] / alone[0] > NOISE,
        "{said}; {MOST} times is the most"
    );
    Ok(format!(
        "{said}; this machine is too noisy to tell whether that is more than {MOST} times"
    ))
}

/// The least, the median and the most.
fn spread(values: impl Iterator<Item = f64>) -> [f64; 3] {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    let at = |place: usize| values.get(place).copied().unwrap_or_default();
    let last = values.len().saturating_sub(1);
    [at(0), at(last / 2), at(last)]
}

/// The slowest hundredth, in milliseconds.
fn measure(server: &HttpServer) -> Result<f64> {
    let load = Load {
        url: server.url.clone(),
        workers: WORKERS,
        rate: RATE,
        mixed: false,
    };
    let calling = load.start();
    std::thread::sleep(TIME);
    let tally = calling.end()?;
    tally.whole()?;
    Ok(tally.within(99).as_secs_f64() * 1e3)
}

/// Has a crowd come, and waits until the server has taken it.
pub(super) fn gather(server: &HttpServer) -> Result<Crowd> {
    let address: SocketAddr = server.address().context("no address")?.parse()?;
    let crowd = Crowd::come(address)?;
    let count = || descriptors(server.id()).unwrap_or_default();
    let all = until(PATIENCE, "all of the crowd", || count() >= 2 * EACH);
    all.with_context(|| format!("the server has {} descriptors", count()))?;
    Ok(crowd)
}

/// Waits until the server has let go of a crowd that is gone.
pub(super) fn dispersed(server: &HttpServer) -> Result<()> {
    let count = || descriptors(server.id()).unwrap_or(usize::MAX);
    let none = until(PATIENCE, "the end of the crowd", || count() < EACH / 10);
    none.with_context(|| format!("the server has {} descriptors", count()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(all: &[(f64, f64)]) -> Vec<Round> {
        let round = |&(alone, crowded)| Round { alone, crowded };
        all.iter().map(round).collect()
    }

    #[test]
    fn what_costs_too_much_fails_where_that_can_be_told() {
        let said = verdict(&rounds(&[(1.0, 1.5), (1.1, 1.2), (1.0, 9.0)])).unwrap();
        assert!(said.contains("1.50 times"), "{said}");
        assert!(verdict(&rounds(&[(1.0, 3.0), (1.1, 3.0), (1.0, 3.0)])).is_err());
        let noisy = verdict(&rounds(&[(1.0, 3.0), (9.0, 30.0), (1.0, 3.0)])).unwrap();
        assert!(noisy.contains("too noisy"), "{noisy}");
    }
}
