//! The kinds of values that settings have: from words to a value.

use std::path::PathBuf;
use std::time::Duration;

use super::declared::Shape;
use crate::{Error, Result};

/// What a size may be counted in.
const UNITS: [(&str, usize); 3] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// A kind of value.
pub(crate) trait Kind {
    /// What it is in code.
    type Value;
    /// How it is written.
    const SHAPE: Shape = Shape::One;
    /// Reads the words that were given, of which there is none where nothing was and there
    /// is no default.
    ///
    /// # Errors
    ///
    /// When they cannot be read; the flag is named first.
    fn read(flag: &str, words: &[String]) -> Result<Self::Value>;
}

/// A text; empty where there is none.
#[derive(Debug)]
pub(crate) struct Text;
/// Texts.
#[derive(Debug)]
pub(crate) struct List;
/// The path of a file.
#[derive(Debug)]
pub(crate) struct File;
/// Yes or no.
#[derive(Debug)]
pub(crate) struct Switch;
/// A size in bytes, of at least one.
#[derive(Debug)]
pub(crate) struct Size;
/// How many of something: at least one.
#[derive(Debug)]
pub(crate) struct Count;
/// A time of more than nothing.
#[derive(Debug)]
pub(crate) struct Time;
/// A time, which may be none at all.
#[derive(Debug)]
pub(crate) struct Delay;

impl Kind for Text {
    type Value = String;

    fn read(_: &str, words: &[String]) -> Result<String> {
        Ok(words.first().cloned().unwrap_or_default())
    }
}

impl Kind for List {
    type Value = Vec<String>;
    const SHAPE: Shape = Shape::Many;

    fn read(_: &str, words: &[String]) -> Result<Vec<String>> {
        Ok(words.to_vec())
    }
}

impl Kind for File {
    type Value = Option<PathBuf>;

    fn read(_: &str, words: &[String]) -> Result<Option<PathBuf>> {
        Ok(words.first().map(PathBuf::from))
    }
}

impl Kind for Switch {
    type Value = bool;
    const SHAPE: Shape = Shape::Switch;

    fn read(flag: &str, words: &[String]) -> Result<bool> {
        match words.first().map(String::as_str) {
            None | Some("false" | "no" | "0") => Ok(false),
            Some("true" | "yes" | "1") => Ok(true),
            Some(other) => Err(expected(flag, "true or false", other)),
        }
    }
}

impl Kind for Size {
    type Value = usize;

    fn read(flag: &str, words: &[String]) -> Result<usize> {
        size(flag, first(words))
    }
}

impl Kind for Count {
    type Value = usize;

    fn read(flag: &str, words: &[String]) -> Result<usize> {
        let text = first(words);
        match text.parse() {
            Ok(0) | Err(_) => Err(expected(flag, "a number from 1 up", text)),
            Ok(count) => Ok(count),
        }
    }
}

impl Kind for Time {
    type Value = Duration;

    fn read(flag: &str, words: &[String]) -> Result<Duration> {
        match Delay::read(flag, words) {
            Ok(time) if time.is_zero() => {
                Err(expected(flag, "a time of more than nothing", first(words)))
            }
            read => read,
        }
    }
}

impl Kind for Delay {
    type Value = Duration;

    fn read(flag: &str, words: &[String]) -> Result<Duration> {
        let text = first(words);
        humantime::parse_duration(text).map_err(|_| {
            let has_no_unit = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            let hint = match has_no_unit {
                true => format!("the unit is missing: {text}s is {text} seconds"),
                false => "write it as 500ms, 90s, 30m or 1h".to_owned(),
            };
            expected(flag, "a time", text).with_hint(hint)
        })
    }
}

/// Reads a port.
pub(super) fn port(flag: &str, text: &str) -> Result<u16> {
    text.parse()
        .map_err(|_| expected(flag, "a number from 0 to 65535", text))
}

/// Reads a size, such as `4MiB`, `64KiB` or a number of bytes.
fn size(flag: &str, text: &str) -> Result<usize> {
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

fn first(words: &[String]) -> &str {
    words.first().map_or("", String::as_str)
}

/// What is said of a value that is none.
fn expected(flag: &str, what: &str, text: &str) -> Error {
    Error::setting(format!("--{flag}: expected {what}, got '{text}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> [String; 1] {
        [text.to_owned()]
    }

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
            let read = Size::read("max-body", &words(text));
            assert_eq!(read.unwrap(), bytes, "{text}");
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
            let error = Size::read("max-body", &words(text)).unwrap_err();
            let error = format!("{error:?}");
            assert!(error.contains(&format!("'{text}'")), "{error}");
            assert!(error.contains("4MiB, 64KiB"), "{error}");
        }
    }

    #[test]
    fn times_have_a_unit_and_who_forgot_it_is_told() {
        let time = |text| Time::read("call-timeout", &words(text));
        assert_eq!(time("90s").unwrap(), Duration::from_secs(90));
        let error = format!("{:?}", time("5").unwrap_err());
        assert!(error.contains("5s is 5 seconds"), "{error}");
        assert!(time("0s").is_err() && time("").is_err() && time("soon").is_err());
        assert_eq!(Delay::read("x", &words("0s")).unwrap(), Duration::ZERO);
    }

    #[test]
    fn a_switch_is_yes_or_no() {
        for (text, is) in [("true", true), ("1", true), ("no", false)] {
            assert_eq!(Switch::read("x", &words(text)).unwrap(), is, "{text}");
        }
        assert!(!Switch::read("x", &[]).unwrap());
        assert!(Switch::read("x", &words("maybe")).is_err());
    }
}
