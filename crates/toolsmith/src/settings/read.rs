//! From the words of a setting to its value.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use crate::{Error, Result};

/// Reads a number or anything else that says itself what is wrong.
pub(super) fn value<T: FromStr<Err: Display>>(flag: &str, text: &str) -> Result<T> {
    text.parse()
        .map_err(|error| Error::setting(format!("--{flag} '{text}' cannot be read: {error}")))
}

/// Reads a time, such as `90s`, `30m` or `1h`.
pub(super) fn time(flag: &str, text: &str) -> Result<Duration> {
    let time = humantime::parse_duration(text).map_err(|error| {
        Error::setting(format!(
            "--{flag} '{text}' cannot be read: {error}; write it as 500ms, 90s, 30m or 1h"
        ))
    })?;
    if time.is_zero() {
        return Err(Error::setting(format!(
            "--{flag} must be more than nothing"
        )));
    }
    Ok(time)
}
