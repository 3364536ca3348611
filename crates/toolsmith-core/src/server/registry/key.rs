//! Whether there is room for another entry.

use super::entry::{Entry, Primitive, prefixed_name, prefixed_uri, unprefixed_uri};
use crate::protocol::UriTemplate;

/// What an entry is known by, as it is seen somewhere.
#[derive(Clone, Debug)]
pub(super) struct Key {
    what: &'static str,
    text: String,
    /// For a template, what it has in common with every other that matches the same URIs.
    shape: Option<String>,
}

impl Key {
    /// The key of an entry that has one.
    pub(super) fn of(entry: &Entry) -> Option<Self> {
        if matches!(entry.primitive, Primitive::Provider(_)) {
            return None;
        }
        let (what, text) = entry.key();
        Some(Self::new(what, text.to_owned()))
    }

    fn new(what: &'static str, text: String) -> Self {
        let template = Some(&text).filter(|_| what == "resource");
        let template = template.and_then(|text| UriTemplate::parse(text).ok());
        let shape = template.filter(|it| !it.is_exact()).map(|it| it.shape());
        Self { what, text, shape }
    }

    /// What keeps it from being shown.
    pub(super) fn problem(&self) -> Option<String> {
        super::check::shown(self.what, &self.text).err()
    }

    /// The same, where its registry is mounted.
    pub(super) fn under(&self, prefix: &str) -> Self {
        Self::new(self.what, prefixed(self.what, prefix, &self.text))
    }

    /// The same, in a registry that is mounted here; nothing when it can be none of its.
    pub(super) fn within(&self, prefix: &str) -> Option<Self> {
        let text = match self.what {
            "resource" => unprefixed_uri(prefix, &self.text)?,
            _ => self
                .text
                .strip_prefix(prefix)?
                .strip_prefix('_')?
                .to_owned(),
        };
        Some(Self::new(self.what, text))
    }

    /// What an entry is called that is in the way.
    pub(super) fn clash<'a>(&self, mut entries: impl Iterator<Item = &'a Entry>) -> Option<String> {
        let found = entries.find(|it| {
            it.key() == (self.what, &self.text)
                || self.shape.is_some() && it.shape() == self.shape.as_deref()
        });
        found.map(|it| it.key().1.to_owned())
    }

    /// What is said when there is one in the way, that is called so.
    pub(super) fn taken_by(&self, other: &str) -> String {
        let Self { what, text, .. } = self;
        match text == other {
            true => format!("there is a {what} `{text}` already"),
            false => format!(
                "there is a {what} `{other}` already, and `{text}` matches the same URIs; it would never be read"
            ),
        }
    }

    /// What another key of the kind is called where its registry is mounted.
    pub(super) fn prefixed(&self, prefix: &str, other: &str) -> String {
        prefixed(self.what, prefix, other)
    }
}

fn prefixed(what: &str, prefix: &str, text: &str) -> String {
    match what {
        "resource" => prefixed_uri(prefix, text),
        _ => prefixed_name(prefix, text),
    }
}
