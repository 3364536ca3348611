//! The log of calls.

use serde_json::{Value, json};
use toolsmith::prelude::*;
use toolsmith::server::middleware::Log;
use toolsmith::testing::TestClient;

use super::{TRACE, calls, sum, traced};
use crate::wire::{Ask, Connection, Gate, Program, TestServer, call, modern_meta, request, server};

fn watched() -> TestServer {
    let gate = std::sync::Arc::new(Gate::default());
    TestServer::of(server(&gate).observer(Log), gate, |http| http)
}

/// The lines of a log about a message.
fn about<'a>(text: &'a str, message: &str) -> Vec<&'a str> {
    text.lines().filter(|it| it.contains(message)).collect()
}

#[tokio::test(flavor = "current_thread")]
async fn each_request_has_a_line_that_says_what_it_was_and_how_it_ended() {
    let log = crate::support::Log::capture();
    let server = watched();
    for ask in [
        traced("seven").field("X-Request-Id", "from-the-proxy"),
        calls(8, "refuse", json!({})),
        calls(9, "none", json!({"password": "hunter2"})),
        crate::wire::modern(10, "server/discover", json!({})),
    ] {
        server.send(&ask).await;
    }
    let text = log.text();
    let lines = about(&text, "an operation has ended");
    let expected: [&[&str]; 4] = [
        &[
            "method=\"tools/call\"",
            "name=\"add\"",
            "request_id=\"\\\"seven\\\"\"",
            "tenant=\"default\"",
            "client=\"test\"",
            "address=127.0.0.1",
            "transport=\"tcp\"",
            "http_request_id=\"from-the-proxy\"",
            "outcome=\"complete\"",
            "duration_ms=",
            TRACE,
        ],
        &["request_id=\"8\"", "outcome=\"tool_error\""],
        &[
            "name=\"none\"",
            "outcome=\"error\"",
            "code=-32602",
            "error=\"invalid_params\"",
        ],
        &["method=\"server/discover\"", "outcome=\"complete\""],
    ];
    assert_eq!(lines.len(), expected.len(), "{text}");
    for (line, parts) in lines.iter().zip(expected) {
        for part in parts {
            assert!(line.contains(part), "no {part} in {line}");
        }
    }
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test(flavor = "current_thread")]
async fn who_asks_is_named() {
    let log = crate::support::Log::capture();
    let client = TestClient::new(Server::new("s").observer(Log)).unwrap();
    let alice = Caller::new("acme").with_principal("alice");
    client
        .caller(alice)
        .call("none", json!({}))
        .await
        .unwrap_err();
    let text = log.text();
    let line = about(&text, "an operation has ended")[0];
    for part in ["tenant=\"acme\"", "principal=\"alice\""] {
        assert!(line.contains(part), "no {part} in {line}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn what_nobody_waits_for_any_more_has_a_line_too() {
    let log = crate::support::Log::capture();
    let server = watched();
    let mut connection = Connection::open(server.address).await;
    let ask = calls(1, "wait", json!({}));
    connection.write(&server.bytes(&ask)).await.unwrap();
    server.gate.started(1).await;
    drop(connection);
    server.gate.dropped(1).await;
    let waits = async {
        while about(&log.text(), "outcome=\"cancelled\"").is_empty() {
            tokio::task::yield_now().await;
        }
    };
    crate::wire::soon("the line", waits).await;
}

#[tokio::test(flavor = "current_thread")]
async fn refusals_and_conversations_have_lines() {
    let log = crate::support::Log::capture();
    let server = watched();
    server.session("2025-06-18").await;
    let reply = server
        .send(&sum(1).field("Origin", "https://evil.example"))
        .await;
    assert_eq!(reply.status, 403, "{reply:?}");
    let reply = server.send(&Ask::post("{").at("/elsewhere")).await;
    assert_eq!(reply.status, 404, "{reply:?}");
    let text = log.text();
    let opened = about(&text, "a client has opened a conversation");
    assert!(opened[0].contains("revision=\"2025-06-18\""), "{text}");
    let refused = about(&text, "a request was refused reason");
    assert!(
        refused[0].contains("reason=\"origin_not_allowed\""),
        "{text}"
    );
    assert!(refused[1].contains("reason=\"no_such_path\""), "{text}");
    assert!(refused[1].contains("path=\"/elsewhere\""), "{text}");
}

/// The next line of a JSON log with this message.
async fn line(program: &mut Program, message: &str) -> Value {
    serde_json::from_str(&program.logged(message).await).unwrap()
}

#[tokio::test]
async fn a_flag_turns_it_on_on_both_transports() {
    let flags = ["--log-calls", "--log", "json"];
    let http = ["--transport", "http", "--port", "0"];
    let mut program = Program::hello(&[&http[..], &flags[..]].concat(), &[]).await;
    let started = line(&mut program, "the server has started").await;
    let endpoint = crate::wire::Endpoint::at(started["endpoint"].as_str().unwrap());
    endpoint.send(&sum("a")).await;
    let said = line(&mut program, "an operation has ended").await;
    assert_eq!(said["name"], "add", "{said}");
    assert_eq!(
        (&said["request_id"], &said["outcome"]),
        (&json!("\"a\""), &json!("complete"))
    );
    assert!(said["duration_ms"].as_f64().unwrap() > 0.0, "{said}");

    let mut program = Program::hello(&flags, &[]).await;
    let mut pipe = program.pipe();
    let mut params = call("add", json!({"a": 2, "b": 3}));
    params["_meta"] = modern_meta().into();
    pipe.ask(request(1, "tools/call", params)).await;
    let said = line(&mut program, "an operation has ended").await;
    assert_eq!(
        (&said["transport"], &said["request_id"]),
        (&json!("pipe"), &json!("1"))
    );
}
