//! The subjects that cargo builds.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::{Program, Subject};
use crate::workspace::Workspace;

/// Where the programs are that are measured. Nobody builds over them while they run, and
/// all came onto the disk in the same way.
pub(super) fn kept(workspace: &Workspace, name: &str) -> PathBuf {
    workspace.target.join("bench/bin").join(name)
}

/// Builds what is built by cargo. The default features come last, so that the example has
/// them where everybody looks for it.
pub(in crate::bench) fn build(workspace: &Workspace, subjects: &[&Subject]) -> Result<()> {
    let dist = |words: &[&str], built: &str, name: &str| {
        let build = workspace.cargo(["build", "--profile", "dist", "--package"]);
        build.args(words).run()?;
        let kept = kept(workspace, name);
        std::fs::create_dir_all(kept.parent().unwrap_or(&kept))?;
        std::fs::copy(workspace.target.join("dist").join(built), kept)
            .with_context(|| format!("keeping {name}"))
    };
    let has = |program| subjects.iter().any(|it| it.program == program);
    let bench = ["examples", "--bin", "bench", "--features", "full"];
    if has(Program::OursFull) {
        dist(&bench, "bench", "bench-full")?;
    }
    // The floor is compared with ours before it is measured.
    if has(Program::Ours) || has(Program::Floor) {
        dist(&bench[..3], "bench", "bench")?;
    }
    if has(Program::Floor) {
        dist(&["floor"], "floor", "floor")?;
    }
    if has(Program::Rmcp) {
        dist(&["rmcp-peer"], "rmcp-peer", "rmcp-peer")?;
    }
    Ok(())
}
