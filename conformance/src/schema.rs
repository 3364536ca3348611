//! A tool whose schema uses what JSON Schema 2020-12 has.

use serde_json::json;
use toolsmith::prelude::*;

/// Its schema must reach a client word for word; the suite does not call it.
pub(crate) fn json_schema_2020_12_tool() -> DynamicTool {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
            },
        },
        "properties": {
            "name": {"type": "string"},
            "address": {"$ref": "#/$defs/address"},
            "contactMethod": {"type": "string", "enum": ["phone", "email"]},
            "phone": {"type": "string"},
            "email": {"type": "string"},
        },
        "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
        "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
        "then": {"required": ["phone"]},
        "else": {"required": ["email"]},
        "additionalProperties": false,
    });
    DynamicTool::new(
        "json_schema_2020_12_tool",
        schema,
        |arguments, _| async move { format!("{} arguments were given.", arguments.len()) },
    )
    .description("Tool with JSON Schema 2020-12 features")
}
