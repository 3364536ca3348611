//! Reads a value, or says what is wrong with it.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::misfit::{Misfit, misfits};
use super::whole;

/// Reads JSON as a value of a type. JSON Schema takes `2.0` for an integer, so it is read as
/// one when the JSON does not fit as it is. The schema is that of the type, where it has one.
pub(in crate::server) fn read<T: DeserializeOwned>(
    json: &str,
    schema: impl FnOnce() -> Option<Value>,
) -> Result<T, Vec<Misfit>> {
    if let Ok(value) = serde_json::from_str(json) {
        return Ok(value);
    }
    let written = whole::integers(json);
    let json = match &written {
        Some(written) => written,
        None => json,
    };
    serde_json::from_str(json).map_err(|_| misfits::<T>(json, schema))
}
