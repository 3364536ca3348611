//! From a request to an outcome.
//!
//! What is logged of a failure may hold a client's words. It is recorded as a string, not
//! as something that displays itself, because a log escapes line ends in strings.

mod call;
mod complete;
mod failure;
mod list;
mod listen;
mod prompt;
mod questions;
mod read;
mod work;

use std::sync::Arc;

use serde::Deserialize;

use super::engine::Engine;
use super::handler::Scope;
use super::middleware::{Next, Operation};
use super::registry::Home;
use super::{Peer, ReplySink};
use crate::protocol::{
    ErrorKind, InitializeParams, ListKind, LogLevel, Method, Outcome, Params, ProtocolError,
    Request, Revision, missing_extension,
};
pub(super) use failure::panicked;
use failure::shown;

impl Engine {
    /// Does what a request asks for.
    ///
    /// What there is to say before the answer goes to `sink`. Dropping the future cancels
    /// the request: an `async fn` stops at its next await, a plain `fn` goes on to its end
    /// and its result is lost.
    pub async fn dispatch(
        self,
        request: Request,
        peer: Peer,
        sink: Option<Arc<dyn ReplySink>>,
    ) -> Outcome {
        let operation = Operation {
            request,
            peer,
            sink,
        };
        if self.layers().is_empty() || !is_seen(&operation.request.method) {
            return self.serve(operation).await;
        }
        Box::pin(self.through_layers(operation)).await
    }

    /// With the middleware around it.
    async fn through_layers(self, operation: Operation) -> Outcome {
        let layers = self.layers().clone();
        let end = move |operation| Box::pin(self.serve(operation)) as _;
        Next::new(&layers, Box::new(end)).run(operation).await
    }

    /// Opens a legacy conversation: who the client is from now on, and what it is
    /// answered.
    ///
    /// Implements `initialize` of the lifecycle pages of the legacy revisions.
    ///
    /// # Errors
    ///
    /// When the parameters do not fit.
    pub fn initialize(&self, params: &Params) -> Result<(Peer, Outcome), ProtocolError> {
        let params = InitializeParams::try_from(params)?;
        let revision = Revision::negotiate(&params.protocol_version);
        let peer = Peer {
            capabilities: params.capabilities,
            client: params.client.map(Arc::new),
            ..Peer::new(revision)
        };
        Ok((peer, Outcome::Initialize(revision)))
    }

    /// Whether a request may have something to say before its answer. A transport gives
    /// those a sink, and need not bother with one for the rest.
    pub fn may_speak(&self, request: &Request, peer: &Peer) -> bool {
        let is_asked = request.params.progress_token.is_some() || peer.log_level.is_some();
        let legacy = peer.revision.era() == crate::protocol::Era::Legacy;
        match request.method {
            Method::Listen | Method::TaskResult => true,
            Method::CallTool | Method::GetPrompt | Method::ReadResource => {
                is_asked
                    || (legacy
                        && (peer.capabilities.can_be_asked() || peer.revision.has_rich_questions()))
            }
            _ => false,
        }
    }

    /// What is called less often than a tool is worked on in a box of its own, so that the
    /// future of a call stays small.
    async fn serve(self, operation: Operation) -> Outcome {
        let modern = operation.peer.revision.is_modern();
        if !self.advertises(&operation.request.method) {
            return not_served(operation.request.method.as_str());
        }
        match (&operation.request.method, modern) {
            (Method::CallTool, _) => self.call_tool(operation).await,
            (Method::ListTools, _) => self.list(ListKind::Tools, operation).await,
            (Method::ListPrompts, _) => self.list(ListKind::Prompts, operation).await,
            (Method::ListResources, _) => self.list(ListKind::Resources, operation).await,
            (Method::ListTemplates, _) => self.list(ListKind::Templates, operation).await,
            (Method::ReadResource, _) => Box::pin(self.read_resource(operation)).await,
            (Method::GetPrompt, _) => Box::pin(self.get_prompt(operation)).await,
            (Method::Complete, _) => Box::pin(self.complete(operation)).await,
            (Method::Discover, true) => Outcome::Discover,
            (Method::Listen, true) => Box::pin(self.listen(operation)).await,
            (Method::GetTask | Method::UpdateTask | Method::CancelTask, _)
            | (Method::TaskResult | Method::ListTasks, false) => {
                Box::pin(self.task(operation)).await
            }
            (Method::Ping, false) => Outcome::Empty,
            (Method::SetLevel, false) => Box::pin(set_level(&operation)).await,
            (Method::Subscribe, false) => Box::pin(self.subscribe(&operation)).await,
            (Method::Unsubscribe, false) => Box::pin(unsubscribe(&operation)).await,
            (Method::Other(name), _) => match self.custom(name) {
                Some(method) => method.handle(self.clone(), operation).await,
                None => not_served(name),
            },
            (method, _) => not_served(method.as_str()),
        }
    }

