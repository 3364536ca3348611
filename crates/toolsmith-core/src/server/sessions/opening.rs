//! Sessions whose clients have not said yet that they are ready: until then a server asks
//! them nothing.
//!
//! Implements "Initialization" of `basic/lifecycle` of the legacy revisions. Known is what
//! was opened in this process, a moment ago: another process may have heard that the client
//! is ready, and a client that never says so is asked all the same.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::{SessionRef, lock};
use crate::ports::{BySession, SessionId};

/// How long after its opening a client is taken to be ready, whatever it said.
const PATIENCE: Duration = Duration::from_secs(5);

/// So many that one of them is small: while it grows, all wait who share its core.
const SHARDS: usize = 32;

/// The sessions that were opened a moment ago.
#[derive(Default)]
pub(super) struct Opening {
    shards: [Mutex<Opened>; SHARDS],
}

#[derive(Default)]
struct Opened {
    waiting: BySession<Waiting>,
    /// Oldest first. Some of them are not waited for any more.
    order: VecDeque<(Instant, SessionId)>,
}

/// A session whose client is waited for.
struct Waiting {
    since: Instant,
    /// Rung when it is ready; there only while somebody waits.
    ready: Option<Arc<Notify>>,
}

/// A table with less room is not made smaller.
const ROOM: usize = 8;

impl Opening {
    fn shard(&self, id: SessionId) -> MutexGuard<'_, Opened> {
        lock(&self.shards[id.shard(SHARDS)])
    }

    /// Notes that a session was opened.
    pub(super) fn begin(&self, id: SessionId) {
        let since = Instant::now();
        let mut opened = self.shard(id);
        opened.tidy(since);
        opened.order.push_back((since, id));
        opened.waiting.insert(id, Waiting { since, ready: None });
    }

    /// Waits for a session no more.
    pub(super) fn end(&self, id: SessionId) {
        let ended = {
            let mut opened = self.shard(id);
            let ended = opened.waiting.remove(&id);
            opened.tidy(Instant::now());
            ended
        };
        if let Some(ready) = ended.and_then(|it| it.ready) {
            ready.notify_waiters();
        }
    }

    /// Forgets what was opened long ago.
    pub(super) fn tidy(&self) {
        let now = Instant::now();
        self.shards.iter().for_each(|shard| lock(shard).tidy(now));
    }

    /// Since when a session is waited for, if it is, and what rings when it is ready.
    fn find(&self, id: SessionId) -> Option<(Instant, Arc<Notify>)> {
        let mut opened = self.shard(id);
        let waiting = opened.waiting.get_mut(&id)?;
        let ready = waiting.ready.get_or_insert_default();
        Some((waiting.since, Arc::clone(ready)))
    }
}

impl Opened {
    /// Forgets those that were opened long ago or are not waited for, as far as they are the
    /// oldest, and the room that many of them took.
    fn tidy(&mut self, now: Instant) {
        while let Some((since, old)) = self.order.front()
            && (now.duration_since(*since) >= PATIENCE || !self.waiting.contains_key(old))
        {
            self.waiting.remove(old);
            self.order.pop_front();
        }
        if self.order.capacity() > ROOM && self.order.len() < self.order.capacity() / 4 {
            self.order.shrink_to_fit();
        }
        if self.waiting.capacity() > ROOM && self.waiting.len() < self.waiting.capacity() / 4 {
            self.waiting.shrink_to_fit();
        }
    }
}

impl SessionRef {
    /// Notes that the client has said that it is ready.
    pub fn initialized(&self) {
        self.sessions.opening.end(self.id);
    }

    /// Waits until the client has said that it is ready, or for a while.
    pub(in crate::server) async fn ready(&self) {
        let opening = &self.sessions.opening;
        let Some((since, ready)) = opening.find(self.id) else {
            return;
        };
        let told = ready.notified();
        tokio::pin!(told);
        // Registered before looking again, so that nothing is missed between the two.
        told.as_mut().enable();
        if opening.find(self.id).is_some()
            && tokio::time::timeout_at(since + PATIENCE, told)
                .await
                .is_err()
        {
            tracing::debug!("a client is asked that has not said yet that it is ready");
            opening.end(self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::ports::{EventLimits, MemoryEvents, MemorySessions};
    use crate::protocol::Revision;
    use crate::server::{Caller, Peer, Server, Sessions};

    fn sessions() -> Arc<Sessions> {
        const HOUR: Duration = Duration::from_secs(3600);
        let engine = Server::new("s").build().unwrap();
        let store = Arc::new(MemorySessions::new(100, HOUR));
        let events = Arc::new(MemoryEvents::new(EventLimits::default()));
        Sessions::new(engine, store, events, HOUR)
    }

    async fn open(sessions: &Arc<Sessions>) -> SessionRef {
        let id = sessions.open(&Peer::new(Revision::LATEST_LEGACY)).await;
        let found = sessions.find(id.unwrap(), &Caller::default()).await;
        found.unwrap().session.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_is_waited_for_until_it_is_ready_and_not_for_ever() {
        let sessions = sessions();
        let (one, silent, gone) = (
            open(&sessions).await,
            open(&sessions).await,
            open(&sessions).await,
        );
        let begun = Instant::now();
        let waits = one.ready();
        tokio::pin!(waits);
        assert!(waits.as_mut().now_or_never().is_none(), "it is not ready");
        one.initialized();
        assert!(waits.now_or_never().is_some(), "it said that it is");
        assert!(one.ready().now_or_never().is_some(), "and stays so");
        let waits = gone.ready();
        tokio::pin!(waits);
        assert!(waits.as_mut().now_or_never().is_none());
        gone.remove().await.unwrap();
        assert!(
            waits.now_or_never().is_some(),
            "nobody waits for a session that ended"
        );
        silent.ready().await;
        assert_eq!(begun.elapsed(), PATIENCE);
        assert!(silent.ready().now_or_never().is_some(), "long ago");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_opened_long_ago_is_forgotten() {
        let sessions = sessions();
        for _ in 0..10 {
            open(&sessions).await;
            tokio::time::advance(PATIENCE / 2).await;
        }
        sessions.expire().await;
        let opened = sessions.opening.shards.iter().map(lock);
        let kept: Vec<_> = opened
            .map(|it| (it.waiting.len(), it.order.len()))
            .collect();
        let all = kept
            .iter()
            .fold((0, 0), |all, it| (all.0 + it.0, all.1 + it.1));
        assert!(all.0 <= 3 && all.1 <= 3, "kept {all:?}");
    }
}
