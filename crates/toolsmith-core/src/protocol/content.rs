//! What a tool's answer is made of.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Icon, Revision};

/// A block of content for the model or the user.
///
/// A client of a revision that does not know a kind of block is sent the nearest that it
/// knows: audio becomes an embedded resource, a resource link becomes text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Content {
    /// Text.
    #[serde(rename_all = "camelCase")]
    Text {
        /// The text.
        text: String,
        /// Whom it is for.
        #[serde(skip_serializing_if = "Option::is_none")]
        annotations: Option<Annotations>,
    },
    /// A picture.
    #[serde(rename_all = "camelCase")]
    Image {
        /// The picture, Base64.
        data: String,
        /// Its media type.
        mime_type: String,
        /// Whom it is for.
        #[serde(skip_serializing_if = "Option::is_none")]
        annotations: Option<Annotations>,
    },
    /// A sound.
    #[serde(rename_all = "camelCase")]
    Audio {
        /// The sound, Base64.
        data: String,
        /// Its media type.
        mime_type: String,
        /// Whom it is for.
        #[serde(skip_serializing_if = "Option::is_none")]
        annotations: Option<Annotations>,
    },
    /// The address of a resource that the client may read.
    #[serde(rename_all = "camelCase")]
    ResourceLink {
        /// Where it is.
        uri: String,
        /// Its name for programs.
        name: String,
        /// Its name for people.
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<String>,
        /// What it is.
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        /// Its media type.
        #[serde(skip_serializing_if = "Option::is_none")]
        mime_type: Option<String>,
        /// Its size in bytes.
        #[serde(skip_serializing_if = "Option::is_none")]
        size: Option<u64>,
        /// Pictures to show.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        icons: Vec<Icon>,
        /// Whom it is for.
        #[serde(skip_serializing_if = "Option::is_none")]
        annotations: Option<Annotations>,
    },
    /// A resource, content and all.
    Resource {
        /// The resource.
        resource: EmbeddedResource,
        /// Whom it is for.
        #[serde(skip_serializing_if = "Option::is_none")]
        annotations: Option<Annotations>,
    },
}

/// A resource inside a tool's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EmbeddedResource {
    /// Where it is.
    pub uri: String,
    /// Its media type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// Its content, when it is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Its content in Base64, when it is not text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blob: Option<String>,
    /// More about it.
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Map<String, Value>>,
}

impl EmbeddedResource {
    /// A resource that is text.
    pub fn text(uri: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            uri: uri.into(),
            mime_type: None,
            text: Some(text.into()),
            blob: None,
            meta: None,
        }
    }

    /// A resource that is bytes.
    pub fn blob(uri: impl Into<String>, bytes: impl AsRef<[u8]>) -> Self {
        Self {
            uri: uri.into(),
            mime_type: None,
            text: None,
            blob: Some(STANDARD.encode(bytes)),
            meta: None,
        }
    }

    /// With its media type.
    #[must_use]
    pub fn mime_type(mut self, mime_type: impl Into<String>) -> Self {
        self.mime_type = Some(mime_type.into());
        self
    }
}

/// Whom a block is for, and how much it matters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Annotations {
    /// Who should see it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audience: Vec<Audience>,
    /// From 0, least, to 1, most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<f64>,
    /// When it last changed, as ISO 8601. Since 2025-06-18.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

impl Annotations {
    /// As a client of a revision knows them.
    pub(super) fn known_to(mut self, revision: Revision) -> Self {
        if !revision.has_structured_content() {
            self.last_modified = None;
        }
        self
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Content::text(text)
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Content::text(text)
    }
}

impl From<EmbeddedResource> for Content {
    fn from(resource: EmbeddedResource) -> Self {
        Content::resource(resource)
    }
}

/// Who should see a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// The user.
    User,
    /// The model.
    Assistant,
}

impl Content {
    /// A block of text.
    pub fn text(text: impl Into<String>) -> Self {
        Content::Text {
            text: text.into(),
            annotations: None,
        }
    }

    /// A picture from its bytes, which are not yet Base64.
    pub fn image(bytes: impl AsRef<[u8]>, mime_type: impl Into<String>) -> Self {
        Content::Image {
            data: STANDARD.encode(bytes),
            mime_type: mime_type.into(),
            annotations: None,
        }
    }

    /// A sound from its bytes, which are not yet Base64.
    pub fn audio(bytes: impl AsRef<[u8]>, mime_type: impl Into<String>) -> Self {
        Content::Audio {
            data: STANDARD.encode(bytes),
            mime_type: mime_type.into(),
            annotations: None,
        }
    }

    /// A link to a resource.
    pub fn resource_link(uri: impl Into<String>, name: impl Into<String>) -> Self {
        Content::ResourceLink {
            uri: uri.into(),
            name: name.into(),
            title: None,
            description: None,
            mime_type: None,
            size: None,
            icons: Vec::new(),
            annotations: None,
        }
    }

    /// A resource, content and all.
    pub fn resource(resource: EmbeddedResource) -> Self {
        Content::Resource {
            resource,
            annotations: None,
        }
    }

    /// The same block, annotated.
    #[must_use]
    pub fn annotated(mut self, with: Annotations) -> Self {
        *self.annotations_mut() = Some(with);
        self
    }

    /// How many bytes of text and Base64 it holds.
    pub(crate) fn size(&self) -> usize {
        match self {
            Content::Text { text, .. } => text.len(),
            Content::Image { data, .. } | Content::Audio { data, .. } => data.len(),
            Content::ResourceLink { uri, .. } => uri.len(),
            Content::Resource { resource, .. } => {
                let held = resource.text.as_ref().or(resource.blob.as_ref());
                held.map_or(0, String::len)
            }
        }
    }

    fn annotations_mut(&mut self) -> &mut Option<Annotations> {
        match self {
            Content::Text { annotations, .. }
            | Content::Image { annotations, .. }
            | Content::Audio { annotations, .. }
            | Content::ResourceLink { annotations, .. }
            | Content::Resource { annotations, .. } => annotations,
        }
    }

    /// The block as a client of a revision knows it.
    pub(super) fn known_to(&self, revision: Revision) -> Cow<'_, Content> {
        if revision.has_icons() {
            return Cow::Borrowed(self);
        }
        let mut older = match self {
            Content::Audio {
                data, mime_type, ..
            } if !revision.has_annotations() => Content::resource(EmbeddedResource {
                uri: "urn:toolsmith:audio".to_owned(),
                mime_type: Some(mime_type.clone()),
                text: None,
                blob: Some(data.clone()),
                meta: None,
            }),
            Content::ResourceLink { uri, name, .. } if !revision.has_structured_content() => {
                Content::text(format!("{name}: {uri}"))
            }
            other => other.clone(),
        };
        if let Content::ResourceLink { icons, .. } = &mut older {
            icons.clear();
        }
        if !revision.has_structured_content() {
            if let Some(annotations) = older.annotations_mut() {
                annotations.last_modified = None;
            }
            if let Content::Resource { resource, .. } = &mut older {
                resource.meta = None;
            }
        }
        Cow::Owned(older)
    }
}
