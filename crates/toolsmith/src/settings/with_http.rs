//! The settings of the HTTP transport.

use super::read;
use super::values::Values;
use crate::Result;
use crate::http::{Http, Options};

/// The transport.
pub(super) type Chosen = Http;

/// Reads the settings.
pub(super) fn read(values: &Values) -> Result<Chosen> {
    let port = read::port("port", values.one("port"))?;
    let host = values.one("host");
    let address = match host.contains(':') && !host.starts_with('[') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    };
    let options = Options {
        path: values.one("path").to_owned(),
        max_body: read::size("max-body", values.one("max-body"))?,
        max_sessions: read::count("max-sessions", values.one("max-sessions"))?,
        session_idle: read::time("session-idle", values.one("session-idle"))?,
        allow_hosts: values.many("allow-host"),
        allow_origins: values.many("allow-origin"),
    };
    Ok(Http::with_options(address, options.checked()?))
}
