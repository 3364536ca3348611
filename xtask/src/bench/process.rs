//! What the system knows of a process that is measured.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// Clock ticks a second in `/proc`, whatever the kernel's own clock is.
const TICKS: f64 = 100.0;
/// How long a process may take to settle.
const SETTLED_BY: Duration = Duration::from_secs(8);
const POLL: Duration = Duration::from_millis(250);
/// How long a process may run between two looks and still be at rest, in seconds.
const AT_REST: f64 = 0.011;

/// How long a process has run on a processor, in seconds.
pub(super) fn cpu(id: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))
        .with_context(|| format!("process {id} is gone"))?;
    ticks(&stat)
        .map(|ticks| ticks / TICKS)
        .context("/proc has no times of the process")
}

/// Waits until a process has nothing left to do, or for as long as is sensible. What it does
/// for callers that are gone would be taken from whoever is measured next.
pub(crate) fn quiet(id: u32) -> Result<()> {
    let began = Instant::now();
    let mut last = cpu(id)?;
    while began.elapsed() < SETTLED_BY {
        std::thread::sleep(POLL);
        let now = cpu(id)?;
        if now - last <= AT_REST {
            break;
        }
        last = now;
    }
    Ok(())
}

fn ticks(stat: &str) -> Option<f64> {
    // The second field is the name in parentheses, which may hold anything.
    let mut rest = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut next = || rest.next()?.parse::<f64>().ok();
    Some(next()? + next()?)
}

/// The resident memory of a process, in bytes.
pub(super) fn resident(id: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))
        .with_context(|| format!("process {id} is gone"))?;
    kib(&status)
        .map(|kib| kib * 1024.0)
        .context("/proc has no memory of the process")
}

fn kib(status: &str) -> Option<f64> {
    let mut lines = status.lines();
    let line = lines.find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// The resident memory once it has not changed for as long as is given.
pub(super) fn settled(id: u32, unchanged: Duration) -> Result<f64> {
    let began = Instant::now();
    let (mut last, mut since) = (resident(id)?, began);
    while since.elapsed() < unchanged && began.elapsed() < SETTLED_BY {
        std::thread::sleep(POLL);
        let now = resident(id)?;
        if (now - last).abs() > f64::EPSILON {
            (last, since) = (now, Instant::now());
        }
    }
    Ok(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_after_a_name_with_anything_in_it() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0 5 1 1";
        assert_eq!(ticks(stat), Some(300.0));
        assert_eq!(ticks("7 (a"), None);
    }

    #[test]
    fn memory_is_read_from_among_other_lines() {
        assert_eq!(kib("VmHWM:\t  9 kB\nVmRSS:\t   5120 kB\n"), Some(5120.0));
        assert_eq!(kib("VmHWM:\t  9 kB\n"), None);
    }

    #[test]
    fn we_ourselves_have_memory_and_time() {
        let id = std::process::id();
        assert!(resident(id).unwrap() > 1e5);
        assert!(cpu(id).is_ok());
    }
}
