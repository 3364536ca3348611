//! A piece of work for a cell, and the future of what it comes to.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot;

use super::StoreError;
use super::connection::Connection;
use crate::server::Cancellation;

/// Whose work it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// The library's own, such as that of sessions: first in line, and with room of its own.
    System,
    /// That of tools, within the room of the tenant.
    Tools,
}

/// Something to do in the transaction of a batch.
pub(super) trait Work: Send {
    /// Whose it is.
    fn lane(&self) -> Lane;

    /// Whether anybody still wants it done.
    fn wanted(&self) -> &Wanted;

    /// Does it. May be run again, when what it did had to be undone for another's sake.
    fn run(&mut self, connection: &Connection) -> Result<(), StoreError>;

    /// Says what it came to, once that is kept.
    fn end(self: Box<Self>, outcome: Result<(), StoreError>);
}

/// Whether anybody still wants a piece of work done.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    dropped: Arc<AtomicBool>,
    call: Option<Cancellation>,
}

impl Wanted {
    pub(super) fn is_over(&self) -> bool {
        let call = self.call.as_ref();
        self.dropped.load(Ordering::Acquire) || call.is_some_and(Cancellation::is_cancelled)
    }
}

/// What the store is asked for, which has to be waited for: by `await` in an `async fn`, by
/// [`wait`](Self::wait) in a plain one.
///
/// Dropping it gives the work up, as the end of the call does: what has not begun is not
/// done, and what has is stopped. Whether it was done by then nobody says.
#[must_use = "does nothing that anybody is told of unless it is waited for"]
pub struct StoreFuture<T> {
    answer: oneshot::Receiver<Result<T, StoreError>>,
    dropped: Arc<AtomicBool>,
}

impl<T> StoreFuture<T> {
    /// Waits for it in a plain function.
    ///
    /// # Errors
    ///
    /// As the work itself.
    ///
    /// # Panics
    ///
    /// In an `async fn`, which it would block.
    pub fn wait(mut self) -> Result<T, StoreError> {
        let (_, never) = oneshot::channel();
        let answer = std::mem::replace(&mut self.answer, never);
        answer
            .blocking_recv()
            .unwrap_or_else(|_| Err(StoreError::busy()))
    }

    /// Has it done whether or not anybody waits for it.
    pub(super) fn detach(mut self) {
        self.dropped = Arc::default();
    }

    /// It failed before it was asked for.
    pub(super) fn failed(error: StoreError) -> Self {
        let (tell, answer) = oneshot::channel();
        // The receiver is here.
        let _ = tell.send(Err(error));
        Self {
            answer,
            dropped: Arc::default(),
        }
    }
}

impl<T> Future for StoreFuture<T> {
    type Output = Result<T, StoreError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(Pin::new(&mut self.answer).poll(cx));
        // Nobody answers when the store ended.
        Poll::Ready(answer.unwrap_or_else(|_| Err(StoreError::busy())))
    }
}

impl<T> Drop for StoreFuture<T> {
    fn drop(&mut self) {
        self.dropped.store(true, Ordering::Release);
    }
}

impl<T> fmt::Debug for StoreFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreFuture")
    }
}

/// Work that somebody waits for.
struct Asked<F, T> {
    lane: Lane,
    wanted: Wanted,
    function: F,
    value: Option<T>,
    tell: oneshot::Sender<Result<T, StoreError>>,
}

/// Makes work of a function.
pub(super) fn asked<T, F>(
    lane: Lane,
    call: Option<Cancellation>,
    function: F,
) -> (Box<dyn Work>, StoreFuture<T>)
where
    T: Send + 'static,
    F: FnMut(&Connection) -> Result<T, StoreError> + Send + 'static,
{
    let (tell, answer) = oneshot::channel();
    let dropped = Arc::<AtomicBool>::default();
    let work = Asked {
        lane,
        wanted: Wanted {
            dropped: Arc::clone(&dropped),
            call,
        },
        function,
        value: None,
        tell,
    };
    (Box::new(work), StoreFuture { answer, dropped })
}

impl<T, F> Work for Asked<F, T>
where
    T: Send,
    F: FnMut(&Connection) -> Result<T, StoreError> + Send,
{
    fn lane(&self) -> Lane {
        self.lane
    }

    fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    fn run(&mut self, connection: &Connection) -> Result<(), StoreError> {
        self.value = None;
        let ran = catch_unwind(AssertUnwindSafe(|| (self.function)(connection)));
        self.value = Some(ran.unwrap_or_else(|_| Err(StoreError::panicked()))?);
        Ok(())
    }

    fn end(self: Box<Self>, outcome: Result<(), StoreError>) {
        let answer = match (outcome, self.value) {
            (Ok(()), Some(value)) => Ok(value),
            (Ok(()), None) => Err(StoreError::over()),
            (Err(error), _) => Err(error),
        };
        // Whoever asked may be gone.
        let _ = self.tell.send(answer);
    }
}
