//! What a prompt is, as clients see it, and what it comes to.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Content, Icon, Revision, known};

/// Everything that a client is told of a prompt, the scopes that it needs, and the time that
/// it is given.
#[derive(Clone, Debug)]
pub struct PromptDefinition {
    /// The name by which it is asked for: 1 to 128 of `A-Z a-z 0-9 _ - .`
    pub name: String,
    /// The name for people.
    pub title: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// What can be filled in.
    pub arguments: Vec<PromptArgument>,
    /// Pictures to show.
    pub icons: Vec<Icon>,
    /// Words to group it by; sent in `_meta`.
    pub tags: Vec<String>,
    /// More about it.
    pub meta: Map<String, Value>,
    /// How long filling it in may take.
    pub timeout: Option<Duration>,
    /// The scopes that a caller needs to use it, all of them. Not sent.
    pub scopes: Vec<String>,
}

/// One argument of a prompt. On the wire its value is text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptArgument {
    /// Its name.
    pub name: String,
    /// The name for people. Sent since revision 2025-06-18.
    pub title: Option<String>,
    /// What it means.
    pub description: Option<String>,
    /// Whether it must be given.
    pub required: bool,
}

impl PromptArgument {
    /// An argument that may be left out.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            title: None,
            description: None,
            required: false,
        }
    }

    /// The same, and it must be given.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// With what it means.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }
}

#[derive(Serialize)]
struct Wire<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    arguments: Vec<WireArgument<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    icons: &'a [Icon],
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<Map<String, Value>>,
}

#[derive(Serialize)]
struct WireArgument<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    required: bool,
}

impl PromptDefinition {
    /// A prompt without arguments, with nothing said of it yet.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            title: None,
            description: None,
            arguments: Vec::new(),
            icons: Vec::new(),
            tags: Vec::new(),
            meta: Map::new(),
            timeout: None,
            scopes: Vec::new(),
        }
    }

    /// What a client of a revision is sent.
    pub(super) fn wire(&self, revision: Revision) -> impl Serialize + '_ {
        Wire {
            name: &self.name,
            title: known::title(self.title.as_ref(), revision),
            description: self.description.as_deref(),
            arguments: (self.arguments.iter())
                .map(|it| WireArgument {
                    name: &it.name,
                    title: known::title(it.title.as_ref(), revision),
                    description: it.description.as_deref(),
                    required: it.required,
                })
                .collect(),
            icons: known::icons(&self.icons, revision),
            meta: known::meta(&self.meta, &self.tags, revision),
        }
    }
}

/// Who speaks in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The user.
    User,
    /// The model.
    Assistant,
}

/// One message of a prompt.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptMessage {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: Content,
}

impl PromptMessage {
    /// Something that the user says.
    pub fn user(content: impl Into<Content>) -> Self {
        Self {
            role: Role::User,
            content: content.into(),
        }
    }

    /// Something that the model says.
    pub fn assistant(content: impl Into<Content>) -> Self {
        Self {
            role: Role::Assistant,
            content: content.into(),
        }
    }
}

/// What a prompt comes to.
#[derive(Clone, Debug, Default)]
pub struct PromptOutput {
    /// What it is, now that its arguments are known.
    pub description: Option<String>,
    /// The messages, in order.
    pub messages: Vec<PromptMessage>,
    /// More about it.
    pub meta: Option<Map<String, Value>>,
}
