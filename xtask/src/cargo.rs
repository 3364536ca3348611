//! The parts that are cargo commands.

use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::outcome::{Outcome, Report};
use crate::workspace::Workspace;

/// How long building and running all tests may take, on a machine that has other work, too.
const UNIT_LIMIT: Duration = Duration::from_secs(35 * 60);

pub(crate) fn fmt(workspace: &Workspace) -> Result<()> {
    workspace
        .cargo(["fmt", "--all", "--check"])
        .run()
        .context("run `cargo fmt --all`")
}

pub(crate) fn clippy(workspace: &Workspace) -> Result<()> {
    workspace
        .cargo([
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--",
            "-D",
            "warnings",
        ])
        .run()
}

/// Tests that read the official schemas look for them beside the checkout, and leave one
/// check out in a clone that stands alone.
pub(crate) fn unit(workspace: &Workspace) -> Outcome {
    workspace
        .cargo([
            "test",
            "--workspace",
            "--all-features",
            "--lib",
            "--bins",
            "--tests",
            "--no-fail-fast",
            // Figures that a test prints are worth reading when it passes, too.
            "--",
            "--show-output",
        ])
        // Some tests panic on purpose.
        .env("RUST_BACKTRACE", "0")
        .limit(UNIT_LIMIT)
        .run()?;
    let mut notes = Vec::new();
    if !workspace.root.join("../shared/schema").exists() {
        notes.push(
            "messages were not checked against the official schemas: ../shared/schema is not there"
                .to_owned(),
        );
    }
    Ok(Report::with_notes(notes))
}

pub(crate) fn doctest(workspace: &Workspace) -> Result<()> {
    workspace
        .cargo([
            "test",
            "--workspace",
            "--all-features",
            "--doc",
            "--no-fail-fast",
        ])
        .run()
}

/// Libraries alone: the command and the library share the name `toolsmith`, and would
/// write to the same folder.
pub(crate) fn doc(workspace: &Workspace) -> Result<()> {
    workspace
        .cargo(["doc", "--workspace", "--lib", "--all-features", "--no-deps"])
        .env("RUSTDOCFLAGS", "-D warnings")
        .run()
}

/// `toolsmith` without default features, and with each of its features alone. Clippy
/// instead of a plain check, so that what a feature leaves unused is found too.
pub(crate) fn features(workspace: &Workspace) -> Result<()> {
    let packages = workspace.packages()?;
    let toolsmith = packages
        .iter()
        .find(|package| package["name"] == "toolsmith")
        .context("the workspace has no package named toolsmith")?;
    let features = toolsmith["features"]
        .as_object()
        .context("toolsmith has no features")?;
    let alone = features
        .keys()
        // All of them together is what everything else is built with.
        .filter(|name| !["default", "full"].contains(&name.as_str()))
        .map(String::as_str);
    for feature in std::iter::once("").chain(alone) {
        workspace
            .cargo([
                "clippy",
                "-p",
                "toolsmith",
                "--lib",
                "--no-default-features",
                "--features",
                feature,
                "--",
                "-D",
                "warnings",
            ])
            .run()
            .with_context(|| match feature {
                "" => "without any feature".to_owned(),
                name => format!("with the feature `{name}` alone"),
            })?;
    }
    Ok(())
}
