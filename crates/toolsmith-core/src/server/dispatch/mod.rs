//! From a request to an outcome.
//!
//! What is logged of a failure may hold a client's words. It is recorded as a string, not
//! as something that displays itself, because a log escapes line ends in strings.

mod begun;
mod call;
mod complete;
mod custom;
mod failure;
mod list;
mod listen;
mod prompt;
mod questions;
mod read;
mod work;

use std::sync::Arc;

use serde::Deserialize;

use self::begun::Begun;
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
    pub fn dispatch(
        self,
        request: Request,
        peer: Peer,
        sink: Option<Arc<dyn ReplySink>>,
    ) -> impl Future<Output = Outcome> + Send + 'static {
        let operation = Operation::new(request, peer, sink);
        match self.observers().is_empty() {
            true => self.begin(operation),
            false => Begun::aside(self.observed(operation)),
        }
    }

    /// With those around it who look on.
    async fn observed(self, mut operation: Operation) -> Outcome {
        operation.primitive = self.primitive_of(&operation);
        let observers = self.observers().clone();
        let end = move |operation| Box::pin(self.begin(operation)) as _;
        Next::new(&observers, Box::new(end)).run(operation).await
    }

    /// What an operation is about, of what its caller may see.
    fn primitive_of(&self, operation: &Operation) -> Option<Arc<str>> {
        let target = operation.target()?;
        let view = self.registry().view(operation.caller().tenant());
        match operation.method() {
            Method::CallTool => view.tool(target).map(|(_, it)| Arc::clone(&it.name)),
            Method::GetPrompt => view.prompt(target).map(|(_, it)| Arc::clone(&it.name)),
            Method::ReadResource | Method::Subscribe | Method::Unsubscribe => {
                view.at(target).map(|it| it.key().1.into())
            }
            _ => None,
        }
    }

    /// Begins work on a request when there is room for it.
    fn begin(self, operation: Operation) -> Begun {
        if !is_call(&operation.request.method) {
            return self.begin_now(operation);
        }
        let Some(place) = self.admission().enter() else {
            return self.begin_later(operation);
        };
        // Made where it is to stand, because it is large.
        let mut begun = self.begin_now(operation);
        begun.hold(place);
        begun
    }

    /// Waits for a place, and works on the request then. Apart, so that the request is not
    /// moved about for it where there is room.
    #[cold]
    #[inline(never)]
    fn begin_later(self, operation: Operation) -> Begun {
        let waiting = match self.admission().queue() {
            Ok(waiting) => waiting,
            Err(error) => return Begun::at_once(Outcome::Error(error)),
        };
        Begun::aside(async move {
            match waiting.place().await {
                Ok(place) => {
                    let outcome = self.begin_now(operation).await;
                    drop(place);
                    outcome
                }
                Err(error) => Outcome::Error(error),
            }
        })
    }

    /// Begins work on a request.
    #[inline]
    fn begin_now(self, operation: Operation) -> Begun {
        if self.layers().is_empty() || !is_seen(&operation.request.method) {
            return self.serve(operation);
        }
        Begun::aside(self.through_layers(operation))
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

    fn serve(self, operation: Operation) -> Begun {
        let modern = operation.peer.revision.is_modern();
        if !self.advertises(&operation.request.method) {
            return Begun::at_once(not_served(operation.request.method.as_str()));
        }
        if self.needs_scopes()
            && let Err(error) = self.lets_in(&operation)
        {
            return Begun::at_once(Outcome::Error(error));
        }
        match (&operation.request.method, modern) {
            (Method::CallTool, _) => self.call_tool(operation),
            (Method::ListTools, _) => Begun::aside(self.list(ListKind::Tools, operation)),
            (Method::ListPrompts, _) => Begun::aside(self.list(ListKind::Prompts, operation)),
            (Method::ListResources, _) => Begun::aside(self.list(ListKind::Resources, operation)),
            (Method::ListTemplates, _) => Begun::aside(self.list(ListKind::Templates, operation)),
            (Method::ReadResource, _) => Begun::aside(self.read_resource(operation)),
            (Method::GetPrompt, _) => Begun::aside(self.get_prompt(operation)),
            (Method::Complete, _) => Begun::aside(self.complete(operation)),
            (Method::Discover, true) => Begun::at_once(Outcome::Discover),
            (Method::Listen, true) => Begun::aside(self.listen(operation)),
            (Method::GetTask | Method::UpdateTask | Method::CancelTask, _)
            | (Method::TaskResult | Method::ListTasks, false) => Begun::aside(self.task(operation)),
            (Method::Ping, false) => Begun::at_once(Outcome::Empty),
            (Method::SetLevel, false) => Begun::aside(set_level(operation)),
            (Method::Subscribe, false) => Begun::aside(self.subscribe(operation)),
            (Method::Unsubscribe, false) => Begun::aside(unsubscribe(operation)),
            (Method::Other(name), _) => match self.custom(name).cloned() {
                Some(method) => Begun::aside(self.custom_method(method, operation)),
                None => Begun::at_once(not_served(name)),
            },
            (method, _) => Begun::at_once(not_served(method.as_str())),
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
            // What a tool that is gone has begun is there still.
            Method::GetTask
            | Method::UpdateTask
            | Method::CancelTask
            | Method::TaskResult
            | Method::ListTasks => can.tasks,
            _ => true,
        }
    }

    /// Requests about tasks, for those who can deal with tasks.
    async fn task(self, operation: Operation) -> Outcome {
        let Operation {
            request,
            peer,
            sink,
            ..
        } = operation;
        let extension = crate::protocol::TASKS_EXTENSION;
        if !peer.revision.is_modern() && !peer.revision.has_legacy_tasks() {
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

    /// Where an operation came from, for a handler of a server, and what it was called with.
    pub(super) fn scope(
        self,
        home: &Arc<Home>,
        name: Arc<str>,
        operation: Operation,
    ) -> (Box<Scope>, Box<Params>) {
        let Operation {
            request,
            peer,
            sink,
            ..
        } = operation;
        let mut params = request.params;
        let scope = Box::new(Scope {
            states: home.states.get().cloned().unwrap_or_default(),
            id: request.id,
            name,
            message: params.message().clone(),
            trace: params.trace().map(Arc::new),
            progress: params.progress_token.take(),
            sink,
            asking: None,
            task: None,
            becoming: None,
            clock: None,
            peer,
            engine: self,
        });
        (scope, params)
    }
}

/// Whether a method is a call, of which only so many are worked on at once.
fn is_call(method: &Method) -> bool {
    matches!(
        method,
        Method::CallTool
            | Method::ReadResource
            | Method::GetPrompt
            | Method::Complete
            | Method::Other(_)
    )
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

async fn set_level(operation: Operation) -> Outcome {
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

async fn unsubscribe(operation: Operation) -> Outcome {
    match (&operation.request.params.uri, &operation.peer.session) {
        (Some(uri), Some(session)) => done(session.unsubscribe(uri).await),
        (Some(_), None) => Outcome::Empty,
        (None, _) => Outcome::failed(ErrorKind::InvalidParams, "`uri` is missing"),
    }
}

impl Engine {
    /// Has a legacy client told of changes of a resource, which must be there.
    async fn subscribe(self, operation: Operation) -> Outcome {
        let (peer, params) = (&operation.peer, &operation.request.params);
        let Some(uri) = &params.uri else {
            return Outcome::failed(ErrorKind::InvalidParams, "`uri` is missing");
        };
        let view = self.registry().view(peer.caller.tenant());
        let Some(entry) = view.at(uri) else {
            let era = peer.revision.era();
            return Outcome::Error(ProtocolError::resource_not_found(uri, era));
        };
        if let Err(error) = entry.permit(&peer.caller) {
            return Outcome::Error(error);
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;
    use crate::protocol::{Decoded, Message, decode};
    use crate::server::Server;

    /// Guards against holding a request at each step of the way: 8 KiB, which were moved
    /// about with each call.
    #[test]
    fn the_future_of_a_call_is_small() {
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call"});
        let decoded = decode(&Bytes::from(call.to_string()), None);
        let Ok(Decoded::Legacy(Message::Request(request))) = decoded else {
            panic!("{decoded:?}");
        };
        let engine = Server::new("s").build().unwrap();
        let answer = engine.answer(request, Peer::new(Revision::LATEST_LEGACY), None);
        let size = size_of_val(&answer);
        assert!(size <= 1280, "{size} bytes");
    }
}
