//! Arguments that a modern client repeats in header fields.
//!
//! Implements "Custom Headers from Tool Parameters" of revision 2026-07-28,
//! `basic/transports/streamable-http`.

use std::collections::HashSet;

use serde_json::Value;

use super::headers::{HeaderField, decoded, mismatch, shown};
use super::{ErrorKind, ProtocolError};

/// The keyword of a schema that names the header field.
const KEYWORD: &str = "x-mcp-header";
/// What every such header field begins with.
const PREFIX: &str = "mcp-param-";
/// The largest integer that every client can hold.
const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

/// The `Mcp-Param-*` header fields of a request, their names in small letters.
#[derive(Clone, Debug, Default)]
pub struct ParamHeaders(Box<[Field]>);

/// A name in lower case, and a value.
type Field = (Box<str>, Box<[u8]>);

impl ParamHeaders {
    /// Keeps those of the fields that are ours. Field names are in small letters.
    pub fn read<'a>(fields: impl Iterator<Item = (&'a str, &'a [u8])>) -> Self {
        let ours = fields.filter(|(name, _)| name.starts_with(PREFIX));
        Self(
            ours.map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }

    fn field(&self, name: &str) -> HeaderField<'_> {
        let mut values = self.0.iter().filter(|(it, _)| **it == *name);
        match (values.next(), values.next()) {
            (None, _) => HeaderField::Missing,
            (Some((_, value)), None) => HeaderField::One(value),
            (Some(_), Some(_)) => HeaderField::Repeated,
        }
    }
}

/// An argument of a tool that is repeated in a header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirroredParameter {
    /// The field's name in small letters.
    field: Box<str>,
    /// The way to the argument, from the root of the arguments.
    path: Vec<Box<str>>,
}

impl MirroredParameter {
    /// Finds the arguments that a schema wants repeated.
    ///
    /// # Errors
    ///
    /// Says which rule of the specification the schema breaks.
    pub fn find(schema: &Value) -> Result<Vec<Self>, String> {
        let mut found = Vec::new();
        walk(schema, &mut Vec::new(), &mut found)?;
        let annotated = count(schema);
        if annotated > found.len() {
            return Err(format!(
                "`{KEYWORD}` stands where it must not: only on properties that are reached from the root through `properties` alone"
            ));
        }
        let mut seen = HashSet::new();
        match found.iter().find(|it| !seen.insert(&it.field)) {
            Some(twice) => Err(format!(
                "two properties have one `x-mcp-header`: `{}`",
                twice.field
            )),
            None => Ok(found),
        }
    }

    /// Whether the header field repeats the argument.
    pub(crate) fn agrees(
        &self,
        headers: &ParamHeaders,
        arguments: &Value,
    ) -> Result<(), ProtocolError> {
        let mut value = arguments;
        for step in &self.path {
            value = value.get(&**step).unwrap_or(&Value::Null);
        }
        let text = headers.field(&self.field).text(&self.field)?;
        let text = match text {
            None => None,
            Some(text) => Some(decoded(text).ok_or_else(|| {
                mismatch(format!(
                    "`{}` is not the Base64 that it says it is",
                    self.field
                ))
            })?),
        };
        match (value, text) {
            (Value::Null, None) => Ok(()),
            (Value::Null, Some(_)) => Err(mismatch(format!(
                "`{}` is given and the argument `{}` is not",
                self.field,
                self.path.join(".")
            ))),
            (_, None) => Err(mismatch(format!(
                "`{}` is missing; it repeats the argument `{}`",
                self.field,
                self.path.join(".")
            ))),
            (value, Some(text)) if is_same(value, &text) => Ok(()),
            (_, Some(text)) => Err(mismatch(format!(
                "`{}` is '{}', which is not the argument `{}`",
                self.field,
                shown(&text),
                self.path.join(".")
            ))),
        }
    }
}

/// Whether a header value says what an argument says. Numbers are compared as numbers.
fn is_same(value: &Value, text: &str) -> bool {
    match value {
        Value::String(value) => value == text,
        Value::Bool(value) => text == if *value { "true" } else { "false" },
        Value::Number(value) => match (value.as_i64(), text.parse::<i64>(), value.as_f64()) {
            (Some(value), Ok(text), _) => value == text,
            (_, _, Some(value)) if value.abs() <= MAX_SAFE => {
                text.parse::<f64>().is_ok_and(|text| text == value)
            }
            _ => false,
        },
        _ => false,
    }
}

/// Follows `properties` from the root.
fn walk(
    schema: &Value,
    path: &mut Vec<Box<str>>,
    found: &mut Vec<MirroredParameter>,
) -> Result<(), String> {
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, property) in properties.into_iter().flatten() {
        path.push(name.as_str().into());
        if let Some(header) = property.get(KEYWORD) {
            found.push(MirroredParameter {
                field: field_name(header, property, name)?,
                path: path.clone(),
            });
        }
        walk(property, path, found)?;
        path.pop();
    }
    Ok(())
}

