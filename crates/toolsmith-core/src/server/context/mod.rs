//! What a handler is given of the request that it works on.

mod ask;
mod elicit;
mod log;
mod progress;
mod roots;
mod sampling;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Map, Value};

pub use elicit::{Elicit, ElicitUrl, Elicitations, Elicited};
pub use log::LogMessage;
pub use progress::Progress;
pub use roots::{ListRoots, Root};
pub use sampling::{
    Sample, Sampled, Sampling, SamplingContent, SamplingMessage, StopReason, ToolChoice,
};

use super::handler::{FromContext, Scope, ToolError};
use super::{Caller, Registry, StateMap};
use crate::protocol::{
    ClientCapability, ClientInfo, ErrorKind, ProtocolError, RequestId, Revision, TraceContext,
    meta_of, missing_capability, missing_extension,
};
use crate::server::tasks::TaskHandle;

/// The request that a handler works on: who asks, and a way to reach them before the
/// answer.
///
/// Cheap to clone, and may outlive the call; after the answer, reports go nowhere.
///
/// # Asking the client
///
/// [`elicit`](Self::elicit) asks the user by a form, [`elicit_url`](Self::elicit_url) sends
/// the user to a page, [`sample`](Self::sample) asks the client's model, and
/// [`list_roots`](Self::list_roots) asks which folders matter. An `async fn` writes the same
/// for clients of every revision:
///
/// - In the legacy era the question goes out on the stream of the request, and the handler
///   waits at the `await`.
/// - In the modern era the handler is **dropped at the `await`**. The client asks its user,
///   sends the request again with the answers, and the handler **runs again from the top**;
///   questions that were answered are answered at once. So a handler does its side effects
///   after its last question, or makes them safe to repeat.
#[derive(Clone)]
pub struct Context(Arc<Inner>);

struct Inner {
    scope: Scope,
    cancelled: Arc<AtomicBool>,
    /// A plain function cannot wait for an answer.
    cannot_ask: AtomicBool,
    budget: progress::Budget,
    furthest: progress::Furthest,
}

/// Tells whether a call is over: cancelled, timed out or ended. For what cannot be dropped
/// at an await, such as a plain function.
///
/// ```
/// use toolsmith_core::server::Context;
///
/// fn count(ctx: Context) -> u64 {
///     let over = ctx.cancellation();
///     let mut n = 0;
///     while n < 1_000_000 && !over.is_cancelled() {
///         n += 1;
///     }
///     n
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Cancellation(Arc<AtomicBool>);

impl Cancellation {
    /// Whether the call is over.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Context {
    pub(super) fn new(scope: Scope) -> Self {
        Self(Arc::new(Inner {
            scope,
            cancelled: Arc::default(),
            cannot_ask: AtomicBool::new(false),
            budget: progress::Budget::default(),
            furthest: progress::Furthest::default(),
        }))
    }

    fn scope(&self) -> &Scope {
        &self.0.scope
    }

    /// The name of the tool or prompt, or the URI of the resource, that is asked for.
    pub fn name(&self) -> &str {
        &self.scope().name
    }

    /// The id of the request, as the client wrote it.
    pub fn request_id(&self) -> &RequestId {
        &self.scope().id
    }

    /// The revision of the protocol that the client speaks.
    pub fn revision(&self) -> Revision {
        self.scope().peer.revision
    }

    /// Who the client says it is. Not verified.
    pub fn client(&self) -> Option<&ClientInfo> {
        self.scope().peer.client.as_deref()
    }

    /// Who is asking, as far as that was found out.
    pub fn caller(&self) -> &Caller {
        &self.scope().peer.caller
    }

    /// What else the client said of the request: its `_meta`, which may hold anything.
    pub fn meta(&self) -> Map<String, Value> {
        meta_of(&self.scope().message)
    }

    /// The trace that the request is a part of, where the client named one.
    pub fn trace(&self) -> Option<&TraceContext> {
        self.scope().trace.as_deref()
    }

    /// Whether the client has declared a capability.
    pub fn supports(&self, capability: ClientCapability) -> bool {
        self.scope().peer.capabilities.has(capability)
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

    /// Ends the call unless its caller may do what a scope allows, for what depends on the
    /// arguments. What always needs a scope says so where it is declared.
    ///
    /// # Errors
    ///
    /// An error that becomes -31018 and, where nothing was said yet, status 403. Pass it on
    /// with `?`.
    pub fn require_scope(&self, scope: &str) -> Result<(), ToolError> {
        if self.caller().may(scope) {
            return Ok(());
        }
        let what = format!("this use of `{}`", self.name());
        let error = ProtocolError::insufficient_scope(&what, &[scope], &[scope]);
        Err(ToolError::protocol(error))
    }

    /// The settings with which the client has declared an extension, such as
    /// `io.modelcontextprotocol/ui`; nothing when it has not.
    pub fn extension(&self, identifier: &str) -> Option<&Value> {
        self.scope().peer.capabilities.extension(identifier)
    }

    /// Ends the call unless the client has declared an extension.
    ///
    /// # Errors
    ///
    /// As [`require`](Self::require).
    pub fn require_extension(&self, identifier: &str) -> Result<&Value, ToolError> {
        self.extension(identifier)
            .ok_or_else(|| ToolError::protocol(missing_extension(identifier)))
    }

    /// What the server offers, which a handler may change.
    ///
    /// What a server said that it has when it started, it serves: one that is to get its
    /// first prompt from a handler takes its [`Server::registry`](super::Server::registry)
    /// before it starts, and so says that it has prompts.
    pub fn registry(&self) -> &Registry {
        self.scope().engine.registry()
    }

    /// Runs a function that blocks, such as one that reads a file, on the pool of the
    /// server's plain functions.
    ///
    /// Dropping the future while the function waits for a thread takes it out of the queue;
    /// once it runs it runs to its end, and its result is lost.
    ///
    /// # Errors
    ///
    /// When too many calls are waiting; the client is answered with code -31002.
    pub async fn blocking<T, F>(&self, function: F) -> Result<T, ToolError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        self.scope().engine.pool().run(function).await
    }

