//! What a client says it can do.

use std::sync::Arc;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Something that a client may be able to do for a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientCapability {
    /// Ask the user by a form.
    Elicitation,
    /// Send the user to a URL.
    ElicitationUrl,
    /// Ask the client's model.
    Sampling,
    /// Ask the client's model, offering it tools.
    SamplingTools,
    /// List the roots.
    Roots,
}

impl ClientCapability {
    /// The `requiredCapabilities` object that names this capability.
    pub fn required(self) -> Value {
        match self {
            ClientCapability::Elicitation => json!({"elicitation": {}}),
            ClientCapability::ElicitationUrl => json!({"elicitation": {"url": {}}}),
            ClientCapability::Sampling => json!({"sampling": {}}),
            ClientCapability::SamplingTools => json!({"sampling": {"tools": {}}}),
            ClientCapability::Roots => json!({"roots": {}}),
        }
    }

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            ClientCapability::Elicitation => "elicitation",
            ClientCapability::ElicitationUrl => "elicitation.url",
            ClientCapability::Sampling => "sampling",
            ClientCapability::SamplingTools => "sampling.tools",
            ClientCapability::Roots => "roots",
        }
    }
}

/// The capabilities that a client declared, in the handshake (legacy) or with the
/// request (modern).
///
/// Written and read as the wire has them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Raw", into = "Value")]
pub struct ClientCapabilities {
    elicitation: bool,
    elicitation_url: bool,
    sampling: bool,
    sampling_tools: bool,
    roots: bool,
    extensions: Option<Arc<Map<String, Value>>>,
}

impl ClientCapabilities {
    /// Whether the client declared this capability.
    pub const fn has(&self, capability: ClientCapability) -> bool {
        match capability {
            ClientCapability::Elicitation => self.elicitation,
            ClientCapability::ElicitationUrl => self.elicitation_url,
            ClientCapability::Sampling => self.sampling,
            ClientCapability::SamplingTools => self.sampling_tools,
            ClientCapability::Roots => self.roots,
        }
    }

    /// Whether the client can be asked anything at all.
    pub const fn can_be_asked(&self) -> bool {
        self.elicitation || self.elicitation_url || self.sampling || self.roots
    }

    /// The settings with which the client declared an extension, such as
    /// `io.modelcontextprotocol/ui`; nothing when it did not.
    ///
    /// Implements "Extension Negotiation" of revision 2026-07-28, `basic/versioning`.
    pub fn extension(&self, identifier: &str) -> Option<&Value> {
        let settings = self.extensions.as_ref()?.get(identifier)?;
        // Whatever else stands there declares nothing: settings are an object.
        settings.is_object().then_some(settings)
    }
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    elicitation: Option<RawElicitation>,
    #[serde(default)]
    sampling: Option<RawSampling>,
    #[serde(default)]
    roots: Option<IgnoredAny>,
    #[serde(default)]
    extensions: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct RawElicitation {
    #[serde(default)]
    form: Option<IgnoredAny>,
    #[serde(default)]
    url: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct RawSampling {
    #[serde(default)]
    tools: Option<IgnoredAny>,
}

impl From<Raw> for ClientCapabilities {
    fn from(raw: Raw) -> Self {
        let url = raw.elicitation.as_ref().is_some_and(|e| e.url.is_some());
        Self {
            // An empty object means forms: they were all there was before modes had names.
            elicitation: raw
                .elicitation
                .as_ref()
                .is_some_and(|e| e.form.is_some() || e.url.is_none()),
            elicitation_url: url,
            sampling: raw.sampling.is_some(),
            sampling_tools: raw.sampling.is_some_and(|s| s.tools.is_some()),
            roots: raw.roots.is_some(),
            extensions: raw.extensions.filter(|e| !e.is_empty()).map(Arc::new),
        }
    }
}

impl From<ClientCapabilities> for Value {
    fn from(it: ClientCapabilities) -> Self {
        let mut all = Map::new();
        let mut put = |name: &str, value: Value| all.insert(name.to_owned(), value);
        match (it.elicitation, it.elicitation_url) {
            (false, false) => {}
            (true, false) => drop(put("elicitation", json!({}))),
            (false, true) => drop(put("elicitation", json!({"url": {}}))),
            (true, true) => drop(put("elicitation", json!({"form": {}, "url": {}}))),
        }
        match (it.sampling, it.sampling_tools) {
            (false, _) => {}
            (true, false) => drop(put("sampling", json!({}))),
            (true, true) => drop(put("sampling", json!({"tools": {}}))),
        }
        if it.roots {
            put("roots", json!({}));
        }
        if let Some(extensions) = it.extensions {
            put(
                "extensions",
                Value::Object(Arc::unwrap_or_clone(extensions)),
            );
        }
        Value::Object(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for text in [
            "{}",
            r#"{"elicitation":{}}"#,
            r#"{"elicitation":{"url":{}}}"#,
            r#"{"elicitation":{"form":{},"url":{}}}"#,
            r#"{"sampling":{},"roots":{}}"#,
            r#"{"sampling":{"tools":{}},"extensions":{"a/b":{"c":[1]}}}"#,
        ] {
            let it = read(text);
            let written = serde_json::to_string(&it).unwrap();
            assert_eq!(read(&written), it, "{written}");
        }
    }

    fn read(text: &str) -> ClientCapabilities {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn an_empty_elicitation_means_forms_only() {
        let it = read(r#"{"elicitation":{},"experimental":{"x":{}}}"#);
        assert!(it.has(ClientCapability::Elicitation));
        assert!(!it.has(ClientCapability::ElicitationUrl));
        assert!(!it.has(ClientCapability::Sampling));
    }

    #[test]
    fn an_extension_is_declared_by_an_object() {
        let it = read(r#"{"extensions":{"a/object":{},"a/null":null,"a/not":false}}"#);
        assert!(it.extension("a/object").is_some());
        for other in ["a/null", "a/not", "a/absent"] {
            assert!(it.extension(other).is_none(), "{other}");
        }
    }

    #[test]
    fn nested_capabilities_are_told_apart() {
        let it = read(r#"{"elicitation":{"url":{}},"sampling":{"tools":{}},"roots":{}}"#);
        assert!(!it.has(ClientCapability::Elicitation));
        assert!(it.has(ClientCapability::ElicitationUrl));
        assert!(it.has(ClientCapability::SamplingTools));
        assert!(it.has(ClientCapability::Roots));
    }
}
