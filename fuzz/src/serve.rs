//! A server to ask, without a port.

use std::future::Future;
use std::sync::LazyLock;

use futures_util::FutureExt as _;
use serde_json::{Value, json};
use toolsmith_core::server::tool::DynamicTool;
use toolsmith_core::server::{Answer, Context, Engine, Peer, Server};

use toolsmith_core::protocol::{Method, Request};

/// What the tool `mirror` says when it was called.
pub(crate) const CALLED: &str = "called";

static ENGINE: LazyLock<Engine> = LazyLock::new(|| server().build().expect("it is a server"));

fn server() -> Server {
    let called = |_, _: Context| async { CALLED };
    let mirrored = json!({
        "type": "object",
        "properties": {
            "region": {"type": "string", "x-mcp-header": "Region"},
            "count": {"type": "integer", "x-mcp-header": "Count"},
            "dry": {"type": "boolean", "x-mcp-header": "Dry"},
            "more": {"type": "object", "properties": {
                "zone": {"type": "string", "x-mcp-header": "Zone"},
            }},
        },
    });
    let plain: Value = json!({"type": "object"});
    Server::new("fuzz")
        .dynamic_tool(DynamicTool::new("mirror", mirrored, called))
        .dynamic_tool(DynamicTool::new("add", plain, called))
}

/// The server that is asked.
pub(crate) fn engine() -> Engine {
    ENGINE.clone()
}

/// Asks it. `None` where it has not answered at once, which only a stream of changes may
/// do: nothing here has anything to wait for.
pub(crate) fn answered(request: Request, peer: Peer) -> Option<Answer> {
    let may_wait = request.method == Method::Listen;
    let answer = at_once(engine().answer(request, peer, None));
    assert!(answer.is_some() || may_wait, "a request waits for nothing");
    answer
}

/// What a future comes to that has nothing to wait for, if it has come to anything.
pub(crate) fn at_once<F: Future>(work: F) -> Option<F::Output> {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("there is a runtime");
    }
    RUNTIME.with(|runtime| runtime.block_on(async { work.now_or_never() }))
}
