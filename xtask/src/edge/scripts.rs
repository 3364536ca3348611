//! The Node scripts in `xtask/edge`, where their packages are found.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::run::{Running, Task};
use crate::setup::{self, Node};
use crate::workspace::Workspace;

/// How long a script may take; each has shorter limits of its own for what it waits for.
const LIMIT: Duration = Duration::from_secs(300);

/// How long a script may take until it is ready.
const START: Duration = Duration::from_secs(20);

/// How long a script may take until it has ended.
const END: Duration = Duration::from_secs(10);

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

    /// Starts a script that runs until it is dropped; what it complains of goes to a file.
    pub(super) fn start(&self, script: &str, words: &[&str], said: &Path) -> Result<Starting> {
        println!("$ {} &", shown(script, words));
        let mut command = self.task(script).args(words).into_command();
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(said)?);
        let mut running = Running::spawn(&mut command, script)?;
        let stdout = running.child.stdout.take();
        let stdout = stdout.context("standard output was not piped")?;
        let (send, first_line) = channel();
        std::thread::spawn(move || {
            let (mut stdout, mut line) = (BufReader::new(stdout), String::new());
            let _ = stdout.read_line(&mut line);
            let _ = send.send(line);
            // Read to the end, so that the script never waits for us.
            let _ = std::io::copy(&mut stdout, &mut std::io::sink());
        });
        Ok(Starting {
            first_line,
            said: said.to_owned(),
            script: Script { running },
        })
    }

    fn task(&self, script: &str) -> Task {
        self.node
            .script(&PathBuf::from("edge").join(script).to_string_lossy())
    }
}

/// A script that may not be ready yet.
#[derive(Debug)]
pub(super) struct Starting {
    first_line: Receiver<String>,
    said: PathBuf,
    script: Script,
}

/// A script that runs until this is dropped.
#[derive(Debug)]
pub(super) struct Script {
    running: Running,
}

impl Drop for Script {
    /// It ends, with all that it started, when nobody can say anything to it any more.
    fn drop(&mut self) {
        drop(self.running.child.stdin.take());
        if let Err(error) = self.running.wait(END) {
            println!("{error:#}");
        }
    }
}

impl Starting {
    /// Waits until it is ready, and gives what it says then.
    pub(super) fn ready(self) -> Result<(Value, Script)> {
        let line = self.first_line.recv_timeout(START).unwrap_or_default();
        let said = || std::fs::read_to_string(&self.said).unwrap_or_default();
        let value = serde_json::from_str(&line);
        let value = value.with_context(|| format!("it said `{line}`:\n{}", said()))?;
        Ok((value, self.script))
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
