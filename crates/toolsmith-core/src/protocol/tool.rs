//! What a tool is, as clients see it.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Icon, Revision, known, structured};

/// Everything that a client is told of a tool, the scopes that it needs, and the time that it
/// is given.
#[derive(Clone, Debug)]
pub struct ToolDefinition {
    /// The name by which it is called: 1 to 128 of `A-Z a-z 0-9 _ - .`
    pub name: String,
    /// The name for people.
    pub title: Option<String>,
    /// What it does, for the model.
    pub description: Option<String>,
    /// The JSON Schema of its arguments; an object schema.
    pub input_schema: Value,
    /// The JSON Schema of its structured result.
    pub output_schema: Option<Value>,
    /// Hints on what it does to the world.
    pub annotations: ToolAnnotations,
    /// Pictures to show.
    pub icons: Vec<Icon>,
    /// Words to group it by; sent in `_meta`.
    pub tags: Vec<String>,
    /// More about it.
    pub meta: Map<String, Value>,
    /// How long a call may take.
    pub timeout: Option<Duration>,
    /// The scopes that a caller needs to use it, all of them. Not sent.
    pub scopes: Vec<String>,
    /// Whether a call may become a task.
    pub task: TaskSupport,
}

/// Whether a call of a tool may become a task, which goes on after the call was answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskSupport {
    /// Never.
    #[default]
    Forbidden,
    /// For clients that can deal with one; others wait for the result.
    Optional,
    /// Always. A client that cannot deal with one is refused.
    Required,
    /// When the handler says so while it runs; until then it is a call like any other.
    #[serde(rename = "optional")]
    Decided,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Execution {
    task_support: TaskSupport,
}

/// Hints on what a tool does to the world. `None` says nothing, and the specification's
/// default holds: not read-only, destructive, not idempotent, open-world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolAnnotations {
    /// It changes nothing.
    #[serde(rename = "readOnlyHint", skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
    /// What it changes may be lost.
    #[serde(rename = "destructiveHint", skip_serializing_if = "Option::is_none")]
    pub destructive: Option<bool>,
    /// Calling it again with the same arguments changes nothing more.
    #[serde(rename = "idempotentHint", skip_serializing_if = "Option::is_none")]
    pub idempotent: Option<bool>,
    /// It deals with things outside of the server's own world.
    #[serde(rename = "openWorldHint", skip_serializing_if = "Option::is_none")]
    pub open_world: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    input_schema: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_schema: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<ToolAnnotations>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    icons: &'a [Icon],
    #[serde(skip_serializing_if = "Option::is_none")]
    execution: Option<Execution>,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<Map<String, Value>>,
}

impl ToolDefinition {
    /// A tool that takes no arguments, with nothing said of it yet.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            title: None,
            description: None,
            input_schema: json!({"type": "object", "additionalProperties": false}),
            output_schema: None,
            annotations: ToolAnnotations::default(),
            icons: Vec::new(),
            tags: Vec::new(),
            meta: Map::new(),
            timeout: None,
            scopes: Vec::new(),
            task: TaskSupport::Forbidden,
        }
    }

    /// What a client of a revision is sent.
    pub(crate) fn wire(&self, revision: Revision) -> impl Serialize + '_ {
        let has_structured = revision.has_structured_content();
        Wire {
            name: &self.name,
            title: known::title(self.title.as_ref(), revision),
            description: self.description.as_deref(),
            input_schema: &self.input_schema,
            output_schema: match &self.output_schema {
                Some(schema) if revision.is_modern() => Some(schema.clone()),
                Some(schema) if has_structured => Some(structured::wrapped(schema)),
                _ => None,
            },
            annotations: Some(self.annotations)
                .filter(|a| revision.has_annotations() && *a != ToolAnnotations::default()),
            icons: known::icons(&self.icons, revision),
            execution: Some(self.task)
                .filter(|task| *task != TaskSupport::Forbidden && revision.has_legacy_tasks())
                .map(|task_support| Execution { task_support }),
            meta: known::meta(&self.meta, &self.tags, revision),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(tool: &ToolDefinition, revision: Revision) -> Value {
        serde_json::to_value(tool.wire(revision)).unwrap()
    }

    #[test]
    fn a_result_that_is_no_object_is_wrapped_for_legacy_clients_only() {
        let mut tool = ToolDefinition::new("list");
        tool.output_schema =
            Some(json!({"type": "array", "items": {"$ref": "#/$defs/A"}, "$defs": {"A": {}}}));
        let legacy = wire(&tool, Revision::V2025_11_25);
        assert_eq!(legacy["outputSchema"]["type"], "object");
        assert_eq!(
            legacy["outputSchema"]["properties"]["result"]["type"],
            "array"
        );
        assert!(legacy["outputSchema"]["$defs"]["A"].is_object());
        assert_eq!(
            wire(&tool, Revision::LATEST)["outputSchema"]["type"],
            "array"
        );
        assert!(
            wire(&tool, Revision::V2025_03_26)
                .get("outputSchema")
                .is_none()
        );
    }

    #[test]
    fn older_revisions_are_sent_only_what_they_know() {
        let mut tool = ToolDefinition::new("t");
        tool.title = Some("T".into());
        tool.icons.push(Icon::new("data:,"));
        tool.tags.push("x".into());
        tool.annotations.read_only = Some(true);
        let oldest = wire(&tool, Revision::V2024_11_05);
        assert_eq!(
            oldest.as_object().unwrap().keys().collect::<Vec<_>>(),
            ["name", "inputSchema"]
        );
        let newest = wire(&tool, Revision::LATEST);
        assert_eq!(newest["_meta"]["dev.toolsmith/tags"], json!(["x"]));
        assert_eq!(newest["annotations"], json!({"readOnlyHint": true}));
        assert_eq!(newest["icons"][0]["src"], "data:,");
    }
}
