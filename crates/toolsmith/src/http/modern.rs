//! Modern requests: each stands alone, and ends with its connection.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::Either;
use futures_util::{FutureExt as _, Stream};
use tokio::time::{Instant, Sleep};

use super::accept::Accepts;
use super::asker::Asker;
use super::body::ResponseBody;
use super::driven::{Driven, Streams, Work};
use super::endpoint::Endpoint;
use super::outlet::{Item, Outlet, QUEUE};
use super::respond::{self, Form, HttpResponse};
use super::sse;
use crate::protocol::{ModernMeta, Request};
use crate::server::{Answer, Peer, ReplySink};

/// Answers a modern request: JSON, unless something is said before the answer or the
/// client would rather read events.
///
/// A request that has nothing to say before its answer is worked on in place. One that may
/// becomes a stream with the first of it, and is worked on by the stream from then on.
pub(super) fn request(
    endpoint: &Endpoint,
    request: Request,
    meta: ModernMeta,
    asker: Asker,
    accepts: Accepts,
) -> impl Future<Output = HttpResponse> + Send {
    let form = if accepts.rather_sse {
        Form::Sse
    } else {
        Form::Json
    };
    let mut peer = Peer::modern(meta, asker.caller);
    peer.arrival = asker.arrival;
    let engine = endpoint.engine.clone();
    if !accepts.sse || !engine.may_speak(&request, &peer) {
        let answer = engine.answer(request, peer, None);
        return Either::Left(answer.map(move |answer| respond::answer(answer, form)));
    }
    let outlet = Outlet::new(false, 1);
    let sink: Arc<dyn ReplySink> = outlet.clone();
    let work: Work = Box::pin(engine.answer(request, peer, Some(sink)));
    Either::Right(async move {
        match first(work, &outlet).await {
            First::Answer(answer) => respond::answer(answer, form),
            First::Said(message, rest) => {
                let events = Events::new(&message, rest, outlet, &endpoint.streams);
                respond::events(ResponseBody::events(events))
            }
        }
    })
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

/// The stream that starts with what was said first and ends with the answer.
///
/// Dropping it drops the work, which cancels the request.
struct Events {
    /// What is to be sent at once.
    first: Option<Bytes>,
    work: Option<Arc<Driven>>,
    answer: Option<Answer>,
    outlet: Arc<Outlet>,
    /// How much was given out since the work was polled.
    given: usize,
    /// That is being sent, and the work is polled next.
    sends: bool,
    /// The work was polled by who polls this.
    polled: bool,
    /// A sign of life is due then, if nothing else was said.
    quiet: Option<Pin<Box<Sleep>>>,
    said: Instant,
}

impl Drop for Events {
    fn drop(&mut self) {
        self.outlet.close();
    }
}

impl Events {
    fn new(said: &[u8], rest: Rest, outlet: Arc<Outlet>, streams: &Streams) -> Self {
        let (work, answer) = match rest {
            Rest::Work(work) => (Some(streams.drive(work)), None),
            Rest::Answer(answer) => (None, Some(answer)),
        };
        Self {
            first: Some(sse::event(said)),
            work,
            answer,
            outlet,
            given: 0,
            sends: false,
            polled: false,
            quiet: None,
            said: Instant::now(),
        }
    }

    /// What was said and not yet given out.
    fn next_said(&mut self) -> Option<Bytes> {
        let next = self.first.take();
        let next = next.or_else(|| Some(sse::event(&try_message(&self.outlet)?)))?;
        self.given += 1;
        if let Some(work) = &self.work {
            work.gave();
        }
        Some(next)
    }

    /// Has what was given out sent before the work goes on. Whoever sends it does so when
    /// there is nothing more to be had.
    fn is_to_be_sent(&mut self, work: &Driven, cx: &mut Context<'_>) -> bool {
        let is_given = std::mem::take(&mut self.given) > 0;
        if self.sends || !is_given || !work.is_here() {
            return false;
        }
        self.sends = true;
        // The work wakes who has polled it, which may have been somebody else.
        if !self.polled || self.outlet.is_filled(cx) {
            cx.waker().wake_by_ref();
        }
        true
    }

    fn poll_work(&mut self, work: &Driven, cx: &mut Context<'_>) {
        self.polled = true;
        self.sends = false;
        if let Poll::Ready(ended) = work.poll(cx) {
            self.work = None;
            self.outlet.close();
            match ended {
                Ok(answer) => self.answer = Some(answer),
                // Handlers that panic are answered for; this is a defect of our own.
                Err(error) => tracing::error!(%error, "a request ended without an answer"),
            }
        }
    }

    /// A sign of life, when nothing was said for a while.
    fn poll_quiet(&mut self, cx: &mut Context<'_>) -> Poll<Bytes> {
        let due = self.said + sse::KEEP_ALIVE;
        let quiet = self
            .quiet
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
        while quiet.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if now >= due {
                self.said = now;
                quiet.as_mut().reset(now + sse::KEEP_ALIVE);
                return Poll::Ready(sse::comment());
            }
            quiet.as_mut().reset(due);
        }
        Poll::Pending
    }
}

impl Stream for Events {
    type Item = Bytes;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let this = self.get_mut();
        if let Some(work) = this.work.clone() {
            work.is_asked();
            // Nobody who reports on without end can hold up the answer.
            if this.given < QUEUE
                && !this.sends
                && let Some(said) = this.next_said()
            {
                this.said = Instant::now();
                return Poll::Ready(Some(said));
            }
            if this.is_to_be_sent(&work, cx) {
                return Poll::Pending;
            }
            this.poll_work(&work, cx);
        }
        if let Some(said) = this.next_said() {
            this.said = Instant::now();
            return Poll::Ready(Some(said));
        }
        if this.work.is_none() {
            let answer = this.answer.take();
            return Poll::Ready(answer.map(|answer| sse::event(&answer.message)));
        }
        if this.outlet.is_filled(cx) {
            cx.waker().wake_by_ref();
        }
        this.poll_quiet(cx).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;

    use super::*;

    fn answer() -> Answer {
        Answer {
            message: b"answer".to_vec(),
            status: 200,
            is_result: true,
            needed_scopes: None,
        }
    }

    /// What a client is sent that reads everything; `meanwhile` runs at each event.
    async fn sent(work: Work, outlet: Arc<Outlet>, meanwhile: impl Fn()) -> Vec<String> {
        let First::Said(said, rest) = first(work, &outlet).await else {
            panic!("the answer was not to come first");
        };
        let events = Events::new(&said, rest, outlet, &Streams::default()).take(1000);
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
        let events = Events::new(&said, rest, outlet, &Streams::default());
        let events: Vec<Bytes> = events.collect().await;
        let comments = events.iter().filter(|event| **event == sse::comment());
        assert_eq!(comments.count(), 3, "{events:?}");
        assert_eq!(events.len(), 5, "{events:?}");
    }
}
