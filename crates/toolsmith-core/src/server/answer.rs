//! Whole answers: dispatch and encode in one step, for one message or a batch.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::join_all;

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
    pub async fn answer(
        self,
        request: Request,
        peer: Peer,
        sink: Option<Arc<dyn ReplySink>>,
    ) -> Answer {
        let id = request.id.clone();
        let revision = peer.revision;
        let method = request.method.clone();
        // Handlers are guarded where they run; this is for what stands around them.
        let outcome = AssertUnwindSafe(self.clone().dispatch(request, peer, sink));
        let outcome = match outcome.catch_unwind().await {
            Ok(outcome) => outcome,
            Err(panic) => panicked(&method, panic.as_ref()),
        };
        let status = match &outcome {
            Outcome::Error(error) => error.kind.status(revision.era()),
            _ => 200,
        };
        Answer {
            message: self.encode(&outcome, &id, revision),
            status,
        }
    }

    /// Answers a batch of revision 2025-03-26: an array with an answer for each request,
    /// in the order of the requests, or nothing when there were none.
    pub async fn answer_batch(
        self,
        items: Vec<Result<Message, Refusal>>,
        peer: Peer,
        sink: Option<Arc<dyn ReplySink>>,
    ) -> Option<Vec<u8>> {
        let answers = items.into_iter().filter_map(|item| match item {
            Ok(Message::Request(request)) => Some(Ok((request, peer.clone()))),
            Ok(Message::Notification(_) | Message::Response(_)) => None,
            Err(refusal) => Some(Err(refusal)),
        });
        let answers = join_all(answers.map(|item| {
            let (engine, sink) = (self.clone(), sink.clone());
            async move {
                match item {
                    Ok((request, peer)) => engine.answer(request, peer, sink).await.message,
                    Err(refusal) => Answer::from(&refusal).message,
                }
            }
        }))
        .await;
        if answers.is_empty() {
            return None;
        }
        let mut array = vec![b'['];
        array.extend_from_slice(&answers.join(&b','));
        array.push(b']');
        Some(array)
    }
}
