//! Questions of the legacy era: requests to the client, on the stream of the request that
//! they are asked for.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;

use super::live::Reply;
use super::{SessionRef, Using};
use crate::protocol::{Question, RequestId, Revision, encode_cancelled, encode_question};
use crate::server::ReplySink;
use crate::server::handler::ToolError;

/// A question that waits for its answer. Dropping it tells the client that nobody does.
pub(in crate::server) struct WaitingQuestion {
    live: Using,
    number: u64,
    reply: oneshot::Receiver<Reply>,
    sink: Arc<dyn ReplySink>,
    /// The task that asks.
    task: Option<Box<str>>,
    limit: Duration,
    done: bool,
}

/// Why a question has no answer.
pub(in crate::server) enum Unanswered {
    /// The client has refused to be asked, or its answer cannot be read.
    Refused(ToolError),
    /// Nobody has said anything: the session has ended, or it took too long. Whoever is
    /// asked next may answer.
    Nobody(ToolError),
}

impl From<Unanswered> for ToolError {
    fn from(why: Unanswered) -> Self {
        match why {
            Unanswered::Refused(error) | Unanswered::Nobody(error) => error,
        }
    }
}

impl SessionRef {
    /// Asks the client of the session, on the stream of a request.
    pub(in crate::server) fn ask(
        &self,
        question: &Question,
        revision: Revision,
        sink: &Arc<dyn ReplySink>,
        task: Option<&str>,
    ) -> Result<WaitingQuestion, ToolError> {
        let live = self.live();
        let number = self.sessions.next_question();
        // Before anybody waits: what was never asked need not be taken back.
        let message = encode_question(question, number, revision, task).map_err(ToolError::user)?;
        let engine = &self.sessions.engine;
        if !engine.may_send("a question", message.len()) {
            return Err(ToolError::user(format!(
                "the question has {} bytes, and {} are allowed; ask for less at once",
                message.len(),
                engine.max_response()
            )));
        }
        let reply = live.ask(number);
        let waiting = WaitingQuestion {
            live,
            number,
            reply,
            sink: Arc::clone(sink),
            task: task.map(Into::into),
            limit: self.sessions.engine.question_timeout(),
            done: false,
        };
        if !sink.ask(message) {
            return Err(ToolError::user(
                "the client cannot be asked: it is not there any more",
            ));
        }
        Ok(waiting)
    }
}

impl WaitingQuestion {
    /// The same question, which waits for so long where that was said.
    pub(in crate::server) fn within(mut self, limit: Option<Duration>) -> Self {
        self.limit = limit.unwrap_or(self.limit);
        self
    }

    /// Waits for the answer. A question that has waited for too long is taken back.
    pub(in crate::server) async fn answer(mut self) -> Result<Value, Unanswered> {
        let Ok(reply) = tokio::time::timeout(self.limit, &mut self.reply).await else {
            return Err(Unanswered::Nobody(late(self.limit)));
        };
        self.done = true;
        match reply {
            Ok(Ok(json)) => serde_json::from_slice(&json)
                .map_err(|error| Unanswered::Refused(ToolError::internal(error))),
            Ok(Err(refused)) => {
                let said: String = refused.message.chars().take(500).collect();
                Err(Unanswered::Refused(ToolError::user(format!(
                    "the client refused to be asked: {said}"
                ))))
            }
            Err(_) => Err(Unanswered::Nobody(ToolError::user(
                "the session ended before the client answered",
            ))),
        }
    }
}

/// The failure to wait any longer.
pub(in crate::server) fn late(limit: Duration) -> ToolError {
    ToolError::user(format!("the client did not answer within {limit:?}"))
}

impl Drop for WaitingQuestion {
    fn drop(&mut self) {
        if self.live.unask(self.number) && !self.done {
            let id = RequestId::from_json(self.number.to_string().into());
            if let Some(id) = id {
                let reason = "nobody waits for the answer";
                let message = encode_cancelled(&id, reason, self.task.as_deref());
                self.sink.notify(message);
            }
        }
    }
}
