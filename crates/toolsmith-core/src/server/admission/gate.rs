//! Where calls are let in.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::queue::Queue;
use super::{Place, Waiting};
use crate::protocol::{ErrorKind, ProtocolError};

/// How many calls are let in.
#[derive(Clone, Copy, Debug)]
pub(in crate::server) struct Limits {
    /// How many are worked on at once.
    pub(in crate::server) places: u32,
    /// How many wait.
    pub(in crate::server) queue: u32,
    /// How long one waits.
    pub(in crate::server) patience: Duration,
}

/// Lets calls in, and has the others wait.
pub(in crate::server) struct Admission {
    limits: Limits,
    /// How many have a place, in the low half, and how many wait, in the high half. Nobody
    /// waits while there is a place.
    state: AtomicU64,
    /// Who waits. The high half of the state changes only under its lock.
    queue: Mutex<Queue>,
}

/// One that waits, in the state.
const WAITING: u64 = 1 << 32;

/// How many have a place.
const fn working(state: u64) -> u64 {
    state & (WAITING - 1)
}

impl Admission {
    pub(in crate::server) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            state: AtomicU64::new(0),
            queue: Mutex::default(),
        })
    }

    /// How many calls are worked on.
    pub(in crate::server) fn working(&self) -> usize {
        working(self.state.load(Ordering::Relaxed)) as usize
    }

    /// How many calls wait.
    pub(in crate::server) fn waiting(&self) -> usize {
        (self.state.load(Ordering::Relaxed) / WAITING) as usize
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// A place, where there is one.
    pub(in crate::server) fn enter(self: &Arc<Self>) -> Option<Place> {
        let places = u64::from(self.limits.places);
        // One that waits makes the state larger than any number of places.
        let entered = self
            .state
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |state| {
                (state < places).then_some(state + 1)
            });
        entered.is_ok().then(|| Place::new(self))
    }

    /// A place, or one to come.
    ///
    /// # Errors
    ///
    /// When too many wait already.
    pub(in crate::server) fn queue(self: &Arc<Self>) -> Result<Waiting, ProtocolError> {
        let (places, room) = (u64::from(self.limits.places), self.limits.queue as usize);
        let mut queue = self.queued();
        // Whoever gives a place back sees that one waits, and then finds it under the lock.
        let before = self
            .state
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |state| {
                match queue.len() < room {
                    _ if state < places => Some(state + 1),
                    true => Some(state + WAITING),
                    false => None,
                }
            });
        match before {
            Ok(before) if before < places => Ok(Waiting::over(Place::new(self))),
            Ok(_) => {
                let (ticket, coming) = queue.push();
                Ok(Waiting::new(self, ticket, coming))
            }
            Err(_) => {
                queue.warn_once(self.limits);
                Err(self.full())
            }
        }
    }

    /// Takes a place back, and gives it to whoever waits for longest.
    pub(super) fn leave(self: &Arc<Self>) {
        let left = self
            .state
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |state| {
                (state < WAITING).then(|| state - 1)
            });
        if left.is_err() {
            self.hand_on();
        }
    }

    /// Gives a place that nobody has any more to the next one.
    fn hand_on(self: &Arc<Self>) {
        let mut queue = self.queued();
        let next = queue.pop();
        // Under the lock, so that the state says how many wait.
        match next {
            Some(_) => self.state.fetch_sub(WAITING, Ordering::AcqRel),
            None => self.state.fetch_sub(1, Ordering::AcqRel),
        };
        drop(queue);
        if let Some(next) = next {
            // One that has gone meanwhile gives it back by dropping it.
            drop(next.send(Place::new(self)));
        }
    }

    /// Takes one that waits out of the queue. `false` when it was given a place.
    pub(super) fn give_up(&self, ticket: u64) -> bool {
        let mut queue = self.queued();
        let waits = queue.remove(ticket);
        if waits {
            self.state.fetch_sub(WAITING, Ordering::AcqRel);
        }
        waits
    }

    fn full(&self) -> ProtocolError {
        let Limits { places, queue, .. } = self.limits;
        ProtocolError::new(
            ErrorKind::Busy,
            format!(
                "the server works on {places} calls, and {queue} more wait, which is as many as may; try again later"
            ),
        )
    }

    fn queued(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
