//! Calls that go on after they were answered: one engine for the tasks extension of the
//! modern era and the tasks of revision 2025-11-25.
//!
//! What a client may ask of a task later is in a [`TaskStore`], a port. What runs is here.

mod begin;
mod handle;
mod requests;
mod running;
mod writer;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError, Weak};
use std::time::{Duration, SystemTime};

pub(super) use begin::Begun;
pub(super) use handle::TaskHandle;
pub(super) use requests::wanted_ttl;
use running::Running;

use super::Peer;
use super::scopes::permit;
use crate::ports::{
    Audience, Bus, Change, Event, SessionId, TASK_TTL, TaskOwner, TaskPlace, TaskStore,
    TaskStoreError,
};
use crate::protocol::{ErrorKind, ProtocolError, TaskView};

/// How long a client is told to wait between two looks at a task.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// How often the store is swept.
const SWEEP: Duration = Duration::from_secs(10);

/// The tasks of a server.
pub(super) struct Tasks {
    store: Arc<dyn TaskStore>,
    bus: Arc<dyn Bus>,
    ttl: Duration,
    /// How many bytes a task may hold.
    most_bytes: usize,
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
    pub(super) fn new(
        store: Arc<dyn TaskStore>,
        bus: Arc<dyn Bus>,
        ttl: Option<Duration>,
        most_bytes: usize,
    ) -> Self {
        Self {
            store,
            bus,
            ttl: ttl.unwrap_or(TASK_TTL),
            most_bytes,
            running: Mutex::default(),
            sweeper: Once::new(),
        }
    }

    /// A task of somebody who asks for it. One of somebody else's is as unknown as one that
    /// never was.
    pub(super) async fn find(&self, id: &str, peer: &Peer) -> Result<TaskView, ProtocolError> {
        let found = self.store.find(peer.caller.tenant(), id).await;
        let found = found.map_err(|error| failed(&error))?;
        let found = found.filter(|it| !it.view.is_expired(SystemTime::now()));
        let theirs = found.filter(|record| record.owner == owner_of(peer));
        let record = theirs.ok_or_else(unknown)?;
        // What a call gives is for those who may call.
        permit(&record.scopes, &peer.caller, || format!("the task `{id}`"))?;
        Ok(record.view)
    }

    /// The tasks of a legacy client, in order, from after a place on. None of a caller whom
    /// nothing tells from another.
    pub(super) async fn list(
        &self,
        peer: &Peer,
        after: Option<&TaskPlace>,
        most: usize,
    ) -> Result<Vec<TaskView>, ProtocolError> {
        let owner = owner_of(peer);
        if owner == TaskOwner::Holder {
            return Ok(Vec::new());
        }
        let tenant = peer.caller.tenant();
        let listed = self.store.list(tenant, &owner, after, most).await;
        listed.map_err(|error| failed(&error))
    }

    /// Ends and forgets the tasks of a session that is no more, to which nobody could come
    /// back. Those of a known caller go on: another session of the caller has them, too.
    pub(super) async fn end_session(&self, tenant: &str, session: SessionId) {
        let owner = TaskOwner::Session(session);
        match self.store.remove(tenant, &owner).await {
            Ok(ids) => self.forget(&ids),
            Err(error) => {
                tracing::error!(%error, "the tasks of a session could not be removed");
                let running = self.running();
                let its = running.values().filter(|it| it.owner == owner);
                let ids: Vec<Box<str>> = its.map(|it| (&*it.id).into()).collect();
                drop(running);
                self.forget(&ids);
            }
        }
    }

    fn find_running(&self, id: &str) -> Option<Arc<Running>> {
        self.running().get(id).cloned()
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Box<str>, Arc<Running>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has those who listen look at a task.
    fn tell(&self, tenant: &Arc<str>, id: &Arc<str>) {
        self.bus.publish(Event {
            audience: Audience::Tenant(Arc::clone(tenant)),
            change: Change::TaskChanged(Arc::clone(id)),
        });
    }

    /// Stops what runs of tasks that the store does not have any more.
    fn forget(&self, ids: &[Box<str>]) {
        for id in ids {
            let running = self.running().remove(id);
            if let Some(running) = running {
                running.forget();
                self.tell(&running.tenant, &running.id);
            }
        }
    }

    async fn expire(&self) {
        match self.store.expire(SystemTime::now()).await {
            Ok(ids) => self.forget(&ids),
            Err(error) => tracing::error!(%error, "the store of tasks could not be swept"),
        }
        // Those that another process has swept, or that the store has lost.
        let running = self.running();
        let expired = running.values().filter(|it| it.is_expired());
        let ids: Vec<Box<str>> = expired.map(|it| (&*it.id).into()).collect();
        drop(running);
        self.forget(&ids);
    }
}

/// Whose a task is that a peer begins.
///
/// An unknown caller of the legacy era is known by the session; one of the modern era by
/// having been given the identifier.
fn owner_of(peer: &Peer) -> TaskOwner {
    match (&peer.session, peer.caller.principal()) {
        (_, Some(_)) => TaskOwner::Known(peer.caller.identity()),
        (Some(session), None) => TaskOwner::Session(session.id()),
        (None, None) => TaskOwner::Holder,
    }
}

fn unknown() -> ProtocolError {
    ProtocolError::new(
        ErrorKind::InvalidParams,
        "Task not found: it does not exist, or is not kept any more",
    )
}

/// The answer when the store fails.
fn failed(error: &TaskStoreError) -> ProtocolError {
    tracing::error!(%error, "the store of tasks cannot be used");
    ProtocolError::new(
        ErrorKind::Internal,
        "the tasks of the server cannot be reached now; try again later",
    )
}

/// Sweeps the tasks for as long as somebody else holds them.
fn sweep(tasks: &Arc<Tasks>) {
    let tasks: Weak<Tasks> = Arc::downgrade(tasks);
    tokio::spawn(async move {
        loop {
            crate::pause(SWEEP).await;
            let Some(tasks) = tasks.upgrade() else { return };
            tasks.expire().await;
        }
    });
}
