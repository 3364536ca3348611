//! Calls that go on after they were answered: one engine for the tasks extension of the
//! modern era and the tasks of revision 2025-11-25.
//!
//! What a client may ask of a task later is in a [`TaskStore`], a port. What runs is here.

mod handle;
mod requests;
mod running;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError, Weak};
use std::time::{Duration, SystemTime};

pub(super) use handle::TaskHandle;
pub(super) use requests::wanted_ttl;
pub(super) use running::Running;

use super::Peer;
use crate::ports::{Audience, Bus, Change, Event, TASK_TTL, TaskOwner, TaskRecord, TaskStore};
use crate::protocol::{ErrorKind, ProtocolError, TaskOutcome, TaskStatus, TaskView};

/// How long a client is told to wait between two looks at a task.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// How often the store is swept.
const SWEEP: Duration = Duration::from_secs(10);

/// The tasks of a server.
pub(super) struct Tasks {
    store: Arc<dyn TaskStore>,
    bus: Arc<dyn Bus>,
    ttl: Duration,
    running: Mutex<HashMap<Box<str>, Arc<Running>>>,
    sweeper: Once,
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks")
            .field("running", &self.running().len())
            .finish_non_exhaustive()
    }
}

impl Tasks {
    pub(super) fn new(store: Arc<dyn TaskStore>, bus: Arc<dyn Bus>, ttl: Option<Duration>) -> Self {
        Self {
            store,
            bus,
            ttl: ttl.unwrap_or(TASK_TTL),
            running: Mutex::default(),
            sweeper: Once::new(),
        }
    }

    /// Begins a task, which is there for whoever asks when this returns.
    pub(super) async fn begin(
        self: &Arc<Self>,
        owner: TaskOwner,
        asked_ttl: Option<Duration>,
    ) -> Result<(TaskView, Arc<Running>), ProtocolError> {
        self.sweeper.call_once(|| sweep(self));
        let now = SystemTime::now();
        let view = TaskView {
            id: new_id()?,
            status: TaskStatus::Working,
            message: None,
            created: now,
            updated: now,
            ttl: Some(asked_ttl.map_or(self.ttl, |ttl| ttl.min(self.ttl))),
            poll_interval: Some(POLL_INTERVAL),
            questions: Vec::new(),
            result: None,
        };
        let record = TaskRecord {
            owner,
            view: view.clone(),
            asked: Vec::new(),
        };
        let running = Arc::new(Running::default());
        self.running().insert(view.id.clone(), Arc::clone(&running));
        if self.store.create(record).await.is_err() {
            self.running().remove(&view.id);
            return Err(ProtocolError::new(
                ErrorKind::Busy,
                "there is no room for another task; wait until one has ended",
            ));
        }
        Ok((view, running))
    }

    /// What a task came to. A task that was cancelled meanwhile stays so.
    pub(super) async fn finish(&self, id: &str, outcome: TaskOutcome) {
        let (status, message) = match &outcome {
            TaskOutcome::Output(_) => (TaskStatus::Completed, None),
            TaskOutcome::Error(error) => (TaskStatus::Failed, Some(error.message.to_string())),
        };
        self.change(id, move |view| {
            view.status = status;
            view.message = message.or(view.message.take());
            view.questions.clear();
            view.result = Some(outcome);
        })
        .await;
        self.running().remove(id);
    }

    /// Changes a task that is not over, and tells of it. `false` when it is over.
    pub(super) async fn change(
        &self,
        id: &str,
        change: impl FnOnce(&mut TaskView) + Send + 'static,
    ) -> bool {
        self.change_record(id, |record| {
            change(&mut record.view);
            true
        })
        .await
    }

    async fn change_record(
        &self,
        id: &str,
        change: impl FnOnce(&mut TaskRecord) -> bool + Send + 'static,
    ) -> bool {
        let changed = self.store.change(
            id,
            Box::new(move |record| {
                if record.view.status.is_terminal() || !change(record) {
                    return false;
                }
                // A clock that was set back does not take time back.
                record.view.updated = SystemTime::now().max(record.view.updated);
                true
            }),
        );
        let Some(record) = changed.await else {
            return false;
        };
        if let Some(running) = self.find_running(id) {
            running.changed();
        }
        self.bus.publish(Event {
            audience: Audience::Tenant(record.owner.caller.tenant().into()),
            change: Change::TaskChanged(id.into()),
        });
        true
    }

    /// A task of somebody who asks for it. One of somebody else's is as unknown as one that
    /// never was.
    pub(super) async fn find(&self, id: &str, peer: &Peer) -> Result<TaskView, ProtocolError> {
        let found = self.store.find(id).await;
        let found = found.filter(|it| !it.is_expired(SystemTime::now()));
        match found.filter(|record| is_owner(&record.owner, peer)) {
            Some(record) => Ok(record.view),
            None => Err(unknown()),
        }
    }

    pub(super) fn find_running(&self, id: &str) -> Option<Arc<Running>> {
        self.running().get(id).cloned()
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Box<str>, Arc<Running>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn expire(&self) {
        for id in self.store.expire(SystemTime::now()).await {
            let running = self.running().remove(&id);
            if let Some(running) = running {
                running.abort();
            }
        }
    }
}

/// Whose a task is that a peer begins.
pub(super) fn owner_of(peer: &Peer) -> TaskOwner {
    let session = peer.session.as_ref().map(super::sessions::SessionRef::id);
    TaskOwner {
        caller: peer.caller.clone(),
        session: session.filter(|_| peer.caller.principal().is_none()),
    }
}

/// Whether a task belongs to a peer. An unknown caller of the legacy era is known by the
/// session; one of the modern era by having been given the identifier.
fn is_owner(owner: &TaskOwner, peer: &Peer) -> bool {
    *owner == owner_of(peer)
}

pub(super) fn unknown() -> ProtocolError {
    ProtocolError::new(
        ErrorKind::InvalidParams,
        "Task not found: it does not exist, or is not kept any more",
    )
}

/// An identifier that nobody can guess: 128 random bits.
fn new_id() -> Result<Box<str>, ProtocolError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(%error, "the system gives no random bytes");
        ProtocolError::new(
            ErrorKind::Internal,
            "no identifier could be made for the task",
        )
    })?;
    Ok(bytes
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect::<String>()
        .into())
}

/// Sweeps the tasks for as long as somebody else holds them.
fn sweep(tasks: &Arc<Tasks>) {
    let tasks: Weak<Tasks> = Arc::downgrade(tasks);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(SWEEP).await;
            let Some(tasks) = tasks.upgrade() else { return };
            tasks.expire().await;
        }
    });
}
