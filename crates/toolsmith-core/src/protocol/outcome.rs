//! What a request came to, before it is written for an era.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::listing::PerRevision;
use super::{
    Completions, Content, Implementation, Page, PromptOutput, ProtocolError, Question, ReadOutcome,
    Revision, ServerCapabilities, Structured, TaskView,
};

/// What a request came to. Era-free: [`encode`](super::encode) writes it for a revision.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// Done, with nothing to say.
    Empty,
    /// The answer to `initialize`, for the revision that was agreed on.
    Initialize(Revision),
    /// The answer to `server/discover`.
    Discover,
    /// A page of a list.
    Page(Page),
    /// The answer to `tools/call`.
    Call(ToolOutput),
    /// The answer to `resources/read`.
    Read(ReadOutcome),
    /// The answer to `prompts/get`.
    Prompt(PromptOutput),
    /// The answer to `completion/complete`.
    Completions(Completions),
    /// The client is to answer questions and ask again. Only the modern era has it.
    InputRequired(InputRequired),
    /// The call has become a task.
    TaskCreated(Box<TaskView>),
    /// How a task is doing.
    Task(Box<TaskView>),
    /// What a legacy task came to.
    TaskResult(Box<TaskView>),
    /// The tasks of a legacy client, a page at a time.
    Tasks(Vec<TaskView>, Option<String>),
    /// A subscription of the modern era has come to an end.
    Unsubscribed,
    /// What a method of an extension came to.
    Custom(Map<String, Value>),
    /// It failed.
    Error(ProtocolError),
}

impl Outcome {
    /// A failure.
    pub fn failed(
        kind: super::ErrorKind,
        message: impl Into<std::borrow::Cow<'static, str>>,
    ) -> Self {
        Outcome::Error(ProtocolError::new(kind, message))
    }
}

/// Questions to the client, and the state that it gives back with the answers.
#[derive(Clone, Debug)]
pub struct InputRequired {
    /// The questions, by key.
    pub questions: Vec<(Box<str>, Question)>,
    /// What the server needs to go on, sealed.
    pub state: String,
}

/// What a tool came to.
#[derive(Clone, Debug, Default)]
pub struct ToolOutput {
    /// What the model reads.
    pub content: Vec<Content>,
    /// What a program reads, as JSON.
    pub structured: Option<Structured>,
    /// The tool failed, and the content says why.
    pub is_error: bool,
    /// More about the result.
    pub meta: Option<Map<String, Value>>,
}

impl ToolOutput {
    /// An output of one block of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            content: vec![Content::text(text)],
            ..Self::default()
        }
    }

    /// An output that says what went wrong.
    pub fn error(message: impl Into<String>) -> Self {
        Self {
            is_error: true,
            ..Self::text(message)
        }
    }

    /// The same, with one more entry in its `_meta`.
    #[must_use]
    pub fn meta(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        let meta = self.meta.get_or_insert_default();
        meta.insert(key.into(), value.into());
        self
    }
}

/// Who the server is and what it says of itself.
#[derive(Clone, Debug)]
pub struct ServerIdentity {
    /// Name, version and the like.
    pub implementation: Implementation,
    /// How a model should use it.
    pub instructions: Option<String>,
    /// What it can do.
    pub capabilities: ServerCapabilities,
    encoded: Arc<PerRevision>,
}

impl ServerIdentity {
    /// An identity without instructions.
    pub fn new(implementation: Implementation) -> Self {
        Self {
            implementation,
            instructions: None,
            capabilities: ServerCapabilities::default(),
            encoded: Arc::default(),
        }
    }

    /// `serverInfo` as JSON, written once for each revision.
    pub(super) fn info(&self, revision: Revision) -> &[u8] {
        self.encoded.get(revision, || {
            let info = serde_json::to_vec(&self.implementation.wire(revision));
            // Serialising a plain structure cannot fail; `null` would be noticed.
            info.map_or_else(|_| Bytes::from_static(b"null"), Bytes::from)
        })
    }
}
