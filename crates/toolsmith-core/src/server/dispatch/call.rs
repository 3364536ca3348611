//! Calls of tools.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::abortable;

use super::begun::{Begun, PlainCall};
use super::failure::{Failed, shown};
use super::questions::Resumed;
use super::work::{Work, Worked};
use crate::caller::{Caller, Scopes};
use crate::protocol::{
    CallParams, ErrorKind, Outcome, ProtocolError, Revision, TASKS_EXTENSION, TaskOutcome,
    TaskSupport, ToolOutput, agree, missing_extension,
};
use crate::server::Peer;
use crate::server::admission::Place;
use crate::server::engine::Engine;
use crate::server::handler::{Arguments, Call, Scope, ToolError};
use crate::server::middleware::{EndedTask, Next, Operation};
use crate::server::registry::{Entry, Home, ToolEntry};
use crate::server::running::Becoming;
use crate::server::tasks::{Begun as BegunTask, wanted_ttl};

const NO_STRUCTURE: &str = "the tool has an output schema, but gave no structured result: return `Json`, or set `structured`";
const NO_TASK: &str = "this call is no task";
const NO_RESULT: &str = "the task ended without a result";

/// A call that is being worked on.
struct Calling {
    tool: Arc<ToolEntry>,
    revision: Revision,
    /// Where it is a task, or may become one.
    as_task: Option<Box<TaskCall>>,
}

/// What a task is made of.
struct TaskCall {
    /// The server that the tool is of.
    home: Arc<Home>,
    peer: Peer,
    /// What a caller needs who asks for it.
    scopes: Scopes,
    /// How long it is kept, where its client said so.
    ttl: Option<Duration>,
}

/// What it takes to go on with a call that did not end where it began.
pub(super) struct GoingOn {
    engine: Engine,
    calling: Calling,
    becoming: Option<Arc<Becoming>>,
    resumed: Option<Resumed>,
    /// Among the calls that are worked on, until it is answered.
    pub(super) place: Option<Place>,
}

/// Whether a call is a task from the beginning, may become one, or is none.
enum AsTask {
    No,
    May,
    /// It might, if its client could deal with it.
    Lacks,
    Is(Option<Duration>),
}

impl Engine {
    pub(super) fn call_tool(self, operation: Operation) -> Begun {
        let Some(name) = operation.request.params.name.as_deref() else {
            let missing = Outcome::failed(ErrorKind::InvalidParams, "`name` is missing");
            return Begun::at_once(missing);
        };
        let view = self.registry().view(operation.peer.caller.tenant());
        let Some((entry, tool)) = view.tool(name) else {
            return Begun::at_once(Outcome::failed(
                ErrorKind::InvalidParams,
                format!("Unknown tool: {}", shown(name)),
            ));
        };
        if !entry.is_for(operation.caller()) {
            return refused(entry, operation.caller());
        }
        // Before any middleware changes what the client has sent.
        if let Err(error) = headers_agree(&operation, tool) {
            return Begun::at_once(Outcome::Error(error));
        }
        match self.layers_within(&entry.home) {
            None => self.call_found(operation, tool, entry),
            Some(layers) => {
                let (entry, tool) = (entry.clone(), Arc::clone(tool));
                Begun::aside(async move {
                    let end = move |operation| {
                        Box::pin(async move { self.call_found(operation, &tool, &entry).await })
                            as _
                    };
                    Next::new(&layers, Box::new(end)).run(operation).await
                })
            }
        }
    }

