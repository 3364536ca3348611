//! Paths, and connections that are kept.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::wire::{Ask, Connection, TestServer, call, initialize, modern};

fn sum() -> Ask {
    modern(1, "tools/call", call("add", json!({"a": 2, "b": 3})))
}

#[tokio::test]
async fn with_and_without_a_slash_answers_alike_without_a_redirect() {
    let server = TestServer::start();
    for ask in [
        sum(),
        initialize("2025-06-18"),
        Ask::new("OPTIONS"),
        Ask::post("{"),
    ] {
        let plain = server.send(&ask.clone().at("/mcp")).await;
        let slash = server.send(&ask.at("/mcp/")).await;
        assert_eq!(plain.status, slash.status);
        assert!(!(300..400).contains(&slash.status), "{slash:?}");
        assert_eq!(plain.text, slash.text);
    }
    let with_query = server.send(&sum().at("/mcp?key=1")).await;
    assert_eq!(with_query.status, 200, "{with_query:?}");
}

#[tokio::test]
async fn any_other_path_is_told_where_the_endpoint_is() {
    let server = TestServer::start();
    for path in ["/", "/MCP", "/mcp//", "/mcp/x", "/sse", "/mcp%2f"] {
        for ask in [sum(), Ask::new("GET"), Ask::new("BREW")] {
            let is = (404, -31014, Value::Null);
            server.refuses(&ask.at(path), is, &["/mcp"]).await;
        }
    }
    let elsewhere = TestServer::with(|http| http.path("/t/one/"));
    assert_eq!(elsewhere.path, "/t/one");
    elsewhere.still_serves().await;
    let reply = elsewhere.send(&sum().at("/mcp")).await;
    assert_eq!(reply.status, 404, "{reply:?}");
    assert!(reply.text.contains("/t/one"), "{reply:?}");
    let root = TestServer::with(|http| http.path("/"));
    let reply = root.send(&sum().at("/")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[tokio::test]
async fn calls_on_a_kept_connection_do_not_wait_for_each_other_or_for_a_full_packet() {
    let server = TestServer::start();
    let session = server.session("2025-06-18").await;
    let mut connection = Connection::open(server.address).await;
    let mut times = Vec::new();
    for turn in 0..40 {
        let params = call("add", json!({"a": 2, "b": 3}));
        let ask = match turn % 2 {
            0 => modern(turn, "tools/call", params),
            _ => session.ask(turn, "tools/call", params),
        };
        let start = Instant::now();
        let reply = server.send_on(&mut connection, &ask).await;
        times.push(start.elapsed());
        assert_eq!(reply.said(), "5");
    }
    times.sort_unstable();
    let median = times[times.len() / 2];
    assert!(median < Duration::from_millis(30), "{times:?}");
}

#[tokio::test]
async fn requests_that_are_sent_at_once_are_answered_in_order() {
    let server = TestServer::start();
    let mut connection = Connection::open(server.address).await;
    let asks: Vec<_> = (0..10)
        .map(|id| modern(id, "tools/call", call("add", json!({"a": id, "b": 0}))))
        .collect();
    let all: Vec<u8> = asks.iter().flat_map(|ask| server.bytes(ask)).collect();
    connection.write(&all).await.unwrap();
    for (id, ask) in asks.iter().enumerate() {
        let reply = server.answer(&mut connection, ask).await;
        assert_eq!(reply.said(), id.to_string());
    }
}

#[tokio::test]
async fn a_connection_goes_on_after_a_refusal() {
    let server = TestServer::start();
    let mut connection = Connection::open(server.address).await;
    for ask in [
        Ask::post("{"),
        sum().without("Mcp-Name"),
        sum().with("Accept", "x/y"),
    ] {
        let reply = server.send_on(&mut connection, &ask).await;
        assert!(reply.status >= 400, "{reply:?}");
        if reply.field("connection") == Some("close") {
            connection = Connection::open(server.address).await;
        }
        let reply = server.send_on(&mut connection, &sum()).await;
        assert_eq!(reply.said(), "5");
    }
}
