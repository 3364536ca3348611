//! Structured results, and the schemas that say what they are.

use serde_json::value::RawValue;
use serde_json::{Value, json};

/// A structured result, as JSON.
///
/// Modern clients are sent it as it is. Legacy clients, whose revisions demand an object,
/// are sent `{"result": …}` where the output schema of the tool does not say that it is
/// one, or, without a schema, where it is none.
///
/// ```
/// use toolsmith_core::protocol::{Structured, ToolOutput};
///
/// let output = ToolOutput {
///     structured: Some(Structured::from(serde_json::json!({"degrees": -3}))),
///     ..ToolOutput::text("It is cold.")
/// };
/// assert_eq!(output.structured.unwrap().get(), r#"{"degrees":-3}"#);
/// ```
#[derive(Clone, Debug)]
pub struct Structured {
    json: Box<RawValue>,
    wrapped: bool,
}

impl Structured {
    /// The JSON.
    pub fn get(&self) -> &str {
        self.json.get()
    }

    /// The same, still as JSON.
    pub(crate) fn json(&self) -> &RawValue {
        &self.json
    }

    /// The JSON of a result that was kept, and whether a legacy client is sent it in
    /// `{"result": …}`.
    pub(crate) fn kept(json: Box<RawValue>, wrapped: bool) -> Self {
        Self { json, wrapped }
    }

    /// The same result of a tool whose output schema a legacy client is sent in this form.
    pub(crate) fn wrapped_as(mut self, schema_is_wrapped: bool) -> Self {
        self.wrapped |= schema_is_wrapped;
        self
    }

    /// Whether a legacy client is sent it in `{"result": …}`.
    pub(crate) fn is_wrapped(&self) -> bool {
        self.wrapped
    }
}

impl From<Box<RawValue>> for Structured {
    fn from(json: Box<RawValue>) -> Self {
        let wrapped = !json.get().starts_with('{');
        Self { json, wrapped }
    }
}

impl From<Value> for Structured {
    fn from(value: Value) -> Self {
        // Written by `serde_json`, it is JSON; `null` would be noticed.
        let json = RawValue::from_string(value.to_string());
        Self::from(json.unwrap_or_else(|_| RawValue::NULL.to_owned()))
    }
}

/// Whether a legacy client is sent `{"result": …}` for values of a schema: for all but
/// those of which it says that they are objects, whatever else they may be.
pub(crate) fn is_wrapped(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) != Some("object")
}

/// The schema that a legacy client is sent.
pub(super) fn wrapped(schema: &Value) -> Value {
    if !is_wrapped(schema) {
        return schema.clone();
    }
    let mut inner = schema.clone();
    let definitions = inner.as_object_mut().and_then(|o| o.remove("$defs"));
    let mut outer = json!({
        "type": "object",
        "properties": {"result": inner},
        "required": ["result"],
    });
    // References point at the root, so the definitions have to stay there.
    if let (Some(definitions), Some(outer)) = (definitions, outer.as_object_mut()) {
        outer.insert("$defs".to_owned(), definitions);
    }
    outer
}

/// Writes as an object what a schema says by `true` or `false` of itself or of a property:
/// every revision demands objects there, and a client that checks would refuse the whole
/// list.
pub(crate) fn as_objects(schema: &mut Value) {
    as_object(schema);
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (_, property) in properties.into_iter().flatten() {
        as_object(property);
    }
}

fn as_object(schema: &mut Value) {
    match schema {
        Value::Bool(true) => *schema = json!({}),
        Value::Bool(false) => *schema = json!({"not": {}}),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_and_its_values_are_wrapped_alike() {
        let maybe = json!({"oneOf": [{"type": "object"}, {"type": "null"}]});
        assert_eq!(wrapped(&maybe)["properties"]["result"], maybe);
        let object = Structured::from(json!({"a": 1}));
        assert!(!object.is_wrapped());
        assert!(object.wrapped_as(is_wrapped(&maybe)).is_wrapped());
        let sure = json!({"type": "object"});
        assert_eq!(wrapped(&sure), sure);
        let object = Structured::from(json!({"a": 1}));
        assert!(!object.wrapped_as(is_wrapped(&sure)).is_wrapped());
    }

    #[test]
    fn a_schema_that_is_a_word_becomes_an_object() {
        let mut schema = json!({"type": "object", "properties": {
            "any": true, "none": false, "text": {"type": "string"},
        }});
        as_objects(&mut schema);
        let expected = json!({"any": {}, "none": {"not": {}}, "text": {"type": "string"}});
        assert_eq!(schema["properties"], expected);
        let mut any = json!(true);
        as_objects(&mut any);
        assert_eq!(any, json!({}));
    }
}
