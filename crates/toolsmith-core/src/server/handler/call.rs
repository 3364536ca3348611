//! One call of a tool.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::slots::Slots;
use super::{ToolError, arguments};
use crate::protocol::RequestId;
use crate::server::context::ProgressSink;
use crate::server::engine::Engine;
use crate::server::{Context, Peer};

/// One call of a tool: its arguments as JSON, and where it came from.
#[derive(Debug)]
pub struct ToolCall {
    pub(in crate::server) arguments: Bytes,
    pub(in crate::server) engine: Engine,
    pub(in crate::server) peer: Peer,
    pub(in crate::server) id: RequestId,
    pub(in crate::server) tool: Arc<str>,
    pub(in crate::server) progress: Option<ProgressSink>,
    pub(in crate::server) context: OnceLock<Context>,
}

impl ToolCall {
    /// The arguments as JSON: an object, or nothing.
    pub fn arguments(&self) -> &[u8] {
        &self.arguments
    }

    /// The context of the call, made when it is first asked for.
    pub fn context(&self) -> &Context {
        self.context.get_or_init(|| {
            Context::new(
                self.peer.clone(),
                self.id.clone(),
                Arc::clone(&self.tool),
                self.engine.states(),
                self.progress.clone(),
            )
        })
    }

    /// Fills the parameters of a tool: arguments in one pass over the JSON, injected ones
    /// from the context.
    ///
    /// # Errors
    ///
    /// A tool error that names every argument that is missing, unknown or does not fit; or
    /// what an injected parameter refused the call with.
    #[doc(hidden)]
    pub fn parameters<S: Slots>(
        &self,
        names: &'static [&'static str],
        mut slots: S,
    ) -> Result<S::Values, ToolError> {
        arguments::fill(self.arguments(), names, &mut slots)?;
        slots.take(self)
    }

    /// Runs a plain function on the pool. See [`Tool::call`](super::Tool::call) for what
    /// dropping the future does.
    ///
    /// # Errors
    ///
    /// When too many calls are waiting.
    #[doc(hidden)]
    pub async fn blocking<T, F>(&self, function: F) -> Result<T, ToolError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        self.engine.pool().run(function).await
    }
}
