//! Requests with an id that another one has which is not answered yet.

use serde_json::{Value, json};
use toolsmith::Stdio;

use super::offers::{offers, start};
use crate::wire::{Gate, Pipe, Reply, call, modern, modern_meta, request, soon};

/// Whether an answer refuses an id because it is in use.
fn refuses(answer: &Value, id: impl Into<Value>) {
    let id = id.into();
    assert_eq!(answer["id"], id, "{answer}");
    assert_eq!(answer["error"]["code"], -32600, "{answer}");
    let said = answer["error"]["message"].as_str().unwrap();
    assert!(said.contains(&format!("the request id {id} ")), "{said}");
}

fn refused(reply: &Reply, id: impl Into<Value>) {
    assert_eq!(reply.status, 400, "{reply:?}");
    refuses(&reply.message(), id);
}

#[tokio::test]
async fn in_a_session_the_second_is_refused_and_the_first_goes_on() {
    let (server, _) = start();
    let session = server.session("2025-11-25").await;
    let ask = session.ask("x", "tools/call", call("two_parts", json!({})));
    let mut stream = server.open(&ask).await;
    server.gate.started(1).await;
    refused(&soon("the refusal", server.send(&ask)).await, "x");
    refused(
        &server.send(&session.ask("x", "ping", json!({}))).await,
        "x",
    );
    // In another session it is another request's, and so is one that is written otherwise.
    let other = server.session("2025-11-25").await;
    for ask in [
        other.ask("x", "ping", json!({})),
        session.ask("y", "ping", json!({})),
    ] {
        assert_eq!(server.send(&ask).await.status, 200);
    }
    server.gate.open();
    let rest = stream.rest().await;
    let answer = rest.last().unwrap();
    assert_eq!(answer["result"]["content"][0]["text"], "done", "{answer}");
    // Now nobody has it.
    assert_eq!(
        server
            .send(&session.ask("x", "ping", json!({})))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_modern_request_stands_alone_and_may_have_any_id() {
    let (server, _) = start();
    let ask = modern(1, "tools/call", call("two_parts", json!({})));
    let (one, other, ()) = tokio::join!(server.send(&ask), server.send(&ask), async {
        server.gate.started(2).await;
        server.gate.open();
    });
    for reply in [one, other] {
        assert_eq!(reply.message()["result"]["content"][0]["text"], "done");
    }
}

async fn pipe(gate: &std::sync::Arc<Gate>, revision: &str) -> Pipe {
    let (mut pipe, _) = Pipe::to(offers(gate), Stdio::new());
    let opening = json!({
        "protocolVersion": revision,
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "0"},
    });
    pipe.ask(request(0, "initialize", opening)).await;
    pipe
}

#[tokio::test]
async fn on_a_pipe_the_second_is_refused_whatever_the_era_and_the_first_goes_on() {
    let gate = std::sync::Arc::new(Gate::default());
    let mut pipe = pipe(&gate, "2025-06-18").await;
    pipe.line(request(1, "tools/call", call("two_parts", json!({}))))
        .await;
    gate.started(1).await;
    refuses(&pipe.ask(request(1, "tools/list", json!({}))).await, 1);
    let mut params = json!({});
    params["_meta"] = modern_meta().into();
    refuses(&pipe.ask(request(1, "tools/list", params)).await, 1);
    refuses(&pipe.ask(request(1, "ping", json!({}))).await, 1);
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": {"requestId": 1}});
    pipe.line(cancel).await;
    gate.dropped(1).await;
    // Who was cancelled has no answer, and its id is free.
    let answer = pipe.ask(request(1, "tools/list", json!({}))).await;
    assert!(answer["result"]["tools"].is_array(), "{answer}");
}

#[tokio::test]
async fn requests_of_a_batch_have_ids_of_their_own_and_can_be_cancelled() {
    let gate = std::sync::Arc::new(Gate::default());
    let mut pipe = pipe(&gate, "2025-03-26").await;
    let slow = |id| request(id, "tools/call", call("two_parts", json!({})));
    pipe.line(json!([slow(1), slow(2), request(2, "ping", json!({}))]))
        .await;
    gate.started(2).await;
    refuses(&pipe.ask(request(1, "tools/list", json!({}))).await, 1);
    let answers = pipe.ask(json!([request(2, "ping", json!({}))])).await;
    refuses(&answers[0], 2);
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": {"requestId": 1}});
    pipe.line(cancel).await;
    gate.dropped(1).await;
    gate.open();
    let answers = pipe.next().await.unwrap();
    let answers = answers.as_array().unwrap();
    assert_eq!(answers.len(), 2, "{answers:?}");
    assert_eq!(answers[0]["result"]["content"][0]["text"], "done");
    refuses(&answers[1], 2);
}
