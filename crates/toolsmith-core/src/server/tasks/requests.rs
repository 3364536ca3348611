//! What a client may ask of a task.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use futures_util::future::{AbortHandle, Abortable};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use serde::Deserialize;
use serde_json::Value;

use super::running::{NotSaved, Running};
use super::{Tasks, failed, unknown};
use crate::protocol::{
    ErrorKind, Outcome, Params, ProtocolError, TaskOutcome, TaskStatus, TaskView,
};
use crate::server::asking::given;
use crate::server::sessions::{SessionRef, Unanswered};
use crate::server::{Peer, ReplySink};

/// What a legacy client wants of a task that it asks for.
#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    ttl: Option<u64>,
}

/// Reads how long a legacy client wants a task to be kept.
pub(in crate::server) fn wanted_ttl(json: &[u8]) -> Result<Option<Duration>, ProtocolError> {
    let wanted: Wanted = serde_json::from_slice(json).map_err(|_| {
        ProtocolError::new(
            ErrorKind::InvalidParams,
            "`task` is an object, and its `ttl` a number of milliseconds",
        )
    })?;
    Ok(wanted.ttl.map(Duration::from_millis))
}

/// The task that a request names.
fn named(params: &Params) -> Result<&str, ProtocolError> {
    params
        .task_id
        .as_deref()
        .ok_or_else(|| ProtocolError::new(ErrorKind::InvalidParams, "`taskId` is missing"))
}

/// The answers that an update brings, by key.
fn responses(params: &Params) -> Result<HashMap<Box<str>, Value>, ProtocolError> {
    match &params.input_responses {
        Some(json) => given(json),
        None => Err(ProtocolError::new(
            ErrorKind::InvalidParams,
            "`inputResponses` is missing: an object with an answer under each key",
        )),
    }
}

impl Tasks {
    pub(in crate::server) async fn get(&self, params: &Params, peer: &Peer) -> Outcome {
        match self.named(params, peer).await {
            Ok(task) => Outcome::Task(Box::new(task)),
            Err(error) => Outcome::Error(error),
        }
    }

    /// Takes answers. Those that nobody waits for are passed over.
    pub(in crate::server) async fn update(
        self: &Arc<Self>,
        params: &Params,
        peer: &Peer,
    ) -> Outcome {
        // All of them are looked at before any of them is used up.
        let answers = match responses(params) {
            Ok(answers) => answers,
            Err(error) => return Outcome::Error(error),
        };
        let task = match self.named(params, peer).await {
            Ok(task) => task,
            Err(error) => return Outcome::Error(error),
        };
        match self.find_running(&task.id) {
            Some(running) => {
                let taken = answers
                    .into_iter()
                    .filter_map(|(key, answer)| running.answer(&key, Ok(answer)));
                if let Some(version) = taken.max() {
                    self.save(&running);
                    // The task has its answers, whether or not the store hears of it.
                    let _ = running.until_saved(version).await;
                }
                Outcome::Empty
            }
            None if task.status.is_terminal() => Outcome::Empty,
            None => Outcome::Error(not_here()),
        }
    }

    /// Ends a task. One that is over stays as it is, which a legacy client is told.
    pub(in crate::server) async fn cancel(
        self: &Arc<Self>,
        params: &Params,
        peer: &Peer,
    ) -> Outcome {
        let ended = match self.named(params, peer).await {
            Ok(task) => self.end(&task, peer).await,
            Err(error) => Err(error),
        };
        match (ended, peer.revision.is_modern()) {
            (Err(error), _) => Outcome::Error(error),
            (Ok(_), true) => Outcome::Empty,
            (Ok(true), false) => self.get(params, peer).await,
            // What it has come to may be news.
            (Ok(false), false) => match self.named(params, peer).await {
                Ok(task) => Outcome::failed(
                    ErrorKind::InvalidParams,
                    format!(
                        "Cannot cancel task: already in terminal status '{}'",
                        task.shown_status(false).as_str()
                    ),
                ),
                Err(error) => Outcome::Error(error),
            },
        }
    }

    /// Ends a task, here or wherever it runs. `false` when it was over.
    async fn end(self: &Arc<Self>, task: &TaskView, peer: &Peer) -> Result<bool, ProtocolError> {
        let message = "The task was cancelled by request.".to_owned();
        let Some(running) = self.find_running(&task.id) else {
            let mut task = task.clone();
            task.status = TaskStatus::Cancelled;
            task.message = Some(message);
            task.updated = SystemTime::now().max(task.updated);
            task.questions.clear();
            let id: Arc<str> = (&*task.id).into();
            let ended = self.store.update(peer.caller.tenant(), task).await;
            let ended = ended.map_err(|error| failed(&error))?;
            if ended {
                // Whoever runs it finds out when it writes.
                self.tell(&peer.caller.tenant().into(), &id);
            }
            return Ok(ended);
        };
        let ended = running.end(TaskStatus::Cancelled, Some(message), None);
        if ended.is_some() {
            running.stop();
            self.save(&running);
        }
        match running.until_all_saved().await {
            Ok(()) | Err(NotSaved::Over) => Ok(ended.is_some()),
            Err(NotSaved::Failed) => Err(ProtocolError::new(
                ErrorKind::Internal,
                "the task has ended, but that could not be written yet; look at it again later",
            )),
        }
    }

