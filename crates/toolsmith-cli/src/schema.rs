//! The few questions that the command asks of a tool's JSON Schema.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// References and combinations are followed this deep, no further: schemas come from servers.
const DEPTH: usize = 16;

/// A tool's input schema.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schema<'a> {
    root: &'a Map<String, Value>,
}

/// One argument of a tool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Argument<'a> {
    pub(crate) name: &'a str,
    pub(crate) required: bool,
    schema: &'a Value,
    root: &'a Map<String, Value>,
}

impl<'a> Schema<'a> {
    pub(crate) fn new(root: &'a Map<String, Value>) -> Self {
        Self { root }
    }

    /// The declared arguments: required ones first, then by name.
    pub(crate) fn arguments(self) -> Vec<Argument<'a>> {
        let mut found = Vec::new();
        self.collect(self.root, &mut found, DEPTH);
        let mut required: Vec<&str> = Vec::new();
        collect_required(self.root, self.root, &mut required, DEPTH);
        for argument in &mut found {
            argument.required = required.contains(&argument.name);
        }
        found.sort_by_key(|argument: &Argument<'_>| !argument.required);
        found
    }

    /// Whether the schema says that it takes arguments which it does not name.
    pub(crate) fn is_open(self) -> bool {
        match self.root.get("additionalProperties") {
            Some(Value::Bool(open)) => *open,
            Some(Value::Object(_)) => true,
            _ => self.root.contains_key("patternProperties"),
        }
    }

    fn collect(self, node: &'a Map<String, Value>, found: &mut Vec<Argument<'a>>, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        if let Some(Value::Object(properties)) = node.get("properties") {
            for (name, schema) in properties {
                if found.iter().all(|argument| argument.name != name) {
                    found.push(Argument {
                        name,
                        required: false,
                        schema,
                        root: self.root,
                    });
                }
            }
        }
        for part in parts(node, self.root, &["allOf", "anyOf", "oneOf"]) {
            if let Value::Object(part) = part {
                self.collect(part, found, depth);
            }
        }
    }
}

impl<'a> Argument<'a> {
    /// The JSON types that the argument may have; empty where the schema does not say.
    pub(crate) fn types(&self) -> BTreeSet<&'a str> {
        let mut types = BTreeSet::new();
        collect_types(self.schema, self.root, &mut types, DEPTH);
        types
    }

    /// The type as people read it: `integer`, `string[]`, `"a" | "b"`.
    pub(crate) fn type_text(&self) -> String {
        type_text(self.schema, self.root, DEPTH)
    }

    /// How it is given: `<a: integer>`, or `[b: integer = 3]` where it may be left out.
    pub(crate) fn signature(&self) -> String {
        let (name, kind) = (self.name, self.type_text());
        match (self.required, self.default()) {
            (true, _) => format!("<{name}: {kind}>"),
            (false, Some(default)) => format!("[{name}: {kind} = {default}]"),
            (false, None) => format!("[{name}: {kind}]"),
        }
    }

    pub(crate) fn default(&self) -> Option<&'a Value> {
        self.schema.get("default").filter(|value| !value.is_null())
    }

    pub(crate) fn description(&self) -> Option<&'a str> {
        self.schema.get("description").and_then(Value::as_str)
    }
}

/// The schemas that `node` is made of: those under `keys`, and what `$ref` points at.
fn parts<'a>(
    node: &'a Map<String, Value>,
    root: &'a Map<String, Value>,
    keys: &[&str],
) -> Vec<&'a Value> {
    let lists = keys.iter().filter_map(|key| node.get(*key)?.as_array());
    let mut parts: Vec<&Value> = lists.flatten().collect();
    parts.extend(node.get("$ref").and_then(|target| resolve(target, root)));
    parts
}

/// What a local reference (`#/$defs/Name`) points at.
fn resolve<'a>(target: &Value, root: &'a Map<String, Value>) -> Option<&'a Value> {
    let mut steps = target.as_str()?.strip_prefix("#/")?.split('/');
    let step = |step: &str| step.replace("~1", "/").replace("~0", "~");
    let first = root.get(&step(steps.next()?))?;
    steps.try_fold(first, |node, name| node.get(step(name)))
}

fn collect_required<'a>(
    node: &'a Map<String, Value>,
    root: &'a Map<String, Value>,
    required: &mut Vec<&'a str>,
    depth: usize,
) {
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    if let Some(Value::Array(names)) = node.get("required") {
        required.extend(names.iter().filter_map(Value::as_str));
    }
    // What only one branch of a choice requires is not required.
    for part in parts(node, root, &["allOf"]) {
        if let Value::Object(part) = part {
            collect_required(part, root, required, depth);
        }
    }
}