    fn call_found(self, operation: Operation, tool: &Arc<ToolEntry>, entry: &Entry) -> Begun {
        let home = &entry.home;
        let (as_task, resumed) = match self.prepare(&operation, tool) {
            Ok(prepared) => prepared,
            Err(error) => return Begun::at_once(Outcome::Error(error)),
        };
        let task = |ttl| {
            Some(Box::new(TaskCall {
                home: Arc::clone(home),
                peer: operation.peer.clone(),
                scopes: entry.scopes.clone(),
                ttl,
            }))
        };
        let calling = Calling {
            tool: Arc::clone(tool),
            revision: operation.peer.revision,
            as_task: match &as_task {
                AsTask::No | AsTask::Lacks => None,
                AsTask::May => task(None),
                AsTask::Is(ttl) => task(*ttl),
            },
        };
        let engine = self.clone();
        let (mut scope, params) = self.scope(home, Arc::clone(&tool.name), operation);
        let arguments = match CallParams::try_from(params) {
            Ok(params) => Arguments::Json(params.arguments),
            Err(error) => return Begun::at_once(Outcome::Error(error)),
        };
        let becoming = match as_task {
            AsTask::No => None,
            AsTask::May => Some(Arc::new(Becoming::default())),
            AsTask::Lacks => {
                let lacks = missing_extension(TASKS_EXTENSION);
                Some(Arc::new(Becoming::refused(lacks)))
            }
            // A task asks by itself, not through the request that began it.
            AsTask::Is(_) => return Begun::aside(engine.call_as_task(calling, arguments, scope)),
        };
        scope.asking = resumed.as_ref().map(|it| Arc::clone(&it.asking));
        scope.becoming = becoming.clone();
        let limit = tool.timeout.or(engine.call_timeout());
        let work = work(tool, arguments, scope, limit);
        let going_on = GoingOn {
            engine,
            calling,
            becoming,
            resumed,
            place: None,
        };
        Begun::Call(PlainCall { work, going_on })
    }

    /// Checks a call before anything of it runs.
    fn prepare(
        &self,
        operation: &Operation,
        tool: &ToolEntry,
    ) -> Result<(AsTask, Option<Resumed>), ProtocolError> {
        let as_task = match self.identity().capabilities.tasks {
            true => as_task(operation, tool)?,
            // What was not declared is not used, whatever the client says of it.
            false => AsTask::No,
        };
        Ok((as_task, self.resumed(operation)?))
    }

    /// Makes a task of a call, and works on it after it was answered.
    async fn call_as_task(
        self,
        calling: Calling,
        arguments: Arguments,
        mut scope: Box<Scope>,
    ) -> Outcome {
        let begun = match self.begin_task(&calling).await {
            Ok(begun) => begun,
            Err(error) => return Outcome::Error(error),
        };
        scope.task = Some(begun.handle.clone());
        // Nobody reads the stream of the request any more once it was answered.
        scope.sink = None;
        let tool = &calling.tool;
        let work = work(tool, arguments, scope, tool.timeout);
        self.run_as_task(begun, work, calling)
    }

    /// Goes on as a task with a call that is being worked on.
    fn go_on_as_task(
        self,
        calling: Calling,
        work: Work<ToolOutput>,
        begun: BegunTask,
        becoming: &Becoming,
    ) -> Outcome {
        becoming.settle(Ok(begun.handle.clone()));
        // What holds for calls, because somebody waits for them, holds for no task.
        let work = match calling.tool.timeout {
            Some(_) => work,
            None => work.without_limit(),
        };
        self.run_as_task(begun, work, calling)
    }

    async fn begin_task(&self, calling: &Calling) -> Result<BegunTask, ProtocolError> {
        match &calling.as_task {
            Some(task) => {
                let scopes = task.scopes.clone();
                self.tasks().begin(&task.peer, scopes, task.ttl).await
            }
            None => Err(ProtocolError::new(ErrorKind::Internal, NO_TASK)),
        }
    }

