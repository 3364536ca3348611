//! What time it is, which a test may set forward.

use std::time::{Instant, SystemTime};

#[cfg(test)]
use std::{
    sync::Arc,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// The clock of the system.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock {
    #[cfg(test)]
    ahead: Arc<AtomicU64>,
}

#[cfg(not(test))]
impl Clock {
    /// By the calendar: for what others have dated.
    #[expect(clippy::unused_self, reason = "a test asks its own clock")]
    pub(super) fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    /// By the stopwatch: for what is counted from here.
    #[expect(clippy::unused_self, reason = "a test asks its own clock")]
    pub(super) fn instant(&self) -> Instant {
        Instant::now()
    }
}

#[cfg(test)]
impl Clock {
    pub(super) fn now(&self) -> SystemTime {
        SystemTime::now() + self.ahead()
    }

    pub(super) fn instant(&self) -> Instant {
        Instant::now() + self.ahead()
    }

    pub(super) fn advance(&self, by: Duration) {
        self.ahead.fetch_add(by.as_secs(), Ordering::Relaxed);
    }

    fn ahead(&self) -> Duration {
        Duration::from_secs(self.ahead.load(Ordering::Relaxed))
    }
}
