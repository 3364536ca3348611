//! One request for a handler.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;

use super::slots::Slots;
use super::{ToolError, arguments};
use crate::protocol::{Captures, ProgressToken, RequestId, TraceContext};
use crate::server::asking::Asking;
use crate::server::engine::Engine;
use crate::server::limit::{Clock, Limit};
use crate::server::running::Becoming;
use crate::server::tasks::TaskHandle;
use crate::server::text_value::TextValue;
use crate::server::{Context, Peer, ReplySink, StateMap};

/// What a handler is called with: its arguments, and where the request came from.
pub struct Call {
    arguments: Arguments,
    /// In a box, because a call is handed on.
    scope: Box<Scope>,
    context: OnceLock<Context>,
}

/// The arguments as they came.
#[derive(Debug)]
pub(in crate::server) enum Arguments {
    /// Of a tool: a JSON object; empty when there were none.
    Json(Bytes),
    /// Of a prompt: names and texts.
    Text(Vec<(String, String)>),
    /// Of a resource: what its template found in the URI.
    Uri(Captures),
}

/// Where a request came from, and the way back.
#[derive(Clone, Debug)]
pub(in crate::server) struct Scope {
    pub(in crate::server) engine: Engine,
    /// The states of the server that the handler was registered with.
    pub(in crate::server) states: Arc<StateMap>,
    pub(in crate::server) peer: Peer,
    pub(in crate::server) id: RequestId,
    /// The name of the tool or prompt, the URI of the resource.
    pub(in crate::server) name: Arc<str>,
    /// The request as it came, as JSON.
    pub(in crate::server) message: Bytes,
    pub(in crate::server) trace: Option<Arc<TraceContext>>,
    pub(in crate::server) progress: Option<ProgressToken>,
    pub(in crate::server) sink: Option<Arc<dyn ReplySink>>,
    pub(in crate::server) asking: Option<Arc<Asking>>,
    /// The task that the call is.
    pub(in crate::server) task: Option<TaskHandle>,
    /// Where the handler says that the call is to become a task.
    pub(in crate::server) becoming: Option<Arc<Becoming>>,
    /// What measures the time of the handler, where that is limited and may stand still.
    pub(in crate::server) clock: Option<Arc<Clock>>,
}

impl Scope {
    /// A limit on the time of the handler, which stands still while the handler waits for its
    /// client, if that can be asked at all.
    #[inline]
    pub(in crate::server) fn limit(&mut self, length: Option<Duration>) -> Option<Limit> {
        let length = length?;
        if !self.peer.capabilities.can_be_asked() {
            return Some(Limit::new(length));
        }
        let clock = Arc::<Clock>::default();
        self.clock = Some(Arc::clone(&clock));
        Some(Limit::by(length, clock))
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("name", &self.scope.name)
            .field("id", &self.scope.id)
            .finish_non_exhaustive()
    }
}

impl Call {
    pub(in crate::server) fn new(arguments: Arguments, scope: Box<Scope>) -> Self {
        Self {
            arguments,
            scope,
            context: OnceLock::new(),
        }
    }

    /// The arguments of a tool as JSON: an object, or nothing.
    pub fn arguments(&self) -> &[u8] {
        match &self.arguments {
            Arguments::Json(json) => json,
            Arguments::Text(_) | Arguments::Uri(_) => &[],
        }
    }

    /// The arguments of a prompt, in the order in which they came.
    pub fn texts(&self) -> &[(String, String)] {
        match &self.arguments {
            Arguments::Text(texts) => texts,
            Arguments::Json(_) | Arguments::Uri(_) => &[],
        }
    }

    /// What the template of a resource found in the URI.
    pub fn captures(&self) -> Option<&Captures> {
        match &self.arguments {
            Arguments::Uri(captures) => Some(captures),
            Arguments::Json(_) | Arguments::Text(_) => None,
        }
    }

    /// The name of the tool or prompt, the URI of the resource.
    pub fn name(&self) -> &str {
        &self.scope.name
    }

    /// The context of the call, made when it is first asked for.
    pub fn context(&self) -> &Context {
        self.context
            .get_or_init(|| Context::new(Scope::clone(&self.scope)))
    }

    /// Fills the parameters of a handler: arguments in one pass, injected ones from the
    /// context.
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
        match &self.arguments {
            Arguments::Json(json) => arguments::fill(json, names, &mut slots)?,
            Arguments::Text(texts) => {
                let texts = texts.iter().map(|(k, v)| (k.as_str(), TextValue::One(v)));
                arguments::fill_texts(texts.collect(), names, &mut slots)?;
            }
            Arguments::Uri(captures) => {
                let found = captures.iter().map(|(k, v)| (k, TextValue::from(v)));
                arguments::fill_texts(found.collect(), names, &mut slots)?;
            }
        }
        slots.take(self)
    }

    /// Runs a plain function on the pool. See [`Tool::call`](crate::server::tool::Tool::call)
    /// for what dropping the future does.
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
        if let Some(context) = self.context.get() {
            context.forbid_asking();
        }
        self.scope.engine.pool().run(function).await
    }
}

/// A call that is over, however it ended, is over for whoever polls its token.
impl Drop for Call {
    fn drop(&mut self) {
        if let Some(context) = self.context.get() {
            context.end();
        }
    }
}
