//! What every definition says of itself, as far as a client of a revision knows it.

use serde_json::{Map, Value, json};

use super::{Icon, Revision};

/// The `_meta` key under which tags are sent.
const TAGS_KEY: &str = "dev.toolsmith/tags";

/// The name for people.
pub(super) fn title(title: Option<&String>, revision: Revision) -> Option<&str> {
    let title = title.filter(|_| revision.has_structured_content());
    title.map(String::as_str)
}

/// Pictures to show.
pub(super) fn icons(icons: &[Icon], revision: Revision) -> &[Icon] {
    match revision.has_icons() {
        true => icons,
        false => &[],
    }
}

/// `_meta` with tags in it; nothing when there is nothing to say.
pub(super) fn meta(
    meta: &Map<String, Value>,
    tags: &[String],
    revision: Revision,
) -> Option<Map<String, Value>> {
    if !revision.has_structured_content() || meta.is_empty() && tags.is_empty() {
        return None;
    }
    let mut meta = meta.clone();
    if !tags.is_empty() {
        meta.insert(TAGS_KEY.to_owned(), json!(tags));
    }
    Some(meta)
}
