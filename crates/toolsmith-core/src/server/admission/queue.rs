//! Who waits for a place, in order.

use std::collections::BTreeMap;

use tokio::sync::oneshot;

use super::{Limits, Place};

/// Who waits for a place, in the order in which they came.
#[derive(Default)]
pub(super) struct Queue {
    waiting: BTreeMap<u64, oneshot::Sender<Place>>,
    tickets: u64,
    /// Whether the log was told that it is full, since it was empty.
    warned: bool,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// One more at the end: by which it is taken out, and where its place comes.
    pub(super) fn push(&mut self) -> (u64, oneshot::Receiver<Place>) {
        let ticket = self.tickets;
        self.tickets += 1;
        let (place, coming) = oneshot::channel();
        self.waiting.insert(ticket, place);
        (ticket, coming)
    }

    /// The one whose turn it is.
    pub(super) fn pop(&mut self) -> Option<oneshot::Sender<Place>> {
        let (_, next) = self.waiting.pop_first()?;
        self.warned &= !self.waiting.is_empty();
        Some(next)
    }

    /// Takes one out. `false` when it was not there any more.
    pub(super) fn remove(&mut self, ticket: u64) -> bool {
        let waited = self.waiting.remove(&ticket).is_some();
        self.warned &= !self.waiting.is_empty();
        waited
    }

    /// Tells the log that it is full, once until it was empty.
    pub(super) fn warn_once(&mut self, limits: Limits) {
        if !std::mem::replace(&mut self.warned, true) {
            tracing::warn!(
                calls = limits.places,
                queue = limits.queue,
                "calls are refused, because as many as may are worked on and wait; allow more with Server::max_calls"
            );
        }
    }
}
