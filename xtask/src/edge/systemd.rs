//! What systemd does for a server, done by its own tools: a socket that is there first,
//! being told how far the server is, and the units of `docs/deploy`.

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use rustix::process::Signal;
use serde_json::json;

use super::Notes;
use super::calls::ask;
use super::kit::{Kit, signal};
use crate::run::Task;
use crate::servers::{HttpServer, START};
use crate::setup;

const END: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);
/// The program that the units of the documentation start.
const SHOWN: &str = "/usr/local/bin/my-server";

pub(super) fn check(kit: &Kit<'_>) -> Result<Notes> {
    setup::program("systemd-analyze", "systemd")?;
    activated(kit).context("started by its socket")?;
    told(kit).context("telling how far it is")?;
    units(kit).context("the units of docs/deploy")?;
    Ok(Vec::new())
}

/// The server is started by its first call, which it answers.
fn activated(kit: &Kit<'_>) -> Result<()> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port();
    let url = format!("http://127.0.0.1:{port}/mcp");
    let calling = std::thread::spawn(move || first_call(&url));
    let mut command = Command::new("systemd-socket-activate");
    command
        .args(["--listen", &format!("127.0.0.1:{port}")])
        .arg(&kit.program)
        .args(["--transport", "http", "--inherit-socket"]);
    let server = HttpServer::start(command, START);
    let answer = calling.join().map_err(|_| anyhow!("the caller panicked"))?;
    let mut server = server?;
    ensure!(answer? == "5", "the first call came to something else");
    signal(&server, Signal::TERM)?;
    let status = server.wait(END)?;
    ensure!(
        status.success(),
        "it ended with {status}:\n{}",
        server.log()
    );
    Ok(())
}

/// Calls as soon as somebody listens.
fn first_call(url: &str) -> Result<String> {
    let began = Instant::now();
    let address = url.trim_start_matches("http://").trim_end_matches("/mcp");
    while std::net::TcpStream::connect(address).is_err() {
        ensure!(began.elapsed() < START, "nobody listens at {address}");
        std::thread::sleep(POLL);
    }
    ask(url, "add", &json!({"a": 2, "b": 3}))
}

/// A real socket hears that the server is ready, when it is, and that it stops.
fn told(kit: &Kit<'_>) -> Result<()> {
    // In a folder with a short name: the path of a socket has room for a hundred letters.
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path)?;
    socket.set_read_timeout(Some(START))?;
    let hear = || -> Result<String> {
        let mut words = [0; 4096];
        let length = socket.recv(&mut words).context("nothing was heard")?;
        Ok(String::from_utf8_lossy(&words[..length]).into_owned())
    };
    let mut command = Command::new(&kit.program);
    command
        .args(["--transport", "http", "--port", "0"])
        .env("NOTIFY_SOCKET", &path);
    let mut server = HttpServer::start(command, START)?;
    let ready = hear()?;
    ensure!(
        ready.lines().any(|it| it == "READY=1"),
        "not ready: {ready}"
    );
    ask(&server.url, "add", &json!({"a": 2, "b": 3}))?;
    signal(&server, Signal::TERM)?;
    let stopping = hear()?;
    ensure!(
        stopping.lines().any(|it| it == "STOPPING=1"),
        "not stopping: {stopping}"
    );
    let status = server.wait(END)?;
    ensure!(
        status.success(),
        "it ended with {status}:\n{}",
        server.log()
    );
    Ok(())
}

/// systemd finds nothing to say about the units, with our program in the place of theirs.
fn units(kit: &Kit<'_>) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut files = Vec::new();
    for kind in ["socket", "service"] {
        let shown = kit.folder(&format!("docs/deploy/toolsmith@.{kind}"));
        let text = std::fs::read_to_string(&shown)?;
        ensure!(
            kind == "socket" || text.contains(SHOWN),
            "{} does not start {SHOWN}",
            shown.display()
        );
        let file = folder.path().join(format!("toolsmith@8001.{kind}"));
        std::fs::write(&file, text.replace(SHOWN, &kit.program.to_string_lossy()))?;
        files.push(file);
    }
    let output = Task::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .args(&files)
        .output()?
        .success()?;
    // A name that it does not know is a warning, and it succeeds.
    ensure!(output.stderr.trim().is_empty(), "{}", output.stderr);
    Ok(())
}
