//! The peers that are not Rust: their packages, put into the build folder once.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::subject::{Program, Subject};
use crate::setup::{self, Node};
use crate::workspace::Workspace;

/// What the peers are run with, as far as they were asked for.
#[derive(Debug)]
pub(super) struct Peers {
    scripts: PathBuf,
    pub(super) python: Option<PathBuf>,
    pub(super) node: Option<Node>,
}

impl Peers {
    pub(super) fn install(workspace: &Workspace, subjects: &[&Subject]) -> Result<Self> {
        let scripts = workspace.root.join("benches/peers");
        let home = workspace.target.join("bench");
        let has = |program| subjects.iter().any(|it| it.program == program);
        // It has the versions of the tests' client, and so it shares their environment.
        let python = has(Program::Fastmcp).then(|| setup::python(workspace));
        let node = has(Program::Typescript).then(|| -> Result<Node> {
            // The tests bring a Node that is new enough, where that of the system is not.
            let program = setup::node(workspace)?.program;
            let from = scripts.join("typescript");
            let dir = setup::node_packages(&from, &home.join("typescript"))?;
            // A script finds its packages from where it is.
            std::fs::copy(from.join("server.mjs"), dir.join("server.mjs"))
                .context("benches/peers/typescript has no server.mjs")?;
            Ok(Node { program, dir })
        });
        Ok(Self {
            scripts,
            python: python.transpose()?,
            node: node.transpose()?,
        })
    }

    pub(super) fn fastmcp(&self) -> Vec<PathBuf> {
        let script = self.scripts.join("fastmcp/server.py");
        self.python.iter().cloned().chain([script]).collect()
    }

    pub(super) fn typescript(&self) -> Vec<PathBuf> {
        let node = self.node.iter();
        node.flat_map(|node| [node.program.clone(), node.dir.join("server.mjs")])
            .collect()
    }
}
