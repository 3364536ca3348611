//! oha, where the time of each request is needed in the order of the requests.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::pin;
use super::request::Request;
use super::sample::percentile;
use crate::run::Task;
use crate::workspace::Workspace;

/// The one place that names its version.
pub(super) const VERSION: &str = "1.16.0";
const LIMIT: Duration = Duration::from_secs(20 * 60);
/// How many requests make a group with a percentile of its own.
const GROUP: usize = 1000;

/// What came of a run. Times are in microseconds.
#[derive(Debug, PartialEq)]
pub(super) struct Opened {
    pub(super) rate: f64,
    /// How many were not answered with 200.
    pub(super) failed: u64,
    pub(super) p99: f64,
    pub(super) first_p99: f64,
    /// The worst of the groups after the first.
    pub(super) worst_p99: f64,
}

/// Sends one request so many times over 32 connections.
pub(super) fn run(program: &Path, url: &str, request: &Request, count: usize) -> Result<Opened> {
    let mut task = pin::on(pin::LOAD).args([program]).args([
        "--no-tui",
        "--worker-threads=1",
        "--output-format=csv",
        "-m=POST",
        "-c=32",
    ]);
    for (name, value) in &request.fields {
        task = task.args(["-H", &format!("{name}: {value}")]);
    }
    let count_text = count.to_string();
    let output = task
        .args(["-d", &request.body, "-n", &count_text, url])
        .limit(LIMIT)
        .output()?
        .success()?;
    read(&output.stdout, count)
}

/// Reads a line for each request, in any order: its start, the times of its look-up and of
/// its connection, that of its first byte, its whole time, its bytes and its status.
fn read(csv: &str, count: usize) -> Result<Opened> {
    let mut rows = Vec::new();
    let mut failed = 0;
    for line in csv.lines().skip(1) {
        let fields: Vec<f64> = line.split(',').filter_map(|it| it.parse().ok()).collect();
        let [start, _, dialup, _, whole, _, status] = fields[..] else {
            anyhow::bail!("oha wrote `{line}`");
        };
        failed += u64::from(status as u16 != 200);
        // What opening the connection took is not the server's answer.
        rows.push((start, start + whole, (whole - dialup) * 1e6));
    }
    ensure!(!rows.is_empty(), "oha saw no answers");
    failed += count.saturating_sub(rows.len()) as u64;
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let end = rows.iter().map(|row| row.1).fold(0.0, f64::max);
    let times: Vec<f64> = rows.iter().map(|row| row.2).collect();
    let p99 = |times: &[f64]| percentile(times, 99.0).unwrap_or(f64::NAN);
    let groups: Vec<f64> = times.chunks(GROUP).map(p99).collect();
    Ok(Opened {
        rate: rows.len() as f64 / (end - rows[0].0),
        failed,
        p99: p99(&times),
        first_p99: groups[0],
        worst_p99: groups[1..].iter().copied().fold(groups[0], f64::max),
    })
}

/// Builds it once.
pub(super) fn install(workspace: &Workspace) -> Result<PathBuf> {
    let tools = workspace.target.join("bench/tools");
    let program = tools.join("bin/oha");
    let version = Task::new(&program).args(["--version"]).output();
    if version.is_ok_and(|it| it.stdout.trim() == format!("oha {VERSION}")) {
        return Ok(program);
    }
    let build = tools.join("build");
    workspace
        .cargo([
            "install",
            "oha",
            "--version",
            VERSION,
            "--locked",
            "--force",
        ])
        .args(["--root".as_ref(), tools.as_os_str()])
        .env("CARGO_TARGET_DIR", &build)
        .run()
        .context("oha could not be built")?;
    std::fs::remove_dir_all(&build).context("the build folder of oha could not be removed")?;
    Ok(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        "request-start,DNS,DNS+dialup,Response-delay,request-duration,bytes,status\n";

    #[test]
    fn connections_are_not_counted_and_order_is_that_of_the_starts() {
        let mut csv = HEAD.to_owned();
        // The first thousand take 1 ms, of which the connection was all but 100 µs; the
        // second thousand takes 300 µs, and stands first.
        for index in 0..1000 {
            csv.push_str(&format!(
                "{},0,0,0,0.0003,9,200\n",
                1.0 + f64::from(index) / 1000.0
            ));
        }
        for index in 0..1000 {
            csv.push_str(&format!(
                "{},0,0.0009,0,0.001,9,200\n",
                f64::from(index) / 1000.0
            ));
        }
        let opened = read(&csv, 2000).unwrap();
        assert!((opened.first_p99 - 100.0).abs() < 1.0, "{opened:?}");
        assert!((opened.worst_p99 - 300.0).abs() < 1.0, "{opened:?}");
        assert!((opened.rate - 1000.0).abs() < 2.0, "{opened:?}");
        assert_eq!(opened.failed, 0);
    }

    #[test]
    fn what_was_refused_or_never_answered_has_failed() {
        let csv = format!("{HEAD}0,0,0,0,0.1,9,200\n0.1,0,0,0,0.1,9,503\n");
        assert_eq!(read(&csv, 3).unwrap().failed, 2);
        assert!(read(HEAD, 1).is_err());
    }
}
