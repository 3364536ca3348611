//! The tools of a server, by name and in order.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::tool::Registered;
use crate::protocol::{ToolDefinition, ToolList};

/// The longest name of a tool, in characters.
const MAX_NAME: usize = 128;
/// The keyword that has clients repeat an argument in a header field.
const HEADER: &str = "x-mcp-header";

/// A tool that can be called.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) name: Arc<str>,
    pub(super) timeout: Option<Duration>,
    pub(super) tool: Arc<dyn Registered>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The tools of a server.
#[derive(Debug)]
pub(super) struct Registry {
    by_name: HashMap<Arc<str>, Entry>,
    list: Arc<ToolList>,
}

impl Registry {
    /// Checks and indexes tools. Every problem is reported, not only the first.
    pub(super) fn new(
        tools: Vec<(ToolDefinition, Arc<dyn Registered>)>,
        problems: &mut Vec<String>,
    ) -> Self {
        let mut by_name = HashMap::with_capacity(tools.len());
        let mut definitions = Vec::with_capacity(tools.len());
        for (definition, tool) in tools {
            problems.extend(problem_of(&definition));
            let name: Arc<str> = definition.name.as_str().into();
            let entry = Entry {
                name: Arc::clone(&name),
                timeout: definition.timeout,
                tool,
            };
            if by_name.insert(name, entry).is_some() {
                problems.push(format!(
                    "two tools are named `{}`; rename one with #[tool(name = \"…\")]",
                    definition.name
                ));
            }
            definitions.push(definition);
        }
        Self {
            by_name,
            list: Arc::new(ToolList::new(definitions)),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Entry> {
        self.by_name.get(name)
    }

    pub(super) fn list(&self) -> Arc<ToolList> {
        Arc::clone(&self.list)
    }
}

/// What is wrong with a definition.
///
/// Implements "Tool Names" of revision 2026-07-28, `server/tools`.
fn problem_of(definition: &ToolDefinition) -> Option<String> {
    let name = &definition.name;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(allowed) {
        return Some(format!(
            "`{name}` cannot be the name of a tool; a name is 1 to {MAX_NAME} of A-Z a-z 0-9 _ - ."
        ));
    }
    if definition.input_schema.get("type").and_then(Value::as_str) != Some("object") {
        return Some(format!(
            "the input schema of tool `{name}` must say \"type\": \"object\""
        ));
    }
    mirrors_in_header(&definition.input_schema).then(|| {
        format!(
            "the input schema of tool `{name}` has `{HEADER}`, which is not supported yet: the header that it asks for would not be compared with the argument, as it must be; leave it out"
        )
    })
}

/// Whether a schema, or one inside it, wants an argument repeated in a header field.
///
/// Implements "x-mcp-header" of revision 2026-07-28, `server/tools`, as far as to refuse it.
fn mirrors_in_header(schema: &Value) -> bool {
    match schema {
        Value::Array(schemas) => schemas.iter().any(mirrors_in_header),
        Value::Object(keywords) => keywords.iter().any(|(keyword, value)| {
            match (keyword.as_str(), value) {
                (HEADER, _) => true,
                // Values that a schema speaks of are no schemas,
                ("const" | "enum" | "default" | "examples", _) => false,
                // and the names in here are the author's own.
                (
                    "properties" | "patternProperties" | "$defs" | "definitions"
                    | "dependentSchemas",
                    Value::Object(named),
                ) => named.values().any(mirrors_in_header),
                (_, value) => mirrors_in_header(value),
            }
        }),
        _ => false,
    }
}
