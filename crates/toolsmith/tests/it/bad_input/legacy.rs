//! Legacy requests that do not fit: sessions, revisions, batches.

use serde_json::{Value, json};

use crate::wire::{Ask, Session, TestServer, call, initialize, request};

const REVISIONS: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

#[tokio::test]
async fn a_call_without_a_session_or_with_an_unknown_one_is_refused() {
    let server = TestServer::start();
    let ask = Ask::post(request(7, "tools/list", json!({})));
    let is = (400, -31003, json!(7));
    server
        .refuses(&ask, is, &["Mcp-Session-Id", "is missing", "initialize"])
        .await;
    for id in [
        "0123456789abcdef0123456789abcdef",
        "x",
        "",
        "../../etc/passwd",
    ] {
        let ask = ask.clone().field("Mcp-Session-Id", id);
        let is = (404, -31004, json!(7));
        server.refuses(&ask, is, &["session", "initialize"]).await;
        for method in ["GET", "DELETE"] {
            let ask = Ask::new(method)
                .field("Mcp-Session-Id", id)
                .field("Accept", "text/event-stream");
            let is = (404, -31004, Value::Null);
            server.refuses(&ask, is, &["session"]).await;
        }
    }
    for method in ["GET", "DELETE"] {
        let ask = Ask::new(method).field("Accept", "text/event-stream");
        let is = (400, -31003, Value::Null);
        server.refuses(&ask, is, &["Mcp-Session-Id"]).await;
    }
    let told = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let is = (400, -31003, Value::Null);
    server
        .refuses(&Ask::post(told), is, &["Mcp-Session-Id"])
        .await;
}

#[tokio::test]
async fn a_session_that_is_named_twice_is_refused() {
    let server = TestServer::start();
    let session = server.session("2025-06-18").await;
    let other = server.session("2025-06-18").await;
    for id in [&session.id, &other.id] {
        let ask = session
            .ask(1, "ping", json!({}))
            .field("Mcp-Session-Id", id);
        let is = (400, -31003, json!(1));
        server.refuses(&ask, is, &["more than once"]).await;
    }
}

#[tokio::test]
async fn a_session_is_opened_once_and_another_one_without_naming_any() {
    let server = TestServer::start();
    let session = server.session("2025-06-18").await;
    let again = initialize("2025-11-25").field("Mcp-Session-Id", &session.id);
    let is = (400, -32600, json!(0));
    let reply = server.refuses(&again, is, &["open already"]).await;
    assert_eq!(reply.field("mcp-session-id"), None, "{reply:?}");
    assert_eq!(server.service.sessions(), 1);
    // It goes on in its own revision.
    let reply = server.send(&session.ask(1, "ping", json!({}))).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    // Whoever names one that has ended is told so, and opens the next one.
    assert_eq!(server.send(&session.end()).await.status, 204);
    let is = (404, -31004, json!(0));
    server.refuses(&again, is, &["initialize"]).await;
    server.session("2025-11-25").await;
}

#[tokio::test]
async fn an_unknown_or_modern_revision_is_answered_with_the_newest_legacy_one() {
    let server = TestServer::start();
    for asked in ["2026-07-28", "1999-12-31", "2030-01-01", "", "draft"] {
        let reply = server.send(&initialize(asked)).await;
        assert_eq!(reply.status, 200, "{asked}: {reply:?}");
        let agreed = &reply.message()["result"]["protocolVersion"];
        assert_eq!(agreed, "2025-11-25", "{asked}");
        assert!(reply.field("mcp-session-id").is_some(), "{reply:?}");
    }
    for asked in REVISIONS {
        let reply = server.send(&initialize(asked)).await;
        assert_eq!(reply.message()["result"]["protocolVersion"], asked);
    }
}

#[tokio::test]
async fn an_opening_without_a_revision_is_refused() {
    let server = TestServer::start();
    for params in [
        json!({}),
        json!({"protocolVersion": 5}),
        json!({"capabilities": {}}),
    ] {
        let reply = server
            .send(&Ask::post(request(1, "initialize", params)))
            .await;
        assert_eq!(reply.message()["error"]["code"], -32602, "{reply:?}");
        assert!(reply.text.contains("rotocolVersion"), "{reply:?}");
        assert_eq!(reply.field("mcp-session-id"), None);
    }
    assert_eq!(server.service.sessions(), 0);
    server.still_serves().await;
}

