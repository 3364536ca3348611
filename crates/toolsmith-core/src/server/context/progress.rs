//! How far a call has come, and how often a client is told.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::Context;
use crate::protocol::encode_progress;

/// How many notifications may come at once.
const BURST: f64 = 100.0;
/// How many may come a second from then on.
const PER_SECOND: f64 = 100.0;

/// How far a call has come.
///
/// ```
/// use toolsmith_core::server::Progress;
///
/// let halfway = Progress::new(5.0).total(10.0).message("five of ten");
/// # let _ = halfway;
/// ```
#[derive(Clone, Debug)]
pub struct Progress {
    progress: f64,
    total: Option<f64>,
    message: Option<String>,
}

impl Progress {
    /// How much is done. It must grow from one report to the next.
    pub fn new(progress: f64) -> Self {
        Self {
            progress,
            total: None,
            message: None,
        }
    }

    /// Of how much.
    #[must_use]
    pub fn total(mut self, total: f64) -> Self {
        self.total = Some(total);
        self
    }

    /// What is being done, for people.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// The report in one line.
    fn line(&self) -> String {
        match (&self.message, self.total) {
            (Some(message), _) => message.clone(),
            (None, Some(total)) => format!("{} of {total}", self.progress),
            (None, None) => self.progress.to_string(),
        }
    }

    fn is_last(&self) -> bool {
        self.total.is_some_and(|total| self.progress >= total)
    }
}

/// How many notifications a call may send: a hundred at once, and then a hundred a second.
#[derive(Debug, Default)]
pub(super) struct Budget(Mutex<Option<(f64, Instant)>>);

impl Budget {
    pub(super) fn take(&self) -> bool {
        let now = Instant::now();
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (left, since) = state.unwrap_or((BURST, now));
        let refilled = now.duration_since(since).as_secs_f64() * PER_SECOND;
        let left = (left + refilled).min(BURST);
        let taken = left >= 1.0;
        *state = Some((if taken { left - 1.0 } else { left }, now));
        taken
    }
}

/// How far a call has come as far as the client was told. It only grows, which every
/// revision demands of progress.
#[derive(Debug, Default)]
pub(super) struct Furthest(Mutex<Option<f64>>);

impl Furthest {
    /// Tells of what is further than all that was told, one report after the other: what two
    /// threads report at once goes out in order. `tell` must not wait.
    fn pass(&self, progress: f64, tell: impl FnOnce() -> bool) {
        let mut furthest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_further = progress.is_finite() && furthest.is_none_or(|before| progress > before);
        // What was not told is not a bound for what is.
        if is_further && tell() {
            *furthest = Some(progress);
        }
    }
}

impl Context {
    /// Tells the client how far the call has come, if it asked to be told.
    ///
    /// In a task, nobody hears of reports. The newest one is shown as the status of the
    /// task, its message or else its numbers, until the author says something by
    /// [`task_status`](Self::task_status).
    ///
    /// Never waits. A report that the client is too slow to take is dropped, and so is one
    /// that is no further than the one that was told before it, and one over a hundred a
    /// second, unless it is the last.
    pub fn progress(&self, progress: Progress) {
        if let Some(task) = self.task() {
            return self.0.furthest.pass(progress.progress, || {
                let is_told = self.0.budget.take() || progress.is_last();
                if is_told {
                    task.say_progress(progress.line());
                }
                is_told
            });
        }
        let scope = self.scope();
        let (Some(token), Some(sink)) = (&scope.progress, &scope.sink) else {
            return;
        };
        let asking = scope.asking.as_ref();
        self.0.furthest.pass(progress.progress, || {
            if asking.is_some_and(|asking| !asking.is_new_progress(progress.progress)) {
                return false;
            }
            if !self.0.budget.take() && !progress.is_last() {
                return false;
            }
            let message = encode_progress(
                token,
                scope.peer.revision,
                progress.progress,
                progress.total,
                progress.message.as_deref(),
            );
            if !scope.engine.may_send("a progress report", message.len()) {
                return false;
            }
            if !sink.notify(message) {
                tracing::debug!(name = %scope.name, "a progress report was dropped");
                return false;
            }
            if let Some(asking) = asking {
                asking.told_progress(progress.progress);
            }
            true
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_cut_off() {
        let budget = Budget::default();
        let taken = (0..10_000).filter(|_| budget.take()).count();
        assert!((100..200).contains(&taken), "{taken}");
    }
}
