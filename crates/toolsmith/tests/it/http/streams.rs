//! Answers that say something before the end.

use serde_json::{Value, json};

use crate::wire::{Ask, Connection, TestServer, call, modern};

fn counting(to: u32, token: Value) -> Value {
    let mut params = call("count", json!({"to": to}));
    params["_meta"] = json!({"progressToken": token});
    params
}

#[tokio::test]
async fn reports_come_in_order_and_the_answer_comes_last() {
    let server = TestServer::start();
    let session = server.session("2025-11-25").await;
    for (token, ask) in [
        (json!("t"), modern(1, "tools/call", counting(5, json!("t")))),
        (
            json!(7),
            session.ask(1, "tools/call", counting(5, json!(7))),
        ),
    ] {
        let mut stream = server.open(&ask).await;
        assert_eq!(stream.head.field("cache-control"), Some("no-cache"));
        for step in 1..=5 {
            let report = stream.message().await;
            assert_eq!(report["method"], "notifications/progress", "{report}");
            let expected = json!({
                "progressToken": token,
                "progress": step,
                "total": 5,
                "message": format!("step {step}"),
            });
            assert_eq!(report["params"], expected);
        }
        let answer = stream.message().await;
        assert_eq!(answer["id"], 1, "{answer}");
        assert_eq!(answer["result"]["content"][0]["text"], "counted to 5");
        assert_eq!(stream.next().await, None);
    }
}

#[tokio::test]
async fn a_report_arrives_before_the_call_ends() {
    let server = TestServer::start();
    let mut params = call("report_and_wait", json!({}));
    params["_meta"] = json!({"progressToken": "t"});
    let mut stream = server.open(&modern(1, "tools/call", params)).await;
    assert_eq!(stream.message().await["params"]["progress"], 1);
    server.gate.started(1).await;
    server.gate.open();
    assert_eq!(
        stream.message().await["result"]["content"][0]["text"],
        "went"
    );
}

#[tokio::test]
async fn nobody_is_sent_reports_who_did_not_ask_or_reads_no_streams() {
    let server = TestServer::start();
    let unasked = modern(1, "tools/call", call("count", json!({"to": 3})));
    let asked = modern(1, "tools/call", counting(3, json!("t")));
    let session = server.session("2025-06-18").await;
    let legacy = session.ask(1, "tools/call", counting(3, json!("t")));
    let json_only = |ask: Ask| ask.with("Accept", "application/json");
    for ask in [unasked, json_only(asked), json_only(legacy)] {
        let reply = server.send(&ask).await;
        assert_eq!(reply.field("content-type"), Some("application/json"));
        assert_eq!(reply.said(), "counted to 3");
    }
    let unasked = session.ask(1, "tools/call", call("count", json!({"to": 3})));
    let reply = server.send(&unasked).await;
    assert_eq!(reply.said(), "counted to 3");
}

#[tokio::test]
async fn a_token_is_a_string_or_an_integer() {
    let server = TestServer::start();
    for token in [json!(1.5), json!(null), json!({}), json!([1])] {
        let reply = server
            .send(&modern(1, "tools/call", counting(1, token.clone())))
            .await;
        let message = reply.message();
        // `null` may also be read as no token at all.
        if token.is_null() && message.get("result").is_some() {
            continue;
        }
        assert_eq!(message["error"]["code"], -32602, "{token}: {reply:?}");
        assert!(reply.text.contains("progressToken"), "{token}: {reply:?}");
    }
}

#[tokio::test]
async fn a_revision_without_messages_on_progress_is_sent_none() {
    let server = TestServer::start();
    let session = server.session("2024-11-05").await;
    let ask = session.ask(1, "tools/call", counting(1, json!(1)));
    let mut stream = server.open(&ask).await;
    let report = stream.message().await;
    assert_eq!(
        report["params"],
        json!({"progressToken": 1, "progress": 1, "total": 1})
    );
}

#[tokio::test]
async fn a_client_that_does_not_read_its_stream_does_not_hold_up_others() {
    let server = TestServer::start();
    let ask = modern(1, "tools/call", counting(100_000, json!("t")));
    let mut idle = Connection::open(server.address).await;
    idle.write(&server.bytes(&ask)).await.unwrap();
    server.still_serves().await;
    // Whatever was dropped on the way, the answer ends the stream.
    let head = idle.head().await;
    assert_eq!(head.status, 200);
    let mut last = Vec::new();
    while let Some(chunk) = idle.chunk().await {
        last = chunk;
    }
    let last = String::from_utf8(last).unwrap();
    assert!(last.contains("counted to 100000"), "{last}");
}
