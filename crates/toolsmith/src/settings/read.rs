//! From the words of a setting to its value.

use std::time::Duration;

use crate::{Error, Result};

/// What a size may be counted in.
const UNITS: [(&str, usize); 3] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// What is said of a value that is none.
fn expected(flag: &str, what: &str, text: &str) -> Error {
    Error::setting(format!("--{flag}: expected {what}, got '{text}'"))
}

/// Reads a port.
pub(super) fn port(flag: &str, text: &str) -> Result<u16> {
    text.parse()
        .map_err(|_| expected(flag, "a number from 0 to 65535", text))
}

/// Reads how many of something there may be: at least one.
pub(super) fn count(flag: &str, text: &str) -> Result<usize> {
    match text.parse() {
        Ok(0) | Err(_) => Err(expected(flag, "a number from 1 up", text)),
        Ok(count) => Ok(count),
    }
}

/// Reads a size, such as `4MiB`, `64KiB` or a number of bytes.
pub(super) fn size(flag: &str, text: &str) -> Result<usize> {
    let unit = UNITS
        .iter()
        .find_map(|(name, bytes)| Some((text.strip_suffix(name)?, *bytes)));
    let (number, unit) = unit.unwrap_or((text, 1));
    let number: Option<usize> = number.trim_end().parse().ok();
    match number.and_then(|number| number.checked_mul(unit)) {
        None | Some(0) => Err(expected(flag, "a size of at least one byte", text)
            .with_hint("write it as 4MiB, 64KiB, 1GiB, or as a number of bytes")),
        Some(bytes) => Ok(bytes),
    }
}

/// Reads a time, such as `90s`, `30m` or `1h`.
pub(super) fn time(flag: &str, text: &str) -> Result<Duration> {
    match humantime::parse_duration(text) {
        Ok(time) if !time.is_zero() => Ok(time),
        _ => Err(expected(flag, "a time of more than nothing", text)
            .with_hint("write it as 500ms, 90s, 30m or 1h")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_bytes_or_have_a_unit() {
        for (text, bytes) in [
            ("1", 1),
            ("4194304", 4 << 20),
            ("64KiB", 64 << 10),
            ("4MiB", 4 << 20),
            ("4 MiB", 4 << 20),
            ("1GiB", 1 << 30),
        ] {
            assert_eq!(size("max-body", text).unwrap(), bytes, "{text}");
        }
        for text in [
            "",
            "0",
            "0MiB",
            "MiB",
            "-1",
            "4MB",
            "4M",
            "1.5MiB",
            "9999999999999999GiB",
        ] {
            let error = format!("{:?}", size("max-body", text).unwrap_err());
            assert!(error.contains(&format!("'{text}'")), "{error}");
            assert!(error.contains("4MiB, 64KiB"), "{error}");
        }
    }
}
