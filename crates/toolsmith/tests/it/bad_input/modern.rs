//! Modern requests that do not fit: header fields, `_meta`, revisions, capabilities.

use serde_json::{Value, json};

use crate::wire::{Ask, MODERN, TestServer, call, modern, modern_meta, request};

const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
const CLIENT: &str = "io.modelcontextprotocol/clientInfo";

fn sum(id: i64) -> Ask {
    modern(id, "tools/call", call("add", json!({"a": 2, "b": 3})))
}

/// The same request with another `_meta`; without one for `null`.
fn with_meta(ask: Ask, meta: Value) -> Ask {
    let mut body: Value = serde_json::from_slice(&ask.body).unwrap();
    let params = body["params"].as_object_mut().unwrap();
    params.remove("_meta");
    if !meta.is_null() {
        params.insert("_meta".to_owned(), meta);
    }
    ask.with_body(body)
}

fn meta_without(field: &str) -> Value {
    let mut meta = modern_meta();
    meta.remove(field);
    meta.into()
}

#[tokio::test]
async fn a_revision_that_is_not_served_is_answered_with_those_that_are() {
    let server = TestServer::start();
    for version in ["2099-01-01", "1999-12-31", "draft"] {
        let mut meta = modern_meta();
        meta.insert(VERSION.to_owned(), version.into());
        let ask = with_meta(sum(5), meta.into()).with("MCP-Protocol-Version", version);
        let is = (400, -32022, json!(5));
        let reply = server.refuses(&ask, is, &["nsupported"]).await;
        let data = &reply.message()["error"]["data"];
        assert_eq!(data["requested"], version);
        let supported = data["supported"].as_array().unwrap();
        for served in [
            MODERN,
            "2025-11-25",
            "2025-06-18",
            "2025-03-26",
            "2024-11-05",
        ] {
            assert!(supported.contains(&json!(served)), "{data}");
        }
        let discovered = server.send(&modern(1, "server/discover", json!({}))).await;
        let versions = &discovered.message()["result"]["supportedVersions"];
        for version in versions.as_array().unwrap() {
            assert!(supported.contains(version), "{versions} {supported:?}");
        }
    }
}

#[tokio::test]
async fn an_unknown_revision_in_the_header_alone_is_a_legacy_refusal() {
    let server = TestServer::start();
    let ask = with_meta(sum(5), Value::Null).with("MCP-Protocol-Version", "2099-01-01");
    let is = (400, -32600, json!(5));
    server.refuses(&ask, is, &["2099-01-01", MODERN]).await;
}

#[tokio::test]
async fn a_modern_header_without_what_meta_must_say_is_refused() {
    let server = TestServer::start();
    for (meta, word) in [
        (Value::Null, VERSION),
        (json!({}), VERSION),
        (meta_without(VERSION), VERSION),
        (meta_without(CAPABILITIES), CAPABILITIES),
    ] {
        let ask = with_meta(sum(6), meta);
        let is = (400, -32602, json!(6));
        server.refuses(&ask, is, &[word]).await;
    }
    for (field, value) in [
        (CAPABILITIES, json!(5)),
        (CAPABILITIES, json!({"sampling": 5})),
        (CLIENT, json!("me")),
        (CLIENT, json!({"version": "1"})),
    ] {
        let mut meta = modern_meta();
        meta.insert(field.to_owned(), value);
        let is = (400, -32602, json!(6));
        server
            .refuses(&with_meta(sum(6), meta.into()), is, &[field])
            .await;
    }
    // Who the client is may be left out.
    let reply = server.send(&with_meta(sum(6), meta_without(CLIENT))).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    // And no parameters at all are no `_meta` either.
    let bare = json!({"jsonrpc": "2.0", "id": 6, "method": "tools/list"});
    let ask = Ask::post(bare)
        .field("MCP-Protocol-Version", MODERN)
        .field("Mcp-Method", "tools/list");
    let is = (400, -32602, json!(6));
    server.refuses(&ask, is, &["_meta"]).await;
}

