//! Which era a request is of, where that could be doubted.

use serde_json::{Value, json};

use crate::wire::{Ask, Reply, TestServer, call, modern, request};

fn refusal(reply: &Reply) -> (u16, Value) {
    (reply.status, reply.message()["error"]["code"].clone())
}

#[tokio::test]
async fn the_codes_of_the_modern_revision_are_for_modern_requests() {
    let server = TestServer::start();
    let list = request(1, "tools/list", json!({}));
    let legacy = Ask::post(list)
        .field("MCP-Protocol-Version", "2025-06-18")
        .field("MCP-Protocol-Version", "2025-06-18");
    let reply = server.send(&legacy).await;
    assert_eq!(refusal(&reply), (400, json!(-32600)), "{reply:?}");
    assert!(reply.text.contains("more than once"), "{reply:?}");
    let twice = modern(1, "tools/list", json!({})).field("MCP-Protocol-Version", "2026-07-28");
    let reply = server.send(&twice).await;
    assert_eq!(refusal(&reply), (400, json!(-32020)), "{reply:?}");
}

#[tokio::test]
async fn a_session_decides_whatever_legacy_revision_is_named_beside_it() {
    let server = TestServer::start();
    let session = server.session("2025-06-18").await;
    let mut sum = call("add", json!({"a": 2, "b": 3}));
    sum["_meta"] = json!({"io.modelcontextprotocol/protocolVersion": "2025-03-26"});
    let reply = server.send(&session.ask(1, "tools/call", sum)).await;
    assert_eq!(
        (reply.status, reply.said().as_str()),
        (200, "5"),
        "{reply:?}"
    );
}

#[tokio::test]
async fn a_notification_that_does_not_fit_is_taken_and_not_answered() {
    let server = TestServer::start();
    let session = server.session("2025-11-25").await;
    for params in [json!([1]), json!({"name": 1})] {
        let note = json!({"jsonrpc": "2.0", "method": "notifications/x", "params": params});
        let reply = server.send(&session.post(note)).await;
        assert_eq!((reply.status, reply.text.as_str()), (202, ""), "{reply:?}");
    }
}

#[tokio::test]
async fn a_method_that_is_not_served_is_that_first_whatever_its_parameters_are() {
    let server = TestServer::start();
    let reply = server
        .send(&modern(1, "no/such", json!({"name": 5})).without("Mcp-Name"))
        .await;
    assert_eq!(refusal(&reply), (404, json!(-32601)), "{reply:?}");
}

#[tokio::test]
async fn many_unknown_arguments_are_refused_in_few_words() {
    let server = TestServer::start();
    let many: serde_json::Map<String, Value> =
        (0..100_000).map(|n| (format!("k{n}"), n.into())).collect();
    let reply = server
        .send(&modern(1, "tools/call", call("add", many.into())))
        .await;
    let said = reply.said();
    assert!(
        said.contains("`k0` is unknown") && said.ends_with("and more."),
        "{said}"
    );
    assert!(said.len() < 2000, "{} bytes", said.len());
}
