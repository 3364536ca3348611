//! What those see who operate a server: its log, its metrics, its records, its traces.

mod audit;
mod call_log;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(all(feature = "auth", feature = "metrics"))]
mod secrets;
#[cfg(feature = "otel")]
mod traces;

use serde_json::{Value, json};

use crate::wire::{Ask, call, modern};

/// The trace that a client is in, and the step of it that calls.
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const STEP: &str = "00f067aa0ba902b7";

/// A call of a tool of the test server.
fn calls(id: impl Into<Value>, tool: &str, arguments: Value) -> Ask {
    modern(id, "tools/call", call(tool, arguments))
}

/// A good call.
fn sum(id: impl Into<Value>) -> Ask {
    calls(id, "add", json!({"a": 2, "b": 3}))
}

/// A good call in a trace.
fn traced(id: &str) -> Ask {
    let mut params = call("add", json!({"a": 2, "b": 3}));
    params["_meta"] = json!({"traceparent": format!("00-{TRACE}-{STEP}-01")});
    modern(id, "tools/call", params)
}
