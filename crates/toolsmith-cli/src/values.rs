//! Arguments as they are typed, `key=value`, turned into JSON by the tool's input schema.

use serde_json::{Map, Value};

use crate::error::{Exit, Failure, Result};
use crate::schema::{Argument, Schema, type_of};

/// What was typed behind the tool's name.
#[derive(Debug, PartialEq)]
pub(crate) enum Arguments {
    /// One JSON object, sent as it is.
    Object(Map<String, Value>),
    /// `key=value` and `key:=JSON`, to be read by the schema.
    Pairs(Vec<Pair>),
}

#[derive(Debug, PartialEq)]
pub(crate) struct Pair {
    key: String,
    value: Typed,
}

#[derive(Debug, PartialEq)]
enum Typed {
    Text(String),
    Json(Value),
}

/// Whether a word is `key=value`: a key has no spaces, and does not begin like an option or a path.
pub(crate) fn is_pair(word: &str) -> bool {
    word.split_once('=').is_some_and(|(key, _)| {
        let key = key.strip_suffix(':').unwrap_or(key);
        !key.is_empty()
            && !key.starts_with(['-', '.', '/', '{'])
            && !key.contains(char::is_whitespace)
    })
}

/// Reads the words; no schema is needed to say that one makes no sense.
pub(crate) fn parse(words: &[String]) -> Result<Arguments> {
    if let [word] = words
        && word.starts_with('{')
    {
        return match serde_json::from_str(word) {
            Ok(object) => Ok(Arguments::Object(object)),
            Err(error) => Err(Failure::usage(format!(
                "{word} is not a JSON object: {error}"
            ))),
        };
    }
    let mut pairs: Vec<Pair> = Vec::with_capacity(words.len());
    for word in words {
        let pair = parse_pair(word)?;
        if pairs.iter().any(|earlier| earlier.key == pair.key) {
            let key = &pair.key;
            return Err(Failure::usage(format!("the argument {key} is given twice"))
                .hint(format!("for a list, write it as JSON: {key}:='[1, 2]'")));
        }
        pairs.push(pair);
    }
    Ok(Arguments::Pairs(pairs))
}

fn parse_pair(word: &str) -> Result<Pair> {
    let Some((key, text)) = word.split_once('=').filter(|_| is_pair(word)) else {
        return Err(
            Failure::usage(format!("{word:?} is neither key=value nor key:=JSON"))
                .hint("or give all arguments as one JSON object: '{\"key\": \"value\"}'"),
        );
    };
    let Some(key) = key.strip_suffix(':') else {
        return Ok(Pair {
            key: key.to_owned(),
            value: Typed::Text(text.to_owned()),
        });
    };
    let json = serde_json::from_str(text).map_err(|error| {
        Failure::usage(format!("{key}:= expects JSON, got {text:?}: {error}"))
            .hint(format!("for a string, write {key}={text}"))
    })?;
    Ok(Pair {
        key: key.to_owned(),
        value: Typed::Json(json),
    })
}

/// The arguments as an object, each pair read as the schema says.
pub(crate) fn resolve(
    tool: &str,
    schema: Schema<'_>,
    pairs: Vec<Pair>,
) -> Result<Map<String, Value>> {
    let known = schema.arguments();
    let mut object = Map::new();
    for Pair { key, value } in pairs {
        let argument = known.iter().find(|argument| argument.name == key);
        if argument.is_none() && !schema.is_open() {
            return Err(unknown_key(tool, &key, &known));
        }
        let value = match value {
            Typed::Json(json) => json,
            Typed::Text(text) => read(&key, text, argument)
                .map_err(|failure| with_arguments(failure, tool, &known))?,
        };
        object.insert(key, value);
    }
    Ok(object)
}

