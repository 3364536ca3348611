//! Events in memory, within bounds.

use std::collections::BTreeMap;
use std::collections::hash_map::{Entry, RandomState};
use std::fmt;
use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::kept::{Session, Spare};
use super::{EventLog, Replay, StreamKind, StreamNo};
use crate::ports::{Answer, BySession, SessionId};

/// How much [`MemoryEvents`] keeps.
///
/// Bytes are those of the messages, and about what keeping them costs: 64 for each event,
/// 256 for each stream and 512 for each session.
///
/// The largest message of a session and its streams that have not ended are kept whatever
/// the limits of the session are, so that an answer of any size waits for its client. A
/// session then has at most its bytes and one message. The limit in all has no exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventLimits {
    /// Events in one session; 256 by default.
    pub events_per_session: usize,
    /// Bytes in one session, beside its largest message; 1 MiB by default.
    pub bytes_per_session: usize,
    /// Bytes in all; 256 MiB by default.
    pub bytes_in_all: usize,
    /// Streams of one session that have ended; 64 by default. Those that have not are as
    /// many as there are calls.
    pub streams_per_session: usize,
}

impl Default for EventLimits {
    fn default() -> Self {
        Self {
            events_per_session: 256,
            bytes_per_session: 1 << 20,
            bytes_in_all: 256 << 20,
            streams_per_session: 64,
        }
    }
}

const SHARDS: usize = 16;

/// Events in memory: gone when the process ends, so for sessions that are gone with it.
///
/// Over a limit of a session, its streams that have ended go first, the one that ended first
/// before the others; then the oldest events of its oldest stream that has more than one;
/// then the last ones of its streams, but for the event that came just now. Over the limit in
/// all, the same goes of the oldest session that has any of it, and at last the oldest
/// session. A message that is larger than what may be kept in all has a number and is not
/// kept, and of its stream nothing that came before.
///
/// What is counted of a message is its length: give it messages that do not share a larger
/// buffer.
pub struct MemoryEvents {
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
    /// What is kept in all shards. Changed while the shard is locked.
    bytes: AtomicUsize,
    next_birth: AtomicU64,
    limits: EventLimits,
}

#[derive(Default)]
struct Shard {
    sessions: BySession<Session>,
    /// Which session gives something up first.
    line: BTreeMap<Place, SessionId>,
    /// No session of those that were dropped whole had a stream above this number. A
    /// session that comes back starts above it, so that an old id cannot name a new stream.
    used: u32,
}

/// A place in line: what the session can give up, and when it came.
type Place = (Spare, u64);

impl MemoryEvents {
    /// A log that keeps so much.
    pub fn new(limits: EventLimits) -> Self {
        Self {
            shards: Default::default(),
            hasher: RandomState::new(),
            bytes: AtomicUsize::new(0),
            next_birth: AtomicU64::new(0),
            limits,
        }
    }

    /// How many bytes are kept, counted as in [`EventLimits`].
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Does something to a session. `None` when there is none of this name.
    fn change<T>(&self, id: SessionId, act: impl FnOnce(&mut Session) -> T) -> Option<T> {
        self.change_in(&mut self.shard(id), id, act)
    }

    fn change_in<T>(
        &self,
        shard: &mut Shard,
        id: SessionId,
        act: impl FnOnce(&mut Session) -> T,
    ) -> Option<T> {
        let session = shard.sessions.get_mut(&id)?;
        let before = (place(session), session.bytes());
        let value = act(session);
        let after = (place(session), session.bytes());
        if before.0 != after.0 {
            shard.line.remove(&before.0);
            shard.line.insert(after.0, id);
        }
        self.count(before.1, after.1);
        Some(value)
    }

    fn count(&self, before: usize, after: usize) {
        // Adding wraps around, so this takes away when there is less than before.
        let difference = after.wrapping_sub(before);
        self.bytes.fetch_add(difference, Ordering::Relaxed);
    }

    /// Makes sessions give up what is over the limit in all.
    fn shrink(&self) {
        while self.bytes() > self.limits.bytes_in_all {
            let first = |shard: &Mutex<Shard>| {
                let (place, _) = lock(shard)
                    .line
                    .first_key_value()
                    .map(|(p, id)| (*p, *id))?;
                Some(place)
            };
            let Some(shard) = self
                .shards
                .iter()
                .filter_map(|shard| Some((first(shard)?, shard)))
                .min_by_key(|(place, _)| *place)
                .map(|(_, shard)| shard)
            else {
                return;
            };
            // Another may have come first meanwhile; then this gives up what is next.
            self.give_up(&mut lock(shard));
        }
    }

