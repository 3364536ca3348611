//! What a resource is, as clients see it, and what reading it comes to.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Annotations, Caching, EmbeddedResource, Icon, Revision, known};

/// Everything that a client is told of a resource or of a template of resources, the scopes
/// that reading it needs, and the time that it is given.
#[derive(Clone, Debug)]
pub struct ResourceDefinition {
    /// Its URI; of a template, the URI template (RFC 6570).
    pub uri: String,
    /// The name for programs.
    pub name: String,
    /// The name for people.
    pub title: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// Its media type.
    pub mime_type: Option<String>,
    /// Its size in bytes, before any encoding. Templates have none.
    pub size: Option<u64>,
    /// Whom it is for, how much it matters, when it changed.
    pub annotations: Option<Annotations>,
    /// Pictures to show.
    pub icons: Vec<Icon>,
    /// Words to group it by; sent in `_meta`.
    pub tags: Vec<String>,
    /// More about it.
    pub meta: Map<String, Value>,
    /// How long what was read stays fresh.
    pub caching: Caching,
    /// How long reading it may take.
    pub timeout: Option<Duration>,
    /// The scopes that a caller needs to read it, all of them. Not sent. Of what a provider
    /// lists they count for nothing: a provider says itself which it needs.
    pub scopes: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_template: Option<&'a str>,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<Annotations>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    icons: &'a [Icon],
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<Map<String, Value>>,
}

impl ResourceDefinition {
    /// A resource at a URI, or the resources of a URI template, with nothing said of it
    /// yet. Its name is the URI until it is given one.
    pub fn new(uri: impl Into<String>) -> Self {
        let uri = uri.into();
        Self {
            name: uri.clone(),
            uri,
            title: None,
            description: None,
            mime_type: None,
            size: None,
            annotations: None,
            icons: Vec::new(),
            tags: Vec::new(),
            meta: Map::new(),
            caching: Caching::default(),
            timeout: None,
            scopes: Vec::new(),
        }
    }

    /// What a client of a revision is sent of it in a list of resources, for methods of
    /// extensions that have such lists.
    pub fn to_json(&self, revision: Revision) -> Value {
        // Everything in it has a form in JSON.
        serde_json::to_value(self.wire(revision)).unwrap_or_default()
    }

    /// What a client of a revision is sent of it as a resource.
    pub(super) fn wire(&self, revision: Revision) -> impl Serialize + '_ {
        Wire {
            uri: Some(&self.uri),
            size: self.size,
            ..self.shared(revision)
        }
    }

    /// What a client of a revision is sent of it as a template.
    pub(super) fn wire_template(&self, revision: Revision) -> impl Serialize + '_ {
        Wire {
            uri_template: Some(&self.uri),
            ..self.shared(revision)
        }
    }

    fn shared(&self, revision: Revision) -> Wire<'_> {
        Wire {
            uri: None,
            uri_template: None,
            name: &self.name,
            title: known::title(self.title.as_ref(), revision),
            description: self.description.as_deref(),
            mime_type: self.mime_type.as_deref(),
            size: None,
            annotations: (self.annotations.clone()).map(|it| it.known_to(revision)),
            icons: known::icons(&self.icons, revision),
            meta: known::meta(&self.meta, &self.tags, revision),
        }
    }
}

/// A part of what a resource holds: text or bytes. Most resources have one.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceContents {
    /// Where it is; `None` for the URI that was read.
    pub uri: Option<String>,
    /// Its media type; `None` for that of the resource.
    pub mime_type: Option<String>,
    /// What it holds.
    pub data: ResourceData,
    /// More about it.
    pub meta: Option<Map<String, Value>>,
}

/// What a resource holds.
#[derive(Clone, Debug, PartialEq)]
pub enum ResourceData {
    /// Text.
    Text(String),
    /// Bytes, as Base64.
    Blob(String),
}

impl ResourceContents {
    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(ResourceData::Text(text.into()))
    }

    /// Bytes, which are not yet Base64.
    pub fn blob(bytes: impl AsRef<[u8]>) -> Self {
        Self::new(ResourceData::Blob(STANDARD.encode(bytes)))
    }

    fn new(data: ResourceData) -> Self {
        Self {
            uri: None,
            mime_type: None,
            data,
            meta: None,
        }
    }

    /// With a URI of its own, such as that of a file in a directory that was read.
    #[must_use]
    pub fn uri(mut self, uri: impl Into<String>) -> Self {
        self.uri = Some(uri.into());
        self
    }

    /// With a media type of its own.
    #[must_use]
    pub fn mime_type(mut self, mime_type: impl Into<String>) -> Self {
        self.mime_type = Some(mime_type.into());
        self
    }

    /// As it is written, when this URI of this type was read.
    pub(super) fn wire(&self, uri: &str, mime_type: Option<&str>) -> EmbeddedResource {
        let (text, blob) = match &self.data {
            ResourceData::Text(text) => (Some(text.clone()), None),
            ResourceData::Blob(blob) => (None, Some(blob.clone())),
        };
        EmbeddedResource {
            uri: self.uri.clone().unwrap_or_else(|| uri.to_owned()),
            mime_type: (self.mime_type.clone()).or_else(|| mime_type.map(str::to_owned)),
            text,
            blob,
            meta: self.meta.clone(),
        }
    }
}

/// What reading a resource comes to.
#[derive(Clone, Debug, Default)]
pub struct ResourceOutput {
    /// The parts. Empty means that the resource is there and holds nothing.
    pub contents: Vec<ResourceContents>,
    /// How long it stays fresh; `None` for what the resource says.
    pub caching: Option<Caching>,
    /// More about it.
    pub meta: Option<Map<String, Value>>,
}

/// What was read, with what the resource says of itself.
#[derive(Clone, Debug)]
pub struct ReadOutcome {
    /// The URI that was read.
    pub uri: Box<str>,
    /// The media type that the resource has where a part says nothing.
    pub mime_type: Option<Box<str>>,
    /// How long it stays fresh.
    pub caching: Caching,
    /// What it holds.
    pub output: ResourceOutput,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Audience;

    #[test]
    fn older_revisions_are_sent_only_what_they_know() {
        let mut it = ResourceDefinition::new("file:///a");
        it.title = Some("A".into());
        it.size = Some(3);
        it.icons.push(Icon::new("data:,"));
        it.annotations = Some(Annotations {
            audience: vec![Audience::User],
            priority: Some(0.5),
            last_modified: Some("2025-01-12T15:00:58Z".into()),
        });
        let oldest = serde_json::to_value(it.wire(Revision::V2024_11_05)).unwrap();
        assert!(oldest.get("title").is_none() && oldest.get("icons").is_none());
        assert!(
            oldest["annotations"].get("lastModified").is_none(),
            "{oldest}"
        );
        let newest = serde_json::to_value(it.wire(Revision::LATEST)).unwrap();
        assert_eq!(
            newest["annotations"]["lastModified"],
            "2025-01-12T15:00:58Z"
        );
        assert_eq!(newest["size"], 3);
        let template = serde_json::to_value(it.wire_template(Revision::LATEST)).unwrap();
        assert_eq!(template["uriTemplate"], "file:///a");
        assert!(template.get("uri").is_none() && template.get("size").is_none());
    }
}
