//! What clients send.

use bytes::Bytes;
use serde_json::{Value, json};
use toolsmith::protocol::{HeaderField, RequestHeaders, Revision};

/// The revision of the legacy workloads.
pub(crate) const LEGACY: Revision = Revision::LATEST_LEGACY;

/// A call of `add`.
pub(crate) fn add() -> Value {
    json!({"name": "add", "arguments": {"a": 2, "b": 3}})
}

/// A message of the modern era.
pub(crate) fn modern(method: &str, mut params: Value) -> String {
    let mut meta = params["_meta"].take();
    meta["io.modelcontextprotocol/protocolVersion"] = json!(Revision::LATEST.as_str());
    meta["io.modelcontextprotocol/clientCapabilities"] = json!({});
    params["_meta"] = meta;
    message(method, &params)
}

/// A message of the legacy era.
pub(crate) fn legacy(method: &str, params: &Value) -> String {
    message(method, params)
}

/// What opens a legacy conversation.
pub(crate) fn initialize() -> String {
    let params = json!({
        "protocolVersion": LEGACY.as_str(),
        "capabilities": {},
        "clientInfo": {"name": "client", "version": "1"},
    });
    message("initialize", &params)
}

fn message(method: &str, params: &Value) -> String {
    // In the order in which clients write it.
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#)
}

/// Bodies of their own, as if each came over a socket.
pub(crate) fn bodies(text: &str, count: usize) -> Vec<Bytes> {
    let body = || Bytes::from(text.as_bytes().to_vec());
    std::iter::repeat_with(body).take(count).collect()
}

/// The header fields of a modern call of `add`.
pub(crate) fn modern_fields() -> RequestHeaders<'static> {
    RequestHeaders {
        protocol_version: HeaderField::One(Revision::LATEST.as_str().as_bytes()),
        method: HeaderField::One(b"tools/call"),
        name: HeaderField::One(b"add"),
        ..RequestHeaders::default()
    }
}

/// Those of a legacy one.
pub(crate) fn legacy_fields() -> RequestHeaders<'static> {
    RequestHeaders {
        protocol_version: HeaderField::One(LEGACY.as_str().as_bytes()),
        ..RequestHeaders::default()
    }
}
