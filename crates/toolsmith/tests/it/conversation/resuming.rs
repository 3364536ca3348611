//! Legacy streams that break, and are taken up again.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::offers::start;
use crate::wire::{Endpoint, Session, Stream, call, soon};

/// A session whose log messages are sent.
async fn logged(server: &Endpoint, revision: &str) -> Session {
    let session = server.session(revision).await;
    let level = session.ask(90, "logging/setLevel", json!({"level": "info"}));
    assert_eq!(server.send(&level).await.status, 200);
    session
}

fn lines(messages: &[Value]) -> Vec<&str> {
    let line = |m: &Value| m["params"]["data"].is_string();
    let messages = messages.iter().filter(|m| line(m));
    messages
        .map(|m| m["params"]["data"].as_str().unwrap())
        .collect()
}

/// Starts a call, and breaks the connection after its first message.
async fn broken(server: &Endpoint, session: &Session, id: u32) -> Stream {
    let ask = session.ask(id, "tools/call", call("two_parts", json!({})));
    let mut stream = server.open(&ask).await;
    let first = stream.message().await;
    assert_eq!(first["params"]["data"], "first", "{first}");
    stream
}

#[tokio::test]
async fn a_client_that_lost_its_stream_is_given_exactly_what_it_missed() {
    let (server, _) = start();
    for revision in ["2025-03-26", "2025-06-18", "2025-11-25"] {
        let session = logged(&server, revision).await;
        let stream = broken(&server, &session, 1).await;
        let last = stream.last_id().to_owned();
        drop(stream);
        server.gate.started(1).await;
        server.gate.open();
        let mut again = server.open(&session.resume(&last)).await;
        let second = again.message().await;
        assert_eq!(second["params"]["data"], "second", "{revision}: {second}");
        let answer = again.message().await;
        assert_eq!(answer["id"], 1, "{answer}");
        assert_eq!(answer["result"]["content"][0]["text"], "done", "{answer}");
        assert_eq!(again.next().await, None, "{revision}");
    }
}

#[tokio::test]
async fn every_event_but_a_comment_has_an_id_of_its_own_and_resuming_from_any_gives_the_rest() {
    let (server, _) = start();
    let session = logged(&server, "2025-11-25").await;
    let ask = session.ask(1, "tools/call", call("chatter", json!({"lines": 5})));
    let mut stream = server.open(&ask).await;
    assert_eq!(stream.next().await, Some(None), "an event to come back to");
    let whole = stream.rest().await;
    assert_eq!(whole.len(), 6, "{whole:?}");
    let ids = stream.ids.clone();
    assert_eq!(ids.len(), 7, "{ids:?}");
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 7, "{ids:?}");
    for (at, id) in ids.iter().take(6).enumerate() {
        let mut again = server.open(&session.resume(id)).await;
        assert_eq!(again.rest().await, whole[at..], "after {id}");
        assert_eq!(again.ids, ids[at + 1..], "after {id}");
    }
}

#[tokio::test]
async fn streams_of_one_session_are_kept_apart() {
    let (server, _) = start();
    let session = logged(&server, "2025-11-25").await;
    let one = broken(&server, &session, 1).await;
    let two = broken(&server, &session, 2).await;
    let lasts = [one.last_id().to_owned(), two.last_id().to_owned()];
    drop((one, two));
    server.gate.started(2).await;
    server.gate.open();
    for (last, id) in lasts.iter().zip([1, 2]) {
        let mut again = server.open(&session.resume(last)).await;
        let rest = again.rest().await;
        assert_eq!(rest.len(), 2, "{rest:?}");
        assert_eq!(lines(&rest), ["second"]);
        assert_eq!(rest[1]["id"], id, "{rest:?}");
    }
}

