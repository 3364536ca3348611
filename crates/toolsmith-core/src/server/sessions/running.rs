//! The calls that run in sessions, which can be cancelled by their ids.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::future::AbortHandle;

use super::{SHARDS, SessionRef, Sessions, lock};
use crate::ports::SessionId;
use crate::protocol::{ProtocolError, RequestId};

/// A table with less room is not made smaller.
const ROOM: usize = 64;

/// All of them, in one table rather than in one for each session: the common call comes
/// and goes without anything being made for its session.
#[derive(Default)]
pub(super) struct Running {
    shards: [Mutex<HashMap<Name, Work>>; SHARDS],
    /// The number of the last call.
    serial: AtomicU64,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Name {
    session: SessionId,
    request: RequestId,
}

struct Work {
    serial: u64,
    abort: AbortHandle,
}

impl Running {
    fn shard(&self, session: SessionId) -> &Mutex<HashMap<Name, Work>> {
        &self.shards[session.shard(SHARDS)]
    }

    /// Stops what runs in a session.
    pub(super) fn end(&self, session: SessionId) {
        let mut shard = lock(self.shard(session));
        let ended = shard.extract_if(|name, _| name.session == session);
        ended.for_each(|(_, work)| work.abort.abort());
        // So that to look through it takes no longer than what runs.
        if shard.capacity() > ROOM && shard.len() < shard.capacity() / 4 {
            shard.shrink_to_fit();
        }
    }
}

/// A call that runs in a session and can be cancelled. Dropping it forgets it.
pub struct RunningCall {
    sessions: Arc<Sessions>,
    name: Name,
    serial: u64,
}

impl fmt::Debug for RunningCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningCall")
            .field("session", &self.name.session)
            .field("request", &self.name.request)
            .finish_non_exhaustive()
    }
}

impl SessionRef {
    /// Notes that a request is worked on, so that it can be cancelled by its id.
    ///
    /// # Errors
    ///
    /// When another request of that id is worked on.
    pub fn running(
        &self,
        request: RequestId,
        work: AbortHandle,
    ) -> Result<RunningCall, ProtocolError> {
        let running = &self.sessions.running;
        let serial = running.serial.fetch_add(1, Ordering::Relaxed);
        let name = self.name_of(request);
        match lock(running.shard(self.id)).entry(name.clone()) {
            Entry::Occupied(_) => return Err(ProtocolError::id_in_use(&name.request)),
            Entry::Vacant(place) => {
                place.insert(Work {
                    serial,
                    abort: work,
                });
            }
        }
        Ok(RunningCall {
            sessions: Arc::clone(&self.sessions),
            name,
            serial,
        })
    }

    /// Whether a request of that id is worked on.
    pub fn is_running(&self, request: &RequestId) -> bool {
        let name = self.name_of(request.clone());
        lock(self.sessions.running.shard(self.id)).contains_key(&name)
    }

    /// Cancels a request that is worked on. `false` when there is none of that id.
    pub fn cancel(&self, request: &RequestId) -> bool {
        let name = self.name_of(request.clone());
        let work = lock(self.sessions.running.shard(self.id)).remove(&name);
        work.is_some_and(|work| {
            work.abort.abort();
            true
        })
    }

    fn name_of(&self, request: RequestId) -> Name {
        Name {
            session: self.id,
            request,
        }
    }
}

impl Drop for RunningCall {
    fn drop(&mut self) {
        let mut shard = lock(self.sessions.running.shard(self.name.session));
        // Another call may have the id by now, if this one was cancelled.
        if let Entry::Occupied(own) = shard.entry(self.name.clone())
            && own.get().serial == self.serial
        {
            own.remove();
        }
    }
}
