//! Tasks on the wire: flat in the modern era, in a wrapper in the legacy one.

use serde_json::{Map, Value, json};

use super::{asked_of, call, entry};
use crate::protocol::question::RELATED_TASK;
use crate::protocol::{
    Outcome, ProtocolError, Revision, ServerIdentity, TaskOutcome, TaskStatus, TaskView, ToolOutput,
};

/// Appends the members of an outcome that is about tasks.
pub(super) fn write(
    out: &mut Vec<u8>,
    outcome: &Outcome,
    revision: Revision,
    _server: &ServerIdentity,
) -> Result<(), serde_json::Error> {
    let modern = revision.is_modern();
    match outcome {
        Outcome::TaskCreated(task) if modern => members(out, task.members(true)),
        Outcome::TaskCreated(task) => entry(out, "task", &task.members(false)),
        Outcome::Task(task) if modern => members(out, detailed(task, revision)),
        Outcome::Task(task) => members(out, task.members(false)),
        Outcome::TaskResult(task) => legacy_result(out, task, revision),
        Outcome::Tasks(tasks, next) => {
            let tasks: Vec<_> = tasks.iter().map(|task| task.members(false)).collect();
            entry(out, "tasks", &tasks)?;
            next.as_ref()
                .map_or(Ok(()), |next| entry(out, "nextCursor", next))
        }
        _ => Ok(()),
    }
}

fn members(out: &mut Vec<u8>, members: Map<String, Value>) -> Result<(), serde_json::Error> {
    members
        .iter()
        .try_for_each(|(key, value)| entry(out, key, value))
}

/// A task with what its status brings along.
///
/// Implements `DetailedTask` of the tasks extension.
pub(super) fn detailed(task: &TaskView, revision: Revision) -> Map<String, Value> {
    let mut members = task.members(true);
    match (task.result.as_deref(), task.status) {
        (Some(TaskOutcome::Output(output)), TaskStatus::Completed) => {
            members.insert("result".to_owned(), plain(output, revision));
        }
        (Some(TaskOutcome::Error(error)), TaskStatus::Failed) => {
            members.insert("error".to_owned(), failure(error));
        }
        (_, TaskStatus::InputRequired) => {
            let asked = asked_of(&task.questions, revision);
            members.insert("inputRequests".to_owned(), Value::Object(asked));
        }
        _ => {}
    }
    members
}

/// A result as the call would have given it, by itself.
fn plain(output: &ToolOutput, revision: Revision) -> Value {
    let mut out = br#"{"resultType":"complete","#.to_vec();
    let written = call(&mut out, output, revision);
    let meta = output.meta.as_ref().filter(|meta| !meta.is_empty());
    let written = written.and_then(|()| meta.map_or(Ok(()), |meta| entry(&mut out, "_meta", meta)));
    out.pop();
    out.push(b'}');
    match written {
        Ok(()) => serde_json::from_slice(&out).unwrap_or_default(),
        Err(_) => Value::Null,
    }
}

fn failure(error: &ProtocolError) -> Value {
    let mut body = json!({"code": error.kind.code(), "message": error.message});
    if let (Some(data), Some(body)) = (&error.data, body.as_object_mut()) {
        body.insert("data".to_owned(), Value::clone(data));
    }
    body
}

/// What a legacy client gets for `tasks/result`: the result, and which task's it is.
fn legacy_result(
    out: &mut Vec<u8>,
    task: &TaskView,
    revision: Revision,
) -> Result<(), serde_json::Error> {
    let Some(TaskOutcome::Output(output)) = task.result.as_deref() else {
        return Ok(());
    };
    call(out, output, revision)?;
    let mut meta = output.meta.clone().unwrap_or_default();
    meta.insert(RELATED_TASK.to_owned(), json!({"taskId": task.id}));
    entry(out, "_meta", &meta)
}
