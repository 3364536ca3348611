//! Names of methods.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A method that a client may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// `initialize`, the legacy opening.
    Initialize,
    /// `ping`, legacy.
    Ping,
    /// `server/discover`, modern.
    Discover,
    /// `tools/list`.
    ListTools,
    /// `tools/call`.
    CallTool,
    /// Any other name.
    Other(Box<str>),
}

impl Method {
    /// The name on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Method::Initialize => "initialize",
            Method::Ping => "ping",
            Method::Discover => "server/discover",
            Method::ListTools => "tools/list",
            Method::CallTool => "tools/call",
            Method::Other(name) => name,
        }
    }

    /// The parameter that a modern client repeats in the `Mcp-Name` header, for the
    /// methods that have one.
    pub(super) fn name_parameter(&self) -> Option<NameParameter> {
        match self.as_str() {
            "tools/call" | "prompts/get" => Some(NameParameter::Name),
            "resources/read" => Some(NameParameter::Uri),
            _ => None,
        }
    }
}

/// Which parameter names the primitive that a request is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum NameParameter {
    Name,
    Uri,
}

impl From<&str> for Method {
    fn from(name: &str) -> Self {
        match name {
            "initialize" => Method::Initialize,
            "ping" => Method::Ping,
            "server/discover" => Method::Discover,
            "tools/list" => Method::ListTools,
            "tools/call" => Method::CallTool,
            other => Method::Other(other.into()),
        }
    }
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
