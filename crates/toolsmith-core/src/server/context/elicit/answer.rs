//! Whether an answer fits the form that was sent.
//!
//! A form has few keywords, and each of them is looked at here, but `pattern`: what a
//! pattern matches is left to the client.

use serde_json::{Map, Value};

use super::format;

/// The most problems of an answer that are named.
const MOST: usize = 10;

/// The answer to a form, if it fits; otherwise all that does not. A field that may be left
/// out and is `null` was left out.
pub(super) fn fitting(form: &Value, answer: Value) -> Result<Map<String, Value>, String> {
    let Value::Object(mut answer) = answer else {
        return Err("it is an object with a member for each field".to_owned());
    };
    let required: Vec<&str> = match form["required"].as_array() {
        Some(required) => required.iter().filter_map(Value::as_str).collect(),
        None => Vec::new(),
    };
    answer.retain(|name, value| !value.is_null() || required.contains(&name.as_str()));
    let mut problems = Vec::new();
    for (name, value) in &mut answer {
        match form["properties"].get(name) {
            None => {
                let name: String = name.chars().take(64).collect();
                problems.push(format!("the form has no field `{name}`"));
            }
            Some(field) => match fits(field, value) {
                Err(wanted) => {
                    problems.push(format!("`{name}`: expected {wanted}, got {}", got(value)));
                }
                Ok(()) if field["type"] == "integer" => write_whole(value),
                Ok(()) => {}
            },
        }
    }
    let missing = required.iter().filter(|name| !answer.contains_key(**name));
    problems.extend(missing.map(|name| format!("`{name}` is missing")));
    problems.truncate(MOST);
    match problems.is_empty() {
        true => Ok(answer),
        false => Err(problems.join("; ")),
    }
}

/// What a value is, without the words of whoever gave it, which may be long or secret.
fn got(value: &Value) -> String {
    match value {
        Value::String(text) => format!("a text of {} characters", text.chars().count()),
        Value::Array(values) => format!("a list of {}", values.len()),
        Value::Object(_) => "an object".to_owned(),
        other => other.to_string(),
    }
}

/// Writes a whole number without a fraction: to JSON Schema `5.0` is an integer, to Rust it
/// is none.
fn write_whole(value: &mut Value) {
    const SAFE: f64 = 9_007_199_254_740_991.0;
    let number = value.as_f64().filter(|it| it.abs() <= SAFE);
    if let Some(number) = number.filter(|_| value.is_f64()) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole and within the range of both types"
        )]
        let whole = number as i64;
        *value = whole.into();
    }
}

/// Whether a value fits a field; `Err` says what does.
fn fits(field: &Value, value: &Value) -> Result<(), String> {
    match field["type"].as_str() {
        Some("boolean") => wanted(value.is_boolean(), || "true or false".to_owned()),
        Some("integer") => {
            let whole = value.as_f64().is_some_and(|it| it.fract() == 0.0);
            wanted(whole, || "a whole number".to_owned())?;
            within(field, value)
        }
        Some("number") => {
            wanted(value.is_number(), || "a number".to_owned())?;
            within(field, value)
        }
        Some("array") => several(field, value),
        _ => text(field, value),
    }
}

fn within(field: &Value, value: &Value) -> Result<(), String> {
    let value = value.as_f64().unwrap_or(f64::NAN);
    if let Some(least) = field["minimum"].as_f64() {
        wanted(value >= least, || format!("{} at least", field["minimum"]))?;
    }
    if let Some(most) = field["maximum"].as_f64() {
        wanted(value <= most, || format!("{} at most", field["maximum"]))?;
    }
    Ok(())
}

fn text(field: &Value, value: &Value) -> Result<(), String> {
    let text = value.as_str().ok_or("text")?;
    if let Some(choices) = choices(field) {
        return chosen(&choices, text);
    }
    let length = text.chars().count() as u64;
    if let Some(least) = field["minLength"].as_u64() {
        wanted(length >= least, || format!("{least} characters at least"))?;
    }
    if let Some(most) = field["maxLength"].as_u64() {
        wanted(length <= most, || format!("{most} characters at most"))?;
    }
    match field["format"].as_str() {
        Some("email") => wanted(format::is_email(text), || "an email address".to_owned()),
        Some("uri") => wanted(format::is_uri(text), || "a URI".to_owned()),
        Some("date") => wanted(format::is_date(text), || {
            "a date such as 2027-01-31".to_owned()
        }),
        Some("date-time") => wanted(format::is_date_time(text), || {
            "a moment such as 2027-01-31T12:00:00Z".to_owned()
        }),
        _ => Ok(()),
    }
}

