//! A handler at work: within its time, its panics caught, its questions answered or
//! carried by the client.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt as _;
use tracing::Instrument as _;

use super::failure::Failed;
use crate::protocol::{Outcome, TraceContext};
use crate::server::asking::{Asking, Waits};
use crate::server::handler::ToolError;
use crate::server::limit::Limit;
use crate::server::running::{Becoming, Run, drive};

/// What a handler comes to, a panic included.
pub(super) type Ended<T> = Result<Result<T, ToolError>, Box<dyn Any + Send>>;

/// A handler at work. It can be handed on, to go on as a task.
pub(super) struct Work<T> {
    future: Pin<Box<dyn Future<Output = Ended<T>> + Send>>,
    limit: Option<Limit>,
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

impl<T: 'static> Work<T> {
    /// Begins work. Nothing runs until it is polled.
    pub(super) fn new<F>(
        work: impl FnOnce() -> F + Send + 'static,
        limit: Option<Limit>,
        trace: Option<(&'static str, Arc<str>, Arc<TraceContext>)>,
    ) -> Self
    where
        F: Future<Output = Result<T, ToolError>> + Send + 'static,
        T: Send,
    {
        // Inside the block, so that a panic before the first await is caught as well.
        let caught = AssertUnwindSafe(async move { work().await }).catch_unwind();
        let future: Pin<Box<dyn Future<Output = Ended<T>> + Send>> = match trace {
            None => Box::pin(caught),
            Some((method, name, trace)) => Box::pin(caught.instrument(tracing::info_span!(
                "request",
                method,
                name = &*name,
                traceparent = trace.traceparent(),
                tracestate = trace.tracestate(),
                baggage = trace.baggage(),
            ))),
        };
        Self { future, limit }
    }

    /// The same work, which may take as long as it likes from here on.
    pub(super) fn without_limit(mut self) -> Self {
        self.limit = None;
        self
    }

    /// Goes on until something is to be done about it.
    pub(super) async fn go_on(
        mut self,
        asking: Option<&Asking>,
        becoming: Option<&Becoming>,
        failed: Failed<'_>,
    ) -> Worked<T> {
        let run = {
            let driving = drive(&mut self.future, asking, becoming);
            match &self.limit {
                None => Ok(driving.await),
                Some(limit) => tokio::select! {
                    biased;
                    run = driving => Ok(run),
                    () = limit.over() => Err(limit.length()),
                },
            }
        };
        match run {
            Err(limit) => Worked::Failed(failed.timed_out(limit)),
            Ok(Run::Ended(Ok(Ok(output)))) => Worked::Output(output),
            Ok(Run::Ended(Ok(Err(error)))) => Worked::Failed(failed.with(&error)),
            Ok(Run::Ended(Err(panic))) => Worked::Failed(failed.panicked(panic.as_ref())),
            Ok(Run::Waits(waits)) => Worked::Waits(waits),
            Ok(Run::Becomes) => Worked::Becomes(self),
        }
    }
}
