//! Where plain functions run, so that they cannot block the reactor.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use super::handler::ToolError;
use crate::protocol::{ErrorKind, ProtocolError};

/// A bounded number of threads, and a bounded number of calls that wait for one.
#[derive(Debug)]
pub(super) struct BlockingPool {
    threads: Arc<Semaphore>,
    waiting: AtomicUsize,
    queue: usize,
}

/// Counts a call as waiting for as long as it does.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl BlockingPool {
    pub(super) fn new(threads: usize, queue: usize) -> Self {
        Self {
            threads: Arc::new(Semaphore::new(threads)),
            waiting: AtomicUsize::new(0),
            queue,
        }
    }

    /// Runs a function on a thread of the pool.
    ///
    /// Dropping the future while the function waits takes it out of the queue; once it
    /// runs it runs to its end, keeps its place in the pool, and its result is lost. A
    /// panic in the function is a panic of the future.
    pub(super) async fn run<T, F>(&self, function: F) -> Result<T, ToolError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let permit = match Arc::clone(&self.threads).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                let before = self.waiting.fetch_add(1, Ordering::Relaxed);
                let _waiting = Waiting(&self.waiting);
                if before >= self.queue {
                    return Err(busy());
                }
                let threads = Arc::clone(&self.threads);
                threads.acquire_owned().await.map_err(|_| busy())?
            }
        };
        let work = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            function()
        });
        match work.await {
            Ok(value) => Ok(value),
            Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
            Err(_) => Err(busy()),
        }
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
    use std::sync::mpsc;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_call_over_the_queue_is_refused_and_the_pool_recovers() {
        let pool = Arc::new(BlockingPool::new(1, 1));
        let (release, wait) = mpsc::channel::<()>();
        let (started, running) = tokio::sync::oneshot::channel();
        let first = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move {
                pool.run(move || {
                    let _ = started.send(());
                    let _ = wait.recv();
                })
                .await
            }
        });
        running.await.unwrap();
        let second = pool.run(|| 2);
        tokio::pin!(second);
        assert!((&mut second).now_or_never().is_none());
        let third = pool.run(|| 3).await;
        assert!(third.is_err(), "a third call must not wait: {third:?}");
        release.send(()).unwrap();
        assert!(first.await.unwrap().is_ok());
        assert_eq!(second.await.unwrap(), 2);
        assert_eq!(pool.waiting.load(Ordering::Relaxed), 0);
    }
}
