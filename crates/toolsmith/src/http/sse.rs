//! Server-sent events: one event for each JSON-RPC message.

use std::time::Duration;

use bytes::Bytes;

use crate::ports::EventId;

/// Frames a message as an event. JSON that this server writes has no line ends.
pub(super) fn event(message: &[u8]) -> Bytes {
    const BEFORE: &[u8] = b"event: message\ndata: ";
    const AFTER: &[u8] = b"\n\n";
    // Just as long as it is: with room to spare, `Bytes` would put it in a box of its own.
    let mut frame = Vec::with_capacity(BEFORE.len() + message.len() + AFTER.len());
    frame.extend_from_slice(BEFORE);
    frame.extend_from_slice(message);
    frame.extend_from_slice(AFTER);
    frame.into()
}

/// Frames a message as an event after which a client can go on.
pub(super) fn event_with_id(id: EventId, message: &[u8]) -> Bytes {
    let mut frame = format!("id: {id}\nevent: message\ndata: ").into_bytes();
    frame.extend_from_slice(message);
    frame.extend_from_slice(b"\n\n");
    frame.into()
}

/// An event that says nothing but where a stream begins, so that a client can come back
/// before it was told anything.
///
/// Implements "Sending Messages to the Server" of revision 2025-11-25, `basic/transports`.
pub(super) fn beginning(id: EventId) -> Bytes {
    format!("id: {id}\ndata:\n\n").into()
}

/// Has a client come back after a time.
pub(super) fn retry(after: Duration) -> Bytes {
    format!("retry: {}\n\n", after.as_millis()).into()
}

/// A comment, which keeps a quiet stream from being closed on its way.
pub(super) fn comment() -> Bytes {
    Bytes::from_static(b":\n\n")
}

/// How long a stream stays quiet at most.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(15);
