//! The beginning and the end of a task.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::AbortHandle;

use super::{POLL_INTERVAL, Running, TaskHandle, Tasks, owner_of, sweep};
use crate::caller::Scopes;
use crate::ports::{TaskRecord, TaskStoreError};
use crate::protocol::{ErrorKind, ProtocolError, TaskOutcome, TaskStatus, TaskView, ToolOutput};
use crate::server::Peer;

/// The shortest time for which a client may want a task kept.
const SHORTEST_TTL: Duration = Duration::from_secs(1);

/// A task whose work is to begin. Dropped before, it is no more.
pub(in crate::server) struct Begun {
    pub(in crate::server) view: TaskView,
    pub(in crate::server) handle: TaskHandle,
    works: bool,
}

impl Begun {
    /// The work has begun, which ends with the task.
    pub(in crate::server) fn works(mut self, work: AbortHandle) -> TaskView {
        self.works = true;
        self.handle.running.works(work);
        self.view.clone()
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        let TaskHandle { tasks, running } = &self.handle;
        if !self.works {
            running.abandon();
            tasks.running().remove(&*running.id);
            tasks.save(running);
        }
    }
}

impl Tasks {
    /// Begins a task, which is there for whoever asks when this returns, and has the scopes.
    pub(in crate::server) async fn begin(
        self: &Arc<Self>,
        peer: &Peer,
        scopes: Scopes,
        asked_ttl: Option<Duration>,
    ) -> Result<Begun, ProtocolError> {
        self.sweeper.call_once(|| sweep(self));
        let record = self.record(peer, scopes, asked_ttl)?;
        let running = Arc::new(Running::new(&record));
        // Whoever sees it finds it running.
        let id = record.view.id.clone();
        self.running().insert(id, Arc::clone(&running));
        let begun = Begun {
            view: record.view.clone(),
            handle: TaskHandle {
                tasks: Arc::clone(self),
                running,
            },
            works: false,
        };
        self.create(record).await?;
        // Of a session that has ended meanwhile nobody would forget it.
        let session = peer.session.as_ref();
        match session.filter(|_| peer.caller.principal().is_none()) {
            Some(session) if !session.is_alive().await => Err(ProtocolError::new(
                ErrorKind::SessionUnknown,
                "the session has ended; send `initialize` again",
            )),
            _ => Ok(begun),
        }
    }

    fn record(
        &self,
        peer: &Peer,
        scopes: Scopes,
        asked_ttl: Option<Duration>,
    ) -> Result<TaskRecord, ProtocolError> {
        let now = to_milliseconds(SystemTime::now());
        let shortest = SHORTEST_TTL.min(self.ttl);
        let ttl = asked_ttl.map_or(self.ttl, |ttl| ttl.clamp(shortest, self.ttl));
        Ok(TaskRecord {
            tenant: peer.caller.tenant().into(),
            owner: owner_of(peer),
            scopes,
            view: TaskView {
                id: new_id()?,
                status: TaskStatus::Working,
                message: None,
                created: now,
                updated: now,
                ttl: Some(ttl),
                poll_interval: Some(POLL_INTERVAL),
                is_error: false,
                questions: Vec::new(),
                result: None,
            },
        })
    }

    async fn create(&self, record: TaskRecord) -> Result<(), ProtocolError> {
        let mut created = self.store.create(record.clone()).await;
        if matches!(created, Err(TaskStoreError::Full)) {
            // Room may be taken by tasks whose time is over.
            self.expire().await;
            created = self.store.create(record).await;
        }
        created.map_err(|error| match error {
            TaskStoreError::Full => {
                tracing::warn!("no room for another task");
                ProtocolError::new(
                    ErrorKind::Busy,
                    "there is no room for another task; try again when one has ended, or later",
                )
            }
            error => super::failed(&error),
        })
    }

    /// What a task came to. A task that was cancelled meanwhile stays so.
    pub(super) fn finish(self: &Arc<Self>, running: &Arc<Running>, mut outcome: TaskOutcome) {
        let bytes = outcome.bytes();
        if bytes > self.most_bytes {
            tracing::warn!(
                bytes,
                most = self.most_bytes,
                "the result of a task is too large"
            );
            outcome = TaskOutcome::Output(ToolOutput::error(format!(
                "The result has {bytes} bytes, and a task keeps at most {}. Ask for less.",
                self.most_bytes
            )));
        }
        let status = match &outcome {
            TaskOutcome::Output(_) => TaskStatus::Completed,
            TaskOutcome::Error(_) => TaskStatus::Failed,
        };
        let message = outcome.why_failed().map(str::to_owned);
        if running.end(status, message, Some(outcome)).is_some() {
            self.save(running);
        }
    }
}

impl TaskHandle {
    /// What the task came to.
    pub(in crate::server) fn finish(&self, outcome: TaskOutcome) {
        self.tasks.finish(&self.running, outcome);
    }
}

/// What clients are told of a moment, so that an order by it is the same for everybody.
fn to_milliseconds(at: SystemTime) -> SystemTime {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let since = u64::try_from(since.as_millis()).unwrap_or_default();
    UNIX_EPOCH + Duration::from_millis(since)
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
