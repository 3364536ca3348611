//! The settings of the HTTP transport.

use super::kinds;
use super::values::Values;
use crate::Result;
use crate::http::{Http, Options};

/// The transport.
pub(super) type Chosen = Http;

/// Reads the settings.
pub(super) fn read(values: &Values) -> Result<Chosen> {
    let port = kinds::port("port", &values.one("port"))?;
    let host = values.one("host");
    let address = match host.contains(':') && !host.starts_with('[') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    };
    Ok(Http::with_options(
        address,
        Options::read(values)?.checked()?,
    ))
}