    /// What a legacy task comes to, once it does. Meanwhile its questions are asked on the
    /// stream of this request.
    pub(in crate::server) async fn result(
        self: &Arc<Self>,
        params: &Params,
        peer: &Peer,
        sink: Option<Arc<dyn ReplySink>>,
    ) -> Outcome {
        let mut asking = Asking {
            tasks: Arc::clone(self),
            peer: peer.clone(),
            way: peer.session.clone().zip(sink),
            asked: HashMap::new(),
            answers: FuturesUnordered::new(),
        };
        loop {
            // Watched before it is looked at, so that no change between the two is missed.
            let running = params
                .task_id
                .as_deref()
                .and_then(|id| self.find_running(id));
            let watch = running.as_deref().map(Running::watch);
            let task = match self.named(params, peer).await {
                Ok(task) => task,
                Err(error) => return Outcome::Error(error),
            };
            if task.status.is_terminal() {
                return ended(task);
            }
            let (Some(running), Some(mut watch)) = (&running, watch) else {
                return Outcome::Error(not_here());
            };
            asking.take_back_old(&task);
            asking.ask_new(&task, running);
            tokio::select! {
                _changed = watch.changed() => {}
                Some(()) = asking.answers.next() => {}
            }
        }
    }

    async fn named(&self, params: &Params, peer: &Peer) -> Result<TaskView, ProtocolError> {
        self.find(named(params)?, peer).await
    }
}

/// The answer about a task that goes on, and not here.
fn not_here() -> ProtocolError {
    ProtocolError::new(
        ErrorKind::Internal,
        "the task does not run in this process: another one runs it, or it ended with the process that ran it",
    )
}

/// What a legacy client is told of a task that is over.
fn ended(task: TaskView) -> Outcome {
    match task.result.as_deref() {
        Some(TaskOutcome::Error(error)) => Outcome::Error(error.clone()),
        Some(TaskOutcome::Output(_)) => Outcome::TaskResult(Box::new(task)),
        None if task.status == TaskStatus::Cancelled => {
            Outcome::failed(ErrorKind::Cancelled, "the task was cancelled")
        }
        None => Outcome::Error(unknown()),
    }
}

/// The questions of a legacy task on the stream of `tasks/result`.
struct Asking {
    tasks: Arc<Tasks>,
    peer: Peer,
    way: Option<(SessionRef, Arc<dyn ReplySink>)>,
    /// What was asked on this stream and waits still, and how it is taken back.
    asked: HashMap<Box<str>, AbortHandle>,
    answers: FuturesUnordered<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Asking {
    /// Takes back what the task does not ask any more: it was answered elsewhere, or nobody
    /// waits for the answer.
    fn take_back_old(&mut self, task: &TaskView) {
        self.asked.retain(|key, waiting| {
            let is_asked = task.questions.iter().any(|(it, _)| it == key);
            if !is_asked {
                waiting.abort();
            }
            is_asked
        });
    }

    /// Asks what was not asked on this stream yet.
    fn ask_new(&mut self, task: &TaskView, running: &Arc<Running>) {
        let Some((session, sink)) = &self.way else {
            return;
        };
        for (key, question) in &task.questions {
            // Another session of the caller may be of a client that can do less.
            let can = self.peer.capabilities.has(question.kind.needs());
            if !can || self.asked.contains_key(key) {
                continue;
            }
            let (abort, registration) = AbortHandle::new_pair();
            self.asked.insert(key.clone(), abort);
            let waiting = session.ask(question, self.peer.revision, sink, Some(&task.id));
            let Ok(waiting) = waiting else {
                // This client is gone. The question waits for whoever comes next.
                continue;
            };
            let (tasks, running) = (Arc::clone(&self.tasks), Arc::clone(running));
            let key = key.clone();
            let answer = async move {
                let changed = match waiting.answer().await {
                    Ok(answer) => running.answer(&key, Ok(answer)),
                    Err(Unanswered::Refused(why)) => running.answer(&key, Err(why)),
                    // The task goes on asking, and whoever comes next may answer.
                    Err(Unanswered::Nobody(_)) => None,
                };
                if changed.is_some() {
                    tasks.save(&running);
                }
            };
            let answer = Abortable::new(answer, registration);
            self.answers.push(Box::pin(answer.map(drop)));
        }
    }
}
