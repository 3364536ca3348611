//! A request that is not let in: what its client is told.

use std::time::Duration;

use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::Challenge;

/// Why a request is not let in, as far as its client may know.
///
/// | status | when |
/// |---|---|
/// | 400 | the credentials cannot be read, or there are two |
/// | 401 | there are none, or they are not good |
/// | 403 | they are good, and grant too little |
/// | 503 | nobody can tell now; the client keeps its token and comes back |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    status: StatusCode,
    description: &'static str,
    /// Boxed, because whoever asks carries it all the way.
    challenge: Option<Box<Challenge>>,
    retry_after: Option<Duration>,
}

impl Denied {
    pub(super) fn with_challenge(
        status: StatusCode,
        description: &'static str,
        challenge: Challenge,
    ) -> Self {
        Self {
            status,
            description,
            challenge: Some(Box::new(challenge)),
            retry_after: None,
        }
    }

    pub(super) fn unavailable(retry_after: Duration) -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            description: "the token cannot be verified now; it may be good, so keep it and come back",
            challenge: None,
            retry_after: Some(retry_after),
        }
    }

    /// The same, with the metadata at another place, where its challenge names one.
    #[must_use]
    pub fn with_metadata(mut self, url: impl Into<String>) -> Self {
        if let Some(challenge) = &mut self.challenge {
            challenge.move_metadata(url.into());
        }
        self
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Why, in words for people.
    pub fn description(&self) -> &'static str {
        self.description
    }

    /// What the client is to do; not with 503.
    pub fn challenge(&self) -> Option<&Challenge> {
        self.challenge.as_deref()
    }

    /// When to come back, with 503.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Adds `WWW-Authenticate` and `Retry-After` to those of an answer.
    pub fn write_to(&self, headers: &mut HeaderMap) {
        if let Some(challenge) = &self.challenge {
            headers.insert(WWW_AUTHENTICATE, challenge.header());
        }
        if let Some(time) = self.retry_after {
            // A part of a second is a whole one.
            let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_to_come_back_is_told_when_and_nothing_of_tokens() {
        let mut headers = HeaderMap::new();
        Denied::unavailable(Duration::from_millis(1200)).write_to(&mut headers);
        assert_eq!(headers[RETRY_AFTER], "2");
        assert!(!headers.contains_key(WWW_AUTHENTICATE));
    }
}
