//! What is answered, in both eras and every revision.

use serde_json::{Value, json};

use crate::wire::{TestServer, call, initialize, modern, modern_meta};

const LEGACY: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

#[tokio::test]
async fn an_opening_is_answered_with_one_event_and_a_session() {
    let server = TestServer::start();
    for revision in LEGACY {
        let reply = server.send(&initialize(revision)).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        assert!(reply.is_stream(), "{reply:?}");
        assert!(
            reply.text.starts_with("event: message\ndata: {"),
            "{reply:?}"
        );
        assert!(reply.text.ends_with("}\n\n"), "{reply:?}");
        assert!(reply.field("mcp-session-id").is_some(), "{reply:?}");
        assert_eq!(reply.field("cache-control"), Some("no-cache"));
        let result = &reply.message()["result"];
        assert_eq!(result["protocolVersion"], revision);
        assert_eq!(
            result["serverInfo"],
            json!({"name": "wire", "version": "1.0.0"})
        );
        let capabilities = json!({"tools": {"listChanged": true}, "logging": {}});
        assert_eq!(result["capabilities"], capabilities);
    }
}

#[tokio::test]
async fn a_modern_answer_is_one_body_of_json_without_a_session() {
    let server = TestServer::start();
    for ask in [
        modern(1, "server/discover", json!({})),
        modern("a", "tools/list", json!({})),
        modern(
            -5,
            "tools/call",
            call("echo", json!({"text": "é\n\u{2028}"})),
        ),
    ] {
        let reply = server.send(&ask).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(reply.field("content-type"), Some("application/json"));
        assert!(reply.field("content-length").is_some(), "{reply:?}");
        assert_eq!(reply.field("mcp-session-id"), None);
        assert_eq!(reply.message()["result"]["resultType"], "complete");
    }
    assert_eq!(server.service.sessions(), 0);
}

#[tokio::test]
async fn every_kind_of_tool_is_called_in_every_revision() {
    let server = TestServer::start();
    for revision in LEGACY {
        let session = server.session(revision).await;
        for tool in ["add", "add_blocking", "add_inline"] {
            let params = call(tool, json!({"a": 40, "b": 2}));
            let reply = server.send(&session.ask(1, "tools/call", params)).await;
            assert_eq!(
                (reply.status, reply.said().as_str()),
                (200, "42"),
                "{revision} {tool}"
            );
        }
        let reply = server.send(&session.ask(2, "ping", json!({}))).await;
        assert_eq!(reply.message()["result"], json!({}), "{revision}");
        let reply = server.send(&session.ask(3, "tools/list", json!({}))).await;
        let listed = reply.message();
        let names = listed["result"]["tools"].as_array().unwrap().iter();
        assert!(names.map(|t| &t["name"]).any(|n| n == "add"), "{reply:?}");
    }
    for tool in ["add", "add_blocking", "add_inline"] {
        let params = call(tool, json!({"a": 40, "b": 2}));
        let reply = server.send(&modern(1, "tools/call", params)).await;
        assert_eq!(reply.said(), "42", "{tool}");
    }
}

#[tokio::test]
async fn structured_results_are_sent_as_each_revision_has_them() {
    let server = TestServer::start();
    let mirror = call("mirror", json!({"point": {"x": 1, "y": 2}}));
    let numbers = call("numbers", json!({"below": 3}));
    for revision in LEGACY {
        let session = server.session(revision).await;
        let point = server
            .send(&session.ask(1, "tools/call", mirror.clone()))
            .await;
        let list = server
            .send(&session.ask(1, "tools/call", numbers.clone()))
            .await;
        assert_eq!(
            (point.said().as_str(), list.said().as_str()),
            ("{\"x\":2,\"y\":1}", "[0,1,2]")
        );
        let structured = |message: Value| message["result"].get("structuredContent").cloned();
        let (point, list) = (structured(point.message()), structured(list.message()));
        match revision >= "2025-06-18" {
            true => {
                assert_eq!(point, Some(json!({"x": 2, "y": 1})));
                assert_eq!(list, Some(json!({"result": [0, 1, 2]})));
            }
            false => assert_eq!((point, list), (None, None), "{revision}"),
        }
    }
    let list = server.send(&modern(1, "tools/call", numbers)).await;
    assert_eq!(
        list.message()["result"]["structuredContent"],
        json!([0, 1, 2])
    );
}

#[tokio::test]
async fn a_result_of_several_megabytes_arrives_whole() {
    let server = TestServer::start();
    let session = server.session("2025-11-25").await;
    let params = call("fill", json!({"bytes": 6_000_000}));
    for ask in [
        modern(1, "tools/call", params.clone()),
        session.ask(1, "tools/call", params),
    ] {
        let reply = server.send(&ask).await;
        assert_eq!(reply.said().len(), 6_000_000);
    }
}

#[tokio::test]
async fn a_slow_call_holds_up_no_other() {
    let server = TestServer::start();
    let slow = modern(1, "tools/call", call("wait", json!({})));
    let slow = server.send(&slow);
    tokio::pin!(slow);
    tokio::select! {
        reply = &mut slow => panic!("the slow call was not slow: {reply:?}"),
        () = async {
            server.gate.started(1).await;
            server.still_serves().await;
        } => {}
    }
    server.gate.open();
    assert_eq!(slow.await.said(), "went");
}

#[tokio::test]
async fn a_client_that_goes_away_cancels_its_call() {
    let server = TestServer::start();
    let ask = modern(1, "tools/call", call("wait", json!({})));
    tokio::select! {
        reply = server.send(&ask) => panic!("the slow call was not slow: {reply:?}"),
        () = server.gate.started(1) => {}
    }
    server.gate.dropped(1).await;
    let mut params = call("report_and_wait", json!({}));
    params["_meta"] = modern_meta().into();
    params["_meta"]["progressToken"] = json!(1);
    let mut stream = server.open(&modern(1, "tools/call", params)).await;
    stream.message().await;
    server.gate.started(2).await;
    drop(stream);
    server.gate.dropped(2).await;
}
