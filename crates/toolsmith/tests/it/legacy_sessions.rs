//! Legacy sessions: unguessable, capped, and gone when nobody uses them.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::wire::{TestServer, initialize, soon};

/// Waits until a server has so many sessions left.
async fn left(server: &TestServer, sessions: usize) {
    soon("the end of sessions", async {
        // Sessions are forgotten by a task of the server, which nothing announces.
        while server.service.sessions() != sessions {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn ids_are_128_random_bits() {
    let server = TestServer::start();
    let mut seen = HashSet::new();
    let mut ones = [0u32; 128];
    let count = 200;
    for _ in 0..count {
        let reply = server.send(&initialize("2025-11-25")).await;
        let id = reply.field("mcp-session-id").unwrap().to_owned();
        assert_eq!(id.len(), 32, "{id}");
        assert!(
            id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')),
            "{id}"
        );
        let bits = u128::from_str_radix(&id, 16).unwrap();
        for (at, ones) in ones.iter_mut().enumerate() {
            *ones += u32::from(bits >> at & 1 == 1);
        }
        assert!(seen.insert(id), "an id came twice");
    }
    // A bit that never or always is set, or a counter, is far outside of this: eight
    // standard deviations from a fair coin.
    for (at, ones) in ones.iter().enumerate() {
        assert!(
            (44..=156).contains(ones),
            "bit {at} was set {ones} times of {count}"
        );
    }
}

#[tokio::test]
async fn a_session_that_nobody_uses_ends_without_any_request() {
    let server = TestServer::with(|http| http.session_idle(Duration::from_millis(60)));
    let mut opened = Vec::new();
    for _ in 0..10 {
        opened.push(server.session("2025-06-18").await);
    }
    left(&server, 0).await;
    for session in opened {
        let reply = server.send(&session.ask(1, "ping", json!({}))).await;
        assert_eq!(reply.status, 404, "{reply:?}");
        assert_eq!(reply.message()["error"]["code"], -31004, "{reply:?}");
    }
    server.still_serves().await;
}

#[tokio::test]
async fn a_session_that_is_used_stays() {
    let idle = Duration::from_millis(400);
    let server = TestServer::with(|http| http.session_idle(idle));
    let used = server.session("2025-06-18").await;
    let unused = server.session("2025-06-18").await;
    let begun = tokio::time::Instant::now();
    while begun.elapsed() < idle * 2 {
        let reply = server.send(&used.ask(1, "ping", json!({}))).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        tokio::time::sleep(idle / 20).await;
    }
    let reply = server.send(&unused.ask(1, "ping", json!({}))).await;
    assert_eq!(reply.status, 404, "{reply:?}");
    left(&server, 1).await;
}

#[tokio::test]
async fn an_open_stream_keeps_its_session() {
    let idle = Duration::from_millis(300);
    let server = TestServer::with(|http| http.session_idle(idle));
    let session = server.session("2025-11-25").await;
    let mut stream = server.open(&session.stream()).await;
    let unused = server.session("2025-11-25").await;
    let begun = tokio::time::Instant::now();
    while begun.elapsed() < idle * 3 {
        assert_eq!(stream.next().await, Some(None), "a sign of life");
    }
    let reply = server.send(&unused.ask(1, "ping", json!({}))).await;
    assert_eq!(reply.status, 404, "{reply:?}");
    let reply = server.send(&session.ask(1, "ping", json!({}))).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    drop(stream);
    left(&server, 0).await;
}

#[tokio::test]
async fn a_call_that_takes_long_or_says_much_keeps_its_session() {
    let idle = Duration::from_millis(300);
    for (tool, accept) in [
        ("wait", "application/json, text/event-stream"),
        ("wait", "application/json"),
        ("report_and_wait", "application/json, text/event-stream"),
    ] {
        let server = TestServer::with(|http| http.session_idle(idle));
        let session = server.session("2025-11-25").await;
        let mut params = crate::wire::call(tool, json!({}));
        params["_meta"] = json!({"progressToken": "t"});
        let ask = session.ask(1, "tools/call", params).with("Accept", accept);
        let answer = server.send(&ask);
        let later = async {
            // Time is what is tested here.
            tokio::time::sleep(idle * 6).await;
            server.gate.open();
        };
        let (reply, ()) = tokio::join!(answer, later);
        let answer = reply.messages().pop();
        let answer = answer.unwrap_or_else(|| panic!("{tool}: no answer: {reply:?}"));
        assert_eq!(answer["result"]["content"][0]["text"], "went", "{reply:?}");
        let reply = server.send(&session.ask(2, "ping", json!({}))).await;
        assert_eq!(reply.status, 200, "{tool}: {reply:?}");
    }
}

#[tokio::test]
async fn a_session_more_than_there_is_room_for_is_told_to_wait() {
    let server = TestServer::with(|http| http.max_sessions(2));
    let first = server.session("2025-06-18").await;
    let second = server.session("2024-11-05").await;
    let reply = server.send(&initialize("2025-06-18")).await;
    assert_eq!(reply.status, 503, "{reply:?}");
    let wait: u32 = reply.field("retry-after").unwrap().parse().unwrap();
    assert!(wait > 0, "{reply:?}");
    let message = reply.message();
    assert_eq!(message["error"]["code"], -31005, "{reply:?}");
    assert_eq!(message["id"], 0, "{reply:?}");
    assert_eq!(reply.field("mcp-session-id"), None);
    // Those who have one go on, and room that is given back is taken again.
    let ping = server.send(&second.ask(1, "ping", json!({}))).await;
    assert_eq!(ping.status, 200, "{ping:?}");
    assert_eq!(server.send(&first.end()).await.status, 204);
    server.session("2025-06-18").await;
    assert_eq!(server.service.sessions(), 2);
}

#[tokio::test]
async fn room_that_only_unused_sessions_take_is_given_to_new_ones() {
    let idle = Duration::from_millis(50);
    let server = TestServer::with(|http| http.max_sessions(1).session_idle(idle));
    for _ in 0..3 {
        let reply = soon("room", async {
            loop {
                let reply = server.send(&initialize("2025-06-18")).await;
                if reply.status == 200 {
                    return reply;
                }
                assert_eq!(reply.status, 503, "{reply:?}");
                tokio::time::sleep(idle / 5).await;
            }
        });
        assert!(reply.await.field("mcp-session-id").is_some());
    }
}

#[tokio::test]
async fn a_session_that_was_ended_is_gone_for_every_method() {
    let server = TestServer::start();
    let session = server.session("2025-11-25").await;
    let other = server.session("2025-11-25").await;
    let reply = server.send(&session.end()).await;
    assert_eq!((reply.status, reply.text.as_str()), (204, ""), "{reply:?}");
    assert_eq!(server.service.sessions(), 1);
    for ask in [
        session.end(),
        session.stream(),
        session.ask(1, "ping", json!({})),
    ] {
        let reply = server.send(&ask).await;
        assert_eq!(reply.status, 404, "{reply:?}");
        assert_eq!(reply.message()["error"]["code"], -31004, "{reply:?}");
    }
    let told = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    assert_eq!(server.send(&session.post(told)).await.status, 404);
    let reply = server.send(&other.ask(1, "ping", json!({}))).await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[tokio::test]
async fn the_streams_of_a_session_end_with_it() {
    let server = TestServer::start();
    let session = server.session("2025-11-25").await;
    let other = server.session("2025-11-25").await;
    let mut streams = Vec::new();
    for session in [&session, &session, &other] {
        let mut stream = server.open(&session.stream()).await;
        assert_eq!(
            stream.next().await,
            Some(None),
            "a comment opens the stream"
        );
        streams.push(stream);
    }
    let mut others = streams.pop().unwrap();
    assert_eq!(server.send(&session.end()).await.status, 204);
    for mut stream in streams {
        assert_eq!(stream.next().await, None);
    }
    let short = Duration::from_millis(50);
    let still = tokio::time::timeout(short, others.next()).await;
    assert!(still.is_err(), "the stream of another session: {still:?}");
}

#[tokio::test]
async fn a_session_has_at_most_four_streams_and_room_comes_back() {
    let server = TestServer::start();
    let session = server.session("2025-11-25").await;
    let mut streams = Vec::new();
    for _ in 0..4 {
        streams.push(server.open(&session.stream()).await);
    }
    let is = (429, -31006, Value::Null);
    server.refuses(&session.stream(), is, &["4 streams"]).await;
    let other = server.session("2025-11-25").await;
    server.open(&other.stream()).await;
    streams.pop();
    soon("room for a stream", async {
        loop {
            let mut connection = crate::wire::Connection::open(server.address).await;
            let ask = server.bytes(&session.stream());
            connection.write(&ask).await.unwrap();
            match connection.head().await.status {
                200 => return,
                429 => tokio::time::sleep(Duration::from_millis(5)).await,
                other => panic!("{other}"),
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_stream_is_for_those_who_read_events() {
    let server = TestServer::start();
    let session = server.session("2025-11-25").await;
    let ask = session.stream().with("Accept", "application/json");
    let is = (406, -31012, Value::Null);
    server.refuses(&ask, is, &["text/event-stream"]).await;
}

#[tokio::test]
async fn the_revision_of_a_session_holds_for_its_answers() {
    let server = TestServer::start();
    let old = server.session("2024-11-05").await;
    let new = server.session("2025-11-25").await;
    for (session, titled) in [(old, false), (new, true)] {
        let reply = server.send(&session.ask(1, "tools/list", json!({}))).await;
        assert_eq!(
            reply.text.contains("\"title\":\"Count\""),
            titled,
            "{reply:?}"
        );
    }
}
