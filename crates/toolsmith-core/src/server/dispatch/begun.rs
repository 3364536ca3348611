//! A request that was begun.

use std::future::{Future, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::call::GoingOn;
use super::work::Work;
use crate::protocol::{Outcome, ToolOutput};
use crate::server::admission::Place;

/// A request that was begun, and comes to an outcome. Nothing of a handler has run yet.
///
/// One type for all requests, written out rather than put together from `async fn`s: each
/// of those would hold the request once more, and every call would move all of it about.
pub(in crate::server) enum Begun {
    /// A call of a tool that was not polled yet.
    Call(PlainCall),
    /// Anything else, and a call that waits for something.
    Aside(Pin<Box<dyn Future<Output = Outcome> + Send>>),
    /// It came to its outcome.
    Over,
}

/// A call of a tool whose handler runs in place.
pub(in crate::server) struct PlainCall {
    pub(super) work: Work<ToolOutput>,
    /// What is needed only if the handler does not end where it begins.
    pub(super) going_on: GoingOn,
}

impl Begun {
    /// Work of any kind, in a box of its own, so that the future of a call stays small.
    pub(super) fn aside(work: impl Future<Output = Outcome> + Send + 'static) -> Self {
        Self::Aside(Box::pin(work))
    }

    /// Holds a place until it comes to its outcome, or is dropped.
    #[inline]
    pub(super) fn hold(&mut self, place: Place) {
        match self {
            Self::Call(call) => call.going_on.place = Some(place),
            Self::Aside(_) => self.hold_aside(place),
            Self::Over => {}
        }
    }

    #[inline(never)]
    fn hold_aside(&mut self, place: Place) {
        if let Self::Aside(work) = std::mem::replace(self, Self::Over) {
            *self = Self::aside(async move {
                let outcome = work.await;
                drop(place);
                outcome
            });
        }
    }

    /// An outcome that nobody has to wait for.
    pub(super) fn at_once(outcome: Outcome) -> Self {
        Self::aside(ready(outcome))
    }
}

impl PlainCall {
    /// Whether it has ended where it began, as the common call does: nothing is made for it
    /// to wait by.
    fn poll_at_first(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        match self.going_on.only_runs() {
            false => Poll::Pending,
            true => {
                let ended = self.work.poll_at_first(cx, self.going_on.failed());
                ended.map(|ended| ended.map_or_else(|failed| *failed, Outcome::Call))
            }
        }
    }
}

impl Future for Begun {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let this = self.get_mut();
        if let Self::Call(call) = this {
            let outcome = call.poll_at_first(cx);
            let call = std::mem::replace(this, Self::Over);
            if outcome.is_ready() {
                return outcome;
            }
            if let Self::Call(call) = call {
                *this = Self::aside(call.going_on.with(call.work));
            }
        }
        match this {
            Self::Aside(work) => work.as_mut().poll(cx),
            Self::Call(_) | Self::Over => Poll::Pending,
        }
    }
}
