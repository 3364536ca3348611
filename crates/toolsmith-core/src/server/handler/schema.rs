//! What clients are told of parameters: the input schema of a tool, the arguments of a
//! prompt, the variables of a resource.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::misfit::Step;
use super::slots::Slots;
use crate::protocol::PromptArgument;
use crate::server::completion::Completer;

/// What the author wrote about a parameter.
#[derive(Clone, Copy, Debug)]
pub struct ParameterDoc {
    /// Its name.
    pub name: &'static str,
    /// Its doc comment.
    pub description: Option<&'static str>,
    /// The header field in which clients repeat it.
    pub header: Option<&'static str>,
}

/// The schema of an object with one property for each argument.
#[doc(hidden)]
pub fn input_schema<S: Slots>(slots: &S, parameters: &[ParameterDoc]) -> Value {
    let mut generator = inline();
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
        if let Some(header) = parameter.header {
            mirror(&mut argument.schema, header);
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

/// Makes schemas that stand by themselves: only what holds itself is referred to.
fn inline() -> SchemaGenerator {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.into_generator()
}

/// The schema of a type by itself.
pub(in crate::server) fn schema_of<T: JsonSchema>() -> Value {
    inline().into_root_schema_for::<T>().to_value()
}

/// What a schema says of a place in its values, as far as that is plain.
pub(super) fn part_of_schema<'a>(root: &'a Value, place: &[Step]) -> Option<&'a Value> {
    let mut schema = resolved(root, root)?;
    for step in place {
        let part = match step {
            Step::Key(key) => (schema.get("properties").and_then(|it| it.get(key)))
                .or_else(|| schema.get("additionalProperties"))?,
            Step::Index(index) => (schema.get("prefixItems").and_then(|it| it.get(index)))
                .or_else(|| schema.get("items"))?,
        };
        schema = resolved(root, part)?;
    }
    Some(schema)
}

/// A schema without a reference or `null` around it.
fn resolved<'a>(root: &'a Value, schema: &'a Value) -> Option<&'a Value> {
    if let Some(Value::String(reference)) = schema.get("$ref") {
        return root.pointer(reference.strip_prefix('#')?);
    }
    let is_null = |it: &&Value| it.get("type").is_some_and(|it| it == "null");
    match schema.get("anyOf") {
        Some(Value::Array(alternatives)) => {
            let mut others = alternatives.iter().filter(|it| !is_null(it));
            match (others.next()?, others.next()) {
                (only, None) if only.get("anyOf").is_none() => resolved(root, only),
                _ => None,
            }
        }
        _ => Some(schema),
    }
}

/// Has clients repeat an argument in a header field. One that may be left out must not be
/// `null` then, because a header field cannot say so.
fn mirror(schema: &mut Schema, header: &str) {
    if let Some(Value::Array(types)) = schema.get("type") {
        let kept: Vec<Value> = types.iter().filter(|t| *t != "null").cloned().collect();
        if let [only] = kept.as_slice() {
            schema.insert("type".to_owned(), only.clone());
        }
    }
    schema.insert("x-mcp-header".to_owned(), header.into());
}

/// The arguments of a prompt.
#[doc(hidden)]
pub fn prompt_arguments<S: Slots>(slots: &S, parameters: &[ParameterDoc]) -> Vec<PromptArgument> {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut arguments = Vec::new();
    for (index, parameter) in parameters.iter().enumerate() {
        if let Some(argument) = slots.schema(index, &mut generator) {
            arguments.push(PromptArgument {
                name: parameter.name.to_owned(),
                title: None,
                description: parameter.description.map(str::to_owned),
                required: argument.required,
            });
        }
    }
    arguments
}

/// A parameter of a resource that the URI gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UriArgument {
    /// Its name.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// Whether it is a list, which may have nothing in it.
    pub list: bool,
    /// Whether it is one value, so that a list can never be read as it.
    pub one: bool,
}

/// The parameters of a resource that the URI gives.
#[doc(hidden)]
pub fn variables<S: Slots>(slots: &S, names: &[&'static str]) -> Vec<UriArgument> {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let names = names.iter().enumerate();
    let found = names.filter_map(|(index, name)| {
        let argument = slots.schema(index, &mut generator)?;
        Some(UriArgument {
            name,
            required: argument.required,
            list: argument.schema.get("type").is_some_and(|it| it == "array"),
            one: is_one(argument.schema.get("type")),
        })
    });
    found.collect()
}

/// Whether a type of JSON Schema, or all of several but `null`, have one value.
fn is_one(kind: Option<&Value>) -> bool {
    let is_one = |kind: &Value| match kind.as_str() {
        Some(kind) => matches!(kind, "string" | "integer" | "number" | "boolean"),
        None => false,
    };
    match kind {
        Some(Value::Array(kinds)) => {
            let mut kinds = kinds.iter().filter(|it| *it != "null").peekable();
            kinds.peek().is_some() && kinds.all(is_one)
        }
        Some(kind) => is_one(kind),
        None => false,
    }
}

/// What knows the values of the arguments: what the author named, and for the others their
/// types, where those name all of their values.
#[doc(hidden)]
pub fn completers<S: Slots>(
    slots: &S,
    names: &[&'static str],
    own: Vec<Completer>,
) -> Vec<Completer> {
    let mut all = own;
    for (name, choices) in choices(slots, names) {
        if !all.iter().any(|it| it.argument() == name) {
            all.push(Completer::choices(name, choices));
        }
    }
    all
}

/// The values that an argument may have, where its type names them all.
fn choices<S: Slots>(slots: &S, names: &[&'static str]) -> Vec<(&'static str, Vec<String>)> {
    let mut generator = inline();
    let names = names.iter().enumerate();
    let found = names.filter_map(|(index, name)| {
        let schema = slots.schema(index, &mut generator)?.schema;
        let choices = choices_of(schema.as_value());
        (!choices.is_empty()).then_some((*name, choices))
    });
    found.collect()
}

fn choices_of(schema: &Value) -> Vec<String> {
    // A `bool` that may be left out is a boolean or `null`.
    let is_bool = |kind: &Value| match kind {
        Value::String(kind) => kind == "boolean",
        Value::Array(kinds) => kinds.iter().all(|it| it == "boolean" || it == "null"),
        _ => false,
    };
    if schema.get("type").is_some_and(is_bool) {
        return vec!["true".to_owned(), "false".to_owned()];
    }
    let of_enum = schema.get("enum").and_then(Value::as_array);
    if let Some(values) = of_enum {
        let texts = values.iter().filter_map(Value::as_str);
        return texts.map(str::to_owned).collect();
    }
    let alternatives = schema.get("oneOf").or_else(|| schema.get("anyOf"));
    let alternatives = alternatives.and_then(Value::as_array).into_iter().flatten();
    alternatives
        .flat_map(|it| match it.get("const").and_then(Value::as_str) {
            Some(text) => vec![text.to_owned()],
            None => choices_of(it),
        })
        .collect()
}
