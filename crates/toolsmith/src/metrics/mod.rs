//! What a server counts, for Prometheus: calls, how long they took, what was refused, and
//! what is open now.
//!
//! [`Http::admin`](crate::Http::admin) shows it at an address of its own. A program that
//! routes by itself adds [`Metrics`] as an [observer](crate::server::Server::observer), and
//! writes it where it likes.

mod admin;
mod counts;
mod names;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use admin::Admin;
pub(crate) use counts::Counted;
use counts::{Counts, Now};

use crate::http::McpService;
use crate::protocol::{ErrorKind, Outcome};
use crate::server::middleware::{EndedTask, Ending, Middleware, Next, Operation};
use crate::server::{Engine, Peer};

/// What a server counts. Clones are the same.
///
/// | metric | what it is |
/// |---|---|
/// | `toolsmith_calls_total{method, primitive, outcome, error}` | requests that have ended |
/// | `toolsmith_call_duration_seconds{method, primitive}` | how long they took, the wait for their turn included |
/// | `toolsmith_tasks_total{primitive, outcome, error}` | calls that went on as tasks, and have ended |
/// | `toolsmith_task_duration_seconds{primitive}` | how long those went on after they were answered |
/// | `toolsmith_rejected_total{reason}` | requests and connections that were refused, by the name of the error |
/// | `toolsmith_conversations_total{revision}` | conversations that clients of the legacy era have opened |
/// | `toolsmith_connections`, `toolsmith_streams` | connections, and streams of events, that are open |
/// | `toolsmith_sessions`, `toolsmith_subscriptions` | legacy sessions, and clients of both eras that listen to changes |
/// | `toolsmith_calls_running`, `toolsmith_calls_queued` | calls that are worked on, and that wait for their turn |
/// | `toolsmith_ready` | 1 where clients may be sent to it: it does not stop, and what it depends on is up |
/// | `process_start_time_seconds`, `toolsmith_build_info{version}` | when it was started, and what it is |
///
/// `primitive` is the tool, prompt, resource or template as the server has it, never a word of
/// a client; of more than 1,000 of them, the rest are counted together as `(other)`.
///
/// ```
/// use toolsmith::metrics::Metrics;
/// use toolsmith::prelude::*;
///
/// let metrics = Metrics::new();
/// let server = Server::new("counted").observer(metrics.clone());
/// assert!(metrics.text(None).contains("toolsmith_connections 0"));
/// # let _ = server;
/// ```
#[derive(Clone)]
pub struct Metrics(Arc<Counts>);

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// Nothing was counted yet.
    pub fn new() -> Self {
        Self(Arc::new(Counts::new()))
    }

    /// The metrics in the text format of Prometheus (OpenMetrics 1.0), with what is open now in
    /// a service.
    pub fn text(&self, service: Option<&McpService>) -> String {
        self.0.text(service.map(|service| {
            let ready = !service.readiness().is_ending();
            now(service, ready)
        }))
    }

    /// The same, where it is known whether what the server depends on is up.
    pub(crate) fn text_of(&self, service: &McpService, ready: bool) -> String {
        self.0.text(Some(now(service, ready)))
    }

    /// Those of an engine.
    pub(crate) fn of(engine: &Engine) -> Option<Self> {
        engine.observer::<Self>().cloned()
    }

    pub(crate) fn refused(&self, kind: ErrorKind) {
        self.0.refused(kind);
    }

    /// Counts a stream for as long as what this gives lives.
    pub(crate) fn stream(&self) -> Option<Counted> {
        Some(self.0.stream())
    }

    /// Counts a connection for as long as what this gives lives.
    pub(crate) fn connection(&self) -> Option<Counted> {
        Some(self.0.connection())
    }
}

fn now(service: &McpService, ready: bool) -> Now {
    Now {
        sessions: service.sessions(),
        subscriptions: service.subscriptions(),
        running: service.engine().calls_in_flight(),
        queued: service.engine().calls_queued(),
        ready,
    }
}

impl Middleware for Metrics {
    async fn handle(&self, operation: Operation, next: Next<'_>) -> Outcome {
        let counts = Arc::clone(&self.0);
        let about = counts.about(operation.method(), operation.primitive());
        let tell = move |ending: Ending, took: Duration| counts.ended(about, ending, took);
        next.run_and_tell(operation, tell).await
    }

    fn opened(&self, peer: &Peer) {
        self.0.opened(peer.revision.as_str());
    }

    fn task_done(&self, task: &EndedTask<'_>) {
        let ending = Ending::of(task.outcome);
        self.0.task_ended(task.tool, ending, task.took);
    }
}
