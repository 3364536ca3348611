//! What the server itself keeps in the stores of its tenants, so that it outlives the
//! process: sessions, what was sent on their streams, and tasks.

mod events;
mod recovery;
mod sessions;
mod tasks;

#[cfg(feature = "http")]
pub(crate) use events::StoredEvents;
pub(super) use recovery::{recover, tidy};
#[cfg(feature = "http")]
pub(crate) use sessions::StoredSessions;
pub(crate) use tasks::StoredTasks;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970.
pub(super) fn now() -> i64 {
    since_1970(SystemTime::now())
}

pub(super) fn since_1970(at: SystemTime) -> i64 {
    milliseconds(at.duration_since(UNIX_EPOCH).unwrap_or_default())
}

pub(super) fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
