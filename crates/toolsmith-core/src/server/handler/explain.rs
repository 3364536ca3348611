//! Says in plain words what is wrong with a value, without the words of a library.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::protocol::plain;

/// What is wrong with a value for a type: the place in it, empty for the whole, such as
/// `.tags[0]`; and what was expected and what came.
pub(super) fn value<T: DeserializeOwned>(raw: &RawValue) -> Option<(String, String)> {
    let mut reader = serde_json::Deserializer::from_str(raw.get());
    let error = serde_path_to_error::deserialize::<_, T>(&mut reader).err()?;
    let path = error.path().to_string();
    let place = match path.as_str() {
        "." | "?" => String::new(),
        path if path.starts_with('[') => path.to_owned(),
        path => format!(".{path}"),
    };
    Some((place, plain(&error.inner().to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    fn explain<T: DeserializeOwned>(json: &str) -> String {
        let raw = RawValue::from_string(json.to_owned()).unwrap();
        let (place, what) = value::<T>(&raw).unwrap();
        format!("{place}: {what}")
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
