//! Who runs on which core.

use anyhow::{Context as _, Result, ensure};

use crate::run::Task;

/// The server's core.
pub(super) const SERVER: &str = "0";
/// The load's core.
pub(super) const LOAD: &str = "1";
/// For what may use the whole machine.
pub(super) const BOTH: &str = "0,1";

/// A command on some cores, with as many open files as we may have.
pub(super) fn on(cores: &str) -> Task {
    let script = "ulimit -Sn \"$(ulimit -Hn)\"; exec taskset -c \"$@\"";
    Task::new("sh").args(["-c", script, "sh", cores])
}

/// Puts this thread, and the threads and children that it starts from now on, on some cores.
pub(super) fn ourselves(cores: &str) -> Result<()> {
    let own = std::process::id().to_string();
    Task::new("taskset")
        .args(["-c", "-p", cores, &own])
        .output()?
        .success()
        .context("this program could not be put on a core of its own")?;
    Ok(())
}

/// A load that shares the server's core would measure itself.
pub(super) fn two_cores() -> Result<()> {
    ensure!(
        Task::new("taskset").args(["--version"]).output().is_ok(),
        "`taskset` is needed to keep server and load apart; it is in the package util-linux"
    );
    let cores = Task::new("taskset").args(["-c", BOTH, "true"]).output()?;
    ensure!(
        cores.success().is_ok(),
        "the bench needs two cores, {SERVER} and {LOAD}: one for the server and one for the load"
    );
    Ok(())
}