    /// Makes the session that is first in line give something up.
    fn give_up(&self, shard: &mut Shard) {
        let Some(((spare, _), id)) = shard.line.first_key_value().map(|(p, id)| (*p, *id)) else {
            return;
        };
        if spare == Spare::Itself {
            let used = self.remove(shard, id);
            shard.used = shard.used.max(used);
        } else {
            self.change_in(shard, id, Session::give_up);
        }
    }

    /// Removes a session, and says which of its streams was opened last.
    fn remove(&self, shard: &mut Shard, id: SessionId) -> u32 {
        let Some(session) = shard.sessions.remove(&id) else {
            return 0;
        };
        shard.line.remove(&place(&session));
        self.count(session.bytes(), 0);
        let sessions = &mut shard.sessions;
        if sessions.capacity() > 64 && sessions.len() < sessions.capacity() / 4 {
            sessions.shrink_to_fit();
        }
        session.opened()
    }

    fn shard(&self, id: SessionId) -> MutexGuard<'_, Shard> {
        // The remainder is below the number of shards, so the cast loses nothing.
        let shard = self.hasher.hash_one(id) % SHARDS as u64;
        lock(&self.shards[shard as usize])
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

fn place(session: &Session) -> Place {
    (session.spare(), session.born())
}

impl EventLog for MemoryEvents {
    fn open<'a>(&'a self, _: &'a str, session: SessionId, _: StreamKind) -> Answer<'a, StreamNo> {
        let mut shard = self.shard(session);
        let used = shard.used;
        if let Entry::Vacant(vacant) = shard.sessions.entry(session) {
            let born = self.next_birth.fetch_add(1, Ordering::Relaxed);
            let new = vacant.insert(Session::new(born, used));
            let (place, bytes) = (place(new), new.bytes());
            shard.line.insert(place, session);
            self.count(0, bytes);
        }
        let stream = self.change_in(&mut shard, session, |one| one.open(&self.limits));
        drop(shard);
        self.shrink();
        // There is a session, because one was put there under the same lock.
        Answer::now(stream.unwrap_or(StreamNo::LAST))
    }

    fn append<'a>(
        &'a self,
        _: &'a str,
        session: SessionId,
        stream: StreamNo,
        message: Bytes,
    ) -> Answer<'a, Option<u64>> {
        let seq = self.change(session, |one| one.append(stream, message, &self.limits));
        self.shrink();
        Answer::now(seq.flatten())
    }

    fn end<'a>(&'a self, _: &'a str, session: SessionId, stream: StreamNo) -> Answer<'a, ()> {
        self.change(session, |one| one.end(stream, &self.limits));
        Answer::now(())
    }

    fn after<'a>(
        &'a self,
        _: &'a str,
        session: SessionId,
        stream: StreamNo,
        seq: u64,
    ) -> Answer<'a, Replay> {
        let shard = self.shard(session);
        let kept = shard.sessions.get(&session);
        Answer::now(kept.map_or(Replay::Unknown, |one| one.after(stream, seq)))
    }

    fn forget<'a>(&'a self, _: &'a str, session: SessionId) -> Answer<'a, ()> {
        self.remove(&mut self.shard(session), session);
        Answer::now(())
    }
}

/// Shows how much is kept and none of it.
impl fmt::Debug for MemoryEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryEvents")
            .field("bytes", &self.bytes())
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// What is kept, counted anew.
#[cfg(test)]
pub(super) struct Counted {
    /// What it costs, as [`MemoryEvents::bytes`] should say.
    pub(super) cost: usize,
    /// The lengths of the messages.
    pub(super) messages: usize,
}

#[cfg(test)]
impl MemoryEvents {
    /// Counts what is kept, and fails when a session is over its limits or the line is not
    /// as it should be.
    pub(super) fn counted(&self) -> Counted {
        use super::kept::{EVENT_COST, SESSION_COST, STREAM_COST};

        let mut counted = Counted {
            cost: 0,
            messages: 0,
        };
        for shard in self.shards.iter().map(lock) {
            for (id, session) in &shard.sessions {
                let count = session.count();
                let streams = (count.live + count.ended) * STREAM_COST;
                let bytes = streams + count.events * EVENT_COST + count.messages;
                assert_eq!(session.bytes(), SESSION_COST + bytes);
                let limits = &self.limits;
                let (ended, events) = (count.ended, count.events);
                assert!(ended <= limits.streams_per_session, "{ended}");
                assert!(events <= limits.events_per_session, "{events}");
                let most = limits.bytes_per_session.max(count.live * STREAM_COST);
                assert!(bytes - count.largest <= most, "{bytes}");
                assert_eq!(shard.line.get(&place(session)), Some(id));
                counted.cost += SESSION_COST + bytes;
                counted.messages += count.messages;
            }
            assert_eq!(shard.line.len(), shard.sessions.len());
        }
        counted
    }
}
