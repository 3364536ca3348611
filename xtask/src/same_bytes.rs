//! The same binary answers the same conversation with the same bytes on both transports.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::curl::{self, Answer};
use crate::run::Running;
use crate::servers::{HttpServer, START};
use crate::workspace::Workspace;

const ANSWER: Duration = Duration::from_secs(10);
const VERSION_FIELD: &str = "io.modelcontextprotocol/protocolVersion";

/// Holds both conversations, one per era, over both transports.
pub(crate) fn check(workspace: &Workspace, hello: &Path, scratch: &Path) -> Result<()> {
    let mut command = Command::new(hello);
    command.args(["--transport", "http", "--port", "0"]);
    let server = HttpServer::start(command, START)?;
    for name in ["legacy.jsonl", "modern.jsonl"] {
        let text = std::fs::read_to_string(workspace.xtask().join("lab").join(name))?;
        let lines: Vec<&str> = text.lines().collect();
        let pipe = over_stdio(hello, &lines).with_context(|| format!("{name} over stdio"))?;
        let port =
            over_http(&server.url, scratch, &lines).with_context(|| format!("{name} over HTTP"))?;
        for ((line, pipe), port) in lines.iter().zip(&pipe).zip(&port) {
            ensure!(
                pipe == port,
                "{name}: the answers differ\nto    {line}\nstdio {pipe}\nHTTP  {port}"
            );
        }
        println!(
            "{name}: {} messages, the same answers on both transports",
            lines.len()
        );
    }
    Ok(())
}

/// Sends each line and takes one line for each request; a notification has no answer.
fn over_stdio(hello: &Path, lines: &[&str]) -> Result<Vec<String>> {
    let mut command = Command::new(hello);
    command
        .args(["--transport", "stdio"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut running = Running::spawn(&mut command, "hello --transport stdio")?;
    let mut input = running.child.stdin.take().context("no standard input")?;
    let output = running.child.stdout.take().context("no standard output")?;
    let (send, answers) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let _ = send.send(line);
        }
    });
    let mut got = Vec::new();
    for line in lines {
        writeln!(input, "{line}")?;
        input.flush()?;
        got.push(if is_notification(line)? {
            String::new()
        } else {
            next(&answers, line)?
        });
    }
    drop(input);
    running
        .wait(ANSWER)
        .context("the server did not end with its input")?;
    let rest: Vec<String> = answers.iter().collect();
    ensure!(rest.is_empty(), "it said more than it was asked: {rest:?}");
    Ok(got)
}

fn next(answers: &Receiver<String>, line: &str) -> Result<String> {
    answers
        .recv_timeout(ANSWER)
        .with_context(|| format!("no answer to {line}"))
}

fn over_http(url: &str, scratch: &Path, lines: &[&str]) -> Result<Vec<String>> {
    let mut session = None;
    let mut got = Vec::new();
    for line in lines {
        let answer = curl::post(scratch, url, &headers(line, session.as_ref())?, line)?;
        if session.is_none() {
            session = opened(&answer)?;
        }
        if is_notification(line)? {
            ensure!(answer.status == 202, "a notification got {}", answer.status);
        }
        got.push(answer.message().with_context(|| format!("to {line}"))?);
    }
    Ok(got)
}

/// A legacy session: its identifier, and the revision that was agreed.
type Session = (String, String);

fn opened(answer: &Answer) -> Result<Option<Session>> {
    let Some(id) = answer.header("mcp-session-id") else {
        return Ok(None);
    };
    let message: Value = serde_json::from_str(&answer.message()?)?;
    let revision = message["result"]["protocolVersion"]
        .as_str()
        .context("no revision was agreed")?;
    Ok(Some((id.to_owned(), revision.to_owned())))
}

/// The headers that a client of the message's era sends.
fn headers(line: &str, session: Option<&Session>) -> Result<Vec<String>> {
    let message: Value = serde_json::from_str(line)?;
    let mut headers = vec![
        "Content-Type: application/json".to_owned(),
        "Accept: application/json, text/event-stream".to_owned(),
    ];
    let params = &message["params"];
    if let Some(revision) = params["_meta"][VERSION_FIELD].as_str() {
        headers.push(format!("MCP-Protocol-Version: {revision}"));
        headers.push(format!(
            "Mcp-Method: {}",
            message["method"].as_str().unwrap_or_default()
        ));
        if let Some(name) = params["name"].as_str() {
            headers.push(format!("Mcp-Name: {name}"));
        }
    }
    if let Some((id, revision)) = session {
        headers.push(format!("Mcp-Session-Id: {id}"));
        headers.push(format!("MCP-Protocol-Version: {revision}"));
    }
    Ok(headers)
}

fn is_notification(line: &str) -> Result<bool> {
    let message: Value = serde_json::from_str(line)?;
    Ok(message.get("id").is_none())
}
