//! Modern requests: each stands alone, and ends with its connection.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use tokio::task::JoinHandle;
use tracing::Instrument as _;

use super::accept::Accepts;
use super::body::ResponseBody;
use super::endpoint::Endpoint;
use super::outlet::{Item, Outlet};
use super::respond::{self, Form, HttpResponse};
use super::sse;
use crate::protocol::{ModernMeta, Request};
use crate::server::{Answer, Caller, Peer, ReplySink};

/// Work whose answer ends a stream.
type Work = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// Answers a modern request: JSON, unless something is said before the answer or the
/// client would rather read events.
///
/// A request that has nothing to say before its answer is worked on in place. One that may
/// becomes a stream with the first of it, and is worked on in a task of its own from then
/// on.
pub(super) async fn request(
    endpoint: &Endpoint,
    request: Request,
    meta: ModernMeta,
    caller: Caller,
    accepts: Accepts,
) -> HttpResponse {
    let form = if accepts.rather_sse {
        Form::Sse
    } else {
        Form::Json
    };
    let peer = Peer::modern(meta, caller);
    let engine = endpoint.engine.clone();
    if !accepts.sse || !engine.may_speak(&request, &peer) {
        let answer = engine.answer(request, peer, None).await;
        return respond::answer(answer, form);
    }
    let outlet = Outlet::new(false, 1);
    let sink: Arc<dyn ReplySink> = outlet.clone();
    let work: Work = Box::pin(engine.answer(request, peer, Some(sink)));
    match first(work, &outlet).await {
        First::Answer(answer) => respond::answer(answer, form),
        First::Said(message, rest) => {
            let events = events(message, rest, outlet);
            respond::events(ResponseBody::events(events))
        }
    }
}

/// What work came to first.
enum First {
    /// Its answer, before it said anything else.
    Answer(Answer),
    /// Something else: the answer becomes a stream.
    Said(Vec<u8>, Rest),
}

/// What comes after the first that was said.
enum Rest {
    /// The work goes on.
    Work(Work),
    /// The work is done, and this ends the stream.
    Answer(Answer),
}

/// Waits for the first thing that work has to say. Until then nothing is spawned.
async fn first(mut work: Work, outlet: &Outlet) -> First {
    let answer = tokio::select! {
        biased;
        answer = &mut work => answer,
        said = message(outlet) => return First::Said(said, Rest::Work(work)),
    };
    outlet.close();
    // What was said before the answer comes before it.
    match try_message(outlet) {
        Some(said) => First::Said(said, Rest::Answer(answer)),
        None => First::Answer(answer),
    }
}

async fn message(outlet: &Outlet) -> Vec<u8> {
    loop {
        if let Item::Message(message) = outlet.next().await {
            return message;
        }
    }
}

fn try_message(outlet: &Outlet) -> Option<Vec<u8>> {
    loop {
        if let Item::Message(message) = outlet.try_next()? {
            return Some(message);
        }
    }
}

