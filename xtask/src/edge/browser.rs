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
/// Who gives out tokens; who has none is not asked about there.
const ISSUER: &str = "http://127.0.0.1:9";
const SCOPE: &str = "files:read";
/// How long a line of the log may take to us.
const PATIENCE: Duration = Duration::from_secs(5);

/// What each client of the page is to come to: its name, the newest revision that it
/// speaks, and whether it has a session.
const CLIENTS: [(&str, &str, bool); 3] = [
    ("modern", "2026-07-28", false),
    ("legacy", "2025-11-25", true),
    ("v1", "2025-11-25", true),
];

pub(super) fn programs() -> Result<()> {
    setup::program("/usr/bin/chromium", "chromium")
}

pub(super) fn check(kit: &Kit<'_>) -> Result<Notes> {
    programs()?;
    let origin = format!("http://{ALLOWED}");
    let open = ["--allow-origin", &origin];
    let server = kit.server(&open)?;
    let closed = [&open[..], &["--auth-issuer", ISSUER, "--auth-scope", SCOPE]].concat();
    let protected = kit.server(&closed)?;
    let ended = allowed(kit, &server, &protected).and_then(|version| {
        refused(kit, &server, &protected)?;
        Ok(version)
    });
    let said = || format!("the servers said:\n{}\n{}", server.log(), protected.log());
    let version = ended.with_context(said)?;
    refused_to_curl(kit)?;
    Ok(vec![format!(
        "Chromium {version}; screenshots are in {}",
        kit.home().display()
    )])
}

/// A page that may call does all that a client can.
fn allowed(kit: &Kit<'_>, server: &HttpServer, protected: &HttpServer) -> Result<String> {
    let shot = kit.kept("browser-allowed.png");
    let words = [
        "--url",
        &server.url,
        "--protected",
        &protected.url,
        "--host",
        ALLOWED,
        "--screenshot",
    ];
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
    ensure!(
        preflights(&report, server) > 0,
        "the browser asked for no leave: {report}"
    );
    challenged(&report, protected)?;
    ensure!(shot.exists(), "no screenshot was kept");
    let version = report["browser"].as_str();
    Ok(version.unwrap_or("of an unknown version").to_owned())
}

/// How often the browser asked a server for leave, by requests that no page can put a token
/// into.
fn preflights(report: &Value, server: &HttpServer) -> usize {
    let all = report["preflights"].as_array().map(Vec::as_slice);
    let all = all.unwrap_or_default().iter();
    all.filter(|it| **it == server.url).count()
}

/// The page reads the challenge, and the metadata that it points to.
fn challenged(report: &Value, protected: &HttpServer) -> Result<()> {
    let seen = &report["challenge"];
    let wrong = || format!("the page saw {seen}; console: {}", report["console"]);
    ensure!(seen["status"] == 401, "status: {}", wrong());
    let base = protected.url.trim_end_matches("/mcp");
    let place = format!("{base}/.well-known/oauth-protected-resource/mcp");
    let header = format!("Bearer resource_metadata=\"{place}\", scope=\"{SCOPE}\"");
    ensure!(seen["header"] == header, "not {header}: {}", wrong());
    ensure!(seen["metadata_url"] == place, "place: {}", wrong());
    ensure!(seen["scope"] == SCOPE, "scope: {}", wrong());
    let metadata = &seen["metadata"];
    ensure!(metadata["resource"] == protected.url, "{}", wrong());
    let issuers = &metadata["authorization_servers"];
    ensure!(*issuers == json!([ISSUER]), "issuers: {}", wrong());
    let said = json!({"status": 401, "error": "invalid_token"});
    ensure!(seen["wrong"] == said, "a wrong token: {}", wrong());
    // One without `Authorization` and one with it, both answered before anybody is known.
    let leave = preflights(report, protected);
    ensure!(leave == 2, "it asked for leave {leave} times: {report}");
    Ok(())
}

/// A page that may not call gets nothing, not even what is wrong, and nothing is run.
fn refused(kit: &Kit<'_>, server: &HttpServer, protected: &HttpServer) -> Result<()> {
    let shot = kit.kept("browser-refused.png");
    let words = [
        "--url",
        &server.url,
        "--protected",
        &protected.url,
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
    let names = CLIENTS.map(|(name, ..)| name);
    for name in names.into_iter().chain(["challenge"]) {
        let failed = report[name]["failed"].as_str().unwrap_or_default();
        ensure!(
            failed.contains("Failed to fetch"),
            "the page saw no network error in `{name}`: {}",
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