fn field_name(header: &Value, property: &Value, name: &str) -> Result<Box<str>, String> {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let header = header
        .as_str()
        .filter(|h| !h.is_empty() && h.chars().all(is_token))
        .ok_or_else(|| {
            format!(
                "`{KEYWORD}` of `{name}` is to be the name of a header field, such as \"Region\""
            )
        })?;
    match property.get("type").and_then(Value::as_str) {
        Some("string" | "integer" | "boolean") => {
            Ok(format!("{PREFIX}{}", header.to_ascii_lowercase()).into())
        }
        _ => Err(format!(
            "`{KEYWORD}` is for strings, integers and booleans that must be given or left out, and `{name}` is none of them"
        )),
    }
}

/// How often the keyword stands anywhere in a schema.
fn count(schema: &Value) -> usize {
    match schema {
        Value::Array(schemas) => schemas.iter().map(count).sum(),
        Value::Object(keywords) => keywords.iter().map(count_in).sum(),
        _ => 0,
    }
}

fn count_in((keyword, value): (&String, &Value)) -> usize {
    match (keyword.as_str(), value) {
        (KEYWORD, _) => 1,
        // Values that a schema speaks of are no schemas,
        ("const" | "enum" | "default" | "examples", _) => 0,
        // and the names in here are the author's own.
        (
            "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas",
            Value::Object(named),
        ) => named.values().map(count).sum(),
        (_, value) => count(value),
    }
}

/// Whether the header fields of a request repeat its arguments, as a tool wants them to.
pub(crate) fn agree(
    mirrored: &[MirroredParameter],
    headers: &ParamHeaders,
    arguments: &[u8],
) -> Result<(), ProtocolError> {
    let arguments: Value = match arguments {
        [] => Value::Null,
        json => serde_json::from_slice(json).map_err(|_| {
            ProtocolError::new(ErrorKind::InvalidParams, "`arguments` is an object")
        })?,
    };
    mirrored
        .iter()
        .try_for_each(|it| it.agrees(headers, &arguments))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn headers(fields: &[(&str, &str)]) -> ParamHeaders {
        ParamHeaders::read(fields.iter().map(|(n, v)| (*n, v.as_bytes())))
    }

    fn schema(property: Value) -> Value {
        json!({"type": "object", "properties": {"region": property}})
    }

    #[test]
    fn the_keyword_stands_on_plain_properties_only() {
        let good = schema(json!({"type": "string", "x-mcp-header": "Region"}));
        assert_eq!(MirroredParameter::find(&good).unwrap().len(), 1);
        let nested = json!({"properties": {"a": {"type": "object", "properties": {
            "b": {"type": "integer", "x-mcp-header": "B"}}}}});
        assert_eq!(
            MirroredParameter::find(&nested).unwrap()[0].path,
            ["a".into(), "b".into()] as [Box<str>; 2]
        );
        for bad in [
            schema(json!({"type": "string", "x-mcp-header": ""})),
            schema(json!({"type": "string", "x-mcp-header": "a b"})),
            schema(json!({"type": "string", "x-mcp-header": 5})),
            schema(json!({"type": "number", "x-mcp-header": "N"})),
            schema(json!({"type": ["string", "null"], "x-mcp-header": "N"})),
            schema(json!({"type": "array", "items": {"type": "string", "x-mcp-header": "N"}})),
            json!({"anyOf": [{"properties": {"a": {"type": "string", "x-mcp-header": "A"}}}]}),
            json!({"properties": {
                "a": {"type": "string", "x-mcp-header": "Same"},
                "b": {"type": "string", "x-mcp-header": "same"},
            }}),
        ] {
            assert!(MirroredParameter::find(&bad).is_err(), "{bad}");
        }
        let named_so = json!({"properties": {"x-mcp-header": {"type": "string"}}});
        assert!(MirroredParameter::find(&named_so).unwrap().is_empty());
    }

    #[test]
    fn what_is_given_twice_must_be_the_same_and_what_is_not_given_must_be_left_out() {
        let text =
            &MirroredParameter::find(&schema(json!({"type": "string", "x-mcp-header": "Region"})))
                .unwrap();
        let check = |fields: &[(&str, &str)], arguments: Value| {
            agree(text, &headers(fields), arguments.to_string().as_bytes()).is_ok()
        };
        let us = json!({"region": "us"});
        assert!(check(&[("mcp-param-region", "us")], us.clone()));
        assert!(check(
            &[("mcp-param-region", "=?base64?dXM=?=")],
            us.clone()
        ));
        assert!(!check(
            &[("mcp-param-region", "=?base64?dXM?=")],
            us.clone()
        ));
        assert!(!check(&[("mcp-param-region", "eu")], us.clone()));
        assert!(!check(&[], us.clone()));
        assert!(!check(
            &[("mcp-param-region", "us"), ("mcp-param-region", "us")],
            us
        ));
        assert!(check(&[], json!({"region": null})));
        assert!(check(&[], json!({})));
        assert!(!check(&[("mcp-param-region", "us")], json!({})));
        assert!(check(&[("mcp-param-else", "x")], json!({})));
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        assert!(is_same(&json!(42), "42") && is_same(&json!(42), "42.0"));
        assert!(is_same(&json!(42.0), "42") && !is_same(&json!(42), "43"));
        assert!(is_same(&json!(true), "true") && !is_same(&json!(true), "TRUE"));
        assert!(!is_same(
            &json!(9_007_199_254_740_993_i64),
            "9007199254740992"
        ));
    }
}
