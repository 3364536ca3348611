//! Where a tool runs, and for how long.

use std::sync::Arc;
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use serde_json::json;
use toolsmith::prelude::*;
use toolsmith::protocol::Revision;
use toolsmith::server::Engine;

use crate::support::{Gate, call, text};

#[tool]
fn waits(gate: State<Gate>) -> &'static str {
    gate.wait();
    "waited"
}

#[tool]
async fn answers() -> &'static str {
    "answered"
}

#[tool]
async fn polled() -> String {
    tokio::task::yield_now().await;
    shown(thread::current().id())
}

#[tool(inline)]
fn in_place() -> String {
    shown(thread::current().id())
}

#[tool]
fn on_the_pool() -> String {
    shown(thread::current().id())
}

fn shown(thread: ThreadId) -> String {
    format!("{thread:?}")
}

fn engine(gate: &Arc<Gate>, threads: usize, queue: usize) -> Engine {
    let server = Server::new("s").shared_state(Arc::clone(gate));
    let server = server
        .tool::<waits>()
        .tool::<answers>()
        .blocking_pool(threads, queue);
    server.build().unwrap()
}

#[tokio::test(flavor = "current_thread")]
async fn an_async_fn_and_an_inline_fn_run_where_they_are_polled_and_a_plain_fn_does_not() {
    let server = Server::new("s")
        .tool::<polled>()
        .tool::<in_place>()
        .tool::<on_the_pool>();
    let engine = server.build().unwrap();
    let here = shown(thread::current().id());
    assert_eq!(text(&engine, "polled", json!({})).await.0, here);
    assert_eq!(text(&engine, "in_place", json!({})).await.0, here);
    assert_ne!(text(&engine, "on_the_pool", json!({})).await.0, here);
}

#[tokio::test(flavor = "current_thread")]
async fn a_plain_fn_does_not_block_the_reactor() {
    let gate = Gate::new();
    let engine = engine(&gate, 1, 0);
    let waiting = tokio::spawn({
        let engine = engine.clone();
        async move { text(&engine, "waits", json!({})).await.0 }
    });
    gate.reached().await;
    assert_eq!(text(&engine, "answers", json!({})).await.0, "answered");
    assert!(
        !waiting.is_finished(),
        "the plain function came back through a closed gate"
    );
    gate.open();
    assert_eq!(waiting.await.unwrap(), "waited");
}

#[tokio::test(flavor = "current_thread")]
async fn a_call_over_the_bounds_of_the_pool_is_refused_and_async_tools_are_not() {
    let gate = Gate::new();
    let engine = engine(&gate, 1, 0);
    let waiting = tokio::spawn({
        let engine = engine.clone();
        async move { text(&engine, "waits", json!({})).await.0 }
    });
    gate.reached().await;
    for revision in [Revision::LATEST_LEGACY, Revision::LATEST] {
        let answer = call(&engine, revision, "waits", json!({})).await;
        assert_eq!(answer["error"]["code"], -31002, "{answer}");
    }
    assert_eq!(text(&engine, "answers", json!({})).await.0, "answered");
    gate.open();
    assert_eq!(waiting.await.unwrap(), "waited");
    gate.open();
    assert_eq!(text(&engine, "waits", json!({})).await.0, "waited");
}

#[tool(timeout = "50ms")]
async fn never_ends() {
    std::future::pending().await
}

#[tool(timeout = "50ms")]
fn waits_too_long(gate: State<Gate>) {
    gate.wait();
}

/// How long a test waits for what is due after 50 ms.
const FAR_TOO_LATE: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "current_thread")]
async fn a_call_that_takes_too_long_is_answered_on_time() {
    let gate = Gate::new();
    let server = Server::new("s")
        .shared_state(Arc::clone(&gate))
        .tool::<never_ends>();
    let engine = server.tool::<waits_too_long>().build().unwrap();
    for revision in [Revision::LATEST_LEGACY, Revision::LATEST] {
        for name in ["never_ends", "waits_too_long"] {
            let started = Instant::now();
            let answer = call(&engine, revision, name, json!({})).await;
            let taken = started.elapsed();
            assert_eq!(answer["error"]["code"], -31001, "{name}: {answer}");
            let message = answer["error"]["message"].as_str().unwrap();
            assert!(
                message.contains(name) && message.contains("50ms"),
                "{message}"
            );
            assert!(
                (Duration::from_millis(50)..FAR_TOO_LATE).contains(&taken),
                "{taken:?}"
            );
            if name == "waits_too_long" {
                gate.open();
            }
        }
    }
}

#[tool]
async fn never_ends_either() {
    std::future::pending().await
}

#[tool(timeout = "1h")]
async fn has_its_own_time(gate: State<Gate>) -> &'static str {
    gate.reached().await;
    "in time"
}

#[tokio::test(flavor = "current_thread")]
async fn the_time_of_the_server_holds_where_the_tool_has_none_of_its_own() {
    let gate = Gate::new();
    let engine = Server::new("s")
        .shared_state(Arc::clone(&gate))
        .tool::<never_ends_either>()
        .tool::<has_its_own_time>()
        .tool::<waits>()
        .call_timeout(Duration::from_millis(50))
        .build()
        .unwrap();
    let patient = tokio::spawn({
        let engine = engine.clone();
        async move { text(&engine, "has_its_own_time", json!({})).await.0 }
    });
    let answer = call(&engine, Revision::LATEST, "never_ends_either", json!({})).await;
    assert_eq!(answer["error"]["code"], -31001, "{answer}");
    assert!(
        !patient.is_finished(),
        "the server's time cut off a tool with its own"
    );
    let answer = call(&engine, Revision::LATEST, "waits", json!({})).await;
    assert_eq!(answer["error"]["code"], -31001, "{answer}");
    gate.open();
    assert_eq!(patient.await.unwrap(), "in time");
}
