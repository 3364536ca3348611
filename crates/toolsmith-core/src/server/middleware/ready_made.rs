//! Middleware that many servers want.

use std::time::{Duration, Instant};

use super::{Middleware, Next, Operation};
use crate::protocol::{ErrorKind, Outcome, ResourceData, ToolOutput};

/// Tells a closure how long each operation took.
///
/// ```
/// use toolsmith_core::server::Server;
/// use toolsmith_core::server::middleware::Time;
///
/// let server = Server::new("timed").middleware(Time::new(|method, target, took| {
///     // Such as: add it to a histogram.
///     let _ = (method, target, took);
/// }));
/// # let _ = server;
/// ```
pub struct Time<F>(F);

impl<F> Time<F>
where
    F: Fn(&str, Option<&str>, Duration) + Send + Sync + 'static,
{
    /// Tells this closure: the method, what it was done to, and how long it took.
    pub fn new(tell: F) -> Self {
        Self(tell)
    }
}

impl<F> std::fmt::Debug for Time<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Time")
    }
}

impl<F> Middleware for Time<F>
where
    F: Fn(&str, Option<&str>, Duration) + Send + Sync + 'static,
{
    async fn handle(&self, operation: Operation, next: Next<'_>) -> Outcome {
        let method = operation.method().to_string();
        let target = operation.target().map(str::to_owned);
        let begun = Instant::now();
        let outcome = next.run(operation).await;
        (self.0)(&method, target.as_deref(), begun.elapsed());
        outcome
    }
}

/// Refuses results that hold too much, so that no tool floods a model.
///
/// What a result holds is counted as its texts and its Base64, in bytes. How many bytes any
/// message may have is [`Server::max_response`](crate::server::Server::max_response).
#[derive(Clone, Copy, Debug)]
pub struct LimitResponse {
    bytes: usize,
}

impl LimitResponse {
    /// At most so many bytes.
    pub fn new(bytes: usize) -> Self {
        Self { bytes }
    }
}

impl Middleware for LimitResponse {
    async fn handle(&self, operation: Operation, next: Next<'_>) -> Outcome {
        self.task_ended(next.run(operation).await)
    }

    fn task_ended(&self, outcome: Outcome) -> Outcome {
        let size = size_of(&outcome);
        if size <= self.bytes {
            return outcome;
        }
        let why = format!(
            "The result has {size} bytes, and {} are allowed. Ask for less.",
            self.bytes
        );
        match outcome {
            Outcome::Call(_) => Outcome::Call(ToolOutput::error(why)),
            _ => Outcome::failed(ErrorKind::Internal, why),
        }
    }
}

fn size_of(outcome: &Outcome) -> usize {
    match outcome {
        Outcome::Call(output) => {
            let blocks: usize = output.content.iter().map(|it| it.size()).sum();
            blocks
                + output
                    .structured
                    .as_ref()
                    .map_or(0, |json| json.get().len())
        }
        Outcome::Read(read) => {
            let parts = read.output.contents.iter();
            parts
                .map(|part| match &part.data {
                    ResourceData::Text(text) | ResourceData::Blob(text) => text.len(),
                })
                .sum()
        }
        Outcome::Prompt(prompt) => prompt.messages.iter().map(|it| it.content.size()).sum(),
        _ => 0,
    }
}

/// Tells clients nothing of errors but that there was one: messages of tools for the model
/// as well as errors of the protocol that a handler chose.
///
/// What a client can do nothing about (masked failures, panics, timeouts) has no details in
/// it anyway.
#[derive(Clone, Copy, Debug, Default)]
pub struct MaskErrors;

impl Middleware for MaskErrors {
    async fn handle(&self, operation: Operation, next: Next<'_>) -> Outcome {
        self.task_ended(next.run(operation).await)
    }

    fn task_ended(&self, outcome: Outcome) -> Outcome {
        const SAID: &str = "The request failed.";
        match outcome {
            Outcome::Call(output) if output.is_error => Outcome::Call(ToolOutput::error(SAID)),
            Outcome::Error(mut error) => {
                // The code still says what kind of error it is, and the data of one that the
                // specification defines is needed to deal with it.
                error.message = SAID.into();
                Outcome::Error(error)
            }
            outcome => outcome,
        }
    }
}
