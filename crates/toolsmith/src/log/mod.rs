//! The log: on standard error, never on standard output, which is a transport.

mod filter;
mod panics;

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::dispatcher;
use tracing::subscriber::NoSubscriber;
use tracing_subscriber::Registry;
#[cfg(feature = "otel")]
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::Layer;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

pub(crate) use panics::Serving;

use crate::Result;

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// A JSON object a line.
    Json,
    /// Not at all.
    Off,
}

/// What is logged and how.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(hidden)]
pub struct LogSettings {
    pub(crate) format: LogFormat,
    pub(crate) filter: String,
    /// Where spans are sent to; empty where they are not.
    pub(crate) collector: String,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            filter: "info".to_owned(),
            collector: String::new(),
        }
    }
}

impl LogSettings {
    /// The filter that the settings describe.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(crate) fn filter(&self) -> Result<Targets> {
        filter::read(&self.filter)
    }
}

static JSON: AtomicBool = AtomicBool::new(false);

/// Whether the log is JSON, and with it everything else on standard error.
pub(crate) fn is_json() -> bool {
    JSON.load(Ordering::Relaxed)
}

/// What the log needs for as long as it is written.
#[derive(Debug, Default)]
pub(crate) struct Log {
    #[cfg(feature = "otel")]
    _exporter: Option<crate::traces::Exporter>,
}

impl Log {
    /// Sends what was not sent yet.
    pub(crate) fn ends(self) {}
}

/// What is written and sent, each as it is set.
type Layers = Vec<Box<dyn Layer<Registry> + Send + Sync>>;

/// Starts the log of a server, unless the program has started one of its own. With our log
/// come our lines about panics.
pub(crate) fn init(settings: &LogSettings, server: &str) -> Result<Log> {
    let filter = settings.filter()?;
    // A log that is already there was made by the program, which knows better.
    if settings.format == LogFormat::Off && !dispatcher::get_default(|d| d.is::<NoSubscriber>()) {
        return Ok(Log::default());
    }
    let mut layers = lines(settings.format, filter);
    let log = traces(settings, server, &mut layers)?;
    let started = match layers.is_empty() {
        true => Ok(()),
        false => tracing_subscriber::registry().with(layers).try_init(),
    };
    if started.is_ok() {
        JSON.store(settings.format == LogFormat::Json, Ordering::Relaxed);
        panics::log_them(settings.format);
    }
    Ok(log)
}

/// What writes lines.
fn lines(format: LogFormat, filter: Targets) -> Layers {
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        // What cannot be written would be said on standard error again, in a way that
        // panics where nobody reads there any more.
        .log_internal_errors(false);
    match format {
        LogFormat::Off => Vec::new(),
        LogFormat::Text => {
            let lines = lines.with_ansi(std::io::stderr().is_terminal());
            vec![lines.with_filter(filter).boxed()]
        }
        LogFormat::Json => vec![lines.json().flatten_event(true).with_filter(filter).boxed()],
    }
}

/// What sends spans.
#[cfg(feature = "otel")]
fn traces(settings: &LogSettings, server: &str, layers: &mut Layers) -> Result<Log> {
    if settings.collector.is_empty() {
        return Ok(Log::default());
    }
    let (exporter, tracer) = crate::traces::export(&settings.collector, server)?;
    let spans = tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_filter(
            Targets::new()
                .with_default(LevelFilter::INFO)
                // It says for the lines of the log what the span of the request says here.
                .with_target("toolsmith_core::server::dispatch::work", LevelFilter::OFF),
        );
    layers.push(spans.boxed());
    Ok(Log {
        _exporter: Some(exporter),
    })
}

#[cfg(not(feature = "otel"))]
fn traces(_: &LogSettings, _: &str, _: &mut Layers) -> Result<Log> {
    Ok(Log::default())
}
