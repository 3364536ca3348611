//! Runs the program under callgrind and reads what was counted.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::run::Task;

/// Much longer than the longest run takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(180);

/// What is counted, and how often it is done for that.
#[derive(Debug)]
pub(super) struct Workload {
    pub(super) name: String,
    pub(super) repeats: u64,
}

/// Counts each workload, as many at a time as there are processors.
pub(super) fn count_all(program: &Path, workloads: &[Workload]) -> Result<BTreeMap<String, u64>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (todo, counted) = (Mutex::new(workloads.iter()), Mutex::new(Vec::new()));
    let next = || todo.lock().unwrap_or_else(PoisonError::into_inner).next();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(workload) = next() {
                    let count = count(program, workload).map(|it| (workload.name.clone(), it));
                    counted
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(count);
                }
            });
        }
    });
    let counted = counted.into_inner();
    counted
        .unwrap_or_else(PoisonError::into_inner)
        .into_iter()
        .collect()
}

/// What doing it once costs. The start, and what is prepared, are the same in both runs.
fn count(program: &Path, workload: &Workload) -> Result<u64> {
    let dir = tempfile::tempdir()?;
    let once = run(program, workload, 1, &dir.path().join("once"))?;
    let twice = run(program, workload, 2, &dir.path().join("twice"))?;
    Ok(twice.saturating_sub(once).div_ceil(workload.repeats))
}

/// Works on one or both halves of what is prepared, and gives what all of it cost.
pub(super) fn run(program: &Path, workload: &Workload, halves: u64, out: &Path) -> Result<u64> {
    let Workload { name, repeats } = workload;
    Task::new("valgrind")
        .args(["--tool=callgrind"])
        .args([format!("--callgrind-out-file={}", out.display())])
        .args([program])
        .args([
            name,
            &(repeats * 2).to_string(),
            &(repeats * halves).to_string(),
        ])
        // They would choose other functions of the C library.
        .without_env("GLIBC_TUNABLES")
        .without_env("LD_PRELOAD")
        .limit(LIMIT)
        .output()?
        .success()?;
    let text = std::fs::read_to_string(out).context("callgrind wrote nothing")?;
    totals(&text).with_context(|| format!("callgrind does not say what `{name}` cost"))
}

/// The sum that stands at the end of what callgrind writes.
fn totals(text: &str) -> Option<u64> {
    let mut lines = text.lines().rev();
    let totals = lines.find_map(|line| line.strip_prefix("totals: "))?;
    totals.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::totals;

    #[test]
    fn the_sum_is_read_from_the_end() {
        let text =
            "# callgrind format\nevents: Ir\nsummary: 6\n\nfn=(1) totals\n4 2\n\ntotals: 7\n";
        assert_eq!(totals(text), Some(7));
        assert_eq!(totals("events: Ir\n"), None);
    }
}
