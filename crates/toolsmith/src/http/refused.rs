//! Requests that are refused before their body is read by the protocol.

use std::time::Duration;

use bytes::Buf;
use http_body::Body;

use super::body;
use super::respond::{self, HttpResponse};
use crate::protocol::{Decoded, Era, Message, ProtocolError, decode, id_in};

/// How much of a request that is refused is read to find its id, and for how long.
const MAX_READ: usize = 64 * 1024;
const READ_TIME: Duration = Duration::from_secs(1);

/// Refuses a request, by its id if that can be found: there are clients that wait on for an
/// answer when they are told no without it.
pub(super) async fn by_id<B>(error: ProtocolError, body: B) -> HttpResponse
where
    B: Body<Data: Buf> + Unpin,
{
    let body = body::read(body, MAX_READ, READ_TIME).await;
    let id = match body {
        Err(unread) => id_in(&unread.begun),
        Ok(body) => match decode(&body, None) {
            Ok(Decoded::Modern(request, _) | Decoded::Legacy(Message::Request(request))) => {
                Some(request.id)
            }
            Err(refusal) => refusal.id,
            Ok(_) => None,
        },
    };
    respond::refusal(&error.refuse(id, Era::Legacy))
}
