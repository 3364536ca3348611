//! A handler at work: within its time, its panics caught, its questions answered or
//! carried by the client.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use futures_util::future::CatchUnwind;
use tracing::Instrument as _;

use super::failure::Failed;
use crate::protocol::{Outcome, TraceContext};
use crate::server::asking::{Asking, Waits};
use crate::server::handler::ToolError;
use crate::server::limit::Limit;
use crate::server::running::{Becoming, Run, drive};

/// What a handler comes to, a panic included.
pub(super) type Ended<T> = Result<Result<T, ToolError>, Box<dyn Any + Send>>;

/// The future of a handler.
type Handling<T> = Pin<Box<dyn Future<Output = Result<T, ToolError>> + Send>>;

/// The trace that a request is a part of: its method, what it is about, and the trace.
pub(super) type Traced = (&'static str, Arc<str>, Arc<TraceContext>);

/// A handler at work. It can be handed on, to go on as a task.
pub(super) struct Work<T> {
    future: CatchUnwind<AssertUnwindSafe<Handling<T>>>,
    limit: Option<Limit>,
    /// It was polled just now, and waits.
    waits: bool,
}

/// What became of work for now.
pub(super) enum Worked<T> {
    /// It came to this.
    Output(T),
    /// It failed, or ran out of time.
    Failed(Outcome),
    /// It waits for the client.
    Waits(Waits),
    /// The call is to become a task, and this goes on.
    Becomes(Work<T>),
}

/// What a handler is driven to before its time is over; nothing where that comes first.
///
/// The handler is polled each time, and first. What waits until it has time, as a `select!`
/// does in a task that has done much, would lose that the handler was woken before.
async fn before<T>(driving: impl Future<Output = T>, over: impl Future<Output = ()>) -> Option<T> {
    let (mut driving, mut over) = (pin!(driving), pin!(over));
    poll_fn(|cx| match driving.as_mut().poll(cx) {
        Poll::Ready(run) => Poll::Ready(Some(run)),
        Poll::Pending => over.as_mut().poll(cx).map(|()| None),
    })
    .await
}

impl<T: Send + 'static> Work<T> {
    /// Begins work. Nothing runs until it is polled.
    pub(super) fn new<F>(
        work: impl FnOnce() -> F + Send + 'static,
        limit: Option<Limit>,
        trace: Option<Traced>,
    ) -> Self
    where
        F: Future<Output = Result<T, ToolError>> + Send + 'static,
    {
        // Inside the block, so that a panic before the first await is caught as well.
        Self::of(Box::pin(async move { work().await }), limit, trace)
    }

    /// Begins work of which nothing has run.
    pub(super) fn of(work: Handling<T>, limit: Option<Limit>, trace: Option<Traced>) -> Self {
        let work = match trace {
            None => work,
            Some((method, name, trace)) => Box::pin(work.instrument(tracing::info_span!(
                "request",
                method,
                name = &*name,
                traceparent = trace.traceparent(),
                tracestate = trace.tracestate(),
                baggage = trace.baggage(),
            ))),
        };
        Self {
            future: AssertUnwindSafe(work).catch_unwind(),
            limit,
            waits: false,
        }
    }

    /// The same work, which may take as long as it likes from here on.
    pub(super) fn without_limit(mut self) -> Self {
        self.limit = None;
        self
    }

    /// Polls it once, where nothing but its end is looked for. One that does not end so is
    /// to go on, and is not polled again for it.
    pub(super) fn poll_at_first(
        &mut self,
        cx: &mut Context<'_>,
        failed: Failed<'_>,
    ) -> Poll<Result<T, Box<Outcome>>> {
        match self.future.poll_unpin(cx) {
            Poll::Ready(ended) => Poll::Ready(failed.unless(ended)),
            Poll::Pending => {
                self.waits = true;
                Poll::Pending
            }
        }
    }

    /// Goes on until something is to be done about it.
    pub(super) async fn go_on(
        mut self,
        asking: Option<&Asking>,
        becoming: Option<&Becoming>,
        failed: Failed<'_>,
    ) -> Worked<T> {
        let waits = std::mem::take(&mut self.waits);
        let run = {
            let driving = drive(&mut self.future, waits, asking, becoming);
            match &mut self.limit {
                None => Ok(driving.await),
                Some(limit) => {
                    let length = limit.length();
                    before(driving, limit.over()).await.ok_or(length)
                }
            }
        };
        match run {
            Err(limit) => Worked::Failed(failed.timed_out(limit)),
            Ok(Run::Ended(ended)) => match failed.unless(ended) {
                Ok(output) => Worked::Output(output),
                Err(outcome) => Worked::Failed(*outcome),
            },
            Ok(Run::Waits(waits)) => Worked::Waits(waits),
            Ok(Run::Becomes) => Worked::Becomes(self),
        }
    }
}
