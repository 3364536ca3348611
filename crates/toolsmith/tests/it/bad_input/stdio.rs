//! The rows that a pipe has as well.

use std::sync::Arc;

use serde_json::{Value, json};
use toolsmith::Stdio;

use crate::wire::{Gate, Pipe, call, modern_meta, request};

fn pipe(stdio: Stdio) -> Pipe {
    Pipe::to_server(stdio, &Arc::new(Gate::default())).0
}

fn sum(id: i64) -> Value {
    let mut params = call("add", json!({"a": 2, "b": 3}));
    params["_meta"] = modern_meta().into();
    request(id, "tools/call", params)
}

fn opening(revision: &str) -> Value {
    let client = json!({"name": "test", "version": "0"});
    let params = json!({"protocolVersion": revision, "capabilities": {}, "clientInfo": client});
    request(0, "initialize", params)
}

/// Shows that a line is refused and that the next one is served.
async fn refuses(pipe: &mut Pipe, line: impl ToString, (code, id): (i64, Value), word: &str) {
    let line = line.to_string();
    let shown: String = line.chars().take(200).collect();
    let answer = pipe.ask(line).await;
    assert_eq!(answer["error"]["code"], code, "{shown}: {answer}");
    assert_eq!(
        answer.get("id"),
        Some(&id).filter(|id| !id.is_null()),
        "{shown}: {answer}"
    );
    let said = answer["error"]["message"].as_str().unwrap();
    assert!(
        said.contains(word) && !said.contains('\n'),
        "{shown}: {said}"
    );
    // A pipe has lines and messages.
    assert!(!said.contains("body"), "{shown}: {said}");
    let answer = pipe.ask(sum(99)).await;
    assert_eq!(
        answer["result"]["content"][0]["text"], "5",
        "after {shown}: {answer}"
    );
}

#[tokio::test]
async fn lines_that_are_no_message() {
    let mut pipe = pipe(Stdio::new());
    let none = Value::Null;
    for (line, code, id, word) in [
        ("not json", -32700, &none, "not JSON"),
        ("{\"jsonrpc\":\"2.0\",\"id\":1", -32700, &none, "not JSON"),
        ("5", -32600, &none, "object"),
        (
            "{\"id\":3,\"method\":\"ping\"}",
            -32600,
            &json!(3),
            "jsonrpc",
        ),
        (
            "{\"jsonrpc\":\"2.0\",\"id\":3}",
            -32600,
            &json!(3),
            "method",
        ),
        ("[]", -32600, &none, "batch"),
        (
            "[{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"ping\"}]",
            -32600,
            &none,
            "batch",
        ),
        (
            "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}",
            -32600,
            &none,
            "`id`",
        ),
    ] {
        refuses(&mut pipe, line, (code, id.clone()), word).await;
    }
    let deep = "[".repeat(1_000_000);
    refuses(&mut pipe, deep, (-32600, Value::Null), "deep").await;
}

#[tokio::test]
async fn a_line_over_the_limit_is_skipped() {
    let mut pipe = pipe(Stdio::new().max_line(1000));
    for size in [1001, 100_000, 9_000_000] {
        let line = "x".repeat(size);
        refuses(&mut pipe, line, (-31009, Value::Null), "--max-line").await;
    }
    refuses(
        &mut pipe,
        "x".repeat(1000),
        (-32700, Value::Null),
        "not JSON",
    )
    .await;
}

#[tokio::test]
async fn a_conversation_is_opened_once() {
    let mut pipe = pipe(Stdio::new());
    // What is no opening can be tried again.
    let bad = request(1, "initialize", json!({}));
    refuses(&mut pipe, bad, (-32602, json!(1)), "rotocolVersion").await;
    let opened = pipe.ask(opening("2025-06-18")).await;
    let agreed = &opened["result"]["protocolVersion"];
    assert_eq!(agreed, "2025-06-18", "{opened}");
    for revision in ["2025-06-18", "2025-11-25", "2030-01-01"] {
        let again = (-32600, json!(0));
        refuses(&mut pipe, opening(revision), again, "open already").await;
    }
    // It goes on in its own revision.
    let list = pipe.ask(request(2, "tools/list", json!({}))).await;
    assert!(list["result"]["tools"].is_array(), "{list}");
    let batch = json!([request(3, "ping", json!({}))]);
    refuses(&mut pipe, batch, (-32600, Value::Null), "batches").await;
}

