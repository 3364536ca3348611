//! What a request came to, before it is written for an era.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{Content, Implementation, ProtocolError, Revision, ToolDefinition};

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
    /// The answer to `tools/list`.
    Tools(Arc<ToolList>),
    /// The answer to `tools/call`.
    Call(ToolOutput),
    /// It failed.
    Error(ProtocolError),
}

/// What a tool came to.
#[derive(Clone, Debug, Default)]
pub struct ToolOutput {
    /// What the model reads.
    pub content: Vec<Content>,
    /// What a program reads, as JSON.
    pub structured: Option<Box<RawValue>>,
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
}

/// Who the server is and what it says of itself.
#[derive(Clone, Debug)]
pub struct ServerIdentity {
    /// Name, version and the like.
    pub implementation: Implementation,
    /// How a model should use it.
    pub instructions: Option<String>,
    encoded: PerRevision,
}

impl ServerIdentity {
    /// An identity without instructions.
    pub fn new(implementation: Implementation) -> Self {
        Self {
            implementation,
            instructions: None,
            encoded: PerRevision::default(),
        }
    }

    /// `serverInfo` as JSON, written once for each revision.
    pub(super) fn info(&self, revision: Revision) -> &[u8] {
        self.encoded
            .get(revision, || self.implementation.wire(revision))
    }
}

/// The tools of a server, in the order in which they are listed.
#[derive(Clone, Debug)]
pub struct ToolList {
    tools: Vec<ToolDefinition>,
    encoded: PerRevision,
}

impl ToolList {
    /// A list in this order.
    pub fn new(tools: Vec<ToolDefinition>) -> Self {
        Self {
            tools,
            encoded: PerRevision::default(),
        }
    }

    /// The tools, in order.
    pub fn tools(&self) -> &[ToolDefinition] {
        &self.tools
    }

    /// The array as JSON, written once for each revision.
    pub(super) fn json(&self, revision: Revision) -> &[u8] {
        self.encoded.get(revision, || {
            let tools = self.tools.iter();
            tools.map(|t| t.wire(revision)).collect::<Vec<_>>()
        })
    }
}

/// JSON that depends on nothing but the revision, written when it is first needed.
#[derive(Clone, Debug, Default)]
struct PerRevision([OnceLock<Bytes>; Revision::ALL.len()]);

impl PerRevision {
    fn get<T: serde::Serialize>(&self, revision: Revision, value: impl FnOnce() -> T) -> &[u8] {
        self.0[revision as usize].get_or_init(|| {
            // Serialising these plain structures cannot fail; `null` would be noticed.
            serde_json::to_vec(&value()).map_or_else(|_| Bytes::from_static(b"null"), Bytes::from)
        })
    }
}
