//! A request that there is room for.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::begun::Begun;
use crate::protocol::Outcome;
use crate::server::admission::Place;

/// A request that was begun because there is room for it. It holds its place until it comes
/// to its outcome, or is dropped.
pub(in crate::server) struct Admitted {
    // Dropped before the place is given on.
    work: Begun,
    place: Option<Place>,
}

impl Admitted {
    /// One that needs no place, or none yet.
    pub(super) fn freely(work: Begun) -> Self {
        Self { work, place: None }
    }

    pub(super) fn holding(place: Place, work: Begun) -> Self {
        Self {
            work,
            place: Some(place),
        }
    }
}

impl Future for Admitted {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let outcome = Pin::new(&mut self.work).poll(cx);
        if outcome.is_ready() {
            self.place = None;
        }
        outcome
    }
}