fn unknown_key(tool: &str, key: &str, known: &[Argument<'_>]) -> Failure {
    let failure = Failure::usage(format!("{tool} has no argument {key}"));
    with_arguments(failure, tool, known)
}

/// Adds what the tool takes, where there is no better hint.
fn with_arguments(failure: Failure, tool: &str, known: &[Argument<'_>]) -> Failure {
    if failure.hint_text().is_some() {
        return failure;
    }
    let takes: Vec<String> = known.iter().map(Argument::signature).collect();
    failure.hint(match takes.is_empty() {
        true => format!("{tool} takes no arguments"),
        false => format!("{tool} takes: {}", takes.join(" ")),
    })
}

/// A type with its article: `an integer`, `a boolean`, `a list (string[])`.
fn with_article(expected: &str) -> String {
    match expected {
        list if list.ends_with("[]") => format!("a list ({list})"),
        choice if choice.contains(" | ") => format!("one of {choice}"),
        "integer" | "object" | "array" => format!("an {expected}"),
        "number" | "boolean" => format!("a {expected}"),
        value => value.to_owned(),
    }
}

/// Reads `text` as one of the argument's types; a string only where nothing else fits.
fn read(key: &str, text: String, argument: Option<&Argument<'_>>) -> Result<Value> {
    let types = argument.map(Argument::types).unwrap_or_default();
    let json: Option<Value> = serde_json::from_str(&text).ok();
    if types.is_empty() {
        return Ok(json.unwrap_or(Value::String(text)));
    }
    let takes_text = types.contains("string");
    let fits = |value: &Value| match type_of(value) {
        "string" => false,
        // `null` typed for a nullable string is more likely the word.
        "null" => types.contains("null") && !takes_text,
        "integer" => types.contains("integer") || types.contains("number"),
        other => types.contains(other),
    };
    match json.filter(fits) {
        Some(value) => Ok(value),
        None if takes_text => Ok(Value::String(text)),
        None => {
            let expected = argument.map(Argument::type_text).unwrap_or_default();
            let failure = Failure::new(
                Exit::Usage,
                format!("`{key}` expects {}, got {text:?}", with_article(&expected)),
            );
            Err(match expected.ends_with("[]") {
                true => failure.hint(format!("write a list as JSON: {key}='[…]'")),
                false => failure,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_all(words: &[&str]) -> Result<Value> {
        let schema = json!({"properties": {
            "text": {"type": "string"},
            "maybe": {"type": ["string", "null"]},
            "count": {"type": "integer"},
            "ratio": {"type": "number"},
            "on": {"type": "boolean"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "extra": {"type": "object"},
            "either": {"type": ["string", "integer"]},
            "any": true,
            "mode": {"enum": ["fast", "slow"]},
            "switch": {"type": ["integer", "boolean"]},
            "level": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        }});
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        match parse(&words)? {
            Arguments::Object(object) => Ok(Value::Object(object)),
            Arguments::Pairs(pairs) => {
                let schema = Schema::new(schema.as_object().unwrap());
                resolve("tool", schema, pairs).map(Value::Object)
            }
        }
    }

    #[test]
    fn values_are_read_by_the_schema() {
        for (word, expected) in [
            ("text=5", json!({"text": "5"})),
            ("text=null", json!({"text": "null"})),
            ("text=a=b c", json!({"text": "a=b c"})),
            ("text=", json!({"text": ""})),
            ("maybe=null", json!({"maybe": "null"})),
            ("maybe:=null", json!({"maybe": null})),
            ("count=-5", json!({"count": -5})),
            ("count=18446744073709551615", json!({"count": u64::MAX})),
            ("ratio=5", json!({"ratio": 5})),
            ("ratio=1e-3", json!({"ratio": 0.001})),
            ("on=true", json!({"on": true})),
            (r#"tags=["a"]"#, json!({"tags": ["a"]})),
            (r#"extra={"k":1}"#, json!({"extra": {"k": 1}})),
            ("either=5", json!({"either": 5})),
            ("either=five", json!({"either": "five"})),
            ("either:=\"5\"", json!({"either": "5"})),
            ("any=5", json!({"any": 5})),
            ("any=five", json!({"any": "five"})),
            ("mode=fast", json!({"mode": "fast"})),
            ("level=3", json!({"level": 3})),
            ("level=null", json!({"level": null})),
        ] {
            assert_eq!(read_all(&[word]).unwrap(), expected, "{word}");
        }
    }

    #[test]
    fn values_of_another_type_are_refused_by_name() {
        for (word, says) in [
            ("count=two", "`count` expects an integer, got \"two\""),
            ("count=2.5", "`count` expects an integer, got \"2.5\""),
            ("count=", "`count` expects an integer, got \"\""),
            ("on=yes", "`on` expects a boolean"),
            ("tags=a", "`tags` expects a list (string[])"),
            ("switch=high", "`switch` expects one of integer | boolean"),
            ("extra=[]", "`extra` expects an object"),
        ] {
            let failure = read_all(&[word]).unwrap_err();
            assert!(failure.message().contains(says), "{word}: {failure}");
            assert_eq!(failure.exit, Some(Exit::Usage));
        }
        let failure = read_all(&["count=two"]).unwrap_err();
        let hint = failure.hint_text().unwrap();
        assert!(hint.starts_with("tool takes: "), "{hint}");
        assert!(hint.contains("[count: integer]"), "{hint}");
        let failure = read_all(&["tags=a"]).unwrap_err();
        assert!(failure.hint_text().unwrap().contains("tags='[…]'"));
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_known_ones() {
        let failure = read_all(&["cuont=2"]).unwrap_err();
        assert_eq!(failure.message(), "tool has no argument cuont");
        assert!(failure.hint_text().unwrap().contains("count"));
        let failure = read_all(&["cuont:=2"]).unwrap_err();
        assert_eq!(failure.message(), "tool has no argument cuont");
    }

    #[test]
    fn an_open_schema_takes_any_key() {
        let schema = json!({"additionalProperties": true});
        let pairs = match parse(&["k=1".to_owned()]).unwrap() {
            Arguments::Pairs(pairs) => pairs,
            other => panic!("{other:?}"),
        };
        let object = resolve("tool", Schema::new(schema.as_object().unwrap()), pairs).unwrap();
        assert_eq!(Value::Object(object), json!({"k": 1}));
    }

    #[test]
    fn one_json_object_is_taken_as_it_is() {
        assert_eq!(read_all(&[r#"{"x": [1]}"#]).unwrap(), json!({"x": [1]}));
        assert_eq!(read_all(&[]).unwrap(), json!({}));
    }

    #[test]
    fn words_that_make_no_sense_are_refused() {
        for (words, says) in [
            (&["two"][..], "neither key=value nor key:=JSON"),
            (&["=two"], "neither key=value nor key:=JSON"),
            (&["{\"a\""], "is not a JSON object"),
            (&["count:=two"], "count:= expects JSON"),
            (&["count=1", "count=2"], "count is given twice"),
            (&["count=1", "{}"], "neither key=value nor key:=JSON"),
        ] {
            let failure = read_all(words).unwrap_err();
            assert!(failure.message().contains(says), "{words:?}: {failure}");
        }
    }
}
