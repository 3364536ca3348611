//! The schema of a form: flat, of the few kinds of fields that every client can show.
//!
//! Implements "Requested Schema" of `client/elicitation`.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// The formats that a text field may have.
const FORMATS: [&str; 4] = ["email", "uri", "date", "date-time"];

/// The form whose fields are those of a type.
pub(super) fn schema<T: JsonSchema>() -> Result<Value, String> {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    let schema = settings.into_generator().into_root_schema_for::<T>();
    simplified(schema.as_value()).map_err(|why| {
        format!(
            "`{}` cannot be asked for by a form: {why}",
            T::schema_name()
        )
    })
}

/// A form that an author wrote, as it is sent: with what clients know, and nothing else.
pub(super) fn checked(schema: &Value) -> Result<Value, String> {
    let is_object = schema.get("type").and_then(Value::as_str) == Some("object");
    if !is_object || !schema["properties"].is_object() {
        return Err("the schema of a form says \"type\": \"object\" and has properties".to_owned());
    }
    simplified(schema)
}

fn simplified(schema: &Value) -> Result<Value, String> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let properties = properties.ok_or("it is no struct with fields")?;
    let mut fields = Map::new();
    for (name, property) in properties {
        let field = field(property).map_err(|why| format!("the field `{name}`: {why}"))?;
        fields.insert(name.clone(), Value::Object(field));
    }
    let required = required(schema, &fields)?;
    let mut form = json!({"type": "object", "properties": fields});
    if let Some(required) = required {
        form["required"] = required;
    }
    Ok(form)
}

/// Which fields must be filled in. Each is one of the form.
fn required(schema: &Value, fields: &Map<String, Value>) -> Result<Option<Value>, String> {
    let Some(required) = schema.get("required") else {
        return Ok(None);
    };
    let names = required.as_array().ok_or("`required` is a list of names")?;
    let is_field = |name: &Value| name.as_str().is_some_and(|it| fields.contains_key(it));
    match names.iter().find(|name| !is_field(name)) {
        Some(name) => Err(format!("{name} is required, and no field of the form")),
        None => Ok(Some(required.clone())),
    }
}

/// One field, in the form that clients know.
fn field(property: &Value) -> Result<Map<String, Value>, String> {
    let property = property.as_object().ok_or("anything at all")?;
    let (inner, outer) = without_null(property);
    let mut field = kind(&inner)?;
    for key in ["title", "description", "default"] {
        let said = outer.get(key).or_else(|| inner.get(key));
        if let Some(said) = said.filter(|said| !said.is_null()) {
            field.insert(key.to_owned(), said.clone());
        }
    }
    Ok(field)
}

/// A field that may be left out is written without `null`: `required` says it.
fn without_null(property: &Map<String, Value>) -> (Map<String, Value>, &Map<String, Value>) {
    let mut inner = property.clone();
    if let Some(Value::Array(types)) = property.get("type") {
        let kept: Vec<&Value> = types.iter().filter(|it| *it != "null").collect();
        if let [only] = kept.as_slice() {
            inner.insert("type".to_owned(), (*only).clone());
        }
    }
    if let Some(Value::Array(values)) = property.get("enum") {
        let kept = values.iter().filter(|it| !it.is_null()).cloned();
        inner.insert("enum".to_owned(), kept.collect());
    }
    if let Some(Value::Array(alternatives)) = property.get("anyOf") {
        let is_null = |it: &&Value| it.get("type").and_then(Value::as_str) == Some("null");
        let kept: Vec<&Value> = alternatives.iter().filter(|it| !is_null(it)).collect();
        if let [Value::Object(only)] = kept.as_slice() {
            inner = only.clone();
        }
    }
    (inner, property)
}

fn kind(property: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    if let Some(choices) = choices(property) {
        let mut field = Map::from_iter([("type".to_owned(), json!("string"))]);
        field.extend(choices.single());
        if let Some(names) = property.get("enumNames") {
            field.insert("enumNames".to_owned(), names.clone());
        }
        return Ok(field);
    }
    let kind = property.get("type").and_then(Value::as_str);
    let kept: &[&str] = match kind {
        Some("string") => &["minLength", "maxLength", "format", "pattern"],
        Some("integer" | "number") => &["minimum", "maximum"],
        Some("boolean") => &[],
        Some("array") => return several(property),
        _ => {
            return Err(
                "a field is text, a number, a bool, an enum without data, or a list of such an enum; ask for what it holds in fields of the form itself, or in another question"
                    .to_owned(),
            );
        }
    };
    let mut field = Map::from_iter([("type".to_owned(), json!(kind))]);
    for key in kept {
        let value = property.get(*key).filter(|value| is_known(key, value));
        if let Some(value) = value {
            field.insert((*key).to_owned(), value.clone());
        }
    }
    Ok(field)
}

fn is_known(key: &str, value: &Value) -> bool {
    key != "format"
        || value
            .as_str()
            .is_some_and(|format| FORMATS.contains(&format))
}

/// A choice of several.
fn several(property: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    let items = property.get("items").and_then(Value::as_object);
    let choices = items
        .and_then(choices)
        .ok_or("a list is one of choices, which an enum names")?;
    let mut field = Map::from_iter([
        ("type".to_owned(), json!("array")),
        ("items".to_owned(), choices.several()),
    ]);
    for key in ["minItems", "maxItems"] {
        if let Some(value) = property.get(key) {
            field.insert(key.to_owned(), value.clone());
        }
    }
    Ok(field)
}