#[tokio::test]
async fn a_required_header_that_is_missing_is_refused() {
    let server = TestServer::start();
    for name in ["MCP-Protocol-Version", "Mcp-Method", "Mcp-Name"] {
        let is = (400, -32020, json!(8));
        server
            .refuses(&sum(8).without(name), is, &[name, "missing"])
            .await;
    }
    let ask = modern(8, "tools/list", json!({})).without("Mcp-Method");
    let is = (400, -32020, json!(8));
    server.refuses(&ask, is, &["Mcp-Method"]).await;
}

#[tokio::test]
async fn a_task_may_be_asked_for_without_its_routing_header_but_not_with_another_one() {
    let server = TestServer::start();
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let params = json!({"taskId": "mine", "inputResponses": {}});
        let ask = modern(8, method, params);
        let whole = server.send(&ask).await;
        let bare = server.send(&ask.clone().without("Mcp-Name")).await;
        assert_eq!(bare.status, whole.status, "{method}: {bare:?}");
        assert_eq!(bare.message(), whole.message(), "{method}");
        assert_ne!(bare.message()["error"]["code"], -32020, "{bare:?}");
        let is = (400, -32020, json!(8));
        let other = ask.with("Mcp-Name", "another");
        server.refuses(&other, is, &["Mcp-Name", "mine"]).await;
    }
}

#[tokio::test]
async fn header_and_body_that_disagree_are_refused() {
    let server = TestServer::start();
    for (name, value) in [
        ("Mcp-Method", "tools/list"),
        ("Mcp-Method", "TOOLS/CALL"),
        ("Mcp-Method", ""),
        ("Mcp-Name", "echo"),
        ("Mcp-Name", "Add"),
        ("Mcp-Name", ""),
        ("Mcp-Name", "=?base64?ZWNobw==?="),
        ("Mcp-Name", "=?base64?***?="),
    ] {
        let is = (400, -32020, json!(9));
        server.refuses(&sum(9).with(name, value), is, &[name]).await;
    }
    for version in ["2025-11-25", "2024-11-05", "2099-01-01"] {
        let ask = sum(9).with("MCP-Protocol-Version", version);
        let is = (400, -32020, json!(9));
        server
            .refuses(&ask, is, &["MCP-Protocol-Version", version, MODERN])
            .await;
    }
    let mut meta = modern_meta();
    meta.insert(VERSION.to_owned(), "2025-11-25".into());
    let ask = with_meta(sum(9), meta.into());
    let is = (400, -32020, json!(9));
    server
        .refuses(&ask, is, &["MCP-Protocol-Version", "2025-11-25"])
        .await;
}

#[tokio::test]
async fn a_header_that_is_given_twice_is_refused_even_when_both_say_the_same() {
    let server = TestServer::start();
    for name in ["Mcp-Method", "Mcp-Name", "MCP-Protocol-Version"] {
        let ask = sum(9);
        let value = ask.get_field(name).unwrap().to_owned();
        for second in [value.as_str(), "other"] {
            let reply = server.send(&ask.clone().field(name, second)).await;
            assert_eq!(reply.status, 400, "{name} {second}: {reply:?}");
            let error = &reply.message()["error"];
            assert_eq!(error["code"], -32020, "{reply:?}");
            let said = error["message"].as_str().unwrap();
            assert!(
                said.contains(name) && said.contains("more than once"),
                "{said}"
            );
            server.still_serves().await;
        }
    }
}

#[tokio::test]
async fn the_names_of_headers_have_no_case_and_spaces_around_values_do_not_count() {
    let server = TestServer::start();
    let ask = sum(1)
        .without("MCP-Protocol-Version")
        .without("Mcp-Method")
        .without("Mcp-Name")
        .field("mcp-protocol-version", MODERN)
        .field("MCP-METHOD", "  tools/call\t")
        .field("mCP-nAME", "=?base64?YWRk?=");
    let reply = server.send(&ask).await;
    assert_eq!((reply.status, reply.said().as_str()), (200, "5"));
}

