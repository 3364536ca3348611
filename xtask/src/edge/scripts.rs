//! The Node scripts in `xtask/edge`, where their packages are found.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::run::Task;
use crate::setup::{self, Node};
use crate::workspace::Workspace;

/// How long a script may take; each has shorter limits of its own for what it waits for.
const LIMIT: Duration = Duration::from_secs(300);

/// The scripts, with the program that runs them.
#[derive(Debug)]
pub(super) struct Scripts {
    node: Node,
}

impl Scripts {
    /// A module finds its packages by where it lies, so that the scripts are copied there.
    pub(super) fn install(workspace: &Workspace) -> Result<Self> {
        let node = setup::edge_node(workspace)?;
        copy(&workspace.xtask().join("edge"), &node.dir.join("edge"))?;
        Ok(Self { node })
    }

    /// Runs a script to its end, and gives what it reports.
    pub(super) fn report(&self, script: &str, words: &[&str]) -> Result<Value> {
        let task = self.task(script).args(words).limit(LIMIT);
        println!("$ {}", shown(script, words));
        let output = task.output()?.success()?;
        let line = output.stdout.lines().last().unwrap_or_default();
        serde_json::from_str(line)
            .with_context(|| format!("{script} reported `{line}`:\n{}", output.stderr))
    }

    fn task(&self, script: &str) -> Task {
        self.node
            .script(&PathBuf::from("edge").join(script).to_string_lossy())
    }
}

fn shown(script: &str, words: &[&str]) -> String {
    format!("node {script} {}", words.join(" "))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    let entries = std::fs::read_dir(from);
    for entry in entries.with_context(|| format!("{} cannot be read", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
