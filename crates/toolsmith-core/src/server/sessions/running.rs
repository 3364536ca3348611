//! The calls that run in sessions, which can be cancelled by their ids.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::future::AbortHandle;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::{SHARDS, SessionRef, Sessions, lock};
use crate::ports::SessionId;
use crate::protocol::{ProtocolError, RequestId};

/// A table with less room is not made smaller.
const ROOM: usize = 64;

/// All of them, in one table rather than in one for each session: the common call comes
/// and goes without anything being made for its session.
#[derive(Default)]
pub(super) struct Running {
    shards: [Mutex<HashTable<Work>>; SHARDS],
    hashes: RandomState,
    /// The number of the last call.
    serial: AtomicU64,
}

struct Work {
    session: SessionId,
    request: RequestId,
    hash: u64,
    serial: u64,
    /// None where it has only begun.
    abort: Option<AbortHandle>,
}

impl Running {
    fn shard(&self, session: SessionId) -> &Mutex<HashTable<Work>> {
        &self.shards[session.shard(SHARDS)]
    }

    fn hash(&self, session: SessionId, request: &RequestId) -> u64 {
        self.hashes.hash_one((session, request))
    }

    /// Stops what runs in a session.
    pub(super) fn end(&self, session: SessionId) {
        let mut shard = lock(self.shard(session));
        let ended = shard.extract_if(|work| work.session == session);
        ended.for_each(Work::stop);
        // So that to look through it takes no longer than what runs.
        if shard.capacity() > ROOM && shard.len() < shard.capacity() / 4 {
            shard.shrink_to_fit(|work| work.hash);
        }
    }
}

impl Work {
    fn is(&self, session: SessionId, request: &RequestId) -> bool {
        self.session == session && self.request == *request
    }

    fn stop(self) {
        if let Some(abort) = self.abort {
            abort.abort();
        }
    }
}

/// A call that runs in a session and can be cancelled. Dropping it forgets it.
pub struct RunningCall {
    sessions: Arc<Sessions>,
    session: SessionId,
    hash: u64,
    serial: u64,
}

impl fmt::Debug for RunningCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningCall")
            .field("session", &self.session)
            .field("serial", &self.serial)
            .finish_non_exhaustive()
    }
}

impl SessionRef {
    /// Notes that a request is worked on, before anything of it is done.
    ///
    /// # Errors
    ///
    /// When another request of that id is worked on.
    pub fn running(&self, request: RequestId) -> Result<RunningCall, ProtocolError> {
        let running = &self.sessions.running;
        let hash = running.hash(self.id, &request);
        let serial = running.serial.fetch_add(1, Ordering::Relaxed);
        let mut shard = lock(running.shard(self.id));
        match shard.entry(hash, |it| it.is(self.id, &request), |it| it.hash) {
            Entry::Occupied(_) => return Err(ProtocolError::id_in_use(&request)),
            Entry::Vacant(place) => {
                place.insert(Work {
                    session: self.id,
                    request,
                    hash,
                    serial,
                    abort: None,
                });
            }
        }
        drop(shard);
        Ok(RunningCall {
            sessions: Arc::clone(&self.sessions),
            session: self.id,
            hash,
            serial,
        })
    }

    /// Whether a request of that id is worked on.
    pub fn is_running(&self, request: &RequestId) -> bool {
        let running = &self.sessions.running;
        let hash = running.hash(self.id, request);
        let shard = lock(running.shard(self.id));
        shard.find(hash, |it| it.is(self.id, request)).is_some()
    }

    /// Cancels a request that is worked on. `false` when there is none of that id.
    pub fn cancel(&self, request: &RequestId) -> bool {
        let running = &self.sessions.running;
        let hash = running.hash(self.id, request);
        let mut shard = lock(running.shard(self.id));
        let found = shard.find_entry(hash, |it| it.is(self.id, request));
        let cancelled = found.ok().map(|found| found.remove().0);
        drop(shard);
        cancelled.map(Work::stop).is_some()
    }
}

impl RunningCall {
    /// Says how to stop it, where it does not end where it began. What was cancelled by then
    /// is stopped at once.
    pub fn stopped_by(&self, abort: AbortHandle) {
        let mut shard = lock(self.sessions.running.shard(self.session));
        match shard.find_mut(self.hash, |it| it.serial == self.serial) {
            Some(work) => work.abort = Some(abort),
            None => abort.abort(),
        }
    }
}

impl Drop for RunningCall {
    fn drop(&mut self) {
        let mut shard = lock(self.sessions.running.shard(self.session));
        // By its number: another call may have the id by now, if this one was cancelled.
        if let Ok(own) = shard.find_entry(self.hash, |it| it.serial == self.serial) {
            own.remove();
        }
    }
}
