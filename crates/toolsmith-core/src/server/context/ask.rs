//! Asking the client, whichever way its revision has.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Context;
use crate::protocol::Question;
use crate::server::handler::ToolError;
use crate::server::limit::Clock;

impl Context {
    /// Asks, and waits for the answer as JSON.
    pub(super) async fn ask(
        &self,
        key: Option<Box<str>>,
        question: Question,
    ) -> Result<Value, ToolError> {
        let scope = self.scope();
        if self.0.cannot_ask.load(std::sync::atomic::Ordering::Acquire) {
            return Err(ToolError::internal(
                "a plain `fn` cannot wait for an answer of the client; make it an `async fn`",
            ));
        }
        self.require(question.kind.needs())?;
        // Before it goes anywhere, so that it is the same on every way.
        question
            .known_to(scope.peer.revision)
            .map_err(ToolError::user)?;
        // Whoever is asked may take their time.
        let _stopped = scope.clock.as_ref().map(Clock::stop);
        if let Some(task) = self.task() {
            return task.ask(key, question).await;
        }
        if let Some(asking) = &scope.asking {
            return asking.ask(key, question).await;
        }
        match (&scope.peer.session, &scope.sink) {
            (Some(session), Some(sink)) => {
                let waiting = session.ask(&question, scope.peer.revision, sink, None)?;
                waiting.answer().await
            }
            _ => Err(ToolError::user(
                "the client cannot be asked here: it reads no stream while it waits for the answer",
            )),
        }
    }

    /// Reads an answer as what it is to be.
    pub(super) fn read<T: DeserializeOwned>(
        &self,
        answer: Value,
        what: &str,
    ) -> Result<T, ToolError> {
        serde_json::from_value(answer)
            .map_err(|error| self.misfit(what, &crate::protocol::plain(&error.to_string())))
    }

    /// The refusal of an answer that does not fit. Where it came in the request that is
    /// being answered, that request does not fit; elsewhere the handler has failed.
    pub(super) fn misfit(&self, what: &str, why: &str) -> ToolError {
        let said = format!("the client's answer is no {what}: {why}");
        match self.scope().asking {
            Some(_) => ToolError::invalid(said),
            None => ToolError::user(said),
        }
    }
}
