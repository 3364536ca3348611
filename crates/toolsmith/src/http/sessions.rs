//! Legacy sessions at the endpoint: the store, what sweeps it, and the streams that are
//! open in each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Once, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::watch;

use crate::ports::{MemorySessions, SessionId, SessionStore};
use crate::protocol::{ErrorKind, ProtocolError};
use crate::server::Peer;

/// How many streams may be open in one session.
const MAX_STREAMS: usize = 4;
/// How long a stream stays quiet at most, and how often it looks whether its session is
/// still there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How often the store is swept, at least.
const SWEEP: Duration = Duration::from_secs(30);

/// The sessions of one endpoint.
#[derive(Debug)]
pub(super) struct Sessions {
    store: Arc<dyn SessionStore>,
    idle: Duration,
    streams: Arc<Streams>,
    sweeper: Once,
}

/// The sessions that have streams open.
type Streams = Mutex<HashMap<SessionId, Open>>;

/// The streams of one session. They end when this is dropped.
#[derive(Debug)]
struct Open {
    count: usize,
    alive: watch::Sender<()>,
}

impl Sessions {
    pub(super) fn in_memory(capacity: usize, idle: Duration) -> Self {
        Self {
            store: Arc::new(MemorySessions::new(capacity, idle)),
            idle,
            streams: Arc::default(),
            sweeper: Once::new(),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.store.len()
    }

    pub(super) async fn create(&self, peer: Peer) -> Result<SessionId, ProtocolError> {
        self.sweeper.call_once(|| sweep(&self.store, self.idle));
        self.store.create(peer).await.map_err(|_| {
            tracing::warn!(
                sessions = self.len(),
                "no room for another session; allow more with --max-sessions"
            );
            ProtocolError::new(
                ErrorKind::TooManySessions,
                "the server has no room for another session; try again later",
            )
        })
    }

    /// The session that a header field names.
    pub(super) async fn find(
        &self,
        field: Option<&[u8]>,
    ) -> Result<(SessionId, Peer), ProtocolError> {
        let field = field.ok_or_else(|| {
            ProtocolError::new(
                ErrorKind::SessionRequired,
                "`Mcp-Session-Id` is to be given once; send `initialize` first and repeat the id that it answers with",
            )
        })?;
        let id = SessionId::parse(field).ok_or_else(unknown)?;
        let peer = self.store.find(id).await.ok_or_else(unknown)?;
        Ok((id, peer))
    }

    /// Ends a session and its streams.
    pub(super) async fn remove(&self, id: SessionId) -> Result<(), ProtocolError> {
        let removed = self.store.remove(id).await;
        lock(&self.streams).remove(&id);
        if removed { Ok(()) } else { Err(unknown()) }
    }

    /// Ends all streams, and leaves the sessions.
    pub(super) fn end_streams(&self) {
        lock(&self.streams).clear();
    }

    /// Opens a stream in a session that was found.
    pub(super) fn open_stream(
        self: &Arc<Self>,
        id: SessionId,
    ) -> Result<StreamGuard, ProtocolError> {
        let mut streams = lock(&self.streams);
        let open = streams.entry(id).or_insert_with(|| Open {
            count: 0,
            alive: watch::Sender::default(),
        });
        if open.count >= MAX_STREAMS {
            return Err(ProtocolError::new(
                ErrorKind::TooManyStreams,
                format!("the session has {MAX_STREAMS} streams open already; close one first"),
            ));
        }
        open.count += 1;
        Ok(StreamGuard {
            sessions: Arc::clone(self),
            alive: open.alive.subscribe(),
            id,
        })
    }
}

fn unknown() -> ProtocolError {
    ProtocolError::new(
        ErrorKind::SessionUnknown,
        "the session does not exist or has ended; send `initialize` again",
    )
}

fn lock(streams: &Streams) -> std::sync::MutexGuard<'_, HashMap<SessionId, Open>> {
    streams.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sweeps a store for as long as somebody else holds it.
fn sweep(store: &Arc<dyn SessionStore>, idle: Duration) {
    let store: Weak<dyn SessionStore> = Arc::downgrade(store);
    let pause = SWEEP.min(idle / 2).max(Duration::from_millis(10));
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(pause).await;
            let Some(store) = store.upgrade() else { return };
            let gone = store.expire().await;
            if gone > 0 {
                tracing::debug!(gone, left = store.len(), "unused sessions were forgotten");
            }
        }
    });
}

/// A stream that is open in a session.
pub(super) struct StreamGuard {
    sessions: Arc<Sessions>,
    alive: watch::Receiver<()>,
    id: SessionId,
}

impl StreamGuard {
    /// Waits until it is time for a sign of life. `false` when the session has ended.
    ///
    /// An open stream is a use of its session, and keeps it from being forgotten.
    pub(super) async fn is_alive(&mut self) -> bool {
        let pause = KEEP_ALIVE.min(self.sessions.idle / 2);
        tokio::select! {
            _ended = self.alive.changed() => false,
            () = tokio::time::sleep(pause) => self.sessions.store.find(self.id).await.is_some(),
        }
    }
}

impl Drop for StreamGuard {
    fn drop(&mut self) {
        let mut streams = lock(&self.sessions.streams);
        if let Some(open) = streams.get_mut(&self.id) {
            open.count -= 1;
            if open.count == 0 {
                streams.remove(&self.id);
            }
        }
    }
}
