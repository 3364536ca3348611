//! Says in plain words what is wrong with a value, without the words of a library.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// The longest value that is repeated to the client, in characters.
const MAX_SHOWN: usize = 80;

/// What is wrong with a value for a type, as it stands behind the name of the argument:
/// `: expected an integer, got the string "x"`, or `.point.x: …` for a part of it.
pub(super) fn value<T: DeserializeOwned>(raw: &RawValue) -> Option<String> {
    let mut reader = serde_json::Deserializer::from_str(raw.get());
    let error = serde_path_to_error::deserialize::<_, T>(&mut reader).err()?;
    let path = error.path().to_string();
    let place = match path.as_str() {
        "." | "?" => String::new(),
        path if path.starts_with('[') => path.to_owned(),
        path => format!(".{path}"),
    };
    Some(format!("{place}: {}", plain(&error.inner().to_string())))
}

/// An error of the JSON library in plain words.
fn plain(message: &str) -> String {
    let message = message
        .rfind(" at line ")
        .map_or(message, |at| &message[..at]);
    let mismatch = message
        .strip_prefix("invalid type: ")
        .or_else(|| message.strip_prefix("invalid value: "))
        .and_then(|rest| rest.rsplit_once(", expected "));
    match mismatch {
        Some((got, wanted)) => format!("expected {}, got {}", expected(wanted), unexpected(got)),
        None => message
            .strip_prefix("missing field ")
            .map_or_else(|| cut(message), |field| format!("{field} is missing")),
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
    use super::*;
    use serde::Deserialize;

    fn explain<T: DeserializeOwned>(json: &str) -> String {
        value::<T>(&RawValue::from_string(json.to_owned()).unwrap()).unwrap()
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Point {
        x: i64,
        tags: Vec<String>,
    }

    #[derive(Deserialize, Debug)]
    #[serde(rename_all = "lowercase")]
    enum Unit {
        Metre,
        Foot,
    }

    #[test]
    fn plain_words_for_every_kind_of_mismatch() {
        assert_eq!(
            explain::<i64>("\"x\""),
            ": expected an integer, got the string \"x\""
        );
        assert_eq!(
            explain::<u8>("300"),
            ": expected an integer from 0 to 255, got the integer 300"
        );
        assert_eq!(
            explain::<i64>("1.5"),
            ": expected an integer, got the number 1.5"
        );
        assert_eq!(explain::<String>("null"), ": expected a string, got null");
        assert_eq!(
            explain::<Vec<i64>>("{}"),
            ": expected an array, got an object"
        );
        assert_eq!(explain::<bool>("[]"), ": expected a boolean, got an array");
        assert_eq!(explain::<Point>("{\"x\":1}"), ": `tags` is missing");
        assert_eq!(
            explain::<Point>("{\"x\":1,\"tags\":[true]}"),
            ".tags[0]: expected a string, got true"
        );
        let unit = explain::<Unit>("\"mile\"");
        assert!(
            unit.contains("`mile`") && unit.contains("`metre`"),
            "{unit} {:?}",
            [Unit::Metre, Unit::Foot]
        );
    }

    #[test]
    fn a_long_value_is_cut() {
        let text = explain::<i64>(&format!("\"{}\"", "y".repeat(5000)));
        assert!(text.len() < 200, "{text}");
    }
}
