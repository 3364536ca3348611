//! Metrics, and the address that shows them.

use std::sync::Arc;

use serde_json::json;
use toolsmith::prelude::*;

use super::{calls, sum};
use crate::wire::{Ask, Connection, Endpoint, Gate, Program, TestServer, modern, server, soon};

fn counted() -> TestServer {
    TestServer::with(|http| http.admin("127.0.0.1:0"))
}

/// What is at a path of the admin address.
async fn look(admin: &Endpoint, path: &str) -> (u16, String) {
    let mut connection = Connection::open(admin.address).await;
    let ask = Ask::new("GET").at(path);
    connection.write(&admin.bytes(&ask)).await.unwrap();
    let head = connection.head().await;
    let body = connection.body(&head).await;
    (head.status, String::from_utf8(body).unwrap())
}

/// The value of a metric, by all that stands before it.
async fn metric(admin: &Endpoint, name: &str) -> Option<f64> {
    let (status, text) = look(admin, "/metrics").await;
    assert_eq!(status, 200, "{text}");
    assert!(text.ends_with("# EOF\n"), "{text}");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map(|value| value.parse().unwrap())
}

/// Waits until a metric has a value.
async fn becomes(admin: &Endpoint, name: &str, value: f64) {
    let waits = async { while metric(admin, name).await != Some(value) {} };
    soon(&format!("{name} {value}"), waits).await;
}

/// The name of the counter of calls with an end.
fn ended(method: &str, primitive: &str, outcome: &str, error: &str) -> String {
    format!(
        "toolsmith_calls_total{{method=\"{method}\",primitive=\"{primitive}\",outcome=\"{outcome}\",error=\"{error}\"}}"
    )
}

#[tokio::test]
async fn calls_are_counted_by_primitive_and_outcome_and_their_times_by_primitive() {
    let server = counted();
    let admin = server.admin.as_ref().unwrap();
    for id in 0..3 {
        server.send(&sum(id)).await;
    }
    server.send(&calls(3, "refuse", json!({}))).await;
    server.send(&calls(4, "made_up", json!({}))).await;
    server.send(&modern(5, "tools/list", json!({}))).await;
    server.send(&modern(6, "made/up", json!({}))).await;
    for (name, count) in [
        (ended("tools/call", "add", "complete", ""), 3.0),
        (ended("tools/call", "refuse", "tool_error", ""), 1.0),
        // What a client makes up is no label.
        (ended("tools/call", "", "error", "invalid_params"), 1.0),
        (ended("tools/list", "", "complete", ""), 1.0),
        (ended("(other)", "", "error", "method_not_found"), 1.0),
    ] {
        assert_eq!(metric(admin, &name).await, Some(count), "{name}");
    }
    let times = "toolsmith_call_duration_seconds_count{method=\"tools/call\",primitive=\"add\"}";
    assert_eq!(metric(admin, times).await, Some(3.0));
    let (_, text) = look(admin, "/metrics").await;
    assert!(
        text.contains("toolsmith_call_duration_seconds_bucket{le=\"0.001\""),
        "{text}"
    );
    assert!(!text.contains("made"), "{text}");
}

#[tokio::test]
async fn what_is_refused_is_counted_by_reason() {
    let server = TestServer::with(|http| {
        http.admin("127.0.0.1:0")
            .max_body(1000)
            .max_connections_per_address(2)
    });
    let admin = server.admin.as_ref().unwrap();
    server
        .send(&sum(1).field("Origin", "https://evil.example"))
        .await;
    server.send(&sum(1).field("Host", "evil.example")).await;
    server.send(&Ask::post("x".repeat(1001))).await;
    server.send(&Ask::post("{")).await;
    let connections = [
        Connection::open(server.address).await,
        Connection::open(server.address).await,
    ];
    becomes(admin, "toolsmith_connections", 2.0).await;
    assert_eq!(server.send(&sum(2)).await.status, 429);
    drop(connections);
    for reason in [
        "origin_not_allowed",
        "host_not_allowed",
        "too_large",
        "parse",
        "too_many_connections",
    ] {
        let name = format!("toolsmith_rejected_total{{reason=\"{reason}\"}}");
        assert_eq!(metric(admin, &name).await, Some(1.0), "{reason}");
    }
}

