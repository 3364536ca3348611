//! Log messages: only where they were asked for, and never without bound.

use serde_json::{Value, json};

use super::offers::start;
use crate::wire::{Session, call, modern};

fn chatter(level: Option<&str>, lines: u32) -> Value {
    let mut params = call("chatter", json!({"lines": lines}));
    if let Some(level) = level {
        params["_meta"] = json!({"io.modelcontextprotocol/logLevel": level});
    }
    params
}

fn levels(messages: &[Value]) -> Vec<&str> {
    let level = |m: &'static str| m;
    let messages = messages.iter();
    let messages = messages.filter(|m| m["method"] == level("notifications/message"));
    messages
        .map(|m| m["params"]["level"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_modern_request_says_which_messages_it_wants() {
    let (server, _) = start();
    for (level, expected) in [
        (None, &[][..]),
        (Some("error"), &[][..]),
        (Some("info"), &["info", "info"][..]),
        (Some("debug"), &["info", "debug", "info", "debug"][..]),
    ] {
        let ask = modern(1, "tools/call", chatter(level, 2));
        let messages = server.send(&ask).await.messages();
        assert_eq!(levels(&messages), expected, "{level:?}: {messages:?}");
        let answer = messages.last().unwrap();
        assert_eq!(answer["result"]["content"][0]["text"], "2 lines");
    }
}

#[tokio::test]
async fn a_legacy_session_says_which_messages_it_wants() {
    let (server, _) = start();
    for revision in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let session = server.session(revision).await;
        let other = server.session(revision).await;
        for (level, expected) in [
            ("error", &[][..]),
            ("info", &["info"][..]),
            ("debug", &["info", "debug"][..]),
        ] {
            let set = session.ask(1, "logging/setLevel", json!({"level": level}));
            let reply = server.send(&set).await;
            assert_eq!(reply.message()["result"], json!({}), "{reply:?}");
            let ask = session.ask(2, "tools/call", chatter(None, 1));
            let messages = server.send(&ask).await.messages();
            assert_eq!(
                levels(&messages),
                expected,
                "{revision} {level}: {messages:?}"
            );
        }
        let ask = other.ask(2, "tools/call", chatter(None, 1));
        let messages = server.send(&ask).await.messages();
        assert_eq!(levels(&messages), [""; 0], "{revision}: {messages:?}");
        let bad = session.ask(3, "logging/setLevel", json!({"level": "loud"}));
        let reply = server.send(&bad).await;
        assert_eq!(reply.message()["error"]["code"], -32602, "{reply:?}");
    }
}

#[tokio::test]
async fn a_legacy_client_may_say_otherwise_while_a_call_runs() {
    let (server, _) = start();
    let session = server.session("2025-11-25").await;
    let other = server.session("2025-11-25").await;
    let set = async |session: &Session, level: &str| {
        let set = session.ask(9, "logging/setLevel", json!({"level": level}));
        let reply = server.send(&set).await;
        assert_eq!(reply.message()["result"], json!({}), "{reply:?}");
    };
    for (at, (before, after, expected)) in [
        ("info", "error", &["first"][..]),
        ("error", "info", &["second"][..]),
        ("info", "debug", &["first", "second"][..]),
    ]
    .into_iter()
    .enumerate()
    {
        server.gate.close();
        set(&session, before).await;
        let ask = session.ask(1, "tools/call", call("two_parts", json!({})));
        let mut stream = server.open(&ask).await;
        assert_eq!(stream.next().await, Some(None), "an event to come back to");
        server.gate.started(at + 1).await;
        set(&session, after).await;
        // What another session wants is its own.
        set(&other, before).await;
        server.gate.open();
        let messages = stream.rest().await;
        let said = messages.iter().filter_map(|m| m["params"]["data"].as_str());
        assert_eq!(Vec::from_iter(said), expected, "{before}, then {after}");
    }
}

#[tokio::test]
async fn a_tool_that_says_too_much_is_cut_short_and_answers() {
    let (server, _) = start();
    let ask = modern(1, "tools/call", chatter(Some("info"), 20_000));
    let messages = server.send(&ask).await.messages();
    let said = levels(&messages).len();
    assert!(said < 2_000, "{said} messages were sent");
    let answer = messages.last().unwrap();
    assert_eq!(answer["result"]["content"][0]["text"], "20000 lines");
}
