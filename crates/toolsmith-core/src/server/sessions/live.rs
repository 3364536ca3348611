//! What goes on in a session.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use bytes::Bytes;
use tokio::sync::{oneshot, watch};

use super::listeners::Listeners;
use super::stream::Tail;
use super::{SessionRef, Using, lock};
use crate::ports::StreamNo;
use crate::protocol::{ClientError, LogLevel, RequestId, Response};
use crate::server::Subscription;

/// How a client answered a question.
pub(in crate::server) type Reply = Result<Bytes, ClientError>;

/// What goes on in a session.
#[derive(Default)]
pub(in crate::server) struct Live {
    questions: Mutex<HashMap<u64, oneshot::Sender<Reply>>>,
    subscription: OnceLock<Arc<Subscription>>,
    pub(super) tails: Mutex<HashMap<StreamNo, Arc<Tail>>>,
    /// The streams that the client opened by itself, newest last.
    pub(super) standalone: Mutex<VecDeque<StreamNo>>,
    /// Whose streams are open on which the server speaks unasked.
    listeners: OnceLock<watch::Sender<Listeners>>,
    /// The log level that was set last, and when: the number of it among all.
    log_level: Mutex<Option<(u64, LogLevel)>>,
    /// How many calls go on whose client has hung up.
    pub(super) detached: AtomicUsize,
}

impl Live {
    /// Whether it is to stay though nobody uses it.
    pub(super) fn is_kept(&self) -> bool {
        self.subscription.get().is_some()
    }

    pub(super) fn subscription(&self) -> Option<Arc<Subscription>> {
        self.subscription.get().cloned()
    }

    pub(super) fn subscription_cell(&self) -> &OnceLock<Arc<Subscription>> {
        &self.subscription
    }

    pub(super) fn log_level(&self) -> Option<(u64, LogLevel)> {
        *lock(&self.log_level)
    }

    pub(super) fn set_log_level(&self, number: u64, level: LogLevel) {
        let mut newest = lock(&self.log_level);
        if newest.is_none_or(|(before, _)| before < number) {
            *newest = Some((number, level));
        }
    }

    /// Where the answer to a question comes in.
    pub(super) fn ask(&self, number: u64) -> oneshot::Receiver<Reply> {
        let (sender, receiver) = oneshot::channel();
        lock(&self.questions).insert(number, sender);
        receiver
    }

    /// Waits for an answer no more. `false` when it has come.
    pub(super) fn unask(&self, number: u64) -> bool {
        lock(&self.questions).remove(&number).is_some()
    }

    pub(super) fn answered(&self, response: Response) {
        let id = response.id.as_ref().map(RequestId::as_json);
        let number = id.and_then(|json| serde_json::from_slice::<u64>(json).ok());
        let waiting = number.and_then(|number| lock(&self.questions).remove(&number));
        match waiting {
            // Whoever asked may have stopped waiting just now.
            Some(waiting) => drop(waiting.send(response.result)),
            None => tracing::debug!("an answer came that nobody waits for"),
        }
    }

    /// Ends everything: the session is no more.
    pub(super) fn end(&self) {
        lock(&self.questions).clear();
        for (_, tail) in lock(&self.tails).drain() {
            tail.close();
        }
        self.end_streams();
    }

    pub(super) fn end_streams(&self) {
        if let Some(listeners) = self.listeners.get() {
            listeners.send_modify(Listeners::clear);
        }
    }

    /// Whose streams are open, made when there is the first.
    pub(super) fn listeners(&self) -> &watch::Sender<Listeners> {
        self.listeners.get_or_init(watch::Sender::default)
    }
}

impl SessionRef {
    /// A place for a call that goes on after its client has hung up, as the legacy era
    /// wants; `None` when the session has so many that no more are kept.
    pub fn detach(&self, most: usize) -> Option<DetachedCall> {
        let live = self.live();
        let before = live.detached.fetch_add(1, Ordering::Relaxed);
        let place = DetachedCall(live);
        (before < most).then_some(place)
    }
}

/// A call that goes on after its client has hung up.
pub struct DetachedCall(Using);

impl std::fmt::Debug for DetachedCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DetachedCall")
    }
}

impl Drop for DetachedCall {
    fn drop(&mut self) {
        self.0.detached.fetch_sub(1, Ordering::Relaxed);
    }
}
