//! How long a handler may work. The time in which it waits for the client's answer does not
//! count: a person may think.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// A limit on the time of a handler.
#[derive(Debug)]
pub(super) struct Limit {
    begun: Instant,
    length: Duration,
    clock: Arc<Clock>,
}

/// What stops while a handler waits for its client.
#[derive(Debug, Default)]
pub(super) struct Clock {
    state: Mutex<State>,
    /// Rung when it goes on.
    goes_on: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// How many questions wait, and since when.
    questions: usize,
    since: Option<Instant>,
    /// How long questions have waited that were answered.
    waited: Duration,
}

impl Limit {
    /// A limit that begins to count now.
    pub(super) fn new(length: Duration) -> Self {
        Self {
            begun: Instant::now(),
            length,
            clock: Arc::default(),
        }
    }

    /// How long it is.
    pub(super) fn length(&self) -> Duration {
        self.length
    }

    /// The clock by which it counts.
    pub(super) fn clock(&self) -> &Arc<Clock> {
        &self.clock
    }

    /// Until the time is over. A limit beyond the end of time is never over.
    pub(super) async fn over(&self) {
        loop {
            let Some(waited) = self.clock.waited() else {
                self.clock.goes_on().await;
                continue;
            };
            let length = self.length.saturating_add(waited);
            let Some(end) = self.begun.checked_add(length) else {
                return std::future::pending().await;
            };
            tokio::time::sleep_until(end).await;
            if self.clock.waited() == Some(waited) {
                return;
            }
        }
    }
}

impl Clock {
    /// Stops it until the guard is dropped.
    pub(super) fn stop(self: &Arc<Self>) -> Stopped {
        let mut state = self.state();
        state.questions += 1;
        state.since.get_or_insert_with(Instant::now);
        drop(state);
        Stopped(Arc::clone(self))
    }

    /// How long it stood still so far, unless it does so now.
    fn waited(&self) -> Option<Duration> {
        let state = self.state();
        state.since.is_none().then_some(state.waited)
    }

    async fn goes_on(&self) {
        let rung = self.goes_on.notified();
        tokio::pin!(rung);
        // Registered before looking, so that nothing is missed between the two.
        rung.as_mut().enable();
        if self.waited().is_none() {
            rung.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A clock that stands still.
#[derive(Debug)]
pub(super) struct Stopped(Arc<Clock>);

impl Drop for Stopped {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.questions -= 1;
        if state.questions == 0
            && let Some(since) = state.since.take()
        {
            state.waited += since.elapsed();
            drop(state);
            self.0.goes_on.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn after(seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_of_questions_does_not_count() {
        let limit = Limit::new(Duration::from_secs(10));
        let begun = Instant::now();
        let clock = Arc::clone(limit.clock());
        let asking = async move {
            after(4).await;
            let first = clock.stop();
            after(100).await;
            let second = clock.stop();
            drop(first);
            after(100).await;
            drop(second);
            after(3).await;
            let third = clock.stop();
            after(50).await;
            drop(third);
        };
        tokio::join!(limit.over(), asking);
        assert_eq!(begun.elapsed(), Duration::from_secs(260));
    }

    #[tokio::test(start_paused = true)]
    async fn without_questions_it_is_over_on_time_and_never_where_there_is_no_end() {
        let begun = Instant::now();
        Limit::new(Duration::from_secs(10)).over().await;
        assert_eq!(begun.elapsed(), Duration::from_secs(10));
        let endless = Limit::new(Duration::MAX);
        let over = tokio::time::timeout(Duration::from_secs(1000), endless.over());
        assert!(over.await.is_err());
    }
}
