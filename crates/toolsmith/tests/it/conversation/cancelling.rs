//! Calls that their clients no longer want.

use std::sync::Arc;

use serde_json::json;
use toolsmith::prelude::*;

use super::offers::start;
use crate::support;
use crate::wire::{Connection, Gate, TestServer, call, modern, soon};

#[tokio::test]
async fn a_modern_client_cancels_by_hanging_up() {
    let (server, _) = start();
    let ask = modern(1, "tools/call", call("two_parts", json!({})));
    let mut connection = Connection::open(server.address).await;
    connection.write(&server.bytes(&ask)).await.unwrap();
    server.gate.started(1).await;
    drop(connection);
    server.gate.dropped(1).await;
}

#[tokio::test]
async fn a_legacy_client_cancels_by_saying_so_and_is_told_no_more_of_the_call() {
    let log = support::Log::capture();
    let (server, _) = start();
    let session = server.session("2025-11-25").await;
    let other = server.session("2025-11-25").await;
    let ask = session.ask(5, "tools/call", call("two_parts", json!({})));
    let mut stream = server.open(&ask).await;
    assert_eq!(stream.next().await, Some(None));
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": {"requestId": 5, "reason": "no longer needed"}});
    // The call of another session that has the same id goes on.
    assert_eq!(server.send(&other.post(&cancel)).await.status, 202);
    server.gate.started(1).await;
    assert_eq!(server.send(&session.post(&cancel)).await.status, 202);
    server.gate.dropped(1).await;
    assert_eq!(stream.next().await, None, "a cancelled call has no answer");
    let text = log.text();
    assert!(text.contains("reason=\"no longer needed\""), "{text}");
}

#[tokio::test]
async fn a_legacy_client_that_hangs_up_has_cancelled_nothing() {
    let (server, _) = start();
    let session = server.session("2025-06-18").await;
    let ask = session.ask(1, "tools/call", call("two_parts", json!({})));
    let mut connection = Connection::open(server.address).await;
    connection.write(&server.bytes(&ask)).await.unwrap();
    server.gate.started(1).await;
    drop(connection);
    // Long enough for the server to see the end of the connection.
    for _ in 0..20 {
        let ping = server.send(&session.ask(2, "ping", json!({}))).await;
        assert_eq!(ping.status, 200, "{ping:?}");
    }
    assert_eq!(server.gate.ended(), 0, "the call was dropped");
    server.gate.open();
    server.gate.dropped(1).await;
}

/// Guards against a call that is not known before it waits for the first time: by then
/// whoever cancels it, or ends its session, has been and gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_call_that_thinks_before_it_waits_is_cancelled_when_it_does() {
    let (thinks, waits) = (support::Gate::new(), Arc::new(Gate::default()));
    let tool = {
        let (thinks, waits) = (Arc::clone(&thinks), Arc::clone(&waits));
        DynamicTool::new("think", json!({"type": "object"}), move |_, _| {
            let (thinks, waits) = (Arc::clone(&thinks), Arc::clone(&waits));
            async move {
                tokio::task::block_in_place(|| thinks.wait());
                waits.wait().await;
                ""
            }
        })
    };
    let server = Server::new("s").dynamic_tool(tool);
    let server = TestServer::of(server, Arc::clone(&waits), |http| http);
    let session = server.session("2025-11-25").await;
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": {"requestId": 1}});
    for (at, away) in [session.post(cancel), session.end()].iter().enumerate() {
        let ask = session.ask(1, "tools/call", call("think", json!({})));
        let mut connection = Connection::open(server.address).await;
        connection.write(&server.bytes(&ask)).await.unwrap();
        thinks.reached().await;
        let reply = server.send(away).await;
        assert!([202, 204].contains(&reply.status), "{reply:?}");
        thinks.open();
        // A stream that goes on has signs of life, for ever.
        let answer = server.answer(&mut connection, &ask);
        let reply = soon("the end of the call", answer).await;
        assert!(reply.messages().is_empty(), "{reply:?}");
        assert_eq!(waits.ended(), waits.begun(), "the call goes on");
        assert!(waits.begun() <= at + 1);
    }
}
