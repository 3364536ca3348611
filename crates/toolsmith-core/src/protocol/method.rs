//! Names of methods.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

macro_rules! methods {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A method that a client may name.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Method {
            $($(#[$doc])* $variant,)*
            /// Any other name.
            Other(Box<str>),
        }

        impl Method {
            /// The name on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Method::$variant => $name,)*
                    Method::Other(name) => name,
                }
            }
        }

        impl From<&str> for Method {
            fn from(name: &str) -> Self {
                match name {
                    $($name => Method::$variant,)*
                    other => Method::Other(other.into()),
                }
            }
        }
    };
}

methods! {
    /// The legacy opening.
    Initialize = "initialize",
    /// Legacy: is anybody there?
    Ping = "ping",
    /// Modern: what the server is and can do.
    Discover = "server/discover",
    /// The tools, a page at a time.
    ListTools = "tools/list",
    /// A call of a tool.
    CallTool = "tools/call",
    /// The resources, a page at a time.
    ListResources = "resources/list",
    /// The resource templates, a page at a time.
    ListTemplates = "resources/templates/list",
    /// The content of a resource.
    ReadResource = "resources/read",
    /// Legacy: tell me when this resource changes.
    Subscribe = "resources/subscribe",
    /// Legacy: tell me no more.
    Unsubscribe = "resources/unsubscribe",
    /// The prompts, a page at a time.
    ListPrompts = "prompts/list",
    /// A prompt with its arguments filled in.
    GetPrompt = "prompts/get",
    /// Values that an argument may have.
    Complete = "completion/complete",
    /// Legacy: which log messages to send.
    SetLevel = "logging/setLevel",
    /// Modern: a stream of changes.
    Listen = "subscriptions/listen",
    /// How a task is doing.
    GetTask = "tasks/get",
    /// Modern: answers to what a task asked.
    UpdateTask = "tasks/update",
    /// An end to a task.
    CancelTask = "tasks/cancel",
    /// Legacy: what a task came to.
    TaskResult = "tasks/result",
    /// Legacy: the tasks, a page at a time.
    ListTasks = "tasks/list",
}

impl Method {
    /// The parameter that a modern client repeats in the `Mcp-Name` header, for the
    /// methods that have one.
    pub(super) fn name_parameter(&self) -> Option<NameParameter> {
        match self {
            Method::CallTool | Method::GetPrompt => Some(NameParameter::Name),
            Method::ReadResource => Some(NameParameter::Uri),
            Method::GetTask | Method::UpdateTask | Method::CancelTask => Some(NameParameter::Task),
            _ => None,
        }
    }
}

/// Which parameter names the primitive that a request is about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum NameParameter {
    Name,
    Uri,
    Task,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Method {
    fn deserialize<D: Deserializer<'de>>(de: D) -> Result<Self, D::Error> {
        struct Name;
        impl Visitor<'_> for Name {
            type Value = Method;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a method")
            }
            fn visit_str<E: Error>(self, name: &str) -> Result<Method, E> {
                Ok(name.into())
            }
        }
        de.deserialize_str(Name)
    }
}