/// Work that goes on by itself, whether or not its stream is read: a client that stops
/// reading holds up neither the work nor the limit on its time.
///
/// Dropping it stops the work.
struct Running(JoinHandle<Answer>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The stream that starts with what was said first and ends with the answer.
///
/// Dropping it drops the work, which cancels the request.
fn events(said: Vec<u8>, rest: Rest, outlet: Arc<Outlet>) -> impl Stream<Item = Bytes> + Send {
    let (running, answer) = match rest {
        Rest::Work(work) => (Some(Running(tokio::spawn(work.in_current_span()))), None),
        Rest::Answer(answer) => (None, Some(answer)),
    };
    let first = stream::once(std::future::ready(sse::event(&said)));
    let events = Events {
        running,
        answer,
        outlet,
    };
    let rest = stream::unfold(events, |mut events| async move {
        Some((events.next().await?, events))
    });
    first.chain(rest)
}

/// The events after the first.
struct Events {
    running: Option<Running>,
    answer: Option<Answer>,
    outlet: Arc<Outlet>,
}

impl Drop for Events {
    fn drop(&mut self) {
        self.outlet.close();
    }
}

impl Events {
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(running) = &mut self.running {
            // The answer first, so that nobody who reports on without end can hold it up.
            // It does not pass anything by: that is in the outlet already.
            let ended = tokio::select! {
                biased;
                ended = &mut running.0 => ended,
                said = message(&self.outlet) => return Some(sse::event(&said)),
                () = tokio::time::sleep(sse::KEEP_ALIVE) => return Some(sse::comment()),
            };
            self.running = None;
            self.outlet.close();
            match ended {
                Ok(answer) => self.answer = Some(answer),
                // Handlers that panic are answered for; this is a defect of our own.
                Err(error) => tracing::error!(%error, "a request ended without an answer"),
            }
        }
        // What was said before the answer, and then the answer.
        match try_message(&self.outlet) {
            Some(said) => Some(sse::event(&said)),
            None => self.answer.take().map(|answer| sse::event(&answer.message)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::outlet::QUEUE;
    use super::*;

    fn answer() -> Answer {
        Answer {
            message: b"answer".to_vec(),
            status: 200,
            is_result: true,
        }
    }

    /// What a client is sent that reads everything; `meanwhile` runs at each event.
    async fn sent(work: Work, outlet: Arc<Outlet>, meanwhile: impl Fn()) -> Vec<String> {
        let First::Said(said, rest) = first(work, &outlet).await else {
            panic!("the answer was not to come first");
        };
        let events = events(said, rest, outlet).take(1000);
        let events = events.inspect(|_| meanwhile());
        let events = events.map(|event| {
            let event = std::str::from_utf8(&event).unwrap();
            let data = event.strip_prefix("event: message\ndata: ").unwrap();
            data.trim_end().to_owned()
        });
        events.collect().await
    }

    #[tokio::test]
    async fn everything_that_fits_comes_before_the_answer() {
        for before_pause in [0, 1, 3] {
            let outlet = Outlet::new(false, 1);
            let sink = Arc::clone(&outlet);
            let work: Work = Box::pin(async move {
                for report in 0..before_pause {
                    assert!(sink.notify(vec![b'a' + report]));
                }
                tokio::task::yield_now().await;
                for report in before_pause..5 {
                    assert!(sink.notify(vec![b'a' + report]));
                }
                answer()
            });
            let sent = sent(work, outlet, || ()).await;
            assert_eq!(sent, ["a", "b", "c", "d", "e", "answer"], "{before_pause}");
        }
    }

    #[tokio::test]
    async fn what_does_not_fit_is_dropped_and_the_answer_is_not() {
        let outlet = Outlet::new(false, 1);
        let sink = Arc::clone(&outlet);
        let work: Work = Box::pin(async move {
            let taken = (0..1000)
                .filter(|_| sink.notify(b"report".to_vec()))
                .count();
            assert_eq!(taken, QUEUE);
            answer()
        });
        let sent = sent(work, outlet, || ()).await;
        assert_eq!(sent.len(), QUEUE + 1);
        assert_eq!(sent.last().unwrap(), "answer");
    }

    #[tokio::test]
    async fn what_is_said_after_the_answer_does_not_hold_it_up() {
        let outlet = Outlet::new(false, 1);
        let (sink, late) = (Arc::clone(&outlet), Arc::clone(&outlet));
        let work: Work = Box::pin(async move {
            sink.notify(b"report".to_vec());
            tokio::task::yield_now().await;
            answer()
        });
        let sent = sent(work, outlet, || {
            late.notify(b"late".to_vec());
        })
        .await;
        assert_eq!(sent.last().unwrap(), "answer", "{} events", sent.len());
    }

    #[tokio::test(start_paused = true)]
    async fn a_quiet_stream_is_kept_open_with_comments() {
        let outlet = Outlet::new(false, 1);
        let sink = Arc::clone(&outlet);
        let work: Work = Box::pin(async move {
            sink.notify(b"report".to_vec());
            tokio::time::sleep(sse::KEEP_ALIVE * 3 + sse::KEEP_ALIVE / 2).await;
            answer()
        });
        let First::Said(said, rest) = first(work, &outlet).await else {
            panic!("the answer was not to come first");
        };
        let events: Vec<Bytes> = events(said, rest, outlet).collect().await;
        let comments = events.iter().filter(|event| **event == sse::comment());
        assert_eq!(comments.count(), 3, "{events:?}");
        assert_eq!(events.len(), 5, "{events:?}");
    }
}
