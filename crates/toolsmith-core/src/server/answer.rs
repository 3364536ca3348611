//! Whole answers: dispatch and encode in one step, for one message or a batch.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{abortable, join_all};

use super::dispatch::panicked;
use super::{Engine, Peer, ReplySink};
use crate::protocol::{Message, Outcome, Refusal, Request, encode_error};

/// An answer as it goes out: the JSON-RPC message, and the HTTP status that goes with it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The JSON-RPC message.
    pub message: Vec<u8>,
    /// The HTTP status, for transports that have one.
    pub status: u16,
}

impl From<&Refusal> for Answer {
    fn from(refusal: &Refusal) -> Self {
        Self {
            message: encode_error(&refusal.error, refusal.id.as_ref()),
            status: refusal.status(),
        }
    }
}

impl Engine {
    /// Does what a request asks for and writes the answer. See [`Engine::dispatch`] for
    /// what dropping the future does.
    pub fn answer(
        self,
        request: Request,
        peer: Peer,
        sink: Option<Arc<dyn ReplySink>>,
    ) -> impl Future<Output = Answer> + Send + 'static {
        let id = request.id.clone();
        let revision = peer.revision;
        let method = request.method.clone();
        // Handlers are guarded where they run; this is for what stands around them. Put
        // together from futures, because an `async` block would hold each of them twice.
        let outcome = AssertUnwindSafe(self.clone().dispatch(request, peer, sink));
        outcome.catch_unwind().map(move |outcome| {
            let outcome = outcome.unwrap_or_else(|panic| panicked(&method, panic.as_ref()));
            let status = match &outcome {
                Outcome::Error(error) => error.kind.status(revision.era()),
                _ => 200,
            };
            Answer {
                message: self.encode(&outcome, &id, revision),
                status,
            }
        })
    }

    /// Answers a batch of revision 2025-03-26: an array with an answer for each request,
    /// in the order of the requests, or nothing when there were none. One that is cancelled
    /// has no answer. Nothing runs until the future is polled, but each of the requests can
    /// be cancelled from here on.
    pub fn answer_batch(
        self,
        items: Vec<Result<Message, Refusal>>,
        peer: Peer,
        sink: Option<Arc<dyn ReplySink>>,
    ) -> impl Future<Output = Option<Vec<u8>>> + Send + 'static {
        let answers = items.into_iter().filter_map(|item| match item {
            Ok(Message::Request(request)) => {
                Some(self.clone().in_batch(request, peer.clone(), sink.clone()))
            }
            Ok(Message::Notification(_) | Message::Response(_)) => None,
            Err(refusal) => Some(Err(refusal)),
        });
        let answers: Vec<_> = answers.collect();
        async move {
            let answers = join_all(answers.into_iter().map(|item| async move {
                match item {
                    Ok(work) => work.await,
                    Err(refusal) => Some(Answer::from(&refusal)),
                }
            }))
            .await;
            let answers = answers.into_iter().flatten().map(|it| it.message);
            let answers: Vec<_> = answers.collect();
            if answers.is_empty() {
                return None;
            }
            let mut array = vec![b'['];
            array.extend_from_slice(&answers.join(&b','));
            array.push(b']');
            Some(array)
        }
    }

    /// Begins work on a request of a batch, under its id in its session.
    fn in_batch(
        self,
        request: Request,
        peer: Peer,
        sink: Option<Arc<dyn ReplySink>>,
    ) -> Result<impl Future<Output = Option<Answer>> + Send + 'static, Refusal> {
        let (id, era) = (request.id.clone(), peer.revision.era());
        let session = peer.session.clone();
        let (work, abort) = abortable(self.answer(request, peer, sink));
        let running = session.map(|it| it.running(id.clone(), abort)).transpose();
        let running = running.map_err(|error| error.refuse(Some(id), era))?;
        Ok(async move {
            let answer = work.await.ok();
            drop(running);
            answer
        })
    }
}
