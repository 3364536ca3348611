//! Asking the client, whichever way its revision has.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Context;
use crate::protocol::Question;
use crate::server::handler::{self, ToolError};
use crate::server::limit::Clock;
use crate::server::sessions::late;

/// How a question is asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Terms {
    /// The name that its author gave it.
    pub(super) key: Option<Box<str>>,
    /// How long its answer is waited for.
    pub(super) timeout: Option<Duration>,
}

/// The most that is said of an answer.
const MAX_MISFITS: usize = 10;

impl Context {
    /// Asks, and waits for the answer as JSON.
    pub(super) async fn ask(&self, terms: Terms, question: Question) -> Result<Value, ToolError> {
        let Terms { key, timeout } = terms;
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
            let asked = task.ask(key, question);
            return match timeout {
                None => asked.await,
                Some(limit) => tokio::time::timeout(limit, asked)
                    .await
                    .unwrap_or_else(|_| Err(late(limit))),
            };
        }
        if let Some(asking) = &scope.asking {
            return asking.ask(key, question).await;
        }
        match (&scope.peer.session, &scope.sink) {
            (Some(session), Some(sink)) => {
                session.ready().await;
                let waiting = session.ask(&question, scope.peer.revision, sink, None)?;
                Ok(waiting.within(timeout).answer().await?)
            }
            _ => Err(ToolError::user(
                "the client cannot be asked here: it reads no stream while it waits for the answer",
            )),
        }
    }

    /// Reads an answer as what it is to be.
    pub(super) fn read<T: DeserializeOwned>(
        &self,
        answer: &Value,
        what: &str,
    ) -> Result<T, ToolError> {
        self.read_as(answer, what, None)
    }

    /// Reads an answer that was asked for with a schema.
    pub(super) fn read_as<T: DeserializeOwned>(
        &self,
        answer: &Value,
        what: &str,
        schema: Option<Value>,
    ) -> Result<T, ToolError> {
        let read = T::deserialize(answer);
        read.or_else(|_| handler::read(&answer.to_string(), || schema))
            .map_err(|misfits| {
                let shown = misfits.iter().take(MAX_MISFITS).map(|it| it.said_of(""));
                let shown: Vec<String> = shown.collect();
                self.misfit(what, &shown.join("; "))
            })
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
