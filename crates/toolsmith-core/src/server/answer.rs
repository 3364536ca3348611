//! Whole answers: dispatch and encode in one step.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;

use super::dispatch::panicked;
use super::{Engine, Peer, ReplySink};
use crate::caller::Scopes;
use crate::protocol::{
    ErrorKind, Method, Outcome, ProtocolError, Refusal, Request, ToolOutput, encode_error,
};

/// An answer as it goes out: the JSON-RPC message, and the HTTP status that goes with it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The JSON-RPC message.
    pub message: Vec<u8>,
    /// The HTTP status, for transports that have one.
    pub status: u16,
    /// Whether it is the result of the request, or, of a batch, holds the answers; otherwise
    /// it is an error.
    pub is_result: bool,
    /// The scopes that the request needs, where it was refused because its caller lacks some
    /// of them: what a challenge in `WWW-Authenticate` names (RFC 6750, section 3).
    pub needed_scopes: Option<Box<Scopes>>,
}

impl From<&Refusal> for Answer {
    fn from(refusal: &Refusal) -> Self {
        Self {
            message: encode_error(&refusal.error, refusal.id.as_ref()),
            status: refusal.status(),
            is_result: false,
            needed_scopes: needed_scopes(&refusal.error),
        }
    }
}

/// The scopes that an error names, where it is about scopes.
fn needed_scopes(error: &ProtocolError) -> Option<Box<Scopes>> {
    if error.kind != ErrorKind::InsufficientScope {
        return None;
    }
    let required = error.data.as_ref()?.get("requiredScopes")?.as_array()?;
    let scopes = required.iter().filter_map(|it| it.as_str());
    Some(Box::new(scopes.collect()))
}

impl Answer {
    /// The answers to a batch of revision 2025-03-26 as one message: an array, in the order
    /// given. `None` where there are none: a batch without requests is not answered, and of
    /// a request that was cancelled nothing more is said.
    pub fn batch(answers: impl IntoIterator<Item = Self>) -> Option<Self> {
        let messages: Vec<Vec<u8>> = answers.into_iter().map(|it| it.message).collect();
        if messages.is_empty() {
            return None;
        }
        let mut message = vec![b'['];
        message.extend_from_slice(&messages.join(&b','));
        message.push(b']');
        Some(Self {
            message,
            status: 200,
            is_result: true,
            needed_scopes: None,
        })
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
    ) -> impl Future<Output = Answer> + Send + Unpin + 'static {
        let id = request.id.clone();
        let revision = peer.revision;
        let method = request.method.clone();
        // Handlers are guarded where they run; this is for what stands around them. Put
        // together from futures, because an `async` block would hold each of them twice.
        let outcome = AssertUnwindSafe(self.clone().dispatch(request, peer, sink));
        outcome.catch_unwind().map(move |outcome| {
            let outcome = outcome.unwrap_or_else(|panic| panicked(&method, panic.as_ref()));
            let message = self.encode(&outcome, &id, revision);
            let (outcome, message) = match message.len() <= self.max_response() {
                true => (outcome, message),
                false => {
                    let refused = self.too_large(&outcome, &method, message.len());
                    let message = self.encode(&refused, &id, revision);
                    (refused, message)
                }
            };
            let (status, needed_scopes) = match &outcome {
                Outcome::Error(error) => (error.kind.status(revision.era()), needed_scopes(error)),
                _ => (200, None),
            };
            Answer {
                message,
                status,
                is_result: !matches!(outcome, Outcome::Error(_)),
                needed_scopes,
            }
        })
    }

    /// What is answered in the place of an outcome that is too large.
    fn too_large(&self, outcome: &Outcome, method: &Method, bytes: usize) -> Outcome {
        self.may_send(method.as_str(), bytes);
        let most = self.max_response();
        let why = format!("The answer has {bytes} bytes, and {most} are allowed. Ask for less.");
        match outcome {
            Outcome::Call(_) => Outcome::Call(ToolOutput::error(why)),
            _ => Outcome::failed(ErrorKind::ResponseTooLarge, why),
        }
    }
}