fn several(field: &Value, value: &Value) -> Result<(), String> {
    let values = value.as_array().ok_or("a list")?;
    let count = values.len() as u64;
    if let Some(least) = field["minItems"].as_u64() {
        wanted(count >= least, || {
            format!("{least} of the choices at least")
        })?;
    }
    if let Some(most) = field["maxItems"].as_u64() {
        wanted(count <= most, || format!("{most} of the choices at most"))?;
    }
    let choices = choices(&field["items"]).unwrap_or_default();
    for value in values {
        chosen(&choices, value.as_str().ok_or("a list of texts")?)?;
    }
    Ok(())
}

/// What can be chosen in a field; nothing where it is no choice.
fn choices(field: &Value) -> Option<Vec<&str>> {
    if let Some(values) = field["enum"].as_array() {
        return Some(values.iter().filter_map(Value::as_str).collect());
    }
    let titled = field["oneOf"].as_array().or(field["anyOf"].as_array())?;
    let values = titled.iter().filter_map(|it| it["const"].as_str());
    Some(values.collect())
}

fn chosen(choices: &[&str], text: &str) -> Result<(), String> {
    wanted(choices.contains(&text), || {
        const SHOWN: usize = 10;
        let shown: Vec<String> = choices
            .iter()
            .take(SHOWN)
            .map(|it| format!("`{it}`"))
            .collect();
        let more = if choices.len() > SHOWN { ", …" } else { "" };
        format!("one of {}{more}", shown.join(", "))
    })
}

fn wanted(fits: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if fits { Ok(()) } else { Err(what()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn form() -> Value {
        json!({
            "type": "object",
            "properties": {
                "text": {"type": "string", "minLength": 2, "maxLength": 3},
                "email": {"type": "string", "format": "email"},
                "uri": {"type": "string", "format": "uri"},
                "date": {"type": "string", "format": "date"},
                "moment": {"type": "string", "format": "date-time"},
                "whole": {"type": "integer", "minimum": -1, "maximum": 5},
                "number": {"type": "number", "minimum": 0.5},
                "flag": {"type": "boolean"},
                "one": {"type": "string", "enum": ["a", "b"]},
                "titled": {"type": "string", "oneOf": [{"const": "a", "title": "A"}]},
                "some": {
                    "type": "array", "minItems": 1, "maxItems": 2,
                    "items": {"anyOf": [{"const": "a", "title": "A"}]},
                },
            },
            "required": ["whole"],
        })
    }

    #[test]
    fn what_fits_is_taken_and_null_is_left_out() {
        let all = json!({
            "text": "äöü", "email": "a@b.example", "uri": "urn:x", "date": "2024-02-29",
            "moment": "2026-07-28T12:00:00Z", "whole": 5, "number": 0.5, "flag": true,
            "one": "b", "titled": "a", "some": ["a", "a"],
        });
        assert_eq!(Value::from(fitting(&form(), all.clone()).unwrap()), all);
        let whole = fitting(&form(), json!({"whole": 5.0, "number": 5.0})).unwrap();
        assert_eq!(
            Value::from(whole).to_string(),
            r#"{"whole":5,"number":5.0}"#
        );
        let few = fitting(&form(), json!({"whole": -1, "text": null})).unwrap();
        assert_eq!(Value::from(few), json!({"whole": -1}));
    }

    #[test]
    fn what_does_not_fit_is_named_with_what_would() {
        for (name, value, wanted) in [
            ("text", json!(1), "expected text"),
            ("text", json!("x"), "2 characters at least"),
            ("text", json!("xxxx"), "3 characters at most"),
            ("email", json!("nobody"), "an email address"),
            ("uri", json!("not a uri"), "a URI"),
            ("date", json!("2023-02-29"), "a date"),
            ("moment", json!("2026-07-28"), "a moment"),
            ("whole", json!(99), "5 at most"),
            ("whole", json!(-2), "-1 at least"),
            ("whole", json!(1.5), "a whole number"),
            ("whole", json!("1"), "a whole number"),
            ("whole", json!(null), "a whole number"),
            ("number", json!(0.1), "0.5 at least"),
            ("number", json!("1"), "a number"),
            ("flag", json!(0), "true or false"),
            ("one", json!("c"), "one of `a`, `b`"),
            ("titled", json!("A"), "one of `a`"),
            ("some", json!("a"), "a list"),
            ("some", json!([]), "1 of the choices at least"),
            ("some", json!(["a", "a", "a"]), "2 of the choices at most"),
            ("some", json!(["b"]), "one of `a`"),
            ("bogus", json!({}), "no field"),
        ] {
            let mut answer = json!({"whole": 1});
            answer[name] = value;
            let why = fitting(&form(), answer.clone()).unwrap_err();
            let named = why.contains(&format!("`{name}`"));
            assert!(named && why.contains(wanted), "{answer}: {why}");
        }
        let why = fitting(&form(), json!({"flag": 1, "text": "x"})).unwrap_err();
        assert_eq!(
            why,
            "`flag`: expected true or false, got 1; \
             `text`: expected 2 characters at least, got a text of 1 characters; \
             `whole` is missing"
        );
        assert!(fitting(&form(), json!([])).is_err());
    }
}
