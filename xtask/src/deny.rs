//! Bans, licenses and sources of everything that we depend on.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::run::Task;
use crate::workspace::Workspace;

/// The one place that names its version.
const VERSION: &str = "0.20.2";

/// Runs cargo-deny with the workspace's `deny.toml`. Advisories are left out: they need
/// a database from outside, and would make an old commit fail.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let program = install(workspace)?;
    Task::new(program)
        .args([
            "--all-features",
            "check",
            "--hide-inclusion-graph",
            "bans",
            "licenses",
            "sources",
        ])
        .dir(&workspace.root)
        .run()
        .context("deny.toml in the root says what is allowed, and why")
}

/// Builds cargo-deny once, unoptimised, which takes a minute.
fn install(workspace: &Workspace) -> Result<PathBuf> {
    let tools = workspace.target.join("tools");
    let program = tools.join("bin").join("cargo-deny");
    if let Ok(output) = Task::new(&program).args(["--version"]).output()
        && output.stdout.trim() == format!("cargo-deny {VERSION}")
    {
        return Ok(program);
    }
    let build = tools.join("build");
    workspace
        .cargo([
            "install",
            "cargo-deny",
            "--version",
            VERSION,
            "--locked",
            "--debug",
            "--no-default-features",
            "--force",
        ])
        .args(["--root".as_ref(), tools.as_os_str()])
        .env("CARGO_TARGET_DIR", &build)
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_INCREMENTAL", "0")
        .run()
        .context("cargo-deny could not be built")?;
    std::fs::remove_dir_all(&build)
        .context("the build folder of cargo-deny could not be removed")?;
    Ok(program)
}