    /// Whether the server said that it has what a method is about. What it did not say, it
    /// does not serve: a client that asks anyway learns the same as one that looked first.
    fn advertises(&self, method: &Method) -> bool {
        let can = &self.identity().capabilities;
        match method {
            Method::CallTool | Method::ListTools => can.tools,
            Method::GetPrompt | Method::ListPrompts => can.prompts,
            Method::ReadResource
            | Method::ListResources
            | Method::ListTemplates
            | Method::Subscribe
            | Method::Unsubscribe => can.resources,
            Method::Complete => can.completions,
            _ => true,
        }
    }

    /// Requests about tasks, for those who can deal with tasks.
    async fn task(self, operation: Operation) -> Outcome {
        let Operation {
            request,
            peer,
            sink,
        } = operation;
        let view = self.registry().view(peer.caller.tenant());
        let extension = crate::protocol::TASKS_EXTENSION;
        // What a tool that is gone has begun is there still.
        let has_tasks = self.identity().capabilities.tasks || view.has_tasks();
        if !has_tasks || (!peer.revision.is_modern() && !peer.revision.has_legacy_tasks()) {
            return not_served(request.method.as_str());
        }
        if peer.revision.is_modern() && peer.capabilities.extension(extension).is_none() {
            return Outcome::Error(missing_extension(extension));
        }
        let (tasks, params) = (self.tasks(), &request.params);
        match request.method {
            Method::GetTask => tasks.get(params, &peer).await,
            Method::UpdateTask if peer.revision.is_modern() => tasks.update(params, &peer).await,
            Method::CancelTask => tasks.cancel(params, &peer).await,
            Method::TaskResult => tasks.result(params, &peer, sink).await,
            Method::ListTasks => self.list_tasks(params, &peer).await,
            method => not_served(method.as_str()),
        }
    }

    /// Where an operation came from, for a handler of a server.
    pub(super) fn scope(
        self,
        home: &Arc<Home>,
        name: Arc<str>,
        operation: &mut Operation,
    ) -> Scope {
        let params = &mut operation.request.params;
        let states = home.states.get().cloned().unwrap_or_default();
        Scope {
            states,
            id: operation.request.id.clone(),
            name,
            params: params.raw().clone(),
            trace: params.trace().map(Arc::new),
            progress: params.progress_token.take(),
            sink: operation.sink.take(),
            asking: None,
            task: None,
            becoming: None,
            clock: None,
            peer: operation.peer.clone(),
            engine: self,
        }
    }
}

/// Whether middleware stands around a method.
fn is_seen(method: &Method) -> bool {
    matches!(
        method,
        Method::CallTool
            | Method::ReadResource
            | Method::GetPrompt
            | Method::Complete
            | Method::ListTools
            | Method::ListPrompts
            | Method::ListResources
            | Method::ListTemplates
    )
}

fn not_served(method: &str) -> Outcome {
    Outcome::failed(
        ErrorKind::MethodNotFound,
        format!("the method `{}` is not served", shown(method)),
    )
}

async fn set_level(operation: &Operation) -> Outcome {
    #[derive(Deserialize)]
    struct Wanted {
        level: LogLevel,
    }
    let wanted: Wanted = match operation.request.params.typed() {
        Ok(wanted) => wanted,
        Err(error) => return Outcome::Error(error),
    };
    match &operation.peer.session {
        None => Outcome::Empty,
        Some(session) => done(session.set_log_level(wanted.level).await),
    }
}

async fn unsubscribe(operation: &Operation) -> Outcome {
    match (&operation.request.params.uri, &operation.peer.session) {
        (Some(uri), Some(session)) => done(session.unsubscribe(uri).await),
        (Some(_), None) => Outcome::Empty,
        (None, _) => Outcome::failed(ErrorKind::InvalidParams, "`uri` is missing"),
    }
}

impl Engine {
    /// Has a legacy client told of changes of a resource, which must be there.
    async fn subscribe(&self, operation: &Operation) -> Outcome {
        let (peer, params) = (&operation.peer, &operation.request.params);
        let Some(uri) = &params.uri else {
            return Outcome::failed(ErrorKind::InvalidParams, "`uri` is missing");
        };
        let view = self.registry().view(peer.caller.tenant());
        if view.resource(uri).is_none() && view.provider(uri).is_none() {
            let era = peer.revision.era();
            return Outcome::Error(ProtocolError::resource_not_found(uri, era));
        }
        match &peer.session {
            None => Outcome::Empty,
            Some(session) => done(session.subscribe(Arc::from(&**uri)).await),
        }
    }
}

fn done(result: Result<(), ProtocolError>) -> Outcome {
    match result {
        Ok(()) => Outcome::Empty,
        Err(error) => Outcome::Error(error),
    }
}
