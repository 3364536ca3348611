//! What a line asks for, and what comes of it.

use std::future::Future;
use std::pin::Pin;

use futures_util::FutureExt as _;

use crate::protocol::{RequestId, encode_unsubscribed};
use crate::server::Answer;

/// Work on one line.
pub(super) struct Work {
    /// The work itself.
    pub(super) done: Pin<Box<dyn Future<Output = Done> + Send>>,
    /// How many requests it is that count among those that are worked on at once; streams of
    /// changes do not.
    pub(super) requests: usize,
    /// What it costs of the room for requests.
    pub(super) cost: usize,
}

impl Work {
    pub(super) fn new(
        answer: impl Future<Output = Option<Answer>> + Send + 'static,
        cost: usize,
        requests: Vec<Name>,
    ) -> Self {
        Self {
            requests: requests.len(),
            cost,
            done: Box::pin(answer.map(move |answer| Done {
                message: answer.map(|answer| answer.message),
                last_word: None,
                cost,
                stream: None,
                requests,
            })),
        }
    }

    /// A stream of changes. When the server ends it, its client is told so after the answer:
    /// there is nothing of its own that could be closed.
    pub(super) fn stream(
        answer: impl Future<Output = Option<Answer>> + Send + 'static,
        cost: usize,
        name: Name,
    ) -> Self {
        Self {
            requests: 0,
            cost: 0,
            done: Box::pin(answer.map(move |answer| {
                let has_ended = answer.as_ref().is_some_and(|answer| answer.is_result);
                let ended = || encode_unsubscribed(&name.0, "the server is stopping");
                Done {
                    message: answer.map(|answer| answer.message),
                    last_word: has_ended.then(ended),
                    cost: 0,
                    stream: Some(cost),
                    requests: vec![name],
                }
            })),
        }
    }
}

/// What a line asks for.
pub(super) enum Taken {
    /// Nothing, or nothing more.
    Nothing,
    /// An answer that is there at once.
    Answer(Vec<u8>),
    /// An answer that opens a conversation, in which nothing is said before it.
    Opening(Vec<u8>),
    /// Work.
    Work(Work),
}

/// What came of work.
pub(super) struct Done {
    /// What is to be written, if anything.
    pub(super) message: Option<Vec<u8>>,
    /// What is to be written behind that.
    pub(super) last_word: Option<Vec<u8>>,
    /// What the work cost of the room for requests.
    pub(super) cost: usize,
    /// What it cost of the room for streams of changes, if it was one.
    pub(super) stream: Option<usize>,
    /// The requests that it was.
    pub(super) requests: Vec<Name>,
}

impl Done {
    /// How many requests it was that counted.
    pub(super) fn requests(&self) -> usize {
        match self.stream {
            Some(_) => 0,
            None => self.requests.len(),
        }
    }
}

/// A request: its id, and which of that id.
pub(super) type Name = (RequestId, u64);
