//! The log: on standard error, never on standard output, which is a transport.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::{Error, Result};

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
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            filter: "info".to_owned(),
        }
    }
}

impl LogSettings {
    /// The filter that the settings describe.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(crate) fn filter(&self) -> Result<EnvFilter> {
        EnvFilter::try_new(&self.filter).map_err(|error| {
            Error::setting(format!(
                "--log-level '{}' cannot be read: {error}; use error, warn, info, debug, trace, or target=level pairs",
                self.filter
            ))
        })
    }
}

static JSON: AtomicBool = AtomicBool::new(false);

/// Whether the log is JSON, and with it everything else on standard error.
pub(crate) fn is_json() -> bool {
    JSON.load(Ordering::Relaxed)
}

/// Starts the log, unless the program has started one of its own.
pub(crate) fn init(settings: &LogSettings) -> Result<()> {
    let filter = settings.filter()?;
    let builder = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(filter)
        .with_span_events(FmtSpan::NONE);
    // A log that is already there was made by the program, which knows better.
    let _already_there = match settings.format {
        LogFormat::Off => return Ok(()),
        LogFormat::Text => builder
            .with_ansi(std::io::stderr().is_terminal())
            .try_init(),
        LogFormat::Json => {
            JSON.store(true, Ordering::Relaxed);
            builder.json().flatten_event(true).try_init()
        }
    };
    Ok(())
}
