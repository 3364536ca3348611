//! Says in plain words what does not fit, without the words of a library.

use serde::Deserialize;

/// The longest value that is repeated to the client, in characters.
const MAX_SHOWN: usize = 80;

/// Reads JSON, or says which part of it does not fit: `capabilities.roots: expected …`.
pub(super) fn read<'de, T: Deserialize<'de>>(json: &'de [u8]) -> Result<T, String> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let what = plain(&error.inner().to_string());
        match error.path().to_string().as_str() {
            "." | "?" => what,
            path => format!("`{path}`: {what}"),
        }
    })
}

/// An error of the JSON library in plain words.
pub(crate) fn plain(message: &str) -> String {
    let message = without_position(message);
    let mismatch = message
        .strip_prefix("invalid type: ")
        .or_else(|| message.strip_prefix("invalid value: "))
        .and_then(|rest| rest.rsplit_once(", expected "));
    match mismatch {
        Some((got, wanted)) => {
            let expected = too_large(got, wanted).unwrap_or_else(|| expected(wanted));
            format!("expected {expected}, got {}", unexpected(got))
        }
        None => other(message),
    }
}

/// What is no mismatch of types.
fn other(message: &str) -> String {
    if let Some(field) = message.strip_prefix("missing field ") {
        return format!("{field} is missing");
    }
    if let Some(field) = message.strip_prefix("duplicate field ") {
        return format!("{field} is given twice");
    }
    let length = message.strip_prefix("invalid length ");
    if let Some((got, wanted)) = length.and_then(|rest| rest.split_once(", expected ")) {
        return format!("expected {}, got a length of {got}", expected(wanted));
    }
    if message.starts_with("data did not match any variant of untagged enum") {
        return "expected one of the forms that the schema names".to_owned();
    }
    cut(message)
}

/// Leaves out the ` at line 1 column 2` at the end of what the JSON library says. Elsewhere
/// these are words of the client.
fn without_position(message: &str) -> &str {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match message.rsplit_once(" at line ") {
        Some((what, position))
            if position
                .split_once(" column ")
                .is_some_and(|(line, column)| is_number(line) && is_number(column)) =>
        {
            what
        }
        _ => message,
    }
}

/// What was wanted: the types of a programming language become those of JSON.
fn expected(wanted: &str) -> String {
    let integer = |low: &str, high: &str| format!("an integer from {low} to {high}");
    match wanted {
        "i8" => integer("-128", "127"),
        "i16" => integer("-32768", "32767"),
        "i32" => integer("-2147483648", "2147483647"),
        "u8" => integer("0", "255"),
        "u16" => integer("0", "65535"),
        "u32" => integer("0", "4294967295"),
        "i64" | "i128" | "isize" => "an integer".to_owned(),
        "u64" | "u128" | "usize" => "an integer that is not negative".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "string" | "a borrowed string" => "a string".to_owned(),
        "a sequence" => "an array".to_owned(),
        "a map" => "an object".to_owned(),
        "unit" => "null".to_owned(),
        other if other.starts_with("struct ") => "an object".to_owned(),
        other if other.starts_with("enum ") || other.starts_with("variant ") => {
            "one of the values that the schema names".to_owned()
        }
        other if other.starts_with("tuple ") => "an array".to_owned(),
        other if other.starts_with("a tuple of size ") => {
            other.replacen("a tuple of size", "an array of length", 1)
        }
        other => match other.split_once(" element") {
            Some((count, "s in sequence" | " in sequence")) => {
                format!("an array of length {count}")
            }
            _ => cut(other),
        },
    }
}

/// What was wanted instead of an integer that is so large that it was read as a fraction.
fn too_large(got: &str, wanted: &str) -> Option<String> {
    let number = got.strip_prefix("floating point ")?.trim_matches('`');
    let number: f64 = number.parse().ok()?;
    let (low, high) = match wanted {
        "i64" | "isize" => (i64::MIN.to_string(), i64::MAX.to_string()),
        "u64" | "usize" => (u64::MIN.to_string(), u64::MAX.to_string()),
        _ => return None,
    };
    let is_large = number.fract() == 0.0 && number.abs() >= 9.2e18;
    is_large.then(|| format!("an integer from {low} to {high}"))
}

/// What came instead.
fn unexpected(got: &str) -> String {
    let quoted = |prefix: &str| {
        got.strip_prefix(prefix)
            .map(|rest| rest.trim_matches('`').to_owned())
    };
    if let Some(text) = got.strip_prefix("string ") {
        return format!("the string {}", cut(text));
    }
    if let Some(number) = quoted("integer ") {
        return format!("the integer {number}");
    }
    if let Some(number) = quoted("floating point ") {
        return format!("the number {number}");
    }
    if let Some(value) = quoted("boolean ") {
        return value;
    }
    match got {
        "sequence" => "an array".to_owned(),
        "map" => "an object".to_owned(),
        "unit value" => "null".to_owned(),
        other => cut(other),
    }
}

fn cut(text: &str) -> String {
    let mut chars = text.chars();
    let mut shown: String = chars.by_ref().take(MAX_SHOWN).collect();
    if chars.next().is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[test]
    fn no_word_of_the_library_is_left() {
        #[derive(Debug, Deserialize)]
        #[serde(untagged)]
        #[expect(dead_code, reason = "only its shape matters")]
        enum Either {
            Number(i64),
            Flag(bool),
        }
        #[derive(Debug, Deserialize)]
        #[expect(dead_code, reason = "only its shape matters")]
        struct Point {
            x: i64,
        }
        fn said<T: for<'de> Deserialize<'de> + std::fmt::Debug>(json: &str) -> String {
            plain(&serde_json::from_str::<T>(json).unwrap_err().to_string())
        }
        for (said, expected) in [
            (
                said::<(i64, i64)>("[1]"),
                "expected an array of length 2, got a length of 1",
            ),
            (
                said::<[i64; 2]>("[1]"),
                "expected an array of length 2, got a length of 1",
            ),
            (
                said::<Either>("\"x\""),
                "expected one of the forms that the schema names",
            ),
            (said::<Point>("{\"x\":1,\"x\":2}"), "`x` is given twice"),
            (said::<Point>("{}"), "`x` is missing"),
            (
                said::<i64>("1e30"),
                "expected an integer from -9223372036854775808 to 9223372036854775807, \
                 got the number 1e+30",
            ),
            (
                said::<u64>("18446744073709551616"),
                "expected an integer from 0 to 18446744073709551615, \
                 got the number 1.8446744073709552e+19",
            ),
        ] {
            assert_eq!(said, expected);
        }
    }
}
