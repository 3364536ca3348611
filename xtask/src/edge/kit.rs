//! What every part needs: the server, the scripts, and a folder for what is kept.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::scripts::Scripts;
use crate::servers::{HttpServer, START};
use crate::workspace::Workspace;

const POLL: Duration = Duration::from_millis(20);

/// What every part needs.
#[derive(Debug)]
pub(super) struct Kit<'a> {
    pub(super) workspace: &'a Workspace,
    /// For minutes instead of seconds.
    pub(super) soak: bool,
    /// The example `edge`.
    pub(super) program: PathBuf,
    home: PathBuf,
    scripts: OnceCell<Scripts>,
}

impl<'a> Kit<'a> {
    pub(super) fn new(workspace: &'a Workspace, soak: bool) -> Result<Self> {
        let home = workspace.target.join("edge");
        std::fs::create_dir_all(&home).context("the build folder cannot be written to")?;
        Ok(Self {
            workspace,
            soak,
            program: workspace.build_debug()?.join("edge"),
            home,
            scripts: OnceCell::new(),
        })
    }

    /// A place for something that is kept, such as a screenshot.
    pub(super) fn kept(&self, name: &str) -> PathBuf {
        self.home.join(name)
    }

    /// The scripts, with what they need.
    pub(super) fn scripts(&self) -> Result<&Scripts> {
        if let Some(scripts) = self.scripts.get() {
            return Ok(scripts);
        }
        let installed = Scripts::install(self.workspace)?;
        Ok(self.scripts.get_or_init(|| installed))
    }

    /// Starts the server on a free port, with flags beside.
    pub(super) fn server(&self, flags: &[&str]) -> Result<HttpServer> {
        self.server_at(0, flags)
    }

    /// Starts the server on a port, with flags beside.
    pub(super) fn server_at(&self, port: u16, flags: &[&str]) -> Result<HttpServer> {
        let mut command = Command::new(&self.program);
        command
            .args(["--transport", "http", "--port", &port.to_string()])
            .args(flags);
        HttpServer::start(command, START)
    }

    /// A folder of the project.
    pub(super) fn folder(&self, name: &str) -> PathBuf {
        self.workspace.root.join(name)
    }

    /// The folder for what is kept.
    pub(super) fn home(&self) -> &Path {
        &self.home
    }
}

/// Sends a server a signal.
pub(super) fn signal(server: &HttpServer, signal: Signal) -> Result<()> {
    let id = i32::try_from(server.id()).ok().and_then(Pid::from_raw);
    let id = id.context("no process has this id")?;
    kill_process(id, signal).context("the server cannot be sent a signal")
}

/// Waits until something holds, but not for ever; `what` is said when it never did.
pub(super) fn until(limit: Duration, what: &str, holds: impl Fn() -> bool) -> Result<()> {
    let start = Instant::now();
    while !holds() {
        if start.elapsed() > limit {
            bail!("{what}: not within {} s", limit.as_secs_f64());
        }
        std::thread::sleep(POLL);
    }
    Ok(())
}
