//! MCP Inspector in a real Chromium: its page alone, and the newest with its own process.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::Notes;
use super::kit::Kit;
use crate::servers::HttpServer;
use crate::setup;

pub(super) fn check(kit: &Kit<'_>) -> Result<Notes> {
    setup::program("/usr/bin/chromium", "chromium")?;
    let server = kit.server(&[])?;
    let ended = direct(kit, &server).and_then(|direct| {
        let modern = current(kit, &server, "modern")?;
        let legacy = current(kit, &server, "legacy")?;
        Ok(vec![direct, modern, legacy])
    });
    ended.with_context(|| format!("the server said:\n{}", server.log()))
}

/// The page alone, which speaks with the server and with nobody else.
fn direct(kit: &Kit<'_>, server: &HttpServer) -> Result<String> {
    let report = run(kit, "inspector/main.mjs", server, "direct", &[])?;
    ensure!(report["connected"] == true, "not connected: {report}");
    ensure!(
        report["spoken_to"] == json!([server.url]),
        "the page spoke with others, too: {}",
        report["spoken_to"]
    );
    let version = report["inspector"].as_str().unwrap_or("?");
    Ok(format!("client {version} connected directly"))
}

/// The newest one, which speaks through a process of its own.
fn current(kit: &Kit<'_>, server: &HttpServer, era: &str) -> Result<String> {
    let report = run(kit, "inspector/current.mjs", server, era, &["--era", era])?;
    let connected = report["connected"].as_str();
    let connected = connected.with_context(|| format!("not connected: {report}"))?;
    Ok(format!("the newest, asked for {era}, shows `{connected}`"))
}

/// Runs one, which lists the tools and calls `add`, and leaves a screenshot.
fn run(
    kit: &Kit<'_>,
    script: &str,
    server: &HttpServer,
    name: &str,
    more: &[&str],
) -> Result<Value> {
    let shot = kit.kept(&format!("inspector-{name}.png"));
    let shown = shot.to_string_lossy();
    let words = ["--url", &server.url, "--screenshot", &shown];
    let report = kit
        .scripts()?
        .report(script, &[&words[..], more].concat())?;
    let tools = report["tools"].as_array();
    let lists_add = tools.is_some_and(|all| all.iter().any(|it| it == "add"));
    ensure!(lists_add, "{name}: `add` is not listed: {report}");
    let result = report["result"].as_str();
    ensure!(
        result.is_some_and(|it| it.contains('5')),
        "{name}: 2 and 3 are not 5: {report}"
    );
    ensure!(shot.exists(), "{name}: no screenshot was kept");
    Ok(report)
}
