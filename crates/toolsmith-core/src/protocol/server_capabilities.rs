//! What a server says it can do.

use serde_json::{Map, Value, json};

use super::{Revision, TASKS_EXTENSION};

/// What a server says it can do. Only what works is named.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerCapabilities {
    /// It has tools.
    pub tools: bool,
    /// It has prompts.
    pub prompts: bool,
    /// It has resources.
    pub resources: bool,
    /// It knows values of arguments.
    pub completions: bool,
    /// Some of its tools may become tasks.
    pub tasks: bool,
    /// The extensions that it has, with their settings.
    pub extensions: Map<String, Value>,
}

impl ServerCapabilities {
    /// As a client of a revision knows them.
    pub(super) fn wire(&self, revision: Revision) -> Value {
        let mut all = Map::new();
        let mut put = |key: &str, value: Value| {
            all.insert(key.to_owned(), value);
        };
        if self.tools {
            put("tools", json!({"listChanged": true}));
        }
        if self.prompts {
            put("prompts", json!({"listChanged": true}));
        }
        if self.resources {
            put("resources", json!({"subscribe": true, "listChanged": true}));
        }
        if self.completions && revision.has_annotations() {
            put("completions", json!({}));
        }
        put("logging", json!({}));
        if self.tasks && revision.has_legacy_tasks() {
            put(
                "tasks",
                json!({"list": {}, "cancel": {}, "requests": {"tools": {"call": {}}}}),
            );
        }
        let mut extensions = self.extensions.clone();
        if self.tasks && revision.is_modern() {
            extensions.insert(TASKS_EXTENSION.to_owned(), json!({}));
        }
        if !extensions.is_empty() && revision.has_icons() {
            put("extensions", Value::Object(extensions));
        }
        Value::Object(all)
    }
}
