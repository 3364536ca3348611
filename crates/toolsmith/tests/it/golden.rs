//! Wire shapes: one file for each message and era, in `tests/golden`.
//!
//! `UPDATE_GOLDEN=1 cargo test -p toolsmith --test it golden` writes them anew; look at
//! the difference before it is committed.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::conversation::offers;
use crate::wire::{Ask, Session, TestServer, call, initialize, modern, soon};

/// The legacy revisions whose answers are kept, each beside the modern one.
const LEGACY: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

/// What is kept of an answer: the status, and the messages laid out for people, with
/// their members in the order in which they were written.
fn shape(status: u16, messages: &[Value]) -> String {
    let mut shape = json!({"status": status, "messages": messages});
    mask(&mut shape);
    let shape = serde_json::to_string_pretty(&shape).unwrap();
    format!("{}\n", masked(&shape))
}

/// Hides the members that are others each time.
fn mask(value: &mut Value) {
    const ALWAYS_NEW: [&str; 5] = [
        "taskId",
        "createdAt",
        "lastUpdatedAt",
        "requestState",
        "elicitationId",
    ];
    match value {
        Value::Array(items) => items.iter_mut().for_each(mask),
        Value::Object(members) => {
            for (name, value) in members {
                match ALWAYS_NEW.contains(&name.as_str()) && value.is_string() {
                    true => *value = "…".into(),
                    false => mask(value),
                }
            }
        }
        _ => {}
    }
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

/// Requests for what is no tool, in the order in which they are sent.
fn others() -> Vec<(&'static str, &'static str, Value)> {
    let greet = json!({"type": "ref/prompt", "name": "greet"});
    let complete = json!({"ref": greet, "argument": {"name": "name", "value": "A"}});
    let named = json!({"name": "greet", "arguments": {"name": "Ada"}});
    vec![
        ("resources-list", "resources/list", json!({})),
        ("templates-list", "resources/templates/list", json!({})),
        ("read", "resources/read", json!({"uri": "test://page"})),
        (
            "unknown-resource",
            "resources/read",
            json!({"uri": "test://no"}),
        ),
        ("prompts-list", "prompts/list", json!({})),
        ("prompt", "prompts/get", named),
        ("prompt-misfit", "prompts/get", json!({"name": "greet"})),
        ("unknown-prompt", "prompts/get", json!({"name": "no_such"})),
        ("complete", "completion/complete", complete),
        ("bad-cursor", "tools/list", json!({"cursor": "AAAA"})),
    ]
}

/// Requests that only legacy revisions have.
fn only_legacy() -> Vec<(&'static str, &'static str, Value)> {
    let page = json!({"uri": "test://page"});
    vec![
        ("subscribe", "resources/subscribe", page.clone()),
        ("unsubscribe", "resources/unsubscribe", page),
        ("set-level", "logging/setLevel", json!({"level": "info"})),
        (
            "call-log",
            "tools/call",
            call("chatter", json!({"lines": 1})),
        ),
    ]
}

#[tokio::test]
async fn legacy_messages_of_what_is_no_tool() {
    let (server, registry) = offers::start();
    for revision in LEGACY {
        let name = |what: &str| format!("{revision}/{what}");
        let session = server.session_of(revision, offers::able_in(revision)).await;
        for (what, method, params) in others().into_iter().chain(only_legacy()) {
            let ask = session.ask(1, method, params);
            compare(&server, &name(what), &ask).await;
        }
        let survey = session.ask(1, "tools/call", call("survey", json!({})));
        let mut stream = server.open(&survey).await;
        let asked = [stream.message().await, stream.message().await];
        is_golden(&name("questions"), &shape(200, &asked));
        let mut changes = server.open(&session.stream()).await;
        changes.next().await;
        registry.enable_prompt("greet", false);
        registry.enable_prompt("greet", true);
        let told = [changes.message().await];
        is_golden(&name("list-changed"), &shape(200, &told));
    }
}

#[tokio::test]
async fn legacy_messages_of_forms_and_tasks() {
    let (server, _) = offers::start();
    server.gate.open();
    for revision in ["2025-06-18", "2025-11-25"] {
        let name = |what: &str| format!("{revision}/{what}");
        let session = server.session_of(revision, offers::able_in(revision)).await;
        let book = session.ask(1, "tools/call", call("book", json!({})));
        let mut stream = server.open(&book).await;
        let asked = [stream.message().await];
        is_golden(&name("question-form"), &shape(200, &asked));
    }
    let name = |what: &str| format!("2025-11-25/{what}");
    let session = server.session("2025-11-25").await;
    let mut params = call("render", json!({}));
    params["task"] = json!({"ttl": 60_000});
    let made = server.send(&session.ask(1, "tools/call", params)).await;
    is_golden(&name("task"), &shape(made.status, &made.messages()));
    let task = json!({"taskId": made.message()["result"]["task"]["taskId"]});
    let result = session.ask(2, "tasks/result", task.clone());
    compare(&server, &name("task-result"), &result).await;
    compare(
        &server,
        &name("task-get"),
        &session.ask(3, "tasks/get", task.clone()),
    )
    .await;
    compare(
        &server,
        &name("task-list"),
        &session.ask(4, "tasks/list", json!({})),
    )
    .await;
    compare(
        &server,
        &name("task-cancel"),
        &session.ask(5, "tasks/cancel", task),
    )
    .await;
}

#[tokio::test]
async fn modern_messages_of_what_is_no_tool() {
    let (server, registry) = offers::start();
    let name = |what: &str| format!("2026-07-28/{what}");
    for (what, method, params) in others() {
        compare(&server, &name(what), &modern(1, method, params)).await;
    }
    let able = |method: &str, mut params: Value| {
        params["_meta"] = json!({
            "io.modelcontextprotocol/clientCapabilities": offers::able(),
            "io.modelcontextprotocol/logLevel": "info",
        });
        modern(1, method, params)
    };
    let calls = |tool: &str| able("tools/call", call(tool, json!({})));
    compare(&server, &name("questions"), &calls("survey")).await;
    compare(&server, &name("question-form"), &calls("book")).await;
    let chatter = able("tools/call", call("chatter", json!({"lines": 1})));
    compare(&server, &name("call-log"), &chatter).await;
    server.gate.open();
    let made = server.send(&calls("render")).await;
    is_golden(&name("task"), &shape(made.status, &made.messages()));
    let task = json!({"taskId": made.message()["result"]["taskId"]});
    server.gate.dropped(1).await;
    soon("the end of a task", async {
        loop {
            let now = server.send(&able("tasks/get", task.clone())).await;
            if now.message()["result"]["status"] == "completed" {
                return;
            }
        }
    })
    .await;
    compare(&server, &name("task-get"), &able("tasks/get", task.clone())).await;
    compare(&server, &name("task-cancel"), &able("tasks/cancel", task)).await;
    let filter = json!({"notifications": {"promptsListChanged": true}});
    let mut stream = server.open(&able("subscriptions/listen", filter)).await;
    let mut told = vec![stream.message().await];
    registry.enable_prompt("greet", false);
    told.push(stream.message().await);
    server.service.end_streams();
    told.push(stream.message().await);
    is_golden(&name("listen"), &shape(200, &told));
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
