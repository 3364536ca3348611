//! Ten reports of progress and an answer, each an event that is written by itself.

use std::convert::Infallible;

use axum::body::Body;
use axum::response::Response;
use bytes::{BufMut as _, Bytes, BytesMut};
use futures_util::stream;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::modern::{AFTER_TEXT, BEFORE_TEXT};
use crate::respond;

const STEPS: usize = 10;
/// As long as an event is at most, beside the token and the id.
const EVENT: usize = 256;

#[derive(Deserialize)]
struct Call<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
    #[serde(borrow)]
    params: Params<'a>,
}

#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow, rename = "_meta")]
    meta: Meta<'a>,
}

#[derive(Deserialize)]
struct Meta<'a> {
    #[serde(borrow, rename = "progressToken")]
    token: &'a RawValue,
}

pub(crate) async fn report(body: Bytes) -> Response {
    respond::events(begin(&body).map(body_of))
}

fn begin(body: &Bytes) -> serde_json::Result<Work> {
    let call: Call<'_> = serde_json::from_slice(body)?;
    let (id, token) = (call.id.get(), call.params.meta.token.get());
    let room = (STEPS + 1) * (EVENT + token.len().max(id.len()));
    Ok(Work {
        id: body.slice_ref(id.as_bytes()),
        token: body.slice_ref(token.as_bytes()),
        events: BytesMut::with_capacity(room),
        step: 0,
    })
}

/// The work between whose steps the events are written.
struct Work {
    id: Bytes,
    token: Bytes,
    /// Room for all events.
    events: BytesMut,
    step: usize,
}

fn body_of(work: Work) -> Body {
    Body::from_stream(stream::unfold(work, async |mut work| {
        if (1..=STEPS).contains(&work.step) {
            // What was said before is on the wire when this goes on.
            tokio::task::yield_now().await;
        }
        work.step += 1;
        let event = work.event()?;
        Some((Ok::<_, Infallible>(event), work))
    }))
}

impl Work {
    fn event(&mut self) -> Option<Bytes> {
        let step = self.step;
        let event = &mut self.events;
        event.put_slice(b"event: message\ndata: {\"jsonrpc\":\"2.0\",");
        if step <= STEPS {
            event.put_slice(br#""method":"notifications/progress","params":{"progressToken":"#);
            event.put_slice(&self.token);
            event.put_slice(br#","progress":"#);
            serde_json::to_writer(event.writer(), &step).ok()?;
            event.put_slice(b",\"total\":10}}\n\n");
        } else if step == STEPS + 1 {
            event.put_slice(br#""id":"#);
            event.put_slice(&self.id);
            for part in [BEFORE_TEXT, r#""done""#, AFTER_TEXT, "\n\n"] {
                event.put_slice(part.as_bytes());
            }
        } else {
            return None;
        }
        Some(event.split().freeze())
    }
}
