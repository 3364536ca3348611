//! Where plain functions run, so that they cannot block the reactor.
//!
//! Threads of our own, and not those of the runtime: of those each call would wake one, and
//! waking a thread costs more than the common function does. Here one thread at a time is
//! on its way, and whichever comes first takes what there is.

mod threads;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::thread;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use self::threads::{Job, Place, Threads};
use super::handler::ToolError;
use crate::protocol::{ErrorKind, ProtocolError};

/// A bounded number of threads, and a bounded number of calls that wait for one.
#[derive(Debug)]
pub(super) struct BlockingPool(Arc<Threads>);

impl BlockingPool {
    /// Threads are started when they are first needed, and end when they were not for a
    /// while.
    pub(super) fn new(threads: usize, queue: usize) -> Self {
        Self(Arc::new(Threads::new(threads, queue)))
    }

    /// Runs a function on a thread of the pool, in reach of the runtime.
    ///
    /// Dropping the future while the function waits takes it out of the queue; once it
    /// runs it runs to its end, keeps its place in the pool, and its result is lost. A
    /// panic in the function is a panic of the future.
    pub(super) fn run<T, F>(
        &self,
        function: F,
    ) -> impl Future<Output = Result<T, ToolError>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let (tell, result) = oneshot::channel();
        let job = Box::new(Asked {
            function: Some(function),
            runtime: Handle::try_current().ok(),
            result: None,
            tell,
        });
        let waiting = Threads::add(&self.0, job).map(|place| Waiting(Arc::clone(&self.0), place));
        async move {
            let _waiting = waiting.ok_or_else(busy)?;
            match result.await {
                Ok(Ok(value)) => Ok(value),
                Ok(Err(panic)) => resume_unwind(panic),
                Err(_) => Err(busy()),
            }
        }
    }
}

/// A function that somebody waits for.
struct Asked<F, T> {
    function: Option<F>,
    runtime: Option<Handle>,
    result: Option<thread::Result<T>>,
    tell: oneshot::Sender<thread::Result<T>>,
}

impl<T: Send, F: FnOnce() -> T + Send> Job for Asked<F, T> {
    fn run(&mut self) {
        let _reach = self.runtime.as_ref().map(Handle::enter);
        if let Some(function) = self.function.take() {
            self.result = Some(catch_unwind(AssertUnwindSafe(function)));
        }
    }

    fn tell(self: Box<Self>) {
        if let Some(result) = self.result {
            // Whoever asked may be gone.
            let _ = self.tell.send(result);
        }
    }
}

impl Drop for BlockingPool {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// The place of a function in the queue, which it leaves when nobody wants it any more.
struct Waiting(Arc<Threads>, Place);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.leave(self.1);
    }
}

fn busy() -> ToolError {
    ToolError::protocol(ProtocolError::new(
        ErrorKind::Busy,
        "too many calls are waiting; try again later",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use std::collections::HashSet;
    use std::sync::{Barrier, mpsc};

    #[tokio::test(flavor = "multi_thread")]
    async fn a_call_over_the_queue_is_refused_and_the_pool_recovers() {
        let pool = BlockingPool::new(1, 1);
        let (release, wait) = mpsc::channel::<()>();
        let (started, running) = oneshot::channel();
        let first = pool.run(move || {
            let _ = started.send(());
            let _ = wait.recv();
        });
        let first = tokio::spawn(first);
        running.await.unwrap();
        let mut second = Box::pin(pool.run(|| 2));
        assert!((&mut second).now_or_never().is_none());
        let third = pool.run(|| 3).await;
        assert!(third.is_err(), "a third call must not wait: {third:?}");
        // What is not wanted any more makes room.
        drop(second);
        let fourth = tokio::spawn(pool.run(|| 4));
        release.send(()).unwrap();
        assert!(first.await.unwrap().is_ok());
        assert_eq!(fourth.await.unwrap().unwrap(), 4);
    }

    #[tokio::test]
    async fn as_many_run_at_once_as_there_are_threads() {
        const THREADS: usize = 8;
        let pool = BlockingPool::new(THREADS, 0);
        let all_here = Arc::new(Barrier::new(THREADS));
        let calls = (0..THREADS).map(|_| {
            let all_here = Arc::clone(&all_here);
            pool.run(move || {
                all_here.wait();
                thread::current().id()
            })
        });
        let calls: Vec<_> = calls.collect();
        let ran = futures_util::future::join_all(calls).await;
        let threads: HashSet<_> = ran.into_iter().map(Result::unwrap).collect();
        assert_eq!(threads.len(), THREADS);
    }

    #[tokio::test]
    async fn nothing_is_lost_whoever_is_awake() {
        let pool = BlockingPool::new(4, 10_000);
        for burst in [1, 2, 3, 100, 1, 1000] {
            let calls: Vec<_> = (0..burst).map(|i| pool.run(move || i)).collect();
            let done = futures_util::future::join_all(calls).await;
            let done: Vec<_> = done.into_iter().map(Result::unwrap).collect();
            assert_eq!(done, (0..burst).collect::<Vec<_>>());
        }
        assert!(pool.0.threads() <= 4, "{:?}", pool.0);
    }

    #[tokio::test]
    async fn a_panic_is_that_of_the_future_and_the_thread_goes_on() {
        let pool = BlockingPool::new(1, 0);
        let panic = AssertUnwindSafe(pool.run(|| panic!("on purpose"))).catch_unwind();
        let panic = panic.await.unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"on purpose"));
        assert_eq!(pool.run(|| 1).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_function_reaches_the_runtime() {
        let pool = BlockingPool::new(1, 0);
        let answer = pool.run(|| Handle::current().block_on(async { 7 })).await;
        assert_eq!(answer.unwrap(), 7);
    }
}
