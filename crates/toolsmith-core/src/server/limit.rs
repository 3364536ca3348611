//! How long a handler may work. The time in which it waits for the client's answer does not
//! count: a person may think.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// A limit on the time of a handler. It costs nothing until somebody waits for it: the
/// common call ends before.
#[derive(Debug)]
pub(super) struct Limit {
    /// When it was first waited for.
    begun: OnceLock<Instant>,
    length: Duration,
    /// What stops it, where anything may.
    clock: Option<Arc<Clock>>,
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
    /// A limit that begins to count when it is waited for, and that nothing stops.
    pub(super) fn new(length: Duration) -> Self {
        Self {
            begun: OnceLock::new(),
            length,
            clock: None,
        }
    }

    /// One that stands still while the clock does.
    pub(super) fn by(length: Duration, clock: Arc<Clock>) -> Self {
        Self {
            clock: Some(clock),
            ..Self::new(length)
        }
    }

    /// How long it is.
    pub(super) fn length(&self) -> Duration {
        self.length
    }

    /// Until the time is over. A limit beyond the end of time is never over.
    pub(super) async fn over(&self) {
        let begun = *self.begun.get_or_init(Instant::now);
        loop {
            let waited = match &self.clock {
                None => Duration::ZERO,
                Some(clock) => clock.at_work().await,
            };
            let length = self.length.saturating_add(waited);
            let Some(end) = begun.checked_add(length) else {
                return std::future::pending().await;
            };
            tokio::time::sleep_until(end).await;
            let stood_still = |clock: &Arc<Clock>| clock.waited() != Some(waited);
            if !self.clock.as_ref().is_some_and(stood_still) {
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

    /// Waits until it does not stand still, and says how long it did so far.
    async fn at_work(&self) -> Duration {
        loop {
            if let Some(waited) = self.waited() {
                return waited;
            }
            self.goes_on().await;
        }
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
        let clock = Arc::<Clock>::default();
        let limit = Limit::by(Duration::from_secs(10), Arc::clone(&clock));
        let begun = Instant::now();
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
