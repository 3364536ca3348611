//! What is to be said of a request before its answer, on its way to whoever sends it.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::Notify;

use crate::server::ReplySink;

/// How many notifications of a request may wait for a slow reader before more are dropped.
pub(super) const QUEUE: usize = 64;
/// How many questions may wait beside them.
const QUESTIONS: usize = 64;

/// What comes out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A message.
    Message(Vec<u8>),
    /// The connection is to be closed; the client comes back after this time.
    Pause(Duration),
}

/// What is to be said of one call.
#[derive(Debug, Default)]
pub(super) struct Outlet {
    state: Mutex<State>,
    /// Rung when something was taken out.
    taken: Notify,
    /// Whether a client can come back for the rest.
    resumable: bool,
    /// How many requests it is said of.
    requests: usize,
}

#[derive(Debug, Default)]
struct State {
    items: VecDeque<Item>,
    /// Woken when something is put in.
    reader: Option<Waker>,
    closed: bool,
}

impl Outlet {
    /// Of so many requests.
    pub(super) fn new(resumable: bool, requests: usize) -> Arc<Self> {
        Arc::new(Self {
            resumable,
            requests,
            ..Self::default()
        })
    }

    /// What was put in first, once there is something.
    ///
    /// Dropping the future loses nothing.
    pub(super) async fn next(&self) -> Item {
        // Whoever always finds something here lets others have their turn all the same.
        tokio::task::coop::consume_budget().await;
        poll_fn(|cx| match self.try_next() {
            Some(item) => Poll::Ready(item),
            None if self.is_filled(cx) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            None => Poll::Pending,
        })
        .await
    }

    /// Whether there is anything in it. If there is not, who asks is woken when there is.
    pub(super) fn is_filled(&self, cx: &mut Context<'_>) -> bool {
        let mut state = self.state();
        if state.items.is_empty() {
            match &mut state.reader {
                Some(reader) => reader.clone_from(cx.waker()),
                None => state.reader = Some(cx.waker().clone()),
            }
            return false;
        }
        true
    }

    /// What was put in first, if there is anything.
    pub(super) fn try_next(&self) -> Option<Item> {
        let item = self.state().items.pop_front();
        if item.is_some() {
            self.taken.notify_waiters();
        }
        item
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.state().items.is_empty()
    }

    /// Takes no more.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.taken.notify_waiters();
    }

    /// Puts something in, unless there are so many for each request already.
    fn put(&self, item: Item, most: usize) -> bool {
        let mut state = self.state();
        if state.closed || state.items.len() >= most * self.requests {
            return false;
        }
        state.items.push_back(item);
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
        true
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReplySink for Outlet {
    fn notify(&self, message: Vec<u8>) -> bool {
        self.put(Item::Message(message), QUEUE)
    }

    fn ask(&self, message: Vec<u8>) -> bool {
        self.put(Item::Message(message), QUEUE + QUESTIONS)
    }

    fn ready(&self) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        Box::pin(async {
            loop {
                let taken = self.taken.notified();
                tokio::pin!(taken);
                // Registered before looking, so that nothing is missed between the two.
                taken.as_mut().enable();
                {
                    let state = self.state();
                    if state.closed {
                        return false;
                    }
                    if state.items.len() < QUEUE * self.requests {
                        return true;
                    }
                }
                taken.await;
            }
        })
    }

    fn pause(&self, retry: Duration) -> bool {
        self.resumable && self.put(Item::Pause(retry), QUEUE + QUESTIONS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    #[tokio::test]
    async fn what_does_not_fit_is_dropped_and_there_is_room_again_when_some_was_taken() {
        let outlet = Outlet::new(false, 1);
        let taken = (0..1000).filter(|_| outlet.notify(b"x".to_vec())).count();
        assert_eq!(taken, QUEUE);
        assert!(outlet.ask(b"?".to_vec()), "a question has room of its own");
        assert!(outlet.ready().now_or_never().is_none());
        for _ in 0..=1 {
            outlet.next().await;
        }
        assert_eq!(outlet.ready().now_or_never(), Some(true));
        outlet.close();
        assert_eq!(outlet.ready().now_or_never(), Some(false));
        assert!(!outlet.notify(b"late".to_vec()));
        assert!(!outlet.pause(Duration::ZERO), "nobody could come back");
    }
}
