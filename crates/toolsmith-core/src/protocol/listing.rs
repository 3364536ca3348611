//! Lists of primitives: in order, a page at a time, written once for each revision.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde::Serialize;

use super::{Caching, PromptDefinition, ResourceDefinition, Revision, ToolDefinition};

/// A primitive that a list shows.
#[derive(Clone, Debug)]
pub enum Definition {
    /// A tool.
    Tool(ToolDefinition),
    /// A prompt.
    Prompt(PromptDefinition),
    /// A resource.
    Resource(ResourceDefinition),
    /// A template of resources.
    Template(ResourceDefinition),
}

impl Definition {
    /// What it is known by: the name of a tool or prompt, the URI of a resource, the URI
    /// template of a template.
    pub fn key(&self) -> &str {
        match self {
            Definition::Tool(tool) => &tool.name,
            Definition::Prompt(prompt) => &prompt.name,
            Definition::Resource(it) | Definition::Template(it) => &it.uri,
        }
    }

    fn json(&self, revision: Revision) -> Bytes {
        fn written(value: &impl Serialize) -> Bytes {
            // Serialising these plain structures cannot fail; `null` would be noticed.
            serde_json::to_vec(value).map_or_else(|_| Bytes::from_static(b"null"), Bytes::from)
        }
        match self {
            Definition::Tool(tool) => written(&tool.wire(revision)),
            Definition::Prompt(prompt) => written(&prompt.wire(revision)),
            Definition::Resource(it) => written(&it.wire(revision)),
            Definition::Template(it) => written(&it.wire_template(revision)),
        }
    }
}

/// Which list it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListKind {
    /// The tools.
    Tools,
    /// The prompts.
    Prompts,
    /// The resources.
    Resources,
    /// The resource templates.
    Templates,
}

impl ListKind {
    /// The member of the result that holds the list.
    pub const fn member(self) -> &'static str {
        match self {
            ListKind::Tools => "tools",
            ListKind::Prompts => "prompts",
            ListKind::Resources => "resources",
            ListKind::Templates => "resourceTemplates",
        }
    }
}

/// A primitive of a list, and what it is on the wire. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Listed(Arc<Item>);

#[derive(Debug)]
struct Item {
    definition: Definition,
    encoded: PerRevision,
}

impl Listed {
    /// A primitive that is not written yet.
    pub fn new(definition: Definition) -> Self {
        Self(Arc::new(Item {
            definition,
            encoded: PerRevision::default(),
        }))
    }

    /// What it is.
    pub fn definition(&self) -> &Definition {
        &self.0.definition
    }

    fn json(&self, revision: Revision) -> &[u8] {
        self.0
            .encoded
            .get(revision, || self.0.definition.json(revision))
    }
}

/// The primitives of one kind, in the order in which they are listed.
#[derive(Debug, Default)]
pub struct Listing {
    items: Vec<Listed>,
    /// All of them as JSON, for lists of one page.
    whole: PerRevision,
}

impl Listing {
    /// A list in this order.
    pub fn new(items: Vec<Listed>) -> Self {
        Self {
            items,
            whole: PerRevision::default(),
        }
    }

    /// The primitives, in order.
    pub fn items(&self) -> &[Listed] {
        &self.items
    }
}

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Page {
    /// Of which list.
    pub kind: ListKind,
    /// How long it stays fresh.
    pub caching: Caching,
    /// Where the next page begins, when there is one.
    pub next: Option<String>,
    items: Items,
}

#[derive(Clone, Debug)]
enum Items {
    Of(Arc<Listing>, Range<usize>),
    Picked(Vec<Listed>),
}

impl Page {
    /// A part of a list.
    pub fn new(kind: ListKind, list: Arc<Listing>, range: Range<usize>) -> Self {
        let range = range.start.min(list.items.len())..range.end.min(list.items.len());
        Self {
            kind,
            caching: Caching::default(),
            next: None,
            items: Items::Of(list, range),
        }
    }

    /// A page of its own making.
    pub fn of(kind: ListKind, items: Vec<Listed>) -> Self {
        Self {
            kind,
            caching: Caching::default(),
            next: None,
            items: Items::Picked(items),
        }
    }

    /// What it shows.
    pub fn items(&self) -> &[Listed] {
        match &self.items {
            Items::Of(list, range) => list.items.get(range.clone()).unwrap_or_default(),
            Items::Picked(items) => items,
        }
    }

    /// Leaves out what a closure does not want to be seen.
    pub fn retain(&mut self, mut keep: impl FnMut(&Definition) -> bool) {
        let items = self.items().iter();
        let kept: Vec<Listed> = items.filter(|it| keep(it.definition())).cloned().collect();
        if kept.len() != self.items().len() {
            self.items = Items::Picked(kept);
        }
    }

    /// How long the array is, where it is written already.
    pub(super) fn length(&self, revision: Revision) -> usize {
        match &self.items {
            Items::Of(list, _) => list.whole.0[revision as usize].get().map_or(0, Bytes::len),
            Items::Picked(_) => 0,
        }
    }

    /// Appends the array as JSON.
    pub(super) fn write(&self, out: &mut Vec<u8>, revision: Revision) {
        match &self.items {
            Items::Of(list, range) if range.len() == list.items.len() => {
                let whole = || Bytes::from(array(&list.items, revision));
                out.extend_from_slice(list.whole.get(revision, whole));
            }
            _ => out.extend_from_slice(&array(self.items(), revision)),
        }
    }
}

fn array(items: &[Listed], revision: Revision) -> Vec<u8> {
    let mut out = vec![b'['];
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(item.json(revision));
    }
    out.push(b']');
    out
}

/// JSON that depends on nothing but the revision, written when it is first needed.
#[derive(Clone, Debug, Default)]
pub(super) struct PerRevision([OnceLock<Bytes>; Revision::ALL.len()]);

impl PerRevision {
    pub(super) fn get(&self, revision: Revision, json: impl FnOnce() -> Bytes) -> &[u8] {
        self.0[revision as usize].get_or_init(json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(names: &[&str]) -> Arc<Listing> {
        let items = names
            .iter()
            .map(|name| Listed::new(Definition::Tool(ToolDefinition::new(*name))));
        Arc::new(Listing::new(items.collect()))
    }

    fn written(page: &Page) -> Vec<String> {
        let mut out = Vec::new();
        page.write(&mut out, Revision::LATEST);
        let array: Vec<serde_json::Value> = serde_json::from_slice(&out).unwrap();
        let names = array.iter().map(|it| it["name"].as_str().unwrap());
        names.map(str::to_owned).collect()
    }

    #[test]
    fn a_page_shows_its_part_in_order_and_what_is_left_out_is_not_written() {
        let list = listing(&["a", "b", "c"]);
        let whole = Page::new(ListKind::Tools, Arc::clone(&list), 0..9);
        assert_eq!(written(&whole), ["a", "b", "c"]);
        let mut part = Page::new(ListKind::Tools, list, 1..3);
        assert_eq!(written(&part), ["b", "c"]);
        part.retain(|it| it.key() != "b");
        assert_eq!(written(&part), ["c"]);
        let empty = Page::of(ListKind::Tools, Vec::new());
        assert!(written(&empty).is_empty());
    }
}
