//! A socket that is handed from process to process, as a service manager does it.

use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use crate::edge::kit::Kit;
use crate::servers::{HttpServer, START};

/// The socket comes as standard input and is moved to where `LISTEN_FDS` has it; the
/// process that is named by `LISTEN_PID` is the one that the shell becomes.
const MOVE: &str = r#"LISTEN_FDS=1 LISTEN_PID=$$ exec "$@" 3<&0 0</dev/null"#;

/// A socket that is listened on here, and served by whoever it is handed to.
#[derive(Debug)]
pub(in crate::edge) struct Handed(TcpListener);

impl Handed {
    pub(in crate::edge) fn listen() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        listener.map(Self).context("no socket to hand over")
    }

    /// Starts a server on it, with flags beside.
    pub(in crate::edge) fn serve(&self, kit: &Kit<'_>, flags: &[&str]) -> Result<HttpServer> {
        let mut command = Command::new("sh");
        command
            .args(["-c", MOVE, "sh"])
            .arg(&kit.program)
            .args(["--transport", "http", "--inherit-socket"])
            .args(flags);
        let socket = OwnedFd::from(self.0.try_clone()?);
        HttpServer::start_with(command, Stdio::from(socket), START)
    }
}
