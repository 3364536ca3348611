//! What a legacy session is told without having asked.

use std::time::Duration;

use serde_json::json;

use super::offers::{start, visitor};
use crate::wire::{Endpoint, Session, Stream, soon};

async fn opened(server: &Endpoint, revision: &str) -> (Session, Stream) {
    let session = server.session(revision).await;
    let mut stream = server.open(&session.stream()).await;
    assert_eq!(
        stream.next().await,
        Some(None),
        "a comment opens the stream"
    );
    (session, stream)
}

/// Fails when something comes where nothing should.
async fn is_quiet(stream: &mut Stream) {
    let short = Duration::from_millis(100);
    let said = tokio::time::timeout(short, stream.message()).await;
    assert!(said.is_err(), "{said:?}");
}

#[tokio::test]
async fn every_session_is_told_that_a_list_has_changed_and_the_list_has() {
    let (server, registry) = start();
    let mut sessions = Vec::new();
    for revision in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        sessions.push(opened(&server, revision).await);
    }
    registry.add_tool(visitor()).unwrap();
    for (session, stream) in &mut sessions {
        let told = stream.message().await;
        assert_eq!(told["method"], "notifications/tools/list_changed", "{told}");
        let list = server.send(&session.ask(1, "tools/list", json!({}))).await;
        assert!(list.text.contains("visitor"), "{list:?}");
    }
    assert!(registry.enable_prompt("greet", false));
    assert!(registry.remove_resource("test://other"));
    for (session, stream) in &mut sessions {
        let mut told = [stream.message().await, stream.message().await];
        told.sort_by_key(|m| m["method"].to_string());
        assert_eq!(told[0]["method"], "notifications/prompts/list_changed");
        assert_eq!(told[1]["method"], "notifications/resources/list_changed");
        let list = server
            .send(&session.ask(2, "prompts/list", json!({})))
            .await;
        assert!(!list.text.contains("greet"), "{list:?}");
    }
    // What changes nothing is not told.
    assert!(!registry.remove_tool("no such tool"));
    is_quiet(&mut sessions[3].1).await;
}

/// Guards against a subscription that is made for a resource, and takes what changed before
/// for told.
#[tokio::test]
async fn a_change_before_a_session_listens_is_told_whatever_it_asks_for_first() {
    let (server, registry) = start();
    for revision in ["2024-11-05", "2025-11-25"] {
        let session = server.session(revision).await;
        registry.add_tool(visitor()).unwrap();
        let page = json!({"uri": "test://page"});
        let ask = session.ask(1, "resources/subscribe", page);
        let reply = server.send(&ask).await;
        assert_eq!(reply.message()["result"], json!({}), "{reply:?}");
        let mut stream = server.open(&session.stream()).await;
        assert_eq!(
            stream.next().await,
            Some(None),
            "a comment opens the stream"
        );
        let told = soon("the change", stream.message()).await;
        assert_eq!(told["method"], "notifications/tools/list_changed", "{told}");
        assert!(registry.remove_tool("visitor"));
    }
}

#[tokio::test]
async fn only_those_who_subscribed_are_told_that_a_resource_was_updated() {
    let (server, registry) = start();
    for revision in ["2024-11-05", "2025-11-25"] {
        let (reader, mut readers) = opened(&server, revision).await;
        let (_other, mut others) = opened(&server, revision).await;
        let page = json!({"uri": "test://page"});
        let ask = reader.ask(1, "resources/subscribe", page.clone());
        let reply = server.send(&ask).await;
        assert_eq!(reply.message()["result"], json!({}), "{reply:?}");
        registry.resource_updated("test://other");
        registry.resource_updated("test://page");
        let told = readers.message().await;
        assert_eq!(told["method"], "notifications/resources/updated", "{told}");
        assert_eq!(told["params"]["uri"], "test://page", "{told}");
        is_quiet(&mut others).await;
        let ask = reader.ask(2, "resources/unsubscribe", page);
        assert_eq!(server.send(&ask).await.status, 200);
        registry.resource_updated("test://page");
        is_quiet(&mut readers).await;
    }
}

#[tokio::test]
async fn what_is_told_on_one_stream_is_told_on_no_other_of_the_session() {
    let (server, registry) = start();
    let (session, mut one) = opened(&server, "2025-11-25").await;
    let mut two = server.open(&session.stream()).await;
    assert_eq!(two.next().await, Some(None));
    registry.add_tool(visitor()).unwrap();
    let told = tokio::select! {
        told = one.message() => told,
        told = two.message() => told,
    };
    assert_eq!(told["method"], "notifications/tools/list_changed", "{told}");
    tokio::join!(is_quiet(&mut one), is_quiet(&mut two));
}

/// Guards against a connection that has broken and looks as if it were open.
#[tokio::test]
async fn a_client_that_came_back_is_told_on_the_stream_that_it_opened_last() {
    let (server, registry) = start();
    let (session, mut dead) = opened(&server, "2025-11-25").await;
    let mut streams = Vec::new();
    for _ in 0..3 {
        let mut stream = server.open(&session.stream()).await;
        assert_eq!(stream.next().await, Some(None));
        streams.push(stream);
    }
    registry.add_tool(visitor()).unwrap();
    let mut newest = streams.pop().unwrap();
    let told = newest.message().await;
    assert_eq!(told["method"], "notifications/tools/list_changed", "{told}");
    is_quiet(&mut dead).await;
    // All four places are taken; who goes on with a stream needs none.
    let last = newest.last_id().to_owned();
    let mut again = server.open(&session.resume(&last)).await;
    assert_eq!(newest.next().await, None, "somebody has gone on with it");
    registry.enable_prompt("greet", false);
    let told = again.message().await;
    assert_eq!(
        told["method"], "notifications/prompts/list_changed",
        "{told}"
    );
}

#[tokio::test]
async fn what_happened_while_nobody_listened_is_told_to_who_comes_back() {
    let (server, registry) = start();
    let (session, mut stream) = opened(&server, "2025-11-25").await;
    registry.add_tool(visitor()).unwrap();
    let told = stream.message().await;
    assert_eq!(told["method"], "notifications/tools/list_changed", "{told}");
    let last = stream.last_id().to_owned();
    drop(stream);
    registry.enable_prompt("greet", false);
    let mut again = server.open(&session.resume(&last)).await;
    let told = again.message().await;
    assert_eq!(
        told["method"], "notifications/prompts/list_changed",
        "{told}"
    );
    is_quiet(&mut again).await;
}