#[tokio::test]
async fn what_is_open_and_what_waits_is_shown() {
    let gate = Arc::new(Gate::default());
    let narrow = server(&gate).max_calls(1, 1);
    let server = TestServer::of(narrow, gate, |http| http.admin("127.0.0.1:0"));
    let admin = server.admin.as_ref().unwrap();
    assert_eq!(metric(admin, "toolsmith_ready").await, Some(1.0));
    let session = server.session("2025-06-18").await;
    let stream = server.open(&session.stream()).await;
    let listener = server
        .open(&modern(
            "l",
            "subscriptions/listen",
            json!({"notifications": {"toolsListChanged": true}}),
        ))
        .await;
    let (mut first, mut second) = (
        Connection::open(server.address).await,
        Connection::open(server.address).await,
    );
    let wait = calls(1, "wait", json!({}));
    first.write(&server.bytes(&wait)).await.unwrap();
    server.gate.started(1).await;
    second.write(&server.bytes(&wait)).await.unwrap();
    for (name, value) in [
        ("toolsmith_calls_running", 1.0),
        ("toolsmith_calls_queued", 1.0),
        ("toolsmith_sessions", 1.0),
        // The stream of the session is one, too.
        ("toolsmith_subscriptions", 2.0),
        ("toolsmith_streams", 2.0),
        (
            "toolsmith_conversations_total{revision=\"2025-06-18\"}",
            1.0,
        ),
    ] {
        becomes(admin, name, value).await;
    }
    let full = server.send(&sum(3)).await;
    assert_eq!(full.status, 503, "{full:?}");
    assert_eq!(
        metric(admin, "toolsmith_rejected_total{reason=\"busy\"}").await,
        Some(1.0)
    );
    server.gate.open();
    drop((stream, listener));
    for name in [
        "toolsmith_calls_running",
        "toolsmith_calls_queued",
        "toolsmith_streams",
    ] {
        becomes(admin, name, 0.0).await;
    }
}

#[tokio::test]
async fn the_public_address_does_not_show_it_and_the_admin_address_serves_no_calls() {
    let server = counted();
    let (status, _) = look(&server, "/metrics").await;
    assert_eq!(status, 404);
    let admin = server.admin.as_ref().unwrap();
    let (status, text) = look(admin, "/mcp").await;
    assert_eq!(status, 404, "{text}");
    let mut connection = Connection::open(admin.address).await;
    connection
        .write(&admin.bytes(&sum(1).at("/metrics")))
        .await
        .unwrap();
    assert_eq!(connection.head().await.status, 405);
    assert!(
        TestServer::start().admin.is_none(),
        "it is off unless it is asked for"
    );
}

#[tokio::test]
async fn the_admin_address_names_what_is_waited_for() {
    let gate = Arc::new(Gate::default());
    let waiting = server(&gate).depends_on("the ledger", || std::future::ready(false));
    let server = TestServer::of(waiting, gate, |http| http.admin("127.0.0.1:0"));
    let admin = server.admin.as_ref().unwrap();
    let (status, text) = look(admin, "/ready").await;
    assert_eq!(status, 503, "{text}");
    assert!(text.contains("the ledger"), "{text}");
    assert_eq!(metric(admin, "toolsmith_ready").await, Some(0.0));
    assert_eq!(look(admin, "/health").await.0, 200);
}

/// Add one.
#[tool(task)]
async fn slowly(gate: State<Gate>) -> &'static str {
    gate.wait().await;
    "done"
}

#[tokio::test]
async fn tasks_are_counted_when_they_have_ended() {
    let gate = Arc::new(Gate::default());
    let tasks = server(&gate).tool::<slowly>();
    let server = TestServer::of(tasks, gate, |http| http.admin("127.0.0.1:0"));
    let admin = server.admin.as_ref().unwrap();
    let meta = json!({"io.modelcontextprotocol/clientCapabilities": {"extensions": {"io.modelcontextprotocol/tasks": {}}}});
    let params = json!({"name": "slowly", "arguments": {}, "_meta": meta});
    let reply = server.send(&modern(1, "tools/call", params)).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let begun = ended("tools/call", "slowly", "task", "");
    assert_eq!(metric(admin, &begun).await, Some(1.0), "{reply:?}");
    server.gate.open();
    let done = "toolsmith_tasks_total{primitive=\"slowly\",outcome=\"complete\",error=\"\"}";
    becomes(admin, done, 1.0).await;
}

#[tokio::test]
async fn a_flag_opens_the_admin_address_and_one_that_is_taken_is_said() {
    let (mut program, endpoint) = Program::hello_http(&["--admin", "127.0.0.1:0"]).await;
    let line = program.logged("metrics are at").await;
    let address = line
        .split("address=")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap();
    let admin = Endpoint::at(&format!("http://{address}/metrics"));
    endpoint.send(&sum(1)).await;
    let name = ended("tools/call", "add", "complete", "");
    assert_eq!(metric(&admin, &name).await, Some(1.0));
    let flags = ["--transport", "http", "--port", "0", "--admin", address];
    let (code, _, said) = Program::hello(&flags, &[]).await.output().await;
    assert_ne!(code, Some(0), "{said}");
    assert!(said.contains("--admin") && said.contains(address), "{said}");
}
