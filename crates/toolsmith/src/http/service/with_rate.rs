//! How often one caller may send requests.
//!
//! Each has a bucket of its own: by principal where one is known, by address otherwise. The
//! buckets of those who have been silent are forgotten now and then, so that what is kept
//! is bounded by who was here lately.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::network;
use crate::server::Caller;
use crate::{Error, Result};

/// After how many requests those who have been silent are forgotten.
const FORGET_EVERY: u64 = 1 << 16;

/// A number of requests in a time, such as `20/s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) struct Rate {
    requests: NonZeroU32,
    time: Duration,
}

impl Rate {
    /// Reads one; none where there is no text.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(in crate::http) fn parse(text: &str) -> Result<Option<Self>> {
        if text.is_empty() {
            return Ok(None);
        }
        let rate = text.split_once('/').and_then(|(requests, unit)| {
            let time = match unit.trim() {
                "s" => 1,
                "m" => 60,
                "h" => 3600,
                _ => return None,
            };
            Some(Self {
                requests: requests.trim().parse().ok()?,
                time: Duration::from_secs(time),
            })
        });
        rate.map(Some).ok_or_else(|| {
            Error::setting(format!(
                "--rate-limit: expected a number of requests in a time, got '{text}'"
            ))
            .with_hint("write it as 20/s, 600/m or 10000/h")
        })
    }
}

/// Whose requests are counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Who {
    Principal(Caller),
    Address(IpAddr),
    /// Whoever came by a way that says nothing of them.
    Unknown,
}

/// Counts requests and refuses those over the limit.
#[derive(Debug)]
pub(super) struct RateLimit {
    limiter: DefaultKeyedRateLimiter<Who>,
    clock: DefaultClock,
    seen: AtomicU64,
}

impl RateLimit {
    pub(super) fn new(rate: Rate) -> Self {
        let every = rate.time / rate.requests.get();
        let quota = Quota::with_period(every.max(Duration::from_nanos(1)));
        let quota = quota.unwrap_or(Quota::per_second(rate.requests));
        Self {
            limiter: RateLimiter::keyed(quota.allow_burst(rate.requests)),
            clock: DefaultClock::default(),
            seen: AtomicU64::new(0),
        }
    }

    /// Counts a request.
    ///
    /// # Errors
    ///
    /// How long to wait, when it is one too many.
    pub(super) fn count(
        &self,
        caller: &Caller,
        address: Option<IpAddr>,
    ) -> std::result::Result<(), Duration> {
        if self.seen.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        let who = match (caller.principal(), address) {
            // Without its scopes and claims, which would be kept with it.
            (Some(_), _) => Who::Principal(caller.identity()),
            (None, Some(address)) => Who::Address(network(address)),
            (None, None) => Who::Unknown,
        };
        let counted = self.limiter.check_key(&who);
        counted.map_err(|until| until.wait_time_from(self.clock.now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_in_a_time() {
        for (text, seconds) in [("20/s", 1), ("600 / m", 60), ("1/h", 3600)] {
            let rate = Rate::parse(text).unwrap().unwrap();
            assert_eq!(rate.time, Duration::from_secs(seconds), "{text}");
        }
        assert_eq!(Rate::parse("").unwrap(), None);
        for text in ["20", "0/s", "-1/s", "20/d", "many/s"] {
            let error = format!("{:?}", Rate::parse(text).unwrap_err());
            assert!(error.contains("20/s, 600/m"), "{error}");
        }
    }

    #[test]
    fn each_caller_has_a_bucket_of_its_own() {
        let limit = RateLimit::new(Rate::parse("2/h").unwrap().unwrap());
        let [one, other] = ["192.0.2.1", "192.0.2.2"].map(|it| it.parse().ok());
        let nobody = Caller::default();
        let alice = Caller::default().with_principal("alice");
        for (caller, address) in [(&nobody, one), (&nobody, other), (&alice, one)] {
            assert_eq!(limit.count(caller, address), Ok(()));
            assert_eq!(limit.count(caller, address), Ok(()));
            let wait = limit.count(caller, address).unwrap_err();
            assert!(wait > Duration::from_secs(60), "{wait:?}");
        }
        // A principal is one wherever it comes from.
        assert!(limit.count(&alice, other).is_err());
    }
}