fn collect_types<'a>(
    schema: &'a Value,
    root: &'a Map<String, Value>,
    types: &mut BTreeSet<&'a str>,
    depth: usize,
) {
    let (Some(depth), Value::Object(node)) = (depth.checked_sub(1), schema) else {
        return;
    };
    match node.get("type") {
        Some(Value::String(name)) => {
            types.insert(name);
            return;
        }
        Some(Value::Array(names)) => {
            types.extend(names.iter().filter_map(Value::as_str));
            return;
        }
        _ => {}
    }
    for value in choices(node) {
        types.insert(type_of(value));
    }
    for part in parts(node, root, &["allOf", "anyOf", "oneOf"]) {
        collect_types(part, root, types, depth);
    }
}

/// The values that `enum` or `const` allows.
fn choices(node: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    let many = node.get("enum").and_then(Value::as_array);
    many.into_iter().flatten().chain(node.get("const"))
}

/// The JSON Schema name of a value's type.
pub(crate) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if is_whole(number) => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn is_whole(number: &serde_json::Number) -> bool {
    !number.is_f64() || number.as_f64().is_some_and(|value| value.fract() == 0.0)
}

fn type_text(schema: &Value, root: &Map<String, Value>, depth: usize) -> String {
    let (Some(depth), Value::Object(node)) = (depth.checked_sub(1), schema) else {
        return "any".to_owned();
    };
    let values: Vec<String> = choices(node).map(Value::to_string).collect();
    if !values.is_empty() {
        return values.join(" | ");
    }
    let named: Vec<&str> = match node.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let mut texts: Vec<String> = Vec::new();
    let mut add = |text: String| {
        // Nullable says no more than that the argument may be left out.
        if text != "null" && !texts.contains(&text) {
            texts.push(text);
        }
    };
    for name in &named {
        match (*name, node.get("items")) {
            ("array", Some(items)) => add(array_text(type_text(items, root, depth))),
            (name, _) => add(name.to_owned()),
        }
    }
    if named.is_empty() {
        for part in parts(node, root, &["allOf", "anyOf", "oneOf"]) {
            add(type_text(part, root, depth));
        }
    }
    match texts.is_empty() {
        true if named == ["null"] => "null".to_owned(),
        true => "any".to_owned(),
        false => texts.join(" | "),
    }
}

fn array_text(items: String) -> String {
    if items.contains(" | ") {
        format!("({items})[]")
    } else {
        format!("{items}[]")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn texts(schema: &Value) -> Vec<String> {
        let root = schema.as_object().unwrap();
        let arguments = Schema::new(root).arguments();
        arguments
            .iter()
            .map(|a| {
                format!(
                    "{}{}: {}",
                    a.name,
                    if a.required { "!" } else { "" },
                    a.type_text()
                )
            })
            .collect()
    }

    #[test]
    fn types_read_as_people_write_them() {
        let schema = json!({
            "properties": {
                "a": {"type": "integer"},
                "b": {"type": ["string", "null"]},
                "c": {"anyOf": [{"$ref": "#/$defs/Mode"}, {"type": "null"}]},
                "d": {"type": "array", "items": {"type": ["string", "integer"]}},
                "e": true,
                "f": {"oneOf": [{"const": "x"}, {"const": 2}]},
            },
            "required": ["d", "a"],
            "$defs": {"Mode": {"enum": ["fast", "slow"]}},
        });
        assert_eq!(
            texts(&schema),
            [
                "a!: integer",
                "d!: (string | integer)[]",
                "b: string",
                "c: \"fast\" | \"slow\"",
                "e: any",
                "f: \"x\" | 2",
            ]
        );
    }

    #[test]
    fn arguments_are_found_through_references_and_combinations() {
        let schema = json!({
            "$ref": "#/$defs/In",
            "$defs": {"In": {
                "allOf": [{"properties": {"x": {"type": "number"}}, "required": ["x"]}],
                "anyOf": [{"properties": {"y": {}}, "required": ["y"]}],
            }},
        });
        assert_eq!(texts(&schema), ["x!: number", "y: any"]);
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let schema = json!({
            "$ref": "#",
            "properties": {"a": {"$ref": "#/properties/a"}, "b": {"anyOf": [{"$ref": "#/properties/b"}]}},
        });
        assert_eq!(texts(&schema), ["a: any", "b: any"]);
        let schema = schema.as_object().unwrap();
        assert!(Schema::new(schema).arguments()[0].types().is_empty());
    }

    #[test]
    fn only_a_schema_that_says_so_is_open() {
        for (schema, open) in [
            (json!({}), false),
            (json!({"additionalProperties": false}), false),
            (json!({"additionalProperties": true}), true),
            (json!({"additionalProperties": {"type": "string"}}), true),
        ] {
            let root = schema.as_object().unwrap();
            assert_eq!(Schema::new(root).is_open(), open, "{schema}");
        }
    }
}
