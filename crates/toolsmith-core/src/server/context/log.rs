//! Log messages to the client.

use serde_json::Value;

use super::Context;
use crate::protocol::{LogLevel, encode_log};

/// A log message to the client: text, or any JSON.
///
/// ```
/// use serde_json::json;
/// use toolsmith_core::protocol::LogLevel;
/// use toolsmith_core::server::LogMessage;
///
/// let message = LogMessage::new(LogLevel::Warning, json!({"left": 3})).logger("quota");
/// # let _ = message;
/// ```
#[derive(Clone, Debug)]
pub struct LogMessage {
    level: LogLevel,
    logger: Option<String>,
    data: Value,
}

impl LogMessage {
    /// A message of a level.
    pub fn new(level: LogLevel, data: impl Into<Value>) -> Self {
        Self {
            level,
            logger: None,
            data: data.into(),
        }
    }

    /// With the name of the part that says it.
    #[must_use]
    pub fn logger(mut self, name: impl Into<String>) -> Self {
        self.logger = Some(name.into());
        self
    }
}

impl Context {
    /// Sends the client a log message, if it asked for messages of that level: with
    /// `logging/setLevel` in the legacy era, from then on, with the request in the modern one.
    ///
    /// Never waits. A message that the client is too slow to take is dropped, and so is one
    /// over a hundred a second. It must hold no secrets: whoever runs the client reads it.
    pub fn log(&self, message: LogMessage) {
        let scope = self.scope();
        let Some(sink) = &scope.sink else {
            return;
        };
        // What the client has said since the call began is newer than what it had said before.
        let newer = scope.peer.session.as_ref();
        let newer = newer.and_then(|session| session.newer_log_level());
        let least = newer.or(scope.peer.log_level);
        if least.is_none_or(|least| message.level < least) {
            return;
        }
        let encoded = encode_log(message.level, message.logger.as_deref(), &message.data);
        if !scope.engine.may_send("a log message", encoded.len()) {
            return;
        }
        let asking = scope.asking.as_ref();
        if asking.is_some_and(|asking| !asking.is_new_log(&encoded)) || !self.0.budget.take() {
            return;
        }
        if !sink.notify(encoded) {
            tracing::debug!(name = %scope.name, "a log message was dropped");
        }
    }

    /// Sends the client a log message that helps to find a mistake.
    pub fn debug(&self, data: impl Into<Value>) {
        self.log(LogMessage::new(LogLevel::Debug, data));
    }

    /// Sends the client a log message on what goes on.
    pub fn info(&self, data: impl Into<Value>) {
        self.log(LogMessage::new(LogLevel::Info, data));
    }

    /// Sends the client a log message on what may go wrong.
    pub fn warning(&self, data: impl Into<Value>) {
        self.log(LogMessage::new(LogLevel::Warning, data));
    }

    /// Sends the client a log message on what went wrong.
    pub fn error(&self, data: impl Into<Value>) {
        self.log(LogMessage::new(LogLevel::Error, data));
    }
}
