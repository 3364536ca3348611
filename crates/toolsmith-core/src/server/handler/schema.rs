//! The input schema of a tool, from its parameters.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::slots::Slots;

/// What the author wrote about a parameter.
#[derive(Clone, Copy, Debug)]
pub struct ParameterDoc {
    /// Its name.
    pub name: &'static str,
    /// Its doc comment.
    pub description: Option<&'static str>,
}

/// The schema of an object with one property for each argument.
#[doc(hidden)]
pub fn input_schema<S: Slots>(slots: &S, parameters: &[ParameterDoc]) -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    let mut generator = settings.into_generator();
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (index, parameter) in parameters.iter().enumerate() {
        let Some(mut argument) = slots.schema(index, &mut generator) else {
            continue;
        };
        if let Some(description) = parameter.description {
            argument
                .schema
                .insert("description".to_owned(), description.into());
        }
        if argument.required {
            required.push(parameter.name);
        }
        properties.insert(parameter.name.to_owned(), argument.schema.to_value());
    }
    let mut schema = json!({"type": "object"});
    if let Some(object) = schema.as_object_mut() {
        if !properties.is_empty() {
            object.insert("properties".to_owned(), Value::Object(properties));
        }
        if !required.is_empty() {
            object.insert("required".to_owned(), json!(required));
        }
        object.insert("additionalProperties".to_owned(), Value::Bool(false));
        let definitions = generator.take_definitions(true);
        if !definitions.is_empty() {
            object.insert("$defs".to_owned(), Value::Object(definitions));
        }
    }
    schema
}
