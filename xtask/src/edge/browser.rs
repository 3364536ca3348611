//! A page of another origin, in a real Chromium, with the clients that others wrote for
//! pages.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::Notes;
use super::calls::ask;
use super::kit::{Kit, until};
use crate::curl;
use crate::servers::HttpServer;
use crate::setup;

const ALLOWED: &str = "app.test";
const STRANGE: &str = "evil.test";
/// How long a line of the log may take to us.
const PATIENCE: Duration = Duration::from_secs(5);

/// What each client of the page is to come to: its name, the newest revision that it
/// speaks, and whether it has a session.
const CLIENTS: [(&str, &str, bool); 3] = [
    ("modern", "2026-07-28", false),
    ("legacy", "2025-11-25", true),
    ("v1", "2025-11-25", true),
];

pub(super) fn check(kit: &Kit<'_>) -> Result<Notes> {
    setup::program("/usr/bin/chromium", "chromium")?;
    let server = kit.server(&["--allow-origin", &format!("http://{ALLOWED}")])?;
    let ended = allowed(kit, &server).and_then(|version| {
        refused(kit, &server)?;
        Ok(version)
    });
    let version = ended.with_context(|| format!("the server said:\n{}", server.log()))?;
    refused_to_curl(kit)?;
    Ok(vec![format!(
        "Chromium {version}; screenshots are in {}",
        kit.home().display()
    )])
}

/// A page that may call does all that a client can.
fn allowed(kit: &Kit<'_>, server: &HttpServer) -> Result<String> {
    let shot = kit.kept("browser-allowed.png");
    let words = ["--url", &server.url, "--host", ALLOWED, "--screenshot"];
    let report = kit.scripts()?.report(
        "browser/main.mjs",
        &[&words[..], &[&shot.to_string_lossy()]].concat(),
    )?;
    for (name, revision, has_session) in CLIENTS {
        let seen = &report[name];
        let wrong = || {
            format!(
                "the page's `{name}` client saw {seen}; console: {}",
                report["console"]
            )
        };
        ensure!(seen["revision"] == revision, "not {revision}: {}", wrong());
        ensure!(
            seen["session"].is_string() == has_session,
            "session: {}",
            wrong()
        );
        let tools = seen["tools"].as_array();
        let has = |tool| tools.is_some_and(|all| all.contains(&json!(tool)));
        ensure!(has("add") && has("stream"), "tools: {}", wrong());
        ensure!(seen["call"] == "5", "call: {}", wrong());
        // Each step was sent when the one before it was seen in the page.
        let progress = json!({"seen": [1, 2, 3], "text": "done"});
        ensure!(seen["progress"] == progress, "progress: {}", wrong());
    }
    let preflights = report["preflights"].as_array();
    ensure!(
        preflights.is_some_and(|all| !all.is_empty()),
        "the browser asked for no leave: {report}"
    );
    ensure!(shot.exists(), "no screenshot was kept");
    let version = report["browser"].as_str();
    Ok(version.unwrap_or("of an unknown version").to_owned())
}

/// A page that may not call gets nothing, not even what is wrong, and nothing is run.
fn refused(kit: &Kit<'_>, server: &HttpServer) -> Result<()> {
    let shot = kit.kept("browser-refused.png");
    let words = [
        "--url",
        &server.url,
        "--host",
        STRANGE,
        "--sneak",
        "sneaked",
        "--screenshot",
    ];
    let report = kit.scripts()?.report(
        "browser/main.mjs",
        &[&words[..], &[&shot.to_string_lossy()]].concat(),
    )?;
    for (name, ..) in CLIENTS {
        let failed = report[name]["failed"].as_str().unwrap_or_default();
        ensure!(
            failed.contains("Failed to fetch"),
            "the page's `{name}` client saw no network error: {}",
            report[name]
        );
    }
    let console = report["console"].as_array().map(Vec::as_slice);
    let mut lines = console.unwrap_or_default().iter().filter_map(Value::as_str);
    ensure!(
        lines.any(|line| line.contains("CORS")),
        "the console does not name CORS: {}",
        report["console"]
    );
    // What a page can send without leave was sent, and came to nothing.
    ensure!(report["sneak"]["type"] == "opaque", "{}", report["sneak"]);
    ensure!(
        saw(server, "sneaked")? == "0",
        "a tool ran for a page that may not call"
    );
    ask(&server.url, "saw", &json!({"name": "honest", "step": 1}))?;
    ensure!(
        saw(server, "honest")? == "1",
        "the server does not say what ran"
    );
    Ok(())
}

fn saw(server: &HttpServer, name: &str) -> Result<String> {
    ask(&server.url, "seen", &json!({"name": name}))
}

/// Who sends the same by hand reads which setting would let it in, and so does the log.
fn refused_to_curl(kit: &Kit<'_>) -> Result<()> {
    setup::program("curl", "curl")?;
    // Of a flood of warnings some are written; this one is to be the first.
    let server = &kit.server(&[])?;
    let flag = "--allow-origin http://curl.test";
    let headers = [
        "Origin: http://curl.test",
        "Content-Type: application/json",
        "Accept: application/json, text/event-stream",
    ];
    let body = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "saw", "arguments": {"name": "curled", "step": 1}},
    });
    let lines = || server.log().lines().filter(|it| it.contains(flag)).count();
    let answer = curl::post(
        &kit.kept("curl"),
        &server.url,
        &headers.map(str::to_owned),
        &body.to_string(),
    )?;
    ensure!(answer.status == 403, "curl got {answer:?}");
    ensure!(
        answer.body.contains(flag),
        "the body does not say {flag}: {answer:?}"
    );
    until(PATIENCE, &format!("a line of the log with {flag}"), || {
        lines() > 0
    })?;
    ensure!(lines() == 1, "{} lines of the log say {flag}", lines());
    ensure!(
        saw(server, "curled")? == "0",
        "a tool ran for an origin that may not call"
    );
    Ok(())
}
