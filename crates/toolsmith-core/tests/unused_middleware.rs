//! A server without middleware pays nothing for it.
//!
//! A program of its own, because it counts what is allocated.
#![expect(
    clippy::unwrap_used,
    reason = "what a test cannot go on without fails it"
)]

use std::alloc::System;

use bytes::Bytes;
use serde_json::json;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use toolsmith_core::protocol::{Decoded, Outcome, decode};
use toolsmith_core::server::middleware::{Middleware, Next, Operation};
use toolsmith_core::server::tool::DynamicTool;
use toolsmith_core::server::{Engine, Peer, Server};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const CALLS: usize = 100;

/// Hands everything on.
struct Nothing;

impl Middleware for Nothing {
    async fn handle(&self, operation: Operation, next: Next<'_>) -> Outcome {
        next.run(operation).await
    }
}

fn server(layers: usize) -> Engine {
    let answer = DynamicTool::new("answer", json!({"type": "object"}), |_, _| async { "42" });
    let server = Server::new("counted").dynamic_tool(answer);
    let server = (0..layers).fold(server, |server, _| server.middleware(Nothing));
    server.build().unwrap()
}

/// The allocations of a call, with this many layers of middleware around it.
async fn allocations(layers: usize) -> usize {
    let engine = server(layers);
    let body = Bytes::from_static(
        br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"answer","arguments":{},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}"#,
    );
    let call = || async {
        let Ok(Decoded::Modern(request, meta)) = decode(&body, None) else {
            panic!("the call is not one");
        };
        let peer = Peer::modern(meta, Default::default());
        let before = ALLOCATOR.stats();
        let outcome = engine.clone().dispatch(request, peer, None).await;
        let after = ALLOCATOR.stats();
        assert!(matches!(outcome, Outcome::Call(_)), "{outcome:?}");
        after.allocations - before.allocations
    };
    // What is made once is made by the first call.
    call().await;
    let mut sum = 0;
    for _ in 0..CALLS {
        sum += call().await;
    }
    sum / CALLS
}

/// The first layer costs what a layer costs, and what it takes to have layers at all. The
/// second costs a layer. Without the first, neither is paid.
#[tokio::test(flavor = "current_thread")]
async fn costs_no_allocation() {
    let (none, one, two) = (
        allocations(0).await,
        allocations(1).await,
        allocations(2).await,
    );
    assert!(
        one - none > two - one && two > one,
        "allocations of a call: {none} without middleware, {one} with one, {two} with two"
    );
}
