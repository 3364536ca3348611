//! `add` in a session of 2025-11-25: an event, for a client that reads events.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;

use crate::modern::{Call, Terms};
use crate::respond::{self, Answer};

pub(crate) async fn add(body: Bytes) -> Response {
    respond::events(sum(&body).map(Body::from))
}

fn sum(body: &[u8]) -> Answer {
    let call: Call<'_, Terms> = serde_json::from_slice(body)?;
    let id = call.id.get();
    let mut event = Vec::with_capacity(128 + id.len());
    event.extend_from_slice(b"event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":");
    event.extend_from_slice(id.as_bytes());
    event.extend_from_slice(br#","result":{"content":[{"type":"text","text":""#);
    serde_json::to_writer(&mut event, &call.params.arguments.sum())?;
    event.extend_from_slice(b"\"}]}}\n\n");
    Ok(event.into())
}
