//! The lab's own commands, as printed, against the hello example, and its answer field by
//! field. `xtask/lab/` holds what the lab prints.

use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::outcome::{Outcome, Report};
use crate::run::Task;
use crate::servers::{HttpServer, START};
use crate::workspace::Workspace;
use crate::{curl, namespace, same_bytes, setup};

/// The port that the lab's commands name.
const PORT: u16 = 8000;
const LOCAL: &str = "http://127.0.0.1:8000/mcp";
/// The lab's tunnel, which forwards to the local port. Nothing can be reached from a
/// test, so its command is sent to the local address instead.
const TUNNEL: &str = "https://a1b2-203-0-113-7.ngrok-free.app/mcp";
/// The lab's own start-up output is this long.
const START_UP_LINES: usize = 4;
/// Where our answer may differ: our own version number.
const ASIDE: [&str; 1] = ["/result/serverInfo/version"];

/// What this server says beyond the lab's: its handlers may send log messages.
const BEYOND: &[&str] = &["/result/capabilities/logging"];

pub(crate) fn check(workspace: &Workspace) -> Outcome {
    setup::program("curl", "curl")?;
    let mut notes = vec!["the lab's tunnel is not started: its command goes to the local address; its PowerShell lines need Windows".to_owned()];
    if namespace::port_is_free(PORT) {
        run(workspace)?;
    } else {
        println!("port {PORT} is taken: running in a network namespace");
        namespace::run_inside(workspace, "lab")?;
        notes.push(format!("port {PORT} was taken: ran in a network namespace"));
    }
    Ok(Report::with_notes(notes))
}

fn run(workspace: &Workspace) -> Result<()> {
    let hello = workspace.build_debug()?.join("hello");
    let mut command = Command::new(&hello);
    command.args(["--transport", "http", "--port", &PORT.to_string()]);
    let server = HttpServer::start(command, START)?;
    start_up_lines(&server.start_up)?;
    let scratch = workspace.target.join("lab");
    let commands = std::fs::read_to_string(workspace.xtask().join("lab/commands.sh"))?;
    let expected = expected(&std::fs::read_to_string(
        workspace.xtask().join("lab/answer.txt"),
    )?)?;
    for printed in split(&commands) {
        for command in variants(&printed) {
            let shown = command.lines().next().unwrap_or_default();
            println!("$ {shown}");
            let answer = curl::run(Task::new("sh").args(["-c", &command]), &scratch)?;
            compare(&answer, &expected).with_context(|| {
                format!("`{shown}`: {answer:?}\nthe server said:\n{}", server.log())
            })?;
        }
    }
    drop(server);
    same_bytes::check(workspace, &hello, &scratch)
}

/// The lines name server, transport and address, as the lab's do.
fn start_up_lines(lines: &[String]) -> Result<()> {
    let all = lines.join("\n");
    for word in ["hello-toolsmith", "'http'", LOCAL] {
        ensure!(
            all.contains(word),
            "the start-up lines do not name {word}:\n{all}"
        );
    }
    ensure!(
        lines.len() <= START_UP_LINES,
        "more than {START_UP_LINES} start-up lines:\n{all}"
    );
    Ok(())
}

/// The commands of the file, each with its continuation lines.
fn split(text: &str) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    for line in text.lines() {
        match commands.last_mut() {
            Some(command) if command.ends_with('\\') => {
                command.push('\n');
                command.push_str(line);
            }
            _ => commands.push(line.to_owned()),
        }
    }
    commands
}

/// With and without `-L`, with and without the slash at the end.
fn variants(printed: &str) -> Vec<String> {
    let printed = printed.replace(TUNNEL, LOCAL);
    let slashed = printed.replace("/mcp ", "/mcp/ ");
    [printed, slashed]
        .into_iter()
        .flat_map(|command| {
            let plain = command.replace(" -L ", " ");
            [command, plain]
        })
        .collect()
}

/// The message in the lab's answer, which the lab prints over several lines.
fn expected(text: &str) -> Result<Value> {
    let data = text.lines().skip(1).collect::<String>();
    let data = data
        .strip_prefix("data: ")
        .context("the lab's answer has no data line")?;
    serde_json::from_str(data).context("the lab's answer is no JSON")
}

fn compare(answer: &curl::Answer, expected: &Value) -> Result<()> {
    ensure!(
        answer.status == 200 && answer.hops == 0,
        "not a 200 at once"
    );
    let session = answer.header("mcp-session-id").unwrap_or_default();
    ensure!(!session.is_empty(), "no mcp-session-id");
    let mut frame = answer.body.lines();
    let framed = frame.next() == Some("event: message")
        && frame.next().is_some_and(|line| line.starts_with("data: "));
    ensure!(framed, "not the lab's SSE frame");
    let got: Value = serde_json::from_str(&answer.message()?)?;
    ensure!(
        got["result"]["capabilities"]["tools"].is_object(),
        "no tools capability"
    );
    ensure!(
        got["result"]["serverInfo"]["version"].is_string(),
        "no version"
    );
    let (ours, theirs) = (leaves(&got), leaves(expected));
    for (path, value) in &theirs {
        if !ASIDE.contains(&path.as_str()) && !ours.contains(&(path.clone(), value.clone())) {
            bail!("{path} is not {value}");
        }
    }
    for (path, value) in &ours {
        let known = theirs
            .iter()
            .any(|(p, _)| p == path || p.starts_with(&format!("{path}/")));
        ensure!(
            known || BEYOND.contains(&path.as_str()),
            "{path} is {value}, which the lab's answer does not have"
        );
    }
    Ok(())
}

/// Every value that is not a filled object, with its path.
fn leaves(value: &Value) -> Vec<(String, Value)> {
    match value.as_object().filter(|fields| !fields.is_empty()) {
        None => vec![(String::new(), value.clone())],
        Some(fields) => fields
            .iter()
            .flat_map(|(name, field)| {
                leaves(field)
                    .into_iter()
                    .map(move |(path, leaf)| (format!("/{name}{path}"), leaf))
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMANDS: &str = include_str!("../lab/commands.sh");
    const ANSWER: &str = include_str!("../lab/answer.txt");

    #[test]
    fn each_printed_command_is_run_four_ways() {
        let printed = split(COMMANDS);
        assert_eq!(printed.len(), 2, "{printed:?}");
        for command in &printed {
            let ways = variants(command);
            assert_eq!(ways.iter().filter(|way| way.contains(" -L ")).count(), 2);
            assert_eq!(
                ways.iter()
                    .filter(|way| way.contains(":8000/mcp/ "))
                    .count(),
                2
            );
            assert!(ways.iter().all(|way| way.contains("127.0.0.1:8000")));
        }
    }

    #[test]
    fn an_answer_is_compared_field_by_field() {
        let theirs = expected(ANSWER).unwrap();
        let leaves = leaves(&theirs);
        assert!(leaves.iter().any(|(path, _)| path == ASIDE[0]));
        assert_eq!(leaves.len(), 6, "{leaves:?}");
    }
}
