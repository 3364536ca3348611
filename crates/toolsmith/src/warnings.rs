//! Warnings that may come in floods, of which some are written.

use std::time::Duration;

use tokio::time::Instant;

/// How long to wait between two of them, once as many were written as may come at once.
const PAUSE: Duration = Duration::from_secs(1);
/// How many may come at once.
const AT_ONCE: u32 = 5;

/// Warnings of one kind.
#[derive(Debug, Default)]
pub(crate) struct Warnings {
    /// When each that was written lately stops counting, in the order of time.
    written: Vec<Instant>,
    unsaid: u64,
}

impl Warnings {
    /// How many warnings the one that is due now stands for, if one is due.
    pub(crate) fn due(&mut self, now: Instant) -> Option<u64> {
        self.unsaid += 1;
        self.written.retain(|until| *until > now);
        if self.written.len() >= AT_ONCE as usize {
            return None;
        }
        self.written.push(now + PAUSE * AT_ONCE);
        Some(std::mem::take(&mut self.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_warnings_becomes_a_few_with_a_count() {
        let mut warnings = Warnings::default();
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        for _ in 0..AT_ONCE {
            assert_eq!(warnings.due(at(0)), Some(1));
        }
        assert_eq!(warnings.due(at(1)), None);
        assert_eq!(warnings.due(at(4999)), None);
        assert_eq!(warnings.due(at(5000)), Some(3));
    }
}