#[tokio::test]
async fn blank_lines_are_no_messages() {
    let mut pipe = pipe(Stdio::new());
    pipe.line("\n  \n\r\n\t").await;
    assert_eq!(pipe.ask(sum(1)).await["id"], 1);
}

#[tokio::test]
async fn modern_requests_that_do_not_fit() {
    let mut pipe = pipe(Stdio::new());
    let version = "io.modelcontextprotocol/protocolVersion";
    let discover = request(1, "server/discover", json!({}));
    refuses(&mut pipe, discover, (-32602, json!(1)), version).await;
    let mut meta = modern_meta();
    meta.remove("io.modelcontextprotocol/clientCapabilities");
    let lacking = request(2, "tools/list", json!({"_meta": meta}));
    refuses(&mut pipe, lacking, (-32602, json!(2)), "clientCapabilities").await;
    let mut meta = modern_meta();
    meta.insert(version.to_owned(), "2099-01-01".into());
    let unknown = request(3, "tools/list", json!({"_meta": meta}));
    refuses(&mut pipe, unknown, (-32022, json!(3)), "nsupported").await;
    for method in [
        "initialize",
        "ping",
        "logging/setLevel",
        "resources/subscribe",
        "no/such",
    ] {
        let asked = request(4, method, json!({"_meta": modern_meta()}));
        refuses(&mut pipe, asked, (-32601, json!(4)), method).await;
    }
    let mut need = call("need", json!({}));
    need["_meta"] = modern_meta().into();
    let need = request(5, "tools/call", need);
    refuses(&mut pipe, need, (-32021, json!(5)), "sampling").await;
}

#[tokio::test]
async fn legacy_requests_that_do_not_fit() {
    let mut pipe = pipe(Stdio::new());
    let early = request(1, "tools/list", json!({}));
    refuses(&mut pipe, early, (-31003, json!(1)), "initialize").await;
    let opened = pipe.ask(opening("2030-01-01")).await;
    assert_eq!(
        opened["result"]["protocolVersion"], "2025-11-25",
        "{opened}"
    );
    let other_era = pipe.ask(request(2, "server/discover", json!({}))).await;
    assert!(other_era["error"].is_object(), "{other_era}");
    refuses(
        &mut pipe,
        request(2, "no/such", json!({})),
        (-32601, json!(2)),
        "no/such",
    )
    .await;
    let unknown = request(3, "tools/call", call("no_such", json!({})));
    refuses(&mut pipe, unknown, (-32602, json!(3)), "no_such").await;
    let batch = json!([request(4, "ping", json!({}))]);
    refuses(&mut pipe, batch, (-32600, Value::Null), "batches").await;
}

#[tokio::test]
async fn a_batch_is_answered_in_its_one_revision() {
    let mut pipe = pipe(Stdio::new());
    pipe.ask(opening("2025-03-26")).await;
    let batch = json!([
        request(1, "ping", json!({})),
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2},
        request(3, "initialize", json!({"protocolVersion": "2025-03-26"})),
    ]);
    let answers = pipe.ask(batch).await;
    let answers = answers.as_array().unwrap();
    assert_eq!(answers.len(), 3, "{answers:?}");
    assert_eq!(answers[0]["result"], json!({}));
    assert_eq!(answers[1]["error"]["code"], -32600);
    assert_eq!(answers[2]["error"]["code"], -32600);
    refuses(&mut pipe, "[]", (-32600, Value::Null), "batch").await;
}
