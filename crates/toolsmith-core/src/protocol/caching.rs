//! How long a modern client may keep what it was sent, and for whom.

use std::time::Duration;

/// How long an answer stays fresh, and who may be given it again.
///
/// Implements the caching hints of revision 2026-07-28, `server/utilities/caching`. The
/// default, fresh for no time and for one caller only, is never wrong.
///
/// ```
/// use std::time::Duration;
/// use toolsmith_core::protocol::Caching;
///
/// let hints = Caching::fresh_for(Duration::from_secs(300)).public();
/// # let _ = hints;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caching {
    ttl: Duration,
    public: bool,
}

impl Caching {
    /// Fresh for a time, for the caller who asked.
    pub const fn fresh_for(ttl: Duration) -> Self {
        Self { ttl, public: false }
    }

    /// The same for everybody, whoever asks.
    #[must_use]
    pub const fn public(mut self) -> Self {
        self.public = true;
        self
    }

    /// For the caller who asked and nobody else.
    #[must_use]
    pub const fn private(mut self) -> Self {
        self.public = false;
        self
    }

    /// The time that it stays fresh.
    pub const fn ttl(self) -> Duration {
        self.ttl
    }

    /// Whether it may be given to anybody.
    pub const fn is_public(self) -> bool {
        self.public
    }

    /// `"ttlMs":…,"cacheScope":…,`
    pub(super) fn write(self, out: &mut Vec<u8>) {
        let ttl = i64::try_from(self.ttl.as_millis()).unwrap_or(i64::MAX);
        let scope = if self.public { "public" } else { "private" };
        out.extend_from_slice(format!(r#""ttlMs":{ttl},"cacheScope":"{scope}","#).as_bytes());
    }
}
