//! What those who look on see of requests that come to no handler, and of what is open.

use std::sync::{Mutex, PoisonError};

use http::request::Parts;
use tokio::time::Instant;

use crate::http::respond::{HttpResponse, Refused};
use crate::metrics::{Counted, Metrics};
use crate::protocol::ErrorKind;
use crate::server::Engine;
use crate::server::middleware::Log;
use crate::warnings::Warnings;

/// The longest path that is logged, in characters.
const MAX_PATH: usize = 200;

/// Those who look on.
#[derive(Debug)]
pub(super) struct Sight {
    metrics: Option<Metrics>,
    /// Where calls are logged, refusals are, too.
    log: Option<Mutex<Warnings>>,
}

impl Sight {
    /// Those of an engine; none where nobody looks on.
    pub(super) fn of(engine: &Engine) -> Option<Self> {
        engine.is_observed().then(|| Self {
            metrics: Metrics::of(engine),
            log: engine.observer::<Log>().map(|_| Mutex::default()),
        })
    }

    /// Takes note of a response.
    pub(super) fn note(&self, parts: &Parts, mut response: HttpResponse) -> HttpResponse {
        if let Some(Refused(kind)) = response.extensions().get() {
            self.refused(*kind, parts.uri.path());
        } else if let Some(metrics) = &self.metrics
            && response.body().is_stream()
        {
            response.body_mut().count(metrics.stream());
        }
        response
    }

    /// Counts a connection.
    pub(super) fn connection(&self) -> Option<Counted> {
        self.metrics.as_ref().and_then(Metrics::connection)
    }

    /// Takes note of a refusal.
    pub(super) fn refused(&self, kind: ErrorKind, path: &str) {
        if let Some(metrics) = &self.metrics {
            metrics.refused(kind);
        }
        let Some(log) = &self.log else {
            return;
        };
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        let times = log.due(Instant::now());
        drop(log);
        if let Some(times) = times {
            let path: String = path.chars().take(MAX_PATH).collect();
            let reason = kind.name();
            tracing::info!(reason, path, times, "a request was refused");
        }
    }
}
