//! A stream of a session on its way to a client, who can come back for the rest.

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::stream;
use tokio::time::Instant;

use super::body::ResponseBody;
use super::driven::Driven;
use super::respond::{self, HttpResponse};
use super::sse;
use crate::server::{SessionRef, StreamEvent, StreamReader};

/// A stream that is being sent.
struct Sending {
    reader: StreamReader,
    work: Work,
    session: SessionRef,
    /// It begins with an event to come back to.
    begins: bool,
    over: bool,
    /// When the session was last used by this.
    used: Instant,
}

/// What the stream tells of.
struct Work {
    /// None once it is done.
    driven: Option<Arc<Driven<()>>>,
    /// Something was given out since it was polled.
    gave: bool,
    /// That is being sent, and the work is polled next.
    sends: bool,
}

/// A stream as events, and the work that writes it. Dropping it lets the client come back.
pub(super) fn events(
    reader: StreamReader,
    work: Arc<Driven<()>>,
    begins: bool,
    session: SessionRef,
) -> HttpResponse {
    let sending = Sending {
        reader,
        work: Work {
            driven: Some(work),
            gave: false,
            sends: false,
        },
        session,
        begins,
        over: false,
        used: Instant::now(),
    };
    let events = stream::unfold(sending, |mut sending| async move {
        sending.work.is_asked();
        let event = sending.next().await?;
        sending.work.gave();
        Some((event, sending))
    });
    respond::events(ResponseBody::events(events))
}

impl Work {
    fn is_asked(&self) {
        if let Some(driven) = &self.driven {
            driven.is_asked();
        }
    }

    fn gave(&mut self) {
        self.gave = true;
        if let Some(driven) = &self.driven {
            driven.gave();
        }
    }

    /// Goes on with it, once what was given out is sent: whoever sends it does so when there
    /// is nothing more to be had.
    fn poll(&mut self, cx: &mut Context<'_>) {
        let Some(driven) = &self.driven else {
            return;
        };
        if std::mem::take(&mut self.gave) && !self.sends && driven.is_here() {
            self.sends = true;
            cx.waker().wake_by_ref();
            return;
        }
        self.sends = false;
        if let Poll::Ready(ended) = driven.poll(cx) {
            self.driven = None;
            if let Err(error) = ended {
                tracing::error!(%error, "a request ended without an answer");
            }
        }
    }
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
            never = drive(&mut self.work) => match never {},
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

/// Goes on with work for as long as this is polled.
async fn drive(work: &mut Work) -> Infallible {
    poll_fn(|cx| {
        work.poll(cx);
        Poll::Pending
    })
    .await
}
