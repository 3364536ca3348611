//! Flags and environment: what was typed, and what it means.

use std::ffi::OsString;
use std::io::Write as _;

use super::declared::Part;
use super::server_options::ServerOptions;
use super::values::{Values, absent};
use super::{http, keys, stdio};
use crate::log::{LogFormat, LogSettings};
use crate::server::{Engine, Server, StateKey};
use crate::startup::Announce;
use crate::transport::{Transport, sealed::Sealed};
use crate::{Error, Result};

/// The transport and its settings, from flags and the environment.
///
/// `--help` lists them. A flag wins over its environment variable.
///
/// ```no_run
/// use toolsmith::prelude::*;
/// use toolsmith::Args;
///
/// fn main() -> toolsmith::Result<()> {
///     Server::new("hello").run(Args::parse())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Args {
    transport: Chosen,
    log: LogSettings,
    server: ServerOptions,
    state_keys: Vec<StateKey>,
}

/// The transport that was chosen.
#[derive(Clone, Debug)]
enum Chosen {
    Stdio(stdio::Chosen),
    Http(Box<http::Chosen>),
}

/// The exit status of a program that was called in a way that it does not understand.
const USAGE: i32 = 2;

impl Args {
    /// Reads the flags and the environment of this program. Prints the help, or what is
    /// wrong, and ends the program where that is called for.
    pub fn parse() -> Self {
        let values = Values::parse(std::env::args_os()).unwrap_or_else(|error| error.exit());
        Self::read(values).unwrap_or_else(|error| {
            // Whoever closed standard error does not want to read it.
            let _ = writeln!(std::io::stderr(), "error: {error:?}");
            std::process::exit(USAGE)
        })
    }

    /// Reads flags from a list, the first of which is the name of the program, and the
    /// environment of this program.
    ///
    /// # Errors
    ///
    /// What is wrong; or the help, when that was asked for.
    pub fn try_parse_from<I, T>(words: I) -> Result<Self>
    where
        I: IntoIterator<Item = T>,
        T: Into<OsString> + Clone,
    {
        let values = Values::parse(words).map_err(|error| Error::setting(error.to_string()))?;
        Self::read(values)
    }

    fn read(values: Values) -> Result<Self> {
        let values = values.with_file()?;
        Self::read_values(&values).map_err(|error| values.blame(error))
    }

    fn read_values(values: &Values) -> Result<Self> {
        values.check()?;
        let log = LogSettings {
            format: log_format(&values.one("log"))?,
            filter: values.one("log_level"),
            collector: values.one("otlp_endpoint"),
        };
        log.filter()?;
        Ok(Self {
            transport: transport(values)?,
            log,
            server: ServerOptions::read(values)?,
            state_keys: keys::read(values)?,
        })
    }
}

fn transport(values: &Values) -> Result<Chosen> {
    let built_with = |part: Part| match part.feature() {
        Some((feature, false)) => {
            let what = format!("--transport {}", values.one("transport"));
            Err(absent(&what, feature))
        }
        _ => values.check_typed_for(part),
    };
    match values.one("transport").as_str() {
        "stdio" => {
            built_with(Part::Stdio)?;
            stdio::read(values).map(Chosen::Stdio)
        }
        "http" | "streamable-http" => {
            built_with(Part::Http)?;
            http::read(values).map(|it| Chosen::Http(Box::new(it)))
        }
        other => Err(
            Error::setting(format!("--transport '{other}' is not known"))
                .with_hint("use stdio, http or streamable-http"),
        ),
    }
}

fn log_format(text: &str) -> Result<LogFormat> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        "off" => Ok(LogFormat::Off),
        other => Err(Error::setting(format!("--log '{other}' is not known"))
            .with_hint("use text, json or off")),
    }
}

impl Sealed for Args {}

impl Transport for Args {
    async fn serve_engine(self, engine: Engine, announce: Announce) -> Result<()> {
        match self.transport {
            Chosen::Stdio(stdio) => stdio.serve_engine(engine, announce).await,
            Chosen::Http(http) => http.serve_engine(engine, announce).await,
        }
    }

    fn log_settings(&self) -> LogSettings {
        self.log.clone()
    }

    fn configure(&self, server: Server) -> Result<Server> {
        let keys = self.state_keys.iter().cloned();
        let server = self.server.apply(keys.fold(server, Server::state_key))?;
        match &self.transport {
            Chosen::Stdio(stdio) => stdio.configure(server),
            Chosen::Http(http) => http.configure(server),
        }
    }
}