/// What can be chosen.
enum Choices {
    /// Values that say what they are.
    Plain(Vec<Value>),
    /// Values, and what the user reads of them.
    Titled(Vec<(Value, Value)>),
}

fn choices(property: &Map<String, Value>) -> Option<Choices> {
    if let Some(Value::Array(values)) = property.get("enum") {
        return values
            .iter()
            .all(Value::is_string)
            .then(|| Choices::Plain(values.clone()));
    }
    let alternatives = property.get("oneOf").or_else(|| property.get("anyOf"))?;
    let mut titled = Vec::new();
    for alternative in alternatives.as_array()? {
        match alternative.get("const") {
            Some(value @ Value::String(_)) => {
                let title = alternative
                    .get("title")
                    .or_else(|| alternative.get("description"));
                titled.push((value.clone(), title.unwrap_or(value).clone()));
            }
            // Variants without a doc comment stand together in one enum.
            None => {
                let values = alternative.get("enum")?.as_array()?;
                titled.extend(values.iter().map(|value| (value.clone(), value.clone())));
            }
            Some(_) => return None,
        }
    }
    Some(Choices::Titled(titled))
}

impl Choices {
    fn single(self) -> Map<String, Value> {
        match self {
            Choices::Plain(values) => Map::from_iter([("enum".to_owned(), json!(values))]),
            Choices::Titled(titled) => Map::from_iter([("oneOf".to_owned(), written(titled))]),
        }
    }

    fn several(self) -> Value {
        match self {
            Choices::Plain(values) => json!({"type": "string", "enum": values}),
            Choices::Titled(titled) => json!({"anyOf": written(titled)}),
        }
    }
}

fn written(titled: Vec<(Value, Value)>) -> Value {
    let titled = titled.into_iter();
    titled
        .map(|(value, title)| json!({"const": value, "title": title}))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    enum Plain {
        Red,
        Green,
    }

    #[derive(Deserialize, JsonSchema)]
    enum Titled {
        /// The first one.
        A,
        #[schemars(title = "The second one.")]
        B,
    }

    fn thirty() -> u8 {
        30
    }

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Form {
        /// A name.
        name: String,
        #[serde(default = "thirty")]
        age: u8,
        score: Option<f64>,
        plain: Plain,
        maybe: Option<Titled>,
        several: Vec<Plain>,
        titled: Vec<Titled>,
    }

    #[test]
    fn every_kind_of_field_is_written_as_clients_know_it() {
        let form = schema::<Form>().unwrap();
        let of = |name: &str| form["properties"][name].clone();
        assert_eq!(
            of("name"),
            json!({"type": "string", "description": "A name."})
        );
        assert_eq!(
            of("age"),
            json!({"type": "integer", "minimum": 0, "maximum": 255, "default": 30})
        );
        assert_eq!(of("score"), json!({"type": "number"}));
        assert_eq!(
            of("plain"),
            json!({"type": "string", "enum": ["red", "green"]})
        );
        let titles = json!([
            {"const": "A", "title": "The first one."},
            {"const": "B", "title": "The second one."},
        ]);
        assert_eq!(of("maybe"), json!({"type": "string", "oneOf": titles}));
        assert_eq!(
            of("several"),
            json!({"type": "array", "items": {"type": "string", "enum": ["red", "green"]}})
        );
        assert_eq!(
            of("titled"),
            json!({"type": "array", "items": {"anyOf": titles}})
        );
        assert_eq!(
            form["required"],
            json!(["name", "plain", "several", "titled"])
        );
    }

    #[test]
    fn what_no_client_can_show_is_refused_by_its_name() {
        #[derive(Deserialize, JsonSchema)]
        #[expect(dead_code, reason = "only its shape matters")]
        struct Nested {
            inner: Form,
        }
        let why = schema::<Nested>().unwrap_err();
        assert!(why.contains("`inner`") && why.contains("Nested"), "{why}");
        assert!(why.contains("in another question"), "{why}");
        assert!(schema::<u8>().is_err());
        assert!(checked(&json!({"type": "object"})).is_err());
        let gone = json!({"type": "object", "properties": {}, "required": ["x"]});
        assert!(checked(&gone).unwrap_err().contains("\"x\""));
        let legacy = json!({"type": "object", "properties": {
            "x": {"type": "string", "enum": ["a"], "enumNames": ["A"]}}});
        assert_eq!(checked(&legacy).unwrap(), legacy);
    }

    #[test]
    fn a_form_that_an_author_wrote_is_sent_as_clients_know_it() {
        let form = checked(&json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {
                "time": {"type": ["string", "null"], "format": "time"},
                "one": {"anyOf": [{"const": "a", "title": "A"}, {"const": "b"}]},
                "n": {"type": "integer", "maximum": 5, "multipleOf": 2},
            },
            "required": ["one"],
            "additionalProperties": false,
        }));
        let one = json!([{"const": "a", "title": "A"}, {"const": "b", "title": "b"}]);
        let sent = json!({
            "type": "object",
            "properties": {
                "time": {"type": "string"},
                "one": {"type": "string", "oneOf": one},
                "n": {"type": "integer", "maximum": 5},
            },
            "required": ["one"],
        });
        assert_eq!(form.unwrap(), sent);
    }
}
