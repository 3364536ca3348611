//! What a client may ask of a task.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;

use super::{Running, Tasks, is_owner, owner_of, unknown};
use crate::protocol::{
    ErrorKind, Outcome, Params, ProtocolError, TaskOutcome, TaskStatus, TaskView,
};
use crate::server::handler::ToolError;
use crate::server::sessions::SessionRef;
use crate::server::{Peer, ReplySink};

/// The most answers that one update may bring.
const MAX_ANSWERS: usize = 64;

/// The parameters of `tasks/update`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Update {
    #[serde(default)]
    input_responses: HashMap<Box<str>, Value>,
}

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

impl Tasks {
    pub(in crate::server) async fn get(&self, params: &Params, peer: &Peer) -> Outcome {
        match self.named(params, peer).await {
            Ok(task) => Outcome::Task(Box::new(task)),
            Err(error) => Outcome::Error(error),
        }
    }

    /// Takes answers. Those that nobody waits for are passed over.
    pub(in crate::server) async fn update(&self, params: &Params, peer: &Peer) -> Outcome {
        let update: Update = match params.typed() {
            Ok(update) => update,
            Err(error) => return Outcome::Error(error),
        };
        if update.input_responses.len() > MAX_ANSWERS {
            return Outcome::failed(
                ErrorKind::InvalidParams,
                format!("`inputResponses` holds at most {MAX_ANSWERS} answers"),
            );
        }
        let task = match self.named(params, peer).await {
            Ok(task) => task,
            Err(error) => return Outcome::Error(error),
        };
        let waiting = |key: &str| task.questions.iter().any(|(it, _)| &**it == key);
        for (key, answer) in update.input_responses {
            if waiting(&key) {
                self.answer(&task.id, &key, answer).await;
            }
        }
        Outcome::Empty
    }

    /// Hands an answer to the task, which sees it before anybody else sees the task again.
    async fn answer(&self, id: &str, key: &str, answer: Value) {
        if self.settle(id, vec![key.into()]).await
            && let Some(running) = self.find_running(id)
        {
            running.answer(key, answer);
        }
    }

    /// Tells a task that a question of it will not be answered.
    async fn refuse(&self, id: &str, key: Box<str>) {
        self.settle(id, vec![key.clone()]).await;
        if let Some(running) = self.find_running(id) {
            running.refuse(&key);
        }
    }

    /// Takes questions away that were answered, or that nobody waits for any more.
    pub(super) async fn settle(&self, id: &str, keys: Vec<Box<str>>) -> bool {
        self.change_record(id, move |record| {
            let view = &mut record.view;
            let before = view.questions.len();
            view.questions.retain(|(key, _)| !keys.contains(key));
            if view.questions.is_empty() {
                view.status = TaskStatus::Working;
            }
            view.questions.len() < before
        })
        .await
    }

    /// Ends a task. One that is over stays as it is, which a legacy client is told.
    pub(in crate::server) async fn cancel(&self, params: &Params, peer: &Peer) -> Outcome {
        let modern = peer.revision.is_modern();
        let task = match self.named(params, peer).await {
            Ok(task) => task,
            Err(error) => return Outcome::Error(error),
        };
        let cancelled = self.change(&task.id, |view| {
            view.status = TaskStatus::Cancelled;
            view.message = Some("The task was cancelled by request.".to_owned());
            view.questions.clear();
        });
        let cancelled = cancelled.await;
        let running = self.running().remove(&task.id);
        if let Some(running) = running.filter(|_| cancelled) {
            running.abort();
        }
        match (modern, cancelled) {
            (true, _) => Outcome::Empty,
            (false, true) => self.get(params, peer).await,
            (false, false) => Outcome::failed(
                ErrorKind::InvalidParams,
                format!(
                    "Cannot cancel task: already in terminal status '{}'",
                    task.status.as_str()
                ),
            ),
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
            asked: Vec::new(),
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
            asking.ask_new(&task);
            let Some(mut watch) = watch else {
                return Outcome::failed(
                    ErrorKind::Internal,
                    "the task does not run any more; it ended with the process that ran it",
                );
            };
            tokio::select! {
                _changed = watch.changed() => {}
                Some(()) = asking.answers.next() => {}
            }
        }
    }

    /// The tasks of a legacy client.
    pub(in crate::server) async fn list(&self, peer: &Peer) -> Vec<TaskView> {
        let now = SystemTime::now();
        let records = self.store.list(&owner_of(peer)).await.into_iter();
        let kept = records.filter(|it| !it.is_expired(now) && is_owner(&it.owner, peer));
        kept.map(|it| it.view).collect()
    }

    async fn named(&self, params: &Params, peer: &Peer) -> Result<TaskView, ProtocolError> {
        self.find(named(params)?, peer).await
    }
}

/// What a legacy client is told of a task that is over.
fn ended(task: TaskView) -> Outcome {
    match &task.result {
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
    asked: Vec<Box<str>>,
    answers: FuturesUnordered<std::pin::Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Asking {
    /// Asks what was not asked on this stream yet.
    fn ask_new(&mut self, task: &TaskView) {
        let Some((session, sink)) = &self.way else {
            return;
        };
        for (key, question) in &task.questions {
            if self.asked.contains(key) {
                continue;
            }
            self.asked.push(key.clone());
            let waiting = session.ask(question, self.peer.revision, sink, Some(&task.id));
            let (tasks, id, key) = (Arc::clone(&self.tasks), task.id.clone(), key.clone());
            self.answers.push(Box::pin(async move {
                let answered: Result<Value, ToolError> = match waiting {
                    Ok(waiting) => waiting.answer().await,
                    Err(error) => Err(error),
                };
                match answered {
                    Ok(answer) => tasks.answer(&id, &key, answer).await,
                    Err(_) => tasks.refuse(&id, key).await,
                }
            }));
        }
    }
}