#[tokio::test]
async fn an_event_of_another_session_or_of_nobody_is_refused() {
    let (server, _) = start();
    let session = logged(&server, "2025-11-25").await;
    let other = logged(&server, "2025-11-25").await;
    let stream = broken(&server, &session, 1).await;
    let last = stream.last_id().to_owned();
    let mut far = last.clone();
    far.push_str("00000");
    for bad in [
        &far,
        "",
        "x",
        "-1",
        "1",
        "18446744073709551616-1",
        "é",
        "1-1-1",
    ] {
        let ask = session.stream().field("Last-Event-ID", bad);
        let reply = server.send(&ask).await;
        assert_eq!(reply.status, 400, "{bad:?}: {reply:?}");
        assert_eq!(
            reply.message()["error"]["code"],
            -31015,
            "{bad:?}: {reply:?}"
        );
    }
    // The ids of two sessions may be alike, as may their calls: what is sent is their own.
    let mine = broken(&server, &other, 7).await;
    server.gate.open();
    let mut again = server.open(&other.resume(mine.last_id())).await;
    let rest = again.rest().await;
    assert_eq!(rest.last().unwrap()["id"], 7, "{rest:?}");
}

#[tokio::test]
async fn a_tool_may_have_its_client_come_back_later() {
    let (server, _) = start();
    let session = server.session("2025-11-25").await;
    let ask = session.ask(1, "tools/call", call("polled", json!({})));
    let mut stream = server.open(&ask).await;
    assert_eq!(stream.rest().await, Vec::<Value>::new());
    assert_eq!(stream.retry, Some(20));
    let last = stream.last_id().to_owned();
    server.gate.open();
    let mut again = server.open(&session.resume(&last)).await;
    let answer = again.message().await;
    assert_eq!(
        answer["result"]["content"][0]["text"], "closed: true",
        "{answer}"
    );
    // A client that cannot come back is not sent away.
    let old = server.session("2025-06-18").await;
    let ask = old.ask(1, "tools/call", call("polled", json!({})));
    let reply = server.send(&ask).await;
    assert_eq!(reply.said(), "closed: false", "{reply:?}");
}

/// Guards against a connection that breaks in the first second of a call, with nothing to come
/// back to.
#[tokio::test]
async fn a_call_that_is_not_done_at_once_can_be_come_back_to() {
    let (server, _) = start();
    let session = server.session("2025-11-25").await;
    let ask = session.ask(1, "tools/call", call("two_parts", json!({})));
    let early = Duration::from_millis(600);
    let stream = tokio::time::timeout(early, async {
        let mut stream = server.open(&ask).await;
        assert_eq!(stream.next().await, Some(None), "an event to come back to");
        stream
    });
    let stream = stream.await.expect("no stream, though the call goes on");
    let last = stream.last_id().to_owned();
    drop(stream);
    server.gate.open();
    let mut again = server.open(&session.resume(&last)).await;
    let rest = again.rest().await;
    assert_eq!(rest.len(), 1, "{rest:?}");
    assert_eq!(rest[0]["id"], 1, "{rest:?}");
}

/// Guards against calls that are refused because others of their session are not done at once.
#[tokio::test]
async fn many_calls_at_once_that_are_done_soon_are_all_answered() {
    let (server, _) = start();
    let session = server.session("2025-11-25").await;
    let calls = (0..300).map(|id| {
        let ask = session.ask(id, "tools/call", call("two_parts", json!({})));
        let server = &server;
        async move { server.send(&ask).await }
    });
    let all = futures_util::future::join_all(calls);
    let let_go = async {
        server.gate.started(300).await;
        // Longer than any of them is waited for before it gets a stream.
        tokio::time::sleep(Duration::from_millis(150)).await;
        server.gate.open();
    };
    let (replies, ()) = soon("the answers", futures_util::future::join(all, let_go)).await;
    for reply in replies {
        assert_eq!(reply.said(), "done", "{reply:?}");
    }
}

#[tokio::test]
async fn a_call_that_is_quiet_for_long_gets_a_stream_to_come_back_to() {
    let (server, _) = start();
    let session = server.session("2025-11-25").await;
    let ask = session.ask(1, "tools/call", call("two_parts", json!({})));
    let mut stream = soon("a stream", server.open(&ask)).await;
    assert_eq!(stream.next().await, Some(None));
    let last = stream.last_id().to_owned();
    drop(stream);
    server.gate.open();
    let mut again = server.open(&session.resume(&last)).await;
    let rest = again.rest().await;
    assert_eq!(rest.len(), 1, "{rest:?}");
    assert_eq!(rest[0]["id"], 1, "{rest:?}");
}
