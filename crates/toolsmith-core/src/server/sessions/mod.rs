//! Legacy sessions while they live: who may use one, what is running and asked in it, and
//! the streams on which its client hears of it.
//!
//! What must outlive a process is in the store and the event log, which are ports. What
//! cannot (a call that runs, a question that waits) is in [`Live`], which is there only
//! while somebody is [`Using`] it: a session that nobody uses costs what the store keeps.

mod listeners;
mod listening;
mod live;
mod notices;
mod opening;
mod pages;
mod question;
mod running;
mod stream;
mod using;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError, Weak};
use std::time::Duration;

pub use listening::Listening;
pub use live::DetachedCall;
pub(super) use live::Live;
pub use notices::Notices;
pub(super) use question::{Unanswered, late};
pub use running::RunningCall;
pub use stream::{StreamEvent, StreamReader, StreamWriter};
use using::{Shard, Using};

use super::{Caller, Engine, Peer};
use crate::ports::{
    EventLog, SessionChange, SessionId, SessionRecord, SessionStore, SessionStoreError,
};
use crate::protocol::{ErrorKind, LogLevel, MAX_SUBSCRIBED, ProtocolError, Response};

/// How often the store is swept, at least.
const SWEEP: Duration = Duration::from_secs(30);
const SHARDS: usize = 16;

/// The legacy sessions of a server.
pub struct Sessions {
    engine: Engine,
    store: Arc<dyn SessionStore>,
    events: Arc<dyn EventLog>,
    idle: Duration,
    live: [Mutex<Shard>; SHARDS],
    running: running::Running,
    /// The number of the last question.
    asked: AtomicU64,
    /// How often a client has said which log messages it wants.
    levels: AtomicU64,
    sweeper: Once,
    opening: opening::Opening,
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// A session that was found, by somebody whose it is. Cheap to clone.
#[derive(Clone)]
pub struct SessionRef {
    sessions: Arc<Sessions>,
    id: SessionId,
    /// Whose it is.
    caller: Caller,
    /// How often log levels had been set when it was found: later ones are news.
    levels: u64,
}

impl fmt::Debug for SessionRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SessionRef").field(&self.id).finish()
    }
}