#[tokio::test]
async fn an_unsupported_revision_in_the_header_is_refused() {
    let server = TestServer::start();
    let session = server.session("2025-06-18").await;
    for version in ["1999-12-31", "2026-01-01", "draft", ""] {
        let ask = session.ask(4, "tools/list", json!({}));
        let ask = ask.with("MCP-Protocol-Version", version);
        let is = (400, -32600, json!(4));
        let words = ["MCP-Protocol-Version", "2025-11-25"];
        server.refuses(&ask, is, &words).await;
        let told = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        let ask = session.post(told).with("MCP-Protocol-Version", version);
        let is = (400, -32600, Value::Null);
        server.refuses(&ask, is, &words).await;
    }
    let reply = server.send(&session.ask(5, "ping", json!({}))).await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[tokio::test]
async fn notifications_and_responses_are_accepted_in_every_session() {
    let server = TestServer::start();
    for revision in REVISIONS {
        let session = server.session(revision).await;
        for body in [
            json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}),
            json!({"jsonrpc": "2.0", "method": "notifications/nobody-knows"}),
            json!({"jsonrpc": "2.0", "id": 1, "result": {}}),
            json!({"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": "no"}}),
        ] {
            let reply = server.send(&session.post(&body)).await;
            assert_eq!(
                (reply.status, reply.text.as_str()),
                (202, ""),
                "{revision}: {body}"
            );
        }
    }
}

#[tokio::test]
async fn a_batch_is_refused_outside_its_one_revision() {
    let server = TestServer::start();
    let batch = json!([request(1, "ping", json!({})), request(2, "ping", json!({}))]);
    for revision in REVISIONS {
        if revision == "2025-03-26" {
            continue;
        }
        let session = server.session(revision).await;
        let is = (400, -32600, Value::Null);
        server
            .refuses(&session.post(&batch), is, &["batches"])
            .await;
    }
    let is = (400, -32600, Value::Null);
    server.refuses(&Ask::post(&batch), is, &["batches"]).await;
    let ask = Ask::post(&batch).field("MCP-Protocol-Version", "2026-07-28");
    let is = (400, -32600, Value::Null);
    server.refuses(&ask, is, &["batches"]).await;
}

async fn batches() -> (TestServer, Session) {
    let server = TestServer::start();
    let session = server.session("2025-03-26").await;
    (server, session)
}

#[tokio::test]
async fn a_batch_is_answered_with_an_answer_for_each_request() {
    let (server, session) = batches().await;
    let batch = json!([
        request(1, "tools/call", call("add", json!({"a": 1, "b": 1}))),
        {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 9}},
        request("two", "ping", json!({})),
        {"jsonrpc": "2.0", "id": 3},
        5,
        request(4, "tools/call", call("explode", json!({}))),
        request(6, "no/such", json!({})),
        request(7, "initialize", json!({"protocolVersion": "2025-03-26"})),
        request(8, "tools/call", call("add_blocking", json!({"a": 2, "b": 2}))),
    ]);
    for (accept, streams) in [("text/event-stream", true), ("application/json", false)] {
        let reply = server
            .send(&session.post(&batch).with("Accept", accept))
            .await;
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(reply.is_stream(), streams, "{reply:?}");
        let answers = reply.message();
        let answers = answers.as_array().unwrap();
        let find = |id: Value| answers.iter().find(|a| a["id"] == id).unwrap();
        assert_eq!(find(json!(1))["result"]["content"][0]["text"], "2");
        assert_eq!(find(json!(8))["result"]["content"][0]["text"], "4");
        assert_eq!(find(json!("two"))["result"], json!({}));
        assert_eq!(find(json!(3))["error"]["code"], -32600);
        assert_eq!(find(json!(4))["error"]["code"], -32603);
        assert_eq!(find(json!(6))["error"]["code"], -32601);
        assert_eq!(find(json!(7))["error"]["code"], -32600);
        let mut nameless = answers.iter().filter(|a| a.get("id").is_none());
        let said = nameless.next().unwrap()["error"]["message"].as_str();
        let said = said.unwrap();
        assert!(
            said.contains("object") && !said.contains("struct"),
            "{said}"
        );
        assert_eq!(nameless.next(), None, "{answers:?}");
        assert_eq!(answers.len(), 8, "{answers:?}");
    }
    server.still_serves().await;
}

#[tokio::test]
async fn a_batch_without_requests_is_accepted() {
    let (server, session) = batches().await;
    let batch = json!([
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 1, "result": {}},
    ]);
    let reply = server.send(&session.post(batch)).await;
    assert_eq!((reply.status, reply.text.as_str()), (202, ""), "{reply:?}");
}

#[tokio::test]
async fn a_batch_that_is_empty_or_too_long_is_refused() {
    let (server, session) = batches().await;
    let is = (400, -32600, Value::Null);
    server
        .refuses(&session.post("[]"), is, &["at least one"])
        .await;
    let of = |n: i64| Value::from_iter((0..n).map(|id| request(id, "ping", json!({}))));
    let is = (400, -32600, Value::Null);
    server.refuses(&session.post(of(101)), is, &["100"]).await;
    let reply = server.send(&session.post(of(100))).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.message().as_array().unwrap().len(), 100);
}
