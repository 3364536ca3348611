//! The counters, and how they are written.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::names::Names;
use crate::protocol::{Era, ErrorKind, Method};
use crate::server::middleware::Ending;

/// The ends of the buckets for times, in seconds: from what a plain call takes to the time
/// that one may take.
const BUCKETS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0, 60.0, 300.0,
];

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct About {
    method: Arc<str>,
    primitive: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    method: Arc<str>,
    primitive: Arc<str>,
    outcome: &'static str,
    error: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Task {
    primitive: Arc<str>,
    outcome: &'static str,
    error: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Tool {
    primitive: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Opened {
    revision: &'static str,
}

type Times<L> = Family<L, Histogram, fn() -> Histogram>;

fn times() -> Histogram {
    Histogram::new(BUCKETS)
}

/// Something that is counted for as long as this lives.
#[derive(Debug)]
pub(crate) struct Counted(Gauge);

impl Counted {
    fn by(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// What is open in a service when somebody looks.
pub(super) struct Now {
    pub(super) sessions: usize,
    pub(super) subscriptions: usize,
    pub(super) running: usize,
    pub(super) queued: usize,
    pub(super) ready: bool,
}

/// The counters.
pub(super) struct Counts {
    registry: Registry,
    primitives: Names,
    methods: Names,
    calls: Family<Call, Counter>,
    call_times: Times<About>,
    tasks: Family<Task, Counter>,
    task_times: Times<Tool>,
    rejected: Family<Reason, Counter>,
    opened: Family<Opened, Counter>,
    connections: Gauge,
    streams: Gauge,
    sessions: Gauge,
    subscriptions: Gauge,
    running: Gauge,
    queued: Gauge,
    ready: Gauge,
}

impl Counts {
    pub(super) fn new() -> Self {
        let mut counts = Self {
            registry: Registry::default(),
            primitives: Names::default(),
            methods: Names::default(),
            calls: Family::default(),
            call_times: Times::new_with_constructor(times),
            tasks: Family::default(),
            task_times: Times::new_with_constructor(times),
            rejected: Family::default(),
            opened: Family::default(),
            connections: Gauge::default(),
            streams: Gauge::default(),
            sessions: Gauge::default(),
            subscriptions: Gauge::default(),
            running: Gauge::default(),
            queued: Gauge::default(),
            ready: Gauge::default(),
        };
        counts.register();
        counts
    }

    fn register(&mut self) {
        let started = Gauge::<i64, AtomicI64>::default();
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        started.set(since.map_or(0, |it| i64::try_from(it.as_secs()).unwrap_or(i64::MAX)));
        let registry = &mut self.registry;
        registry.register_with_unit(
            "process_start_time",
            "When the server was started, in seconds since 1970",
            Unit::Seconds,
            started,
        );
        let ours = registry.sub_registry_with_prefix("toolsmith");
        let version = vec![("version", env!("CARGO_PKG_VERSION"))];
        ours.register("build", "The version of toolsmith", Info::new(version));
        ours.register("calls", "Requests that have ended", self.calls.clone());
        ours.register_with_unit(
            "call_duration",
            "How long requests took",
            Unit::Seconds,
            self.call_times.clone(),
        );
        ours.register("tasks", "Tasks that have ended", self.tasks.clone());
        ours.register_with_unit(
            "task_duration",
            "How long tasks went on",
            Unit::Seconds,
            self.task_times.clone(),
        );
        let about = "Requests and connections that were refused";
        ours.register("rejected", about, self.rejected.clone());
        let about = "Conversations that legacy clients have opened";
        ours.register("conversations", about, self.opened.clone());
        for (name, about, gauge) in [
            ("connections", "Open connections", &self.connections),
            ("streams", "Open streams of events", &self.streams),
            ("sessions", "Legacy sessions", &self.sessions),
            (
                "subscriptions",
                "Clients that listen to changes",
                &self.subscriptions,
            ),
            ("calls_running", "Calls that are worked on", &self.running),
            (
                "calls_queued",
                "Calls that wait for their turn",
                &self.queued,
            ),
            ("ready", "Whether clients may be sent to it", &self.ready),
        ] {
            ours.register(name, about, gauge.clone());
        }
    }

    /// What a request is about, as it is counted. Methods are a client's words.
    pub(super) fn about(&self, method: &Method, primitive: Option<&str>) -> About {
        let method = match method {
            Method::Other(_) => "(other)",
            method => method.as_str(),
        };
        About {
            method: self.methods.counted(method),
            primitive: self.primitives.counted(primitive.unwrap_or_default()),
        }
    }

    pub(super) fn ended(&self, about: About, ending: Ending, took: Duration) {
        let call = Call {
            method: Arc::clone(&about.method),
            primitive: Arc::clone(&about.primitive),
            outcome: ending.as_str(),
            error: error(ending),
        };
        self.calls.get_or_create(&call).inc();
        let times = self.call_times.get_or_create(&about);
        times.observe(took.as_secs_f64());
        if let Some(kind) = ending.error().filter(|kind| is_refusal(*kind)) {
            self.refused(kind);
        }
    }

    pub(super) fn task_ended(&self, tool: &str, ending: Ending, took: Duration) {
        let primitive = self.primitives.counted(tool);
        let task = Task {
            primitive: Arc::clone(&primitive),
            outcome: ending.as_str(),
            error: error(ending),
        };
        self.tasks.get_or_create(&task).inc();
        let times = self.task_times.get_or_create(&Tool { primitive });
        times.observe(took.as_secs_f64());
    }

    pub(super) fn refused(&self, kind: ErrorKind) {
        let reason = kind.name();
        self.rejected.get_or_create(&Reason { reason }).inc();
    }

    pub(super) fn opened(&self, revision: &'static str) {
        self.opened.get_or_create(&Opened { revision }).inc();
    }

    pub(super) fn stream(&self) -> Counted {
        Counted::by(&self.streams)
    }

    pub(super) fn connection(&self) -> Counted {
        Counted::by(&self.connections)
    }

    /// All of it, with what is open now.
    pub(super) fn text(&self, now: Option<Now>) -> String {
        if let Some(now) = now {
            for (gauge, count) in [
                (&self.sessions, now.sessions),
                (&self.subscriptions, now.subscriptions),
                (&self.running, now.running),
                (&self.queued, now.queued),
                (&self.ready, usize::from(now.ready)),
            ] {
                gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
            }
        }
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

fn error(ending: Ending) -> &'static str {
    ending.error().map_or("", ErrorKind::name)
}

/// Whether a request came to no handler because it was not let through.
fn is_refusal(kind: ErrorKind) -> bool {
    matches!(kind.status(Era::Modern), 401 | 403 | 429 | 503)
}
