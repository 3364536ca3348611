//! Polling a handler until it ends, until it waits for the client, or until it says that
//! its call is to become a task.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use futures_util::task::AtomicWaker;

use super::asking::{Asking, Waits};
use super::handler::ToolError;
use super::tasks::TaskHandle;
use crate::protocol::ProtocolError;

/// What became of a run.
pub(super) enum Run<T> {
    /// It came to an end.
    Ended(T),
    /// It waits for the client.
    Waits(Waits),
    /// The call is to become a task.
    Becomes,
}

/// Polls a handler for as long as nothing else is to be done with it. One that `waits` was
/// polled just now with the same waker, and is not at first.
pub(super) async fn drive<F>(
    work: &mut F,
    mut waits: bool,
    asking: Option<&Asking>,
    becoming: Option<&Becoming>,
) -> Run<F::Output>
where
    F: Future + Unpin,
{
    poll_fn(|cx| {
        if std::mem::take(&mut waits) {
            return Poll::Pending;
        }
        // What is asked for from another task wakes this one.
        if let Some(asking) = asking {
            asking.wake(cx.waker());
        }
        if let Some(becoming) = becoming {
            becoming.driver.register(cx.waker());
        }
        if let Poll::Ready(ended) = Pin::new(&mut *work).poll(cx) {
            return Poll::Ready(Run::Ended(ended));
        }
        if let Some(waits) = asking.and_then(Asking::waits) {
            return Poll::Ready(Run::Waits(waits));
        }
        if becoming.is_some_and(Becoming::is_wanted) {
            return Poll::Ready(Run::Becomes);
        }
        Poll::Pending
    })
    .await
}

/// Where a handler says that its call is to become a task.
#[derive(Debug, Default)]
pub(super) struct Becoming {
    wanted: AtomicBool,
    driver: AtomicWaker,
    settled: OnceLock<Result<TaskHandle, ProtocolError>>,
    waiting: AtomicWaker,
}

impl Becoming {
    /// Says from the beginning why it cannot be.
    pub(super) fn refused(why: ProtocolError) -> Self {
        Self {
            settled: OnceLock::from(Err(why)),
            ..Self::default()
        }
    }

    /// Asks for it, and waits until it is so.
    pub(super) async fn ask(&self) -> Result<(), ToolError> {
        self.wanted.store(true, Ordering::Release);
        self.driver.wake();
        poll_fn(|cx| {
            self.waiting.register(cx.waker());
            match self.settled.get() {
                None => Poll::Pending,
                Some(Ok(_)) => Poll::Ready(Ok(())),
                Some(Err(why)) => Poll::Ready(Err(ToolError::protocol(why.clone()))),
            }
        })
        .await
    }

    /// Says that it is so, or why it cannot be.
    pub(super) fn settle(&self, task: Result<TaskHandle, ProtocolError>) {
        // It is asked for once.
        let _ = self.settled.set(task);
        self.waiting.wake();
    }

    /// The task, once the call is one.
    pub(super) fn task(&self) -> Option<&TaskHandle> {
        self.settled.get()?.as_ref().ok()
    }

    /// Whether it may still be, or is.
    pub(super) fn is_possible(&self) -> bool {
        !matches!(self.settled.get(), Some(Err(_)))
    }

    fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Acquire) && self.settled.get().is_none()
    }
}
