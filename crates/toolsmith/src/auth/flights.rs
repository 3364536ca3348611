//! Work that several wait for and that is done once.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};

/// What to wait for: `None` when the work was cut off.
pub(super) type Flight<T> = Shared<BoxFuture<'static, Option<T>>>;

/// What is being worked on, by what it is for.
pub(super) struct Flights<K, T: Clone> {
    running: Mutex<HashMap<K, Flight<T>>>,
    most: usize,
}

impl<K, T> Flights<K, T>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
{
    /// At most so many at the same time.
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            running: Mutex::default(),
            most,
        })
    }

    /// Waits for the work that is under way for this, or begins it. It goes on when nobody
    /// waits for it any more. `None` where too many are under way.
    pub(super) fn join<F>(self: &Arc<Self>, key: K, work: impl FnOnce() -> F) -> Option<Flight<T>>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut running = self.running();
        if let Some(flight) = running.get(&key) {
            return Some(flight.clone());
        }
        if running.len() >= self.most {
            return None;
        }
        let landing = Landing(Arc::clone(self), key.clone());
        let work = work();
        let task = tokio::spawn(async move {
            let _landing = landing;
            work.await
        });
        let flight = task.map(Result::ok).boxed().shared();
        running.insert(key, flight.clone());
        Some(flight)
    }

    fn running(&self) -> MutexGuard<'_, HashMap<K, Flight<T>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets the work when it ends, in whatever way.
struct Landing<K: Eq + Hash, T: Clone>(Arc<Flights<K, T>>, K);

impl<K: Eq + Hash, T: Clone> Drop for Landing<K, T> {
    fn drop(&mut self) {
        let running = self.0.running.lock();
        let gone = running
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.1);
        drop(gone);
    }
}

impl<K, T: Clone> fmt::Debug for Flights<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flights")
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn work_is_done_once_for_all_who_wait_and_goes_on_when_one_leaves() {
        let flights = Flights::<u8, usize>::new(1);
        let (count, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let work = || {
            let (count, gate) = (Arc::clone(&count), Arc::clone(&gate));
            async move {
                gate.notified().await;
                count.fetch_add(1, Ordering::Relaxed)
            }
        };
        let first = flights.join(1, work).expect("there is room");
        let second = flights.join(1, work).expect("it is under way");
        assert!(flights.join(2, work).is_none(), "one too many");
        drop(first);
        gate.notify_one();
        assert_eq!(second.await, Some(0));
        assert_eq!(count.load(Ordering::Relaxed), 1);
        gate.notify_one();
        let again = flights.join(2, work).expect("there is room again");
        assert_eq!(again.await, Some(1));
    }

    #[tokio::test]
    async fn work_that_panics_is_forgotten() {
        let flights = Flights::<u8, u8>::new(1);
        let work = || async { panic!("on purpose") };
        assert_eq!(flights.join(1, work).expect("room").await, None);
        let next = flights.join(1, || async { 2 }).expect("room");
        assert_eq!(next.await, Some(2));
    }
}
