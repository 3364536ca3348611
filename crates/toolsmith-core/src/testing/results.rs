//! What a client in memory is answered.

use std::fmt;

use serde_json::Value;

use crate::protocol::ProtocolError;

/// What a call of a tool came to.
#[derive(Clone, Debug, PartialEq)]
pub struct CallResult(Value);

impl CallResult {
    pub(super) fn new(result: Value) -> Self {
        Self(result)
    }

    /// The texts of the result, one after the other.
    pub fn text(&self) -> String {
        let blocks = self.0["content"].as_array().into_iter().flatten();
        blocks.filter_map(|block| block["text"].as_str()).collect()
    }

    /// Whether the tool failed.
    pub fn is_error(&self) -> bool {
        self.0["isError"] == true
    }

    /// The structured result, if there is one.
    pub fn structured(&self) -> Option<&Value> {
        self.0.get("structuredContent")
    }

    /// The task that the call has become, if it has.
    pub fn task_id(&self) -> Option<&str> {
        let own = self
            .0
            .get("taskId")
            .or_else(|| self.0.pointer("/task/taskId"));
        own.and_then(Value::as_str)
    }

    /// The whole result, as it came.
    pub fn json(&self) -> &Value {
        &self.0
    }
}

/// A prompt that was filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptMessages(Value);

impl PromptMessages {
    pub(super) fn new(result: Value) -> Self {
        Self(result)
    }

    /// The texts of the messages, in order.
    pub fn texts(&self) -> Vec<&str> {
        let messages = self.0["messages"].as_array().into_iter().flatten();
        let texts = messages.map(|message| message.pointer("/content/text"));
        texts
            .filter_map(|text| text.and_then(Value::as_str))
            .collect()
    }

    /// The whole result, as it came.
    pub fn json(&self) -> &Value {
        &self.0
    }
}

/// An error that the server answered with.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The JSON-RPC code; 0 when it was not the server who said so.
    pub code: i64,
    /// What the server says.
    pub message: String,
    /// The `data` of the error.
    pub data: Option<Value>,
}

impl Failure {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            code: 0,
            message: message.into(),
            data: None,
        }
    }

    pub(super) fn refused(error: &ProtocolError) -> Self {
        Self {
            code: error.kind.code(),
            message: error.message.to_string(),
            data: error.data.as_deref().cloned(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl std::error::Error for Failure {}

/// Reads an answer.
pub(super) fn read(message: &[u8]) -> Result<Value, Failure> {
    let mut message: Value = serde_json::from_slice(message)
        .map_err(|error| Failure::new(format!("the server's answer is no JSON: {error}")))?;
    let error = message["error"].take();
    if error.is_null() {
        return Ok(message["result"].take());
    }
    Err(failure(&error))
}

/// An error as a message has it.
pub(super) fn failure(error: &Value) -> Failure {
    Failure {
        code: error["code"].as_i64().unwrap_or_default(),
        message: error["message"].as_str().unwrap_or_default().to_owned(),
        data: error.get("data").cloned(),
    }
}
