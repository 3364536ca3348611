//! The subjects that cargo builds.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::{Program, Subject};
use crate::workspace::Workspace;

/// Where the example with every feature is kept, as both have one name.
pub(super) fn full(workspace: &Workspace) -> PathBuf {
    workspace.target.join("bench/bench-full")
}

/// Builds what is built by cargo. The default features come last, so that the example has
/// them where everybody looks for it.
pub(in crate::bench) fn build(workspace: &Workspace, subjects: &[&Subject]) -> Result<()> {
    let dist = |words: &[&str]| {
        let build = workspace.cargo(["build", "--profile", "dist", "--package"]);
        build.args(words).run()
    };
    let has = |program| subjects.iter().any(|it| it.program == program);
    if has(Program::OursFull) {
        dist(&["toolsmith", "--example", "bench", "--features", "full"])?;
        let built = workspace.target.join("dist/examples/bench");
        std::fs::create_dir_all(workspace.target.join("bench"))?;
        std::fs::copy(built, full(workspace)).context("keeping the example with `full`")?;
    }
    // The floor is compared with ours before it is measured.
    if has(Program::Ours) || has(Program::Floor) {
        dist(&["toolsmith", "--example", "bench"])?;
    }
    if has(Program::Floor) {
        dist(&["floor"])?;
    }
    if has(Program::Rmcp) {
        dist(&["rmcp-peer"])?;
    }
    Ok(())
}
