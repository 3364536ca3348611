//! The tools of a server, by name and in order.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::tool::Registered;
use crate::protocol::{ToolDefinition, ToolList};

/// The longest name of a tool, in characters.
const MAX_NAME: usize = 128;

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
    let is_object = definition.input_schema.get("type").and_then(|t| t.as_str()) == Some("object");
    (!is_object).then(|| format!("the input schema of tool `{name}` must say \"type\": \"object\""))
}
