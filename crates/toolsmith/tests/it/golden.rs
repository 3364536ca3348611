//! Wire shapes: one file for each message and era, in `tests/golden`.
//!
//! `UPDATE_GOLDEN=1 cargo test -p toolsmith --test it golden` writes them anew; look at
//! the difference before it is committed.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::wire::{Ask, Session, TestServer, call, initialize, modern};

/// The legacy revisions whose answers are kept, each beside the modern one.
const LEGACY: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

/// What is kept of an answer: the status, and the messages laid out for people, with
/// their members in the order in which they were written.
fn shape(status: u16, messages: &[Value]) -> String {
    let shape = json!({"status": status, "messages": messages});
    let shape = serde_json::to_string_pretty(&shape).unwrap();
    format!("{}\n", masked(&shape))
}

/// Without what is another each time.
fn masked(text: &str) -> String {
    let Some((before, after)) = text.split_once("error id ") else {
        return text.to_owned();
    };
    let rest = after.trim_start_matches(|c: char| c.is_ascii_hexdigit());
    format!("{before}error id …{rest}")
}

/// Compares with the file, or writes it.
fn is_golden(name: &str, seen: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let path = path.join("tests/golden").join(format!("{name}.json"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, seen).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(&path);
    let kept = kept.unwrap_or_else(|e| panic!("{path:?}: {e}; write it with UPDATE_GOLDEN=1"));
    assert_eq!(
        seen, kept,
        "{name} has changed; if that is meant, run with UPDATE_GOLDEN=1"
    );
}

/// Sends a request and compares its whole answer.
async fn compare(server: &TestServer, name: &str, ask: &Ask) {
    let reply = server.send(ask).await;
    is_golden(name, &shape(reply.status, &reply.messages()));
}

/// The calls whose answers are kept.
fn calls() -> Vec<(&'static str, &'static str, Value)> {
    let mut counted = call("count", json!({"to": 2}));
    counted["_meta"] = json!({"progressToken": "token"});
    vec![
        ("tools-list", "tools/list", json!({})),
        (
            "call-text",
            "tools/call",
            call("add", json!({"a": 2, "b": 3})),
        ),
        (
            "call-structured",
            "tools/call",
            call("mirror", json!({"point": {"x": 1, "y": 2}})),
        ),
        (
            "call-structured-list",
            "tools/call",
            call("numbers", json!({"below": 3})),
        ),
        ("call-error", "tools/call", call("refuse", json!({}))),
        ("call-masked", "tools/call", call("fail", json!({}))),
        ("call-misfit", "tools/call", call("add", json!({"a": "x"}))),
        ("call-panic", "tools/call", call("explode", json!({}))),
        ("call-capability", "tools/call", call("need", json!({}))),
        ("call-progress", "tools/call", counted),
        ("unknown-tool", "tools/call", call("no_such", json!({}))),
        ("unknown-method", "no/such", json!({})),
        ("ping", "ping", json!({})),
    ]
}

#[tokio::test]
async fn legacy_messages() {
    let server = TestServer::start();
    for revision in LEGACY {
        let name = |what: &str| format!("{revision}/{what}");
        compare(&server, &name("initialize"), &initialize(revision)).await;
        let session: Session = server.session(revision).await;
        for (what, method, params) in calls() {
            let ask = session.ask(1, method, params);
            compare(&server, &name(what), &ask).await;
        }
        let unknown = Ask::post(json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}));
        compare(&server, &name("no-session"), &unknown).await;
    }
}

#[tokio::test]
async fn modern_messages() {
    let server = TestServer::start();
    let name = |what: &str| format!("2026-07-28/{what}");
    let discover = modern(1, "server/discover", json!({}));
    compare(&server, &name("discover"), &discover).await;
    for (what, method, params) in calls() {
        compare(&server, &name(what), &modern(1, method, params)).await;
    }
    let list = || modern(1, "tools/list", json!({}));
    let mismatch = list().with("Mcp-Method", "tools/call");
    compare(&server, &name("mismatch"), &mismatch).await;
    let mut body: Value = serde_json::from_slice(&list().body).unwrap();
    body["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2099-01-01".into();
    let unknown = list()
        .with_body(&body)
        .with("MCP-Protocol-Version", "2099-01-01");
    compare(&server, &name("unknown-revision"), &unknown).await;
    body["params"]["_meta"] = json!({});
    let missing = list().with_body(body);
    compare(&server, &name("no-meta"), &missing).await;
}

#[tokio::test]
async fn messages_without_an_era() {
    let server = TestServer::start();
    compare(&server, "any/not-json", &Ask::post("{")).await;
    compare(&server, "any/no-message", &Ask::post("{}")).await;
    let elsewhere = Ask::new("GET").at("/elsewhere");
    compare(&server, "any/no-such-path", &elsewhere).await;
    compare(&server, "any/no-such-method", &Ask::new("PUT")).await;
    let origin = Ask::post("{}").field("Origin", "https://evil.example");
    compare(&server, "any/origin", &origin).await;
    let accept = Ask::post("{}").with("Accept", "text/html");
    compare(&server, "any/not-acceptable", &accept).await;
    let media = Ask::post("{}").with("Content-Type", "text/plain");
    compare(&server, "any/not-json-type", &media).await;
}