#[tokio::test]
async fn meta_of_a_modern_request_without_the_header_is_refused() {
    let server = TestServer::start();
    for version in [MODERN, "2099-01-01"] {
        let mut meta = modern_meta();
        meta.insert(VERSION.to_owned(), version.into());
        let params = json!({"_meta": meta});
        let ask = Ask::post(request(2, "tools/list", params));
        let is = (400, -32020, json!(2));
        server
            .refuses(&ask, is, &["MCP-Protocol-Version", "missing"])
            .await;
    }
    // A legacy revision in `_meta` does not make a request modern.
    let params = json!({"_meta": {VERSION: "2025-06-18"}});
    let ask = Ask::post(request(2, "tools/list", params));
    let is = (400, -31003, json!(2));
    server.refuses(&ask, is, &["Mcp-Session-Id"]).await;
}

#[tokio::test]
async fn a_capability_that_the_client_lacks_is_named() {
    let server = TestServer::start();
    let ask = modern(3, "tools/call", call("need", json!({})));
    let is = (400, -32021, json!(3));
    let reply = server.refuses(&ask, is, &["sampling"]).await;
    let data = &reply.message()["error"]["data"];
    assert_eq!(data, &json!({"requiredCapabilities": {"sampling": {}}}));
    let mut meta = modern_meta();
    meta.insert(CAPABILITIES.to_owned(), json!({"sampling": {}}));
    let reply = server.send(&with_meta(ask, meta.into())).await;
    assert_eq!((reply.status, reply.said().as_str()), (200, "has it"));
}

#[tokio::test]
async fn a_capability_that_is_missed_after_a_report_is_named_inside_the_stream() {
    let server = TestServer::start();
    let mut params = call("report_and_need", json!({}));
    params["_meta"] = json!({"progressToken": "t"});
    let ask = modern(3, "tools/call", params.clone());
    let mut stream = server.open(&ask).await;
    let report = stream.message().await;
    assert_eq!(report["method"], "notifications/progress", "{report}");
    assert_eq!(report["params"]["progressToken"], "t", "{report}");
    let error = stream.message().await;
    assert_eq!(error["error"]["code"], -32021, "{error}");
    assert_eq!(error["id"], 3, "{error}");
    assert!(error["error"]["data"]["requiredCapabilities"]["sampling"].is_object());
    assert_eq!(stream.next().await, None);
    // A client that reads no streams sees the status.
    let ask = ask.with("Accept", "application/json");
    let is = (400, -32021, json!(3));
    server.refuses(&ask, is, &["sampling"]).await;
}

#[tokio::test]
async fn methods_of_another_era_and_unknown_ones_are_not_found() {
    let server = TestServer::start();
    for method in [
        "initialize",
        "ping",
        "logging/setLevel",
        "resources/subscribe",
        "resources/unsubscribe",
        "no/such",
        "",
    ] {
        let ask = modern(4, method, json!({}));
        let is = (404, -32601, json!(4));
        server.refuses(&ask, is, &[&format!("`{method}`")]).await;
    }
    let session = server.session("2025-11-25").await;
    for method in ["server/discover", "no/such"] {
        let ask = session.ask(4, method, json!({}));
        let is = (200, -32601, json!(4));
        let ask = ask.with("Accept", "application/json");
        server.refuses(&ask, is, &[method]).await;
    }
}

#[tokio::test]
async fn modern_notifications_are_accepted_and_responses_are_not() {
    let server = TestServer::start();
    let headers = |ask: Ask| ask.field("MCP-Protocol-Version", MODERN);
    let told =
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}});
    let ask = headers(Ask::post(told)).field("Mcp-Method", "notifications/cancelled");
    let reply = server.send(&ask).await;
    assert_eq!((reply.status, reply.text.as_str()), (202, ""), "{reply:?}");
    for response in [
        json!({"jsonrpc": "2.0", "id": 1, "result": {}}),
        json!({"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": "no"}}),
    ] {
        let ask = headers(Ask::post(response));
        let is = (400, -32600, Value::Null);
        server.refuses(&ask, is, &["response"]).await;
    }
}
