//! What stands around calls, reads, gets and lists.
//!
//! A [`Middleware`] sees every operation on its way in and every outcome on its way out,
//! and may change, answer or refuse either. One that looks on from outside, as a log does,
//! is an [observer](super::Server::observer): it sees every request, also those for which
//! there is no room. A server without any pays nothing for them.

mod ending;
mod log;
mod ready_made;

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

pub use ending::Ending;
pub use log::Log;
pub use ready_made::{LimitResponse, MaskErrors, Time};

use super::{Arrival, Caller, Peer, ReplySink};
use crate::protocol::{Method, Outcome, Request, RequestId, TraceContext};

/// Something that is done for a client, on its way to whatever does it.
#[derive(Debug, Clone)]
pub struct Operation {
    pub(super) request: Request,
    pub(super) peer: Peer,
    pub(super) sink: Option<Arc<dyn ReplySink>>,
    /// What it is about, of what the server has. Looked for where somebody looks on.
    pub(super) primitive: Option<Arc<str>>,
}

impl Operation {
    pub(super) fn new(request: Request, peer: Peer, sink: Option<Arc<dyn ReplySink>>) -> Self {
        Self {
            request,
            peer,
            sink,
            primitive: None,
        }
    }

    /// What is to be done.
    pub fn method(&self) -> &Method {
        &self.request.method
    }

    /// The id that the client gave it. Another client may use the same.
    pub fn request_id(&self) -> &RequestId {
        &self.request.id
    }

    /// The trace that it is a part of, as its `_meta` says.
    pub fn trace(&self) -> Option<TraceContext> {
        self.request.params.trace()
    }

    /// How it came, where an [observer](super::Server::observer) looks on and the transport
    /// knows.
    pub fn arrival(&self) -> Option<&Arrival> {
        self.peer.arrival.as_deref()
    }

    /// The tool, prompt or resource that it is about, as the server has it: a name, a URI or a
    /// template. Unlike [`target`](Self::target) it is no word of a client, of which there may
    /// be any number. Only for [observers](super::Server::observer), and none where there is
    /// no such thing.
    pub fn primitive(&self) -> Option<&str> {
        self.primitive.as_deref()
    }

    /// What it is done to: the name of a tool or prompt, the URI of a resource.
    pub fn target(&self) -> Option<&str> {
        let params = &self.request.params;
        params.name.as_deref().or(params.uri.as_deref())
    }

    /// The arguments as JSON; empty when there are none.
    pub fn arguments(&self) -> &[u8] {
        &self.request.params.arguments
    }

    /// Other arguments in their place, as JSON.
    pub fn set_arguments(&mut self, json: impl Into<bytes::Bytes>) {
        self.request.params.arguments = json.into();
    }

    /// Who asks.
    pub fn caller(&self) -> &Caller {
        &self.peer.caller
    }

    /// The client that asks.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }
}

/// What stands around operations.
///
/// ```
/// use toolsmith_core::protocol::{ErrorKind, Outcome};
/// use toolsmith_core::server::Server;
/// use toolsmith_core::server::middleware::{Middleware, Next, Operation};
///
/// /// Refuses whatever is to be deleted.
/// struct NothingIsDeleted;
///
/// impl Middleware for NothingIsDeleted {
///     async fn handle(&self, operation: Operation, next: Next<'_>) -> Outcome {
///         if operation.target().is_some_and(|name| name.starts_with("delete_")) {
///             return Outcome::failed(ErrorKind::InvalidParams, "nothing is deleted here");
///         }
///         next.run(operation).await
///     }
/// }
///
/// let server = Server::new("careful").middleware(NothingIsDeleted);
/// # let _ = server;
/// ```
pub trait Middleware: Send + Sync + 'static {
    /// Does an operation, by handing it on or otherwise.
    ///
    /// Dropping the future cancels the operation.
    fn handle(&self, operation: Operation, next: Next<'_>) -> impl Future<Output = Outcome> + Send;

    /// Looks at what a call came to that went on as a task, before it is kept: its result or
    /// its error. `handle` saw only that the task began. Never waits.
    fn task_ended(&self, outcome: Outcome) -> Outcome {
        outcome
    }

    /// Is told that a client of the legacy era has opened a conversation. Never waits.
    fn opened(&self, peer: &Peer) {
        let _ = peer;
    }

    /// Is told, after [`task_ended`](Self::task_ended) of all, that a task has ended by
    /// itself. Never waits.
    fn task_done(&self, task: &EndedTask<'_>) {
        let _ = task;
    }
}

/// A call that went on as a task, and has ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct EndedTask<'a> {
    /// The name of its tool.
    pub tool: &'a str,
    /// Who called it.
    pub caller: &'a Caller,
    /// What it came to.
    pub outcome: &'a Outcome,
    /// How long it went on after it was answered.
    pub took: Duration,
}

type Handling<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// A [`Middleware`] behind one type.
pub(super) trait Layer: Any + Send + Sync {
    fn handle<'a>(&'a self, operation: Operation, next: Next<'a>) -> Handling<'a>;
    fn task_ended(&self, outcome: Outcome) -> Outcome;
    fn opened(&self, peer: &Peer);
    fn task_done(&self, task: &EndedTask<'_>);
}

impl<M: Middleware> Layer for M {
    fn handle<'a>(&'a self, operation: Operation, next: Next<'a>) -> Handling<'a> {
        Box::pin(Middleware::handle(self, operation, next))
    }

    fn task_ended(&self, outcome: Outcome) -> Outcome {
        Middleware::task_ended(self, outcome)
    }

    fn opened(&self, peer: &Peer) {
        Middleware::opened(self, peer);
    }

    fn task_done(&self, task: &EndedTask<'_>) {
        Middleware::task_done(self, task);
    }
}

/// The middleware of a server, outermost first.
pub(super) type Layers = Arc<[Arc<dyn Layer>]>;

/// What is there once all middleware has been passed.
pub(super) type End<'a> = Box<dyn FnOnce(Operation) -> Handling<'a> + Send + 'a>;

/// What comes after a middleware.
pub struct Next<'a> {
    layers: &'a [Arc<dyn Layer>],
    end: End<'a>,
}

impl fmt::Debug for Next<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Next({} more)", self.layers.len())
    }
}

impl<'a> Next<'a> {
    pub(super) fn new(layers: &'a [Arc<dyn Layer>], end: End<'a>) -> Self {
        Self { layers, end }
    }

    /// Hands an operation on. Dropping the future cancels the operation.
    pub async fn run(self, operation: Operation) -> Outcome {
        match self.layers {
            [] => (self.end)(operation).await,
            [layer, rest @ ..] => {
                let next = Next {
                    layers: rest,
                    end: self.end,
                };
                layer.handle(operation, next).await
            }
        }
    }
}