    /// Goes on with a call after it was answered.
    fn run_as_task(self, begun: BegunTask, work: Work<ToolOutput>, calling: Calling) -> Outcome {
        // Before anything changes of which its client is to be told.
        let session = calling.as_task.as_ref();
        if let Some(session) = session.and_then(|task| task.peer.session.as_ref()) {
            session.watch_task((&*begun.view.id).into());
        }
        let handle = begun.handle.clone();
        let begun_at = Instant::now();
        let (work, abort) = abortable(async move {
            let outcome = match work.go_on(None, None, calling.failed()).await {
                Worked::Output(output) => Outcome::Call(output),
                Worked::Failed(outcome) => outcome,
                Worked::Waits(_) | Worked::Becomes(_) => {
                    Outcome::failed(ErrorKind::Internal, NO_RESULT)
                }
            };
            let (home, caller) = match calling.as_task {
                Some(task) => (Some(task.home), task.peer.caller),
                None => (None, Caller::default()),
            };
            let outcome = self.past_layers(home, outcome);
            self.task_done(&EndedTask {
                tool: &calling.tool.name,
                caller: &caller,
                outcome: &outcome,
                took: begun_at.elapsed(),
            });
            match outcome {
                Outcome::Call(output) => TaskOutcome::Output(output),
                Outcome::Error(error) => TaskOutcome::Error(error),
                _ => TaskOutcome::Error(ProtocolError::new(ErrorKind::Internal, NO_RESULT)),
            }
        });
        let view = begun.works(abort);
        tokio::spawn(async move {
            // Middleware may panic; handlers were caught already.
            let ended = AssertUnwindSafe(work).catch_unwind().await;
            let failed = |_| {
                Ok(TaskOutcome::Error(ProtocolError::new(
                    ErrorKind::Internal,
                    NO_RESULT,
                )))
            };
            // Whoever has stopped it has said so.
            if let Ok(outcome) = ended.unwrap_or_else(failed) {
                handle.finish(outcome);
            }
        });
        Outcome::TaskCreated(Box::new(view))
    }

    /// What the middleware leaves of what a task came to.
    fn past_layers(&self, home: Option<Arc<Home>>, mut outcome: Outcome) -> Outcome {
        let within = home.and_then(|home| self.layers_within(&home));
        let within = within.as_deref().unwrap_or_default();
        let own = self.layers().iter().rev();
        for layer in within.iter().rev().chain(own) {
            outcome = layer.task_ended(outcome);
        }
        for observer in self.observers().iter().rev() {
            outcome = observer.task_ended(outcome);
        }
        outcome
    }
}

fn work(
    tool: &Arc<ToolEntry>,
    arguments: Arguments,
    mut scope: Box<Scope>,
    limit: Option<Duration>,
) -> Work<ToolOutput> {
    let limit = scope.limit(limit);
    let trace = scope.trace.clone();
    let trace = trace.map(|trace| ("tools/call", Arc::clone(&tool.name), trace));
    let (handler, wraps) = (&tool.handler, tool.wraps);
    let call = handler.call(Call::new(arguments, scope));
    let work = match wraps {
        None => call,
        Some(_) => Box::pin(async move { as_promised(call.await?, wraps) }),
    };
    Work::of(work, limit, trace)
}

/// Holds a result against what the output schema of its tool says of all of them.
///
/// Implements "Output Schema" of the tools pages since revision 2025-06-18.
fn as_promised(mut output: ToolOutput, wraps: Option<bool>) -> Result<ToolOutput, ToolError> {
    let Some(wraps) = wraps else {
        return Ok(output);
    };
    output.structured = match output.structured.take() {
        Some(structured) => Some(structured.wrapped_as(wraps)),
        None if output.is_error => None,
        None => return Err(ToolError::internal(NO_STRUCTURE)),
    };
    Ok(output)
}

impl Calling {
    fn failed(&self) -> Failed<'_> {
        Failed {
            what: "tool",
            name: &self.tool.name,
            revision: self.revision,
        }
    }
}

impl GoingOn {
    /// Whether the handler can do nothing but run: it cannot ask, nor become a task.
    pub(super) fn only_runs(&self) -> bool {
        self.becoming.is_none() && self.resumed.is_none()
    }

