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
        None => message
            .strip_prefix("missing field ")
            .map_or_else(|| cut(message), |field| format!("{field} is missing")),
    }
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
        other => cut(other),
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
