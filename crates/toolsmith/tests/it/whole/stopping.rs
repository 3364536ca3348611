//! Calls that end before they are done: cancelled, or out of time.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use serde_json::json;
use tokio::sync::Notify;
use toolsmith::prelude::*;
use toolsmith::server::Engine;

use super::{BOTH, PATIENCE, client, code, soon};

/// What a test is told of a handler.
struct Seen {
    began: Notify,
    ended: Notify,
    over: Sender<bool>,
    was_over: Mutex<Receiver<bool>>,
}

impl Seen {
    fn new() -> Arc<Self> {
        let (over, was_over) = channel();
        Arc::new(Self {
            began: Notify::new(),
            ended: Notify::new(),
            over,
            was_over: Mutex::new(was_over),
        })
    }
}

/// Tells that a handler was dropped.
struct Dropped(Arc<Seen>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.ended.notify_one();
    }
}

#[tool]
async fn waits(seen: State<Seen>) {
    let _dropped = Dropped(Arc::clone(&seen.0));
    seen.0.began.notify_one();
    std::future::pending().await
}

#[prompt]
async fn waits_too(seen: State<Seen>) -> &'static str {
    let _dropped = Dropped(Arc::clone(&seen.0));
    seen.0.began.notify_one();
    std::future::pending().await
}

#[resource("waits:as-well")]
async fn waits_as_well(seen: State<Seen>) -> &'static str {
    let _dropped = Dropped(Arc::clone(&seen.0));
    seen.0.began.notify_one();
    std::future::pending().await
}

/// Polls its token until the call is over.
#[tool]
fn polls(seen: State<Seen>, over: Cancellation) {
    seen.0.began.notify_one();
    let begun = Instant::now();
    while !over.is_cancelled() && begun.elapsed() < PATIENCE {
        std::thread::yield_now();
    }
    seen.0.over.send(over.is_cancelled()).unwrap();
}

#[tool(timeout = "50ms")]
fn polls_and_has_little_time(seen: State<Seen>, context: Context) -> &'static str {
    seen.0.began.notify_one();
    let begun = Instant::now();
    while !context.is_cancelled() && begun.elapsed() < PATIENCE {
        std::thread::yield_now();
    }
    seen.0.over.send(context.is_cancelled()).unwrap();
    "too late"
}

fn engine(seen: &Arc<Seen>) -> Engine {
    let server = Server::new("s").shared_state(Arc::clone(seen));
    let server = server.tool::<waits>().tool::<polls>();
    let server = server.tool::<polls_and_has_little_time>();
    server
        .prompt::<waits_too>()
        .resource::<waits_as_well>()
        .build()
        .unwrap()
}

/// What a plain function saw at its end.
async fn was_over(seen: &Arc<Seen>) -> bool {
    let seen = Arc::clone(seen);
    let receive = move || seen.was_over.lock().unwrap().recv_timeout(PATIENCE);
    tokio::task::spawn_blocking(receive).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_handler_is_dropped_at_its_await_when_its_request_is_cancelled() {
    let seen = Seen::new();
    let engine = engine(&seen);
    for revision in BOTH {
        let client = client(&engine, revision);
        let requests = [
            ("tools/call", json!({"name": "waits"})),
            ("prompts/get", json!({"name": "waits_too"})),
            ("resources/read", json!({"uri": "waits:as-well"})),
        ];
        for (method, params) in requests {
            tokio::select! {
                answer = client.request(method, params) => panic!("{method}: {answer:?}"),
                () = soon(seen.began.notified()) => {}
            }
            soon(seen.ended.notified()).await;
        }
    }
}

#[tokio::test]
async fn a_plain_function_sees_that_its_call_was_cancelled() {
    let seen = Seen::new();
    let engine = engine(&seen);
    for revision in BOTH {
        let client = client(&engine, revision);
        tokio::select! {
            answer = client.call("polls", json!({})) => panic!("{answer:?}"),
            () = soon(seen.began.notified()) => {}
        }
        assert!(was_over(&seen).await, "the token said nothing");
    }
}

#[tokio::test]
async fn a_plain_function_out_of_time_is_answered_for_and_sees_it() {
    let seen = Seen::new();
    let engine = engine(&seen);
    for revision in BOTH {
        let client = client(&engine, revision);
        let answer = client.call("polls_and_has_little_time", json!({}));
        let failure = soon(answer).await.unwrap_err();
        assert_eq!(failure.code, -31001, "{failure}");
        assert!(failure.message.contains("50ms"), "{failure}");
        assert!(was_over(&seen).await, "the token said nothing");
    }
}

#[tokio::test]
async fn a_server_has_a_time_for_everything_that_says_nothing_itself() {
    let seen = Seen::new();
    let server = Server::new("s").shared_state(Arc::clone(&seen));
    let server = server.tool::<waits>().prompt::<waits_too>();
    let server = server.resource::<waits_as_well>();
    let server = server.call_timeout(std::time::Duration::from_millis(50));
    let engine = server.build().unwrap();
    for revision in BOTH {
        let client = client(&engine, revision);
        assert_eq!(code(soon(client.call("waits", json!({}))).await), -31001);
        assert_eq!(
            code(soon(client.prompt("waits_too", json!({}))).await),
            -31001
        );
        assert_eq!(code(soon(client.read("waits:as-well")).await), -31001);
        soon(seen.ended.notified()).await;
    }
}
