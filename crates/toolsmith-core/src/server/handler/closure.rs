//! What an author gives instead of a function: a closure.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::Call;
use crate::server::Context;

type Work<O> = Pin<Box<dyn Future<Output = O> + Send>>;

/// A closure that is called with what a client gave and with the context.
pub(in crate::server) struct Closure<A, O>(Arc<dyn Fn(A, Context) -> Work<O> + Send + Sync>);

impl<A: 'static, O: 'static> Closure<A, O> {
    /// A closure, and what becomes of its result.
    pub(in crate::server) fn new<H, F>(closure: H, result: fn(F::Output) -> O) -> Self
    where
        H: Fn(A, Context) -> F + Send + Sync + 'static,
        F: Future + Send + 'static,
    {
        Self(Arc::new(move |given, context| {
            let work = closure(given, context);
            Box::pin(async move { result(work.await) })
        }))
    }

    /// Runs it for a call, which is over when the work has ended or was dropped.
    pub(in crate::server) fn run(&self, call: Call, given: A) -> Work<O> {
        let work = (self.0)(given, call.context().clone());
        Box::pin(async move {
            let _call = call;
            work.await
        })
    }
}

impl<A, O> Clone for Closure<A, O> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<A, O> fmt::Debug for Closure<A, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Closure")
    }
}
