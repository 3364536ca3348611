//! Each client lists the tools of the hello example and calls `add`.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{BOTH, Era, Kit, LIMIT, Server, text};
use crate::run::Task;

const SERVER: &str = "hello-toolsmith";
const INSPECTOR: &str =
    "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js";

/// What one client saw of the server.
#[derive(Debug)]
struct Seen {
    revision: String,
    server: String,
    tools: Vec<String>,
    text: String,
}

/// A client: its name, the eras that it speaks, and one conversation of it.
type Client = (
    &'static str,
    &'static [Era],
    fn(&Kit, Era, &[String]) -> Result<Seen>,
);

const CLIENTS: &[Client] = &[
    ("Python FastMCP", BOTH, |kit, era, target| {
        script(
            Task::new(&kit.python).args([kit.scripts.join("fastmcp_client.py")]),
            era,
            target,
        )
    }),
    ("TypeScript client", BOTH, |kit, era, target| {
        script(kit.node.script("typescript.mjs"), era, target)
    }),
    ("TypeScript SDK v1", &[Era::Legacy], |kit, era, target| {
        script(kit.node.script("typescript-v1.mjs"), era, target)
    }),
    ("MCP Inspector", BOTH, inspector),
    ("toolsmith (rmcp)", BOTH, toolsmith),
];

/// Runs every client on both transports, and returns what went wrong.
pub(super) fn run_all(kit: &Kit, server: &Server) -> Vec<String> {
    let mut failures = Vec::new();
    for (name, eras, client) in CLIENTS {
        for (transport, target) in &server.targets {
            for era in *eras {
                let label = format!("{name:<18} {:<6} {:<7}", transport.name(), era.name());
                let result = client(kit, *era, target).and_then(|seen| judge(&seen, *era));
                match result {
                    Ok(()) => println!("{label} {}: listed and called add", era.revision()),
                    Err(error) => {
                        println!("{label} FAILED");
                        failures.push(format!("{label} {error:#}"));
                    }
                }
            }
        }
    }
    failures
}

fn judge(seen: &Seen, era: Era) -> Result<()> {
    ensure!(
        seen.revision == era.revision(),
        "negotiated {}, not {}",
        seen.revision,
        era.revision()
    );
    ensure!(
        seen.server == SERVER,
        "the server is called {}, not {SERVER}",
        seen.server
    );
    ensure!(
        seen.tools.iter().any(|tool| tool == "add"),
        "add is not listed: {:?}",
        seen.tools
    );
    ensure!(seen.text == "5", "add of 2 and 3 gave {}", seen.text);
    Ok(())
}

/// One of our scripts, which prints what it saw as its last line.
fn script(task: Task, era: Era, target: &[String]) -> Result<Seen> {
    let output = task
        .args([era.name()])
        .args(target)
        .limit(LIMIT)
        .output()?
        .success()?;
    let line = output.stdout.lines().last().unwrap_or_default();
    let seen: Value = serde_json::from_str(line).with_context(|| format!("it printed {line}"))?;
    Ok(Seen {
        revision: text(&seen["revision"]),
        server: text(&seen["server"]),
        tools: names(&seen["tools"]),
        text: text(&seen["text"]),
    })
}

/// The Inspector makes one request per run.
fn inspector(kit: &Kit, era: Era, target: &[String]) -> Result<Seen> {
    let ask = |method: &str, more: &[&str]| -> Result<Value> {
        // What it stores for a person goes into the build folder, not into a home.
        let mut task = kit
            .node
            .script(INSPECTOR)
            .env("HOME", &kit.scratch)
            .limit(LIMIT);
        task = task.args([
            "--cli",
            "--quiet",
            "--format",
            "json",
            "--protocol-era",
            era.name(),
            "--method",
            method,
        ]);
        let output = task.args(more).args(target).output()?.success()?;
        let answer: Value = serde_json::from_str(&output.stdout)
            .with_context(|| format!("{method} printed {}", output.stdout))?;
        Ok(answer["result"].clone())
    };
    let opened = ask("initialize", &[])?;
    let listed = ask("tools/list", &[])?;
    let called = ask(
        "tools/call",
        &["--tool-name", "add", "--tool-args-json", r#"{"a":2,"b":3}"#],
    )?;
    Ok(Seen {
        revision: text(&opened["protocolVersion"]),
        server: text(&opened["serverInfo"]["name"]),
        tools: tool_names(&listed["tools"]),
        text: text(&called["content"][0]["text"]),
    })
}

/// Our own command, which is the official Rust client underneath.
fn toolsmith(kit: &Kit, era: Era, target: &[String]) -> Result<Seen> {
    let ask = |words: &[&str]| -> Result<Value> {
        let task = Task::new(kit.built.join("toolsmith")).args(words).args([
            "--json",
            "--era",
            era.name(),
        ]);
        let output = task.args(target).limit(LIMIT).output()?.success()?;
        serde_json::from_str(&output.stdout)
            .with_context(|| format!("{words:?} printed {}", output.stdout))
    };
    let offer = ask(&["inspect"])?;
    let called = ask(&["call", "add", "a=2", "b=3"])?;
    Ok(Seen {
        revision: text(&offer["protocolVersion"]),
        server: text(&offer["serverInfo"]["name"]),
        tools: tool_names(&offer["tools"]),
        text: text(&called["content"][0]["text"]),
    })
}

fn tool_names(tools: &Value) -> Vec<String> {
    tools
        .as_array()
        .into_iter()
        .flatten()
        .map(|tool| text(&tool["name"]))
        .collect()
}

fn names(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_fell_back_to_another_era_fails() {
        let seen = |revision: &str| Seen {
            revision: revision.to_owned(),
            server: SERVER.to_owned(),
            tools: vec!["add".to_owned()],
            text: "5".to_owned(),
        };
        judge(&seen("2026-07-28"), Era::Modern).unwrap();
        let error = judge(&seen("2025-11-25"), Era::Modern)
            .unwrap_err()
            .to_string();
        assert!(error.contains("2025-11-25"), "{error}");
    }
}
