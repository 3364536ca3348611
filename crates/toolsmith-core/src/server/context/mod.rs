//! What a handler is given of the request that it works on.

use std::fmt;
use std::sync::Arc;

use super::tool::{FromContext, ToolError};
use super::{Peer, ReplySink, StateMap};
use crate::protocol::{
    ClientCapability, ClientInfo, ProgressToken, RequestId, Revision, encode_progress,
    missing_capability,
};

/// The request that a tool works on: who asks, and a way to reach them before the answer.
///
/// Cheap to clone, and may outlive the call; after the answer, reports go nowhere.
#[derive(Clone)]
pub struct Context(Arc<Inner>);

struct Inner {
    peer: Peer,
    id: RequestId,
    tool: Arc<str>,
    states: Arc<StateMap>,
    progress: Option<ProgressSink>,
}

/// Where progress goes when the client asked for it.
#[derive(Clone, Debug)]
pub(super) struct ProgressSink {
    pub(super) token: ProgressToken,
    pub(super) sink: Arc<dyn ReplySink>,
}

/// How far a call has come.
///
/// ```
/// use toolsmith_core::server::Progress;
///
/// let halfway = Progress::new(5.0).total(10.0).message("five of ten");
/// # let _ = halfway;
/// ```
#[derive(Clone, Debug)]
pub struct Progress {
    progress: f64,
    total: Option<f64>,
    message: Option<String>,
}

impl Progress {
    /// How much is done. It must grow from one report to the next.
    pub fn new(progress: f64) -> Self {
        Self {
            progress,
            total: None,
            message: None,
        }
    }

    /// Of how much.
    #[must_use]
    pub fn total(mut self, total: f64) -> Self {
        self.total = Some(total);
        self
    }

    /// What is being done, for people.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }
}

impl Context {
    pub(super) fn new(
        peer: Peer,
        id: RequestId,
        tool: Arc<str>,
        states: Arc<StateMap>,
        progress: Option<ProgressSink>,
    ) -> Self {
        Self(Arc::new(Inner {
            peer,
            id,
            tool,
            states,
            progress,
        }))
    }

    /// The name of the tool that is being called.
    pub fn tool_name(&self) -> &str {
        &self.0.tool
    }

    /// The id of the request, as the client wrote it.
    pub fn request_id(&self) -> &RequestId {
        &self.0.id
    }

    /// The revision of the protocol that the client speaks.
    pub fn revision(&self) -> Revision {
        self.0.peer.revision
    }

    /// Who the client says it is. Not verified.
    pub fn client(&self) -> Option<&ClientInfo> {
        self.0.peer.client.as_deref()
    }

    /// Whether the client has declared a capability.
    pub fn supports(&self, capability: ClientCapability) -> bool {
        self.0.peer.capabilities.has(capability)
    }

    /// Ends the call unless the client has declared a capability.
    ///
    /// # Errors
    ///
    /// An error that becomes -32021 with `requiredCapabilities` for a modern client, and a
    /// tool error that says the same for a legacy one. Pass it on with `?`.
    pub fn require(&self, capability: ClientCapability) -> Result<(), ToolError> {
        if self.supports(capability) {
            return Ok(());
        }
        Err(ToolError::protocol(missing_capability(capability)))
    }

    /// Tells the client how far the call has come, if it asked to be told.
    ///
    /// Never waits. A report that the client is too slow to take is dropped.
    pub fn progress(&self, progress: Progress) {
        let Some(to) = &self.0.progress else { return };
        let message = encode_progress(
            &to.token,
            self.0.peer.revision,
            progress.progress,
            progress.total,
            progress.message.as_deref(),
        );
        if !to.sink.send(message) {
            tracing::debug!(tool = %self.0.tool, "a progress report was dropped");
        }
    }

    /// The values that the server was given.
    pub(super) fn state_map(&self) -> &StateMap {
        &self.0.states
    }
}

impl FromContext for Context {
    fn from_context(context: &Context) -> Result<Self, ToolError> {
        Ok(context.clone())
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("tool", &self.0.tool)
            .field("id", &self.0.id)
            .field("peer", &self.0.peer)
            .finish_non_exhaustive()
    }
}
