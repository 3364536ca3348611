//! A stream of a session on its way to a client, who can come back for the rest.

use bytes::Bytes;
use futures_util::stream;
use tokio::time::Instant;

use super::body::ResponseBody;
use super::respond::{self, HttpResponse};
use super::sse;
use crate::server::{SessionRef, StreamEvent, StreamReader};

/// A stream that is being sent.
struct Sending {
    reader: StreamReader,
    session: SessionRef,
    /// It begins with an event to come back to.
    begins: bool,
    over: bool,
    /// When the session was last used by this.
    used: Instant,
}

/// A stream as events. Dropping it lets the client come back.
pub(super) fn events(reader: StreamReader, begins: bool, session: SessionRef) -> HttpResponse {
    let sending = Sending {
        reader,
        session,
        begins,
        over: false,
        used: Instant::now(),
    };
    let events = stream::unfold(sending, |mut sending| async move {
        Some((sending.next().await?, sending))
    });
    respond::events(ResponseBody::events(events))
}

impl Sending {
    async fn next(&mut self) -> Option<Bytes> {
        if self.over {
            return None;
        }
        if std::mem::take(&mut self.begins) {
            return Some(sse::beginning(self.reader.position()));
        }
        let use_of = sse::KEEP_ALIVE.min(self.session.sessions().idle() / 2);
        let event = tokio::select! {
            biased;
            // However much is said: a stream that is read is a use of its session.
            () = tokio::time::sleep_until(self.used + use_of) => {
                self.used = Instant::now();
                self.session.is_alive().await;
                return Some(sse::comment());
            }
            event = self.reader.next() => event?,
        };
        Some(match event {
            StreamEvent::Message(id, message) => sse::event_with_id(id, &message),
            StreamEvent::Pause(after) => {
                self.over = true;
                sse::retry(after)
            }
        })
    }
}