impl Sessions {
    /// The sessions of a server, kept in a store; each is forgotten when it was not used
    /// for so long.
    pub fn new(
        engine: Engine,
        store: Arc<dyn SessionStore>,
        events: Arc<dyn EventLog>,
        idle: Duration,
    ) -> Arc<Self> {
        Arc::new(Self {
            engine,
            store,
            events,
            idle,
            live: Default::default(),
            running: running::Running::default(),
            asked: AtomicU64::new(0),
            levels: AtomicU64::new(0),
            sweeper: Once::new(),
            opening: opening::Opening::default(),
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.store.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.store.is_empty()
    }

    /// How long one is kept that nobody uses.
    pub fn idle(&self) -> Duration {
        self.idle
    }

    /// How many of them have something going on.
    pub fn live(&self) -> usize {
        let shards = self.live.iter();
        shards.map(|shard| lock(shard).len()).sum()
    }

    /// Opens a session for a client that said who it is. Call it inside a runtime.
    ///
    /// # Errors
    ///
    /// When there is no room for another.
    pub async fn open(self: &Arc<Self>, peer: &Peer) -> Result<SessionId, ProtocolError> {
        self.sweeper.call_once(|| sweep(self));
        let record = || SessionRecord {
            revision: peer.revision,
            capabilities: peer.capabilities.clone(),
            client: peer.client.clone(),
            // What it may do is said anew with each request.
            caller: peer.caller.identity(),
            log_level: None,
            resources: std::collections::BTreeSet::new(),
            seen: self.engine.list_changes(),
        };
        let mut created = self.store.create(record()).await;
        // Room may be taken by sessions that nobody uses any more.
        if matches!(created, Err(SessionStoreError::Full)) && self.expire().await > 0 {
            created = self.store.create(record()).await;
        }
        match created {
            Ok(id) => {
                self.opening.begin(id);
                return Ok(id);
            }
            Err(SessionStoreError::Full) => {}
            Err(error) => return Err(failed(&error)),
        }
        tracing::warn!(
            sessions = self.len(),
            "no room for another session; allow more with --max-sessions"
        );
        Err(ProtocolError::new(
            ErrorKind::TooManySessions,
            "the server has no room for another session; try again later",
        ))
    }

    /// Finds a session of a caller. One of somebody else's is as unknown as one that never
    /// was.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub async fn find(
        self: &Arc<Self>,
        id: SessionId,
        caller: &Caller,
    ) -> Result<Peer, ProtocolError> {
        let levels = self.levels.load(Ordering::SeqCst);
        let found = self.store.find(caller, id).await;
        let record = found.map_err(|error| failed(&error))?.ok_or_else(unknown)?;
        Ok(Peer {
            revision: record.revision,
            capabilities: record.capabilities.clone(),
            client: record.client.clone(),
            // What it may do now, whatever it might when the session was opened.
            caller: caller.clone(),
            log_level: record.log_level,
            session: Some(SessionRef {
                sessions: Arc::clone(self),
                id,
                caller: caller.clone(),
                levels,
            }),
            arrival: None,
        })
    }

    /// Ends all streams on which the server speaks unasked, and leaves the sessions.
    pub fn end_streams(&self) {
        for shard in &self.live {
            let all: Vec<_> = lock(shard).values().map(|slot| slot.live()).collect();
            all.iter().for_each(|live| live.end_streams());
        }
    }

    /// Forgets the sessions that were not used for too long, and says how many.
    pub async fn expire(&self) -> usize {
        let gone = self.store.expire().await.unwrap_or_else(|error| {
            tracing::error!(%error, "sessions that nobody uses could not be forgotten");
            Vec::new()
        });
        for (tenant, id) in &gone {
            self.forget(tenant, *id).await;
        }
        self.opening.tidy();
        gone.len()
    }

    /// Forgets what goes on in a session that is no more.
    async fn forget(&self, tenant: &str, id: SessionId) {
        self.opening.end(id);
        self.running.end(id);
        let slot = lock(self.shard(id)).remove(&id);
        if let Some(slot) = slot {
            slot.live().end();
        }
        self.events.forget(tenant, id).await;
        self.engine.tasks().end_session(tenant, id).await;
    }

    /// A number for a question. No session sees one twice, whatever is forgotten of it in
    /// between: a late answer to one question must never be taken for that to another.
    fn next_question(&self) -> u64 {
        self.asked.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn shard(&self, id: SessionId) -> &Mutex<Shard> {
        &self.live[id.shard(SHARDS)]
    }

    /// What goes on in a session, if anything does: for those who look, and put nothing in.
    fn living(&self, id: SessionId) -> Option<Arc<Live>> {
        lock(self.shard(id)).get(&id).map(|slot| slot.live())
    }
}

impl SessionRef {
    /// The name of the session.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// The sessions that it is one of.
    pub fn sessions(&self) -> &Arc<Sessions> {
        &self.sessions
    }

    /// Ends the session.
    ///
    /// # Errors
    ///
    /// When it has ended already.
    pub async fn remove(&self) -> Result<(), ProtocolError> {
        let removed = self.sessions.store.remove(self.tenant(), self.id).await;
        let removed = removed.map_err(|error| failed(&error))?;
        self.sessions.forget(self.tenant(), self.id).await;
        if removed { Ok(()) } else { Err(unknown()) }
    }

    /// Whether it is still there, as far as can be told. Asking is a use of it.
    pub async fn is_alive(&self) -> bool {
        !matches!(self.record().await, Ok(None))
    }

    /// What is kept of it; nothing when it has ended.
    async fn record(&self) -> Result<Option<Arc<SessionRecord>>, ProtocolError> {
        let found = self.sessions.store.find(&self.caller, self.id).await;
        found.map_err(|error| failed(&error))
    }

    fn tenant(&self) -> &str {
        self.caller.tenant()
    }

    /// Takes an answer to something that was asked in the session.
    pub fn answered(&self, response: Response) {
        if let Some(live) = self.sessions.living(self.id) {
            live.answered(response);
        }
    }

    pub(crate) async fn set_log_level(&self, level: LogLevel) -> Result<(), ProtocolError> {
        self.change(SessionChange::LogLevel(level)).await?;
        let number = self.sessions.levels.fetch_add(1, Ordering::SeqCst) + 1;
        // Calls that began before this go by what they found then.
        if let Some(live) = self.sessions.living(self.id) {
            live.set_log_level(number, level);
        }
        Ok(())
    }

    /// The log level that was set after the session was found, if any was.
    pub(super) fn newer_log_level(&self) -> Option<LogLevel> {
        if self.sessions.levels.load(Ordering::SeqCst) == self.levels {
            return None;
        }
        let (number, level) = self.sessions.living(self.id)?.log_level()?;
        (number > self.levels).then_some(level)
    }

    pub(super) async fn subscribe(&self, uri: Arc<str>) -> Result<(), ProtocolError> {
        let record = self.record().await?.ok_or_else(unknown)?;
        if record.resources.len() >= MAX_SUBSCRIBED && !record.resources.contains(&uri) {
            return Err(ProtocolError::new(
                ErrorKind::TooManySubscriptions,
                format!(
                    "a session subscribes to at most {MAX_SUBSCRIBED} resources; unsubscribe from one first"
                ),
            ));
        }
        // Heard of from here on, whether or not a stream is open yet.
        let subscription = self.subscription(&record)?;
        subscription.add_uri(Arc::clone(&uri)).map_err(full)?;
        self.change(SessionChange::Subscribe(uri)).await
    }

    pub(super) async fn unsubscribe(&self, uri: &str) -> Result<(), ProtocolError> {
        let subscription = self.sessions.living(self.id);
        if let Some(subscription) = subscription.and_then(|live| live.subscription()) {
            subscription.remove_uri(uri);
        }
        self.change(SessionChange::Unsubscribe(uri.into())).await
    }

    async fn change(&self, change: SessionChange) -> Result<(), ProtocolError> {
        let store = &self.sessions.store;
        let changed = store.change(self.tenant(), self.id, change).await;
        match changed.map_err(|error| failed(&error))? {
            true => Ok(()),
            false => Err(self.ended().await),
        }
    }

    /// Fails when the session has ended meanwhile, and then nothing of it stays behind: not
    /// even what was begun after it was forgotten.
    async fn still_there(&self) -> Result<(), ProtocolError> {
        match self.is_alive().await {
            true => Ok(()),
            false => Err(self.ended().await),
        }
    }

    async fn ended(&self) -> ProtocolError {
        self.sessions.forget(self.tenant(), self.id).await;
        unknown()
    }
}

/// The answer to whoever names a session that is not there, or not theirs.
pub(super) fn unknown() -> ProtocolError {
    ProtocolError::new(
        ErrorKind::SessionUnknown,
        "the session does not exist or has ended; send `initialize` again",
    )
}

/// The answer when the store fails. The session may be there, so the client keeps it.
fn failed(error: &SessionStoreError) -> ProtocolError {
    tracing::error!(%error, "the store of sessions cannot be used");
    ProtocolError::new(
        ErrorKind::StoreUnavailable,
        "the sessions of the server cannot be reached now; keep yours, and try again later",
    )
}

/// The answer to whoever subscribes when there is no room.
pub(super) fn full(why: super::SubscriptionsFull) -> ProtocolError {
    ProtocolError::new(ErrorKind::TooManySubscriptions, why.to_string())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sweeps the sessions for as long as somebody else holds them.
fn sweep(sessions: &Arc<Sessions>) {
    let pause = SWEEP.min(sessions.idle / 2).max(Duration::from_millis(10));
    let sessions: Weak<Sessions> = Arc::downgrade(sessions);
    tokio::spawn(async move {
        loop {
            crate::pause(pause).await;
            let Some(sessions) = sessions.upgrade() else {
                return;
            };
            let gone = sessions.expire().await;
            if gone > 0 {
                tracing::debug!(
                    gone,
                    left = sessions.len(),
                    "unused sessions were forgotten"
                );
            }
        }
    });
}