    pub(super) fn failed(&self) -> Failed<'_> {
        self.calling.failed()
    }

    /// Goes on until there is something to answer.
    pub(super) async fn with(self, mut work: Work<ToolOutput>) -> Outcome {
        let Self {
            engine,
            calling,
            becoming,
            resumed,
            place: _place,
        } = self;
        let asking = resumed.as_ref().map(|it| &*it.asking);
        loop {
            let worked = work.go_on(asking, becoming.as_deref(), calling.failed());
            match (worked.await, &becoming) {
                (Worked::Output(output), _) => return Outcome::Call(output),
                (Worked::Failed(outcome), _) => return outcome,
                (Worked::Waits(waits), _) => {
                    return match &resumed {
                        Some(resumed) => engine.asks(waits, resumed),
                        None => Outcome::failed(ErrorKind::Internal, "nobody can be asked"),
                    };
                }
                (Worked::Becomes(_), None) => {
                    return Outcome::failed(ErrorKind::Internal, NO_RESULT);
                }
                (Worked::Becomes(going), Some(becoming)) => {
                    match engine.begin_task(&calling).await {
                        Ok(begun) => return engine.go_on_as_task(calling, going, begun, becoming),
                        // The handler is told, and may go on as it is.
                        Err(error) => becoming.settle(Err(error)),
                    }
                    work = going;
                }
            }
        }
    }
}

/// A call for which its caller lacks scopes.
#[cold]
#[inline(never)]
fn refused(entry: &Entry, caller: &Caller) -> Begun {
    let refused = entry.permit(caller);
    Begun::at_once(refused.map_or_else(Outcome::Error, |()| Outcome::Empty))
}

/// Whether the header fields in which a client repeats arguments say what the arguments say.
fn headers_agree(operation: &Operation, tool: &ToolEntry) -> Result<(), ProtocolError> {
    let params = &operation.request.params;
    match &params.headers {
        Some(headers) if !tool.mirrored.is_empty() => {
            agree(&tool.mirrored, headers, &params.arguments)
        }
        _ => Ok(()),
    }
}

/// Whether a call is a task, by what its tool supports and what its client can deal with.
///
/// Implements "Tool-Level Negotiation" of revision 2025-11-25, `basic/utilities/tasks`, and
/// "Capability Negotiation" of the tasks extension.
fn as_task(operation: &Operation, tool: &ToolEntry) -> Result<AsTask, ProtocolError> {
    let Operation { request, peer, .. } = operation;
    let revision = peer.revision;
    if revision.is_modern() {
        let declared = peer.capabilities.extension(TASKS_EXTENSION).is_some();
        return match (tool.task, declared) {
            (TaskSupport::Forbidden, _) | (TaskSupport::Optional, false) => Ok(AsTask::No),
            (TaskSupport::Decided, false) => Ok(AsTask::Lacks),
            (TaskSupport::Required, false) => Err(missing_extension(TASKS_EXTENSION)),
            (TaskSupport::Required | TaskSupport::Optional, true) => Ok(AsTask::Is(None)),
            (TaskSupport::Decided, true) => Ok(AsTask::May),
        };
    }
    let wanted = request.params.task.as_ref();
    let Some(wanted) = wanted.filter(|_| revision.has_legacy_tasks()) else {
        return match tool.task {
            TaskSupport::Required => Err(ProtocolError::new(
                ErrorKind::MethodNotFound,
                format!(
                    "the tool `{}` runs as a task only; call it with `task`",
                    tool.name
                ),
            )),
            _ => Ok(AsTask::No),
        };
    };
    match tool.task {
        TaskSupport::Forbidden => Err(ProtocolError::new(
            ErrorKind::MethodNotFound,
            format!(
                "the tool `{}` does not run as a task; call it without `task`",
                tool.name
            ),
        )),
        // A legacy client that asks for a task is answered with one.
        _ => Ok(AsTask::Is(wanted_ttl(wanted)?)),
    }
}
