//! Who a server is.

use serde::{Deserialize, Serialize};

use super::{Revision, known};

/// A picture that a client may show beside a server or a tool.
///
/// `src` is an `https:` or a `data:` address. Revisions before 2025-11-25 know no icons
/// and are not sent any.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Icon {
    /// Where the picture is, or the picture itself.
    pub src: String,
    /// Its media type, where the address does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// Its sizes, such as `48x48`, or `any`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sizes: Vec<String>,
    /// The background that it is meant for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theme: Option<IconTheme>,
}

/// The background that an icon is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IconTheme {
    /// For light backgrounds.
    Light,
    /// For dark backgrounds.
    Dark,
}

impl Icon {
    /// An icon at an address.
    pub fn new(src: impl Into<String>) -> Self {
        Self {
            src: src.into(),
            mime_type: None,
            sizes: Vec::new(),
            theme: None,
        }
    }

    /// With its media type, such as `image/png`.
    #[must_use]
    pub fn mime_type(mut self, mime_type: impl Into<String>) -> Self {
        self.mime_type = Some(mime_type.into());
        self
    }

    /// With one more size, such as `48x48`.
    #[must_use]
    pub fn size(mut self, size: impl Into<String>) -> Self {
        self.sizes.push(size.into());
        self
    }

    /// With the background that it is meant for.
    #[must_use]
    pub fn theme(mut self, theme: IconTheme) -> Self {
        self.theme = Some(theme);
        self
    }
}

/// Who a server is: sent as `serverInfo`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Implementation {
    /// The name for programs.
    pub name: String,
    /// The version of the server, not of this library.
    pub version: String,
    /// The name for people.
    pub title: Option<String>,
    /// Where to read more.
    pub website_url: Option<String>,
    /// Pictures to show.
    pub icons: Vec<Icon>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    website_url: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    icons: &'a [Icon],
}

impl Implementation {
    /// What a client of a revision is sent.
    pub(super) fn wire(&self, revision: Revision) -> impl Serialize + '_ {
        Wire {
            name: &self.name,
            title: known::title(self.title.as_ref(), revision),
            version: &self.version,
            website_url: self.website_url.as_deref().filter(|_| revision.has_icons()),
            icons: known::icons(&self.icons, revision),
        }
    }
}
