//! How operations end.

use std::time::{Duration, Instant};

use super::{Next, Operation};
use crate::protocol::{ErrorKind, Outcome};

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ending {
    /// With a result.
    Complete,
    /// With a result that tells the model what went wrong.
    ToolError,
    /// With questions that the client is to answer.
    InputRequired,
    /// It goes on as a task.
    Task,
    /// With an error.
    Error(ErrorKind),
    /// Nobody waits for it any more.
    Cancelled,
}

impl Ending {
    /// How an outcome ends.
    pub fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Error(error) => Ending::Error(error.kind),
            Outcome::Call(output) if output.is_error => Ending::ToolError,
            Outcome::InputRequired(_) => Ending::InputRequired,
            Outcome::TaskCreated(_) => Ending::Task,
            _ => Ending::Complete,
        }
    }

    /// A word for it, as logs and metrics have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Ending::Complete => "complete",
            Ending::ToolError => "tool_error",
            Ending::InputRequired => "input_required",
            Ending::Task => "task",
            Ending::Error(_) => "error",
            Ending::Cancelled => "cancelled",
        }
    }

    /// The error that it ended with.
    pub const fn error(self) -> Option<ErrorKind> {
        match self {
            Ending::Error(kind) => Some(kind),
            _ => None,
        }
    }
}

/// Who is told how an operation ended; also where it is dropped before it has.
struct Told<F: FnOnce(Ending, Duration)> {
    begun: Instant,
    tell: Option<F>,
}

impl<F: FnOnce(Ending, Duration)> Told<F> {
    fn ends(&mut self, ending: Ending) {
        if let Some(tell) = self.tell.take() {
            tell(ending, self.begun.elapsed());
        }
    }
}

impl<F: FnOnce(Ending, Duration)> Drop for Told<F> {
    fn drop(&mut self) {
        self.ends(Ending::Cancelled);
    }
}

impl Next<'_> {
    /// Hands an operation on as [`run`](Self::run) does, and tells how it ended and how long
    /// it took. Where the future is dropped, which cancels the operation, that is told, too.
    pub async fn run_and_tell<F>(self, operation: Operation, tell: F) -> Outcome
    where
        F: FnOnce(Ending, Duration) + Send,
    {
        let mut told = Told {
            begun: Instant::now(),
            tell: Some(tell),
        };
        let outcome = self.run(operation).await;
        told.ends(Ending::of(&outcome));
        outcome
    }
}