    /// The part of a list of one's own that a page of it shows, and the cursor of the next
    /// page. Pages are as long as those of the server's lists.
    ///
    /// `list` tells the cursors of one list from those of another; `key` is what an item is
    /// called, which finds the place again in a list that has changed.
    ///
    /// # Errors
    ///
    /// When the cursor is not one that was given out for this list, to this tenant; answered
    /// with code -32602.
    pub fn page<T>(
        &self,
        list: &str,
        items: &[T],
        cursor: Option<&str>,
        key: impl Fn(&T) -> &str,
    ) -> Result<(std::ops::Range<usize>, Option<String>), ToolError> {
        let scope = self.scope();
        let page = scope.engine.page(list, items, cursor, &scope.peer, key);
        page.map_err(ToolError::protocol)
    }

    /// Whether the call is over: cancelled, timed out or ended. An `async fn` need not
    /// look: it is dropped at its next await.
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::Acquire)
    }

    /// Tells whether the call is over, wherever it is taken.
    pub fn cancellation(&self) -> Cancellation {
        Cancellation(Arc::clone(&self.0.cancelled))
    }

    /// Closes the client's connection, and has it come back for the rest of the answer
    /// after a while, so that a long call does not hold a connection open.
    ///
    /// Only a client of revision 2025-11-25 over HTTP can do that; `false` for every other,
    /// which goes on waiting.
    pub fn close_stream(&self, retry: std::time::Duration) -> bool {
        let rich = self.revision().has_rich_questions() && !self.revision().is_modern();
        let sink = self.scope().sink.as_ref();
        rich && sink.is_some_and(|sink| sink.pause(retry))
    }

    /// Makes a task of the call: the client is answered that it is one, and the handler
    /// goes on. Only a tool with `#[tool(task = "decided")]` may do that.
    ///
    /// # Errors
    ///
    /// When the client cannot deal with tasks, which
    /// [`can_become_task`](Self::can_become_task) tells beforehand, and which becomes code
    /// -32021 for a modern client; and when there is no room for another task, which becomes
    /// code -31002. The call may go on without being one.
    pub async fn become_task(&self) -> Result<(), ToolError> {
        if self.is_task() {
            return Ok(());
        }
        match &self.scope().becoming {
            Some(becoming) => becoming.ask().await,
            None => Err(ToolError::protocol(ProtocolError::new(
                ErrorKind::Internal,
                format!(
                    "`{}` cannot become a task: the client has not asked for one, or the tool is not declared with task = \"decided\"",
                    self.name()
                ),
            ))),
        }
    }

    /// Whether the call may become a task.
    pub fn can_become_task(&self) -> bool {
        let becoming = self.scope().becoming.as_ref();
        self.is_task() || becoming.is_some_and(|it| it.is_possible())
    }

    /// Whether the call is a task.
    pub fn is_task(&self) -> bool {
        self.task().is_some()
    }

    /// Says in one line how far the task has come, for whoever looks at it. Nothing when
    /// the call is none.
    ///
    /// From the first such line on, the task shows these and no
    /// [`progress`](Self::progress). Never waits: where the store is slow, a newer line takes
    /// the place of one that was not written yet. Cut off after 1 KiB.
    pub fn task_status(&self, message: impl Into<String>) {
        if let Some(task) = self.task() {
            task.say(message.into());
        }
    }

    fn task(&self) -> Option<&TaskHandle> {
        let scope = self.scope();
        let became = || scope.becoming.as_ref().and_then(|it| it.task());
        scope.task.as_ref().or_else(became)
    }

    /// The values that the server was given, for parameters of one's own; a handler asks for
    /// [`State`](super::State).
    pub fn states(&self) -> &StateMap {
        &self.scope().states
    }

    pub(super) fn forbid_asking(&self) {
        self.0.cannot_ask.store(true, Ordering::Release);
    }

    pub(super) fn end(&self) {
        self.0.cancelled.store(true, Ordering::Release);
    }
}

impl FromContext for Context {
    fn from_context(context: &Context) -> Result<Self, ToolError> {
        Ok(context.clone())
    }
}

impl FromContext for Caller {
    fn from_context(context: &Context) -> Result<Self, ToolError> {
        Ok(context.caller().clone())
    }
}

impl FromContext for Cancellation {
    fn from_context(context: &Context) -> Result<Self, ToolError> {
        Ok(context.cancellation())
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("name", &self.scope().name)
            .field("id", &self.scope().id)
            .field("peer", &self.scope().peer)
            .finish_non_exhaustive()
    }
}
