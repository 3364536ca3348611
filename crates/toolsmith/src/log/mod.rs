//! The log: on standard error, never on standard output, which is a transport.

mod filter;
mod panics;

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::dispatcher;
use tracing::subscriber::NoSubscriber;
use tracing_subscriber::filter::Targets;
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
    pub(crate) fn filter(&self) -> Result<Targets> {
        filter::read(&self.filter)
    }
}

static JSON: AtomicBool = AtomicBool::new(false);

/// Whether the log is JSON, and with it everything else on standard error.
pub(crate) fn is_json() -> bool {
    JSON.load(Ordering::Relaxed)
}

/// Starts the log, unless the program has started one of its own. With our log come our
/// lines about panics.
pub(crate) fn init(settings: &LogSettings) -> Result<()> {
    let filter = settings.filter()?;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        // What cannot be written would be said on standard error again, in a way that
        // panics where nobody reads there any more.
        .log_internal_errors(false);
    let log = tracing_subscriber::registry().with(filter);
    // A log that is already there was made by the program, which knows better.
    let started = match settings.format {
        LogFormat::Off if !dispatcher::get_default(|d| d.is::<NoSubscriber>()) => return Ok(()),
        LogFormat::Off => Ok(()),
        LogFormat::Text => log
            .with(lines.with_ansi(std::io::stderr().is_terminal()))
            .try_init(),
        LogFormat::Json => {
            JSON.store(true, Ordering::Relaxed);
            log.with(lines.json().flatten_event(true)).try_init()
        }
    };
    if started.is_ok() {
        panics::log_them(settings.format);
    }
    Ok(())
}
