//! Servers that follow each other at one socket, while calls go on.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rustix::process::Signal;

use super::{Handed, RATE, WORKERS};
use crate::edge::kit::{Kit, signal};
use crate::edge::load::Load;

/// How often a server is followed by another, unless it is to last.
const TIMES: u32 = 3;
const SOAK: Duration = Duration::from_secs(600);
/// How long one serves alone.
const ALONE: Duration = Duration::from_millis(1500);
const END: Duration = Duration::from_secs(15);

pub(super) fn check(kit: &Kit<'_>) -> Result<String> {
    let began = Instant::now();
    let socket = Handed::listen()?;
    let mut serving = socket.serve(kit, &[])?;
    let load = Load {
        url: serving.url.clone(),
        workers: WORKERS,
        rate: RATE,
        mixed: true,
    };
    let calling = load.start();
    let mut followed = 0;
    while followed < TIMES || (kit.soak && began.elapsed() < SOAK) {
        std::thread::sleep(ALONE);
        // Both serve for a moment.
        let next = socket.serve(kit, &[])?;
        let mut before = std::mem::replace(&mut serving, next);
        signal(&before, Signal::TERM)?;
        let status = before.wait(END)?;
        ensure!(
            status.success(),
            "it ended with {status}:\n{}",
            before.log()
        );
        followed += 1;
    }
    std::thread::sleep(ALONE);
    let tally = calling.end()?;
    tally.whole().context("one after the other")?;
    Ok(format!(
        "{} calls, {:.0} a second, while {followed} servers followed each other at one socket: none failed; {} connections ended with `Connection: close`, {} while they were silent",
        tally.times.len(),
        tally.rate(),
        tally.last,
        tally.silent
    ))
}
