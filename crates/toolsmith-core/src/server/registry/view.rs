//! What one tenant sees of a registry, whole and unchanging.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::entry::{Entry, Primitive, Prompt, Resource, Tool};
use crate::caller::{Caller, Scopes};
use crate::protocol::{Captures, ListKind, Listed, Listing};
use crate::server::resource::ResourceProvider;

/// The longest URI that is looked up, in bytes.
const MAX_URI: usize = 8192;

/// What is offered, by name and in order.
#[derive(Default)]
pub(in crate::server) struct View {
    entries: Vec<Entry>,
    tools: HashMap<Arc<str>, usize>,
    prompts: HashMap<Arc<str>, usize>,
    resources: HashMap<Arc<str>, usize>,
    /// Those with the most literal characters first.
    templates: Vec<usize>,
    providers: Vec<usize>,
    lists: [Arc<Listing>; 4],
    /// What a caller needs for each thing that the lists show; nothing where none of it, and
    /// nothing of a provider, needs any.
    needed: Option<[Vec<Scopes>; 4]>,
    twice: Vec<String>,
    is_shared: bool,
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.entries.iter().map(Entry::key))
            .finish()
    }
}

/// What is needed only while a view is made.
#[derive(Default)]
struct Making {
    lists: [Vec<Listed>; 4],
    needed: [Vec<Scopes>; 4],
    /// The templates, by what they match.
    shapes: HashMap<Box<str>, usize>,
}

impl View {
    /// What there is, in order. `is_shared` says that everybody sees the same.
    pub(super) fn of(entries: impl Iterator<Item = Entry>, is_shared: bool) -> Self {
        let mut view = Self {
            is_shared,
            ..Self::default()
        };
        let mut making = Making::default();
        for entry in entries {
            view.add(entry, &mut making);
        }
        let has_scopes = view.entries.iter().any(|it| !it.scopes.is_empty());
        view.needed = has_scopes.then_some(making.needed);
        view.lists = making.lists.map(|items| Arc::new(Listing::new(items)));
        let mut templates = std::mem::take(&mut view.templates);
        templates.sort_by_cached_key(|index| {
            let resource = view.resource_at(*index);
            resource.map(|(_, it)| Reverse(it.template.literal_len()))
        });
        view.templates = templates;
        view
    }

    /// Adds an entry. Of two that are known by the same, the first one stays.
    fn add(&mut self, entry: Entry, making: &mut Making) {
        let index = self.entries.len();
        if entry.enabled && entry.problem.is_none() {
            let mut list = |kind: ListKind, listed: &Listed| {
                making.lists[kind as usize].push(listed.clone());
                making.needed[kind as usize].push(entry.scopes.clone());
            };
            let first = match &entry.primitive {
                Primitive::Tool(it) => {
                    let first = *self.tools.entry(Arc::clone(&it.name)).or_insert(index);
                    if first == index {
                        list(ListKind::Tools, &it.listed);
                    }
                    first
                }
                Primitive::Prompt(it) => {
                    let first = *self.prompts.entry(Arc::clone(&it.name)).or_insert(index);
                    if first == index {
                        list(ListKind::Prompts, &it.listed);
                    }
                    first
                }
                Primitive::Resource(it) => match &it.shape {
                    None => {
                        let first = *self.resources.entry(it.uri().into()).or_insert(index);
                        if first == index {
                            list(ListKind::Resources, &it.listed);
                        }
                        first
                    }
                    Some(shape) => {
                        let first = *making.shapes.entry(shape.clone()).or_insert(index);
                        if first == index {
                            list(ListKind::Templates, &it.listed);
                            self.templates.push(index);
                        }
                        first
                    }
                },
                Primitive::Provider(_) => {
                    self.providers.push(index);
                    index
                }
            };
            if let Some(first) = self.entries.get(first) {
                self.twice.push(twice(first.key(), entry.key().1));
            }
        }
        self.entries.push(entry);
    }

    /// Whether everybody sees this.
    pub(in crate::server) fn is_shared(&self) -> bool {
        self.is_shared
    }

    pub(in crate::server) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn problems(&self) -> impl Iterator<Item = String> + '_ {
        let own = self.entries.iter().filter_map(|it| it.problem.as_deref());
        // Of a provider, a line each.
        own.flat_map(str::lines)
            .map(str::to_owned)
            .chain(self.twice.iter().cloned())
    }

    pub(in crate::server) fn tool(&self, name: &str) -> Option<(&Entry, &Arc<Tool>)> {
        let entry = self.entries.get(*self.tools.get(name)?)?;
        match &entry.primitive {
            Primitive::Tool(tool) => Some((entry, tool)),
            _ => None,
        }
    }

    pub(in crate::server) fn prompt(&self, name: &str) -> Option<(&Entry, &Arc<Prompt>)> {
        let entry = self.entries.get(*self.prompts.get(name)?)?;
        match &entry.primitive {
            Primitive::Prompt(prompt) => Some((entry, prompt)),
            _ => None,
        }
    }

    /// The resource at a URI: one of that very URI, or else the first template that matches,
    /// of those with the most literal characters before others.
    pub(in crate::server) fn resource(
        &self,
        uri: &str,
    ) -> Option<(&Entry, &Arc<Resource>, Captures)> {
        if uri.len() > MAX_URI {
            return None;
        }
        if let Some(index) = self.resources.get(uri) {
            let (entry, resource) = self.resource_at(*index)?;
            return Some((entry, resource, Captures::default()));
        }
        self.templates.iter().find_map(|index| {
            let (entry, resource) = self.resource_at(*index)?;
            let captures = resource.template.matches(uri)?;
            Some((entry, resource, captures))
        })
    }

    /// The template that is spelled so, or the resource at that URI.
    pub(in crate::server) fn template(&self, spelled: &str) -> Option<(&Entry, &Arc<Resource>)> {
        let exact = self.resources.get(spelled).into_iter();
        let mut all = self.templates.iter().chain(exact);
        all.find_map(|index| {
            self.resource_at(*index)
                .filter(|(_, it)| it.uri() == spelled)
        })
    }

    /// The provider that has a URI.
    pub(in crate::server) fn provider(
        &self,
        uri: &str,
    ) -> Option<(&Entry, &Arc<dyn ResourceProvider>)> {
        let is_short = uri.len() <= MAX_URI;
        let mut providers = self.providers().filter(|_| is_short);
        providers.find(|(_, provider)| provider.owns(uri))
    }

    pub(in crate::server) fn providers(
        &self,
    ) -> impl Iterator<Item = (&Entry, &Arc<dyn ResourceProvider>)> {
        self.providers.iter().filter_map(|index| {
            let entry = self.entries.get(*index)?;
            match &entry.primitive {
                Primitive::Provider(provider) => Some((entry, provider)),
                _ => None,
            }
        })
    }

    pub(in crate::server) fn list(&self, kind: ListKind) -> &Arc<Listing> {
        &self.lists[kind as usize]
    }

    /// Whether anything of it needs scopes.
    pub(in crate::server) fn has_scopes(&self) -> bool {
        self.needed.is_some()
    }

    /// What of a list a caller may use; nothing where that is all of it.
    pub(in crate::server) fn list_for(
        &self,
        kind: ListKind,
        caller: &Caller,
    ) -> Option<Vec<Listed>> {
        let (needed, scopes) = (self.needed.as_ref()?, caller.scopes()?);
        let needed = &needed[kind as usize];
        if needed.iter().all(|it| scopes.includes(it)) {
            return None;
        }
        let all = self.list(kind).items().iter().zip(needed);
        let may = all.filter(|(_, needed)| scopes.includes(needed));
        Some(may.map(|(it, _)| it.clone()).collect())
    }

    /// What is read at a URI.
    pub(in crate::server) fn at(&self, uri: &str) -> Option<&Entry> {
        let resource = self.resource(uri).map(|(entry, ..)| entry);
        resource.or_else(|| self.provider(uri).map(|(entry, _)| entry))
    }

    /// Whether there is anything of a kind, offered now or not.
    pub(in crate::server) fn has(&self, kind: ListKind) -> bool {
        self.entries.iter().any(|entry| {
            matches!(
                (&entry.primitive, kind),
                (Primitive::Tool(_), ListKind::Tools)
                    | (Primitive::Prompt(_), ListKind::Prompts)
                    | (
                        Primitive::Resource(_) | Primitive::Provider(_),
                        ListKind::Resources | ListKind::Templates
                    )
            )
        })
    }

    /// Whether anything knows values of arguments.
    pub(in crate::server) fn completes(&self) -> bool {
        self.entries.iter().any(|entry| match &entry.primitive {
            Primitive::Prompt(it) => !it.completers.is_empty(),
            Primitive::Resource(it) => !it.completers.is_empty(),
            _ => false,
        })
    }

    /// Whether a call of any tool may become a task.
    pub(in crate::server) fn has_tasks(&self) -> bool {
        self.entries.iter().any(|entry| match &entry.primitive {
            Primitive::Tool(tool) => tool.task != crate::protocol::TaskSupport::Forbidden,
            _ => false,
        })
    }

    fn resource_at(&self, index: usize) -> Option<(&Entry, &Arc<Resource>)> {
        let entry = self.entries.get(index)?;
        match &entry.primitive {
            Primitive::Resource(resource) => Some((entry, resource)),
            _ => None,
        }
    }
}

/// What is said of two entries that are known by the same. A resource is known by its URI,
/// whatever its name.
fn twice((what, key): (&str, &str), other: &str) -> String {
    match what {
        "resource" if key != other => format!(
            "`{key}` and `{other}` match the same URIs, so that the second one would never be read; take one of them away, or give it another URI"
        ),
        "resource" => format!("two resources are at `{key}`; give one of them another URI"),
        _ => format!("two {what}s are named `{key}`; rename one with #[{what}(name = \"…\")]"),
    }
}

#[cfg(test)]
mod tests {
    use crate::server::resource::DynamicResource;
    use crate::server::{Context, Server};
    use crate::testing::TestClient;

    /// Resources whose content is their own template.
    fn resource(uri: &'static str) -> DynamicResource {
        DynamicResource::new(uri, move |_, _: Context| std::future::ready(uri))
    }

    #[test]
    fn two_resources_at_one_uri_or_template_are_told_before_the_server_starts() {
        for uri in ["note://1", "note://{id}"] {
            let server = Server::new("notes")
                .dynamic_resource(resource(uri))
                .dynamic_resource(resource(uri).name("other"));
            let problem = server.build().expect_err(uri).to_string();
            let told = format!("two resources are at `{uri}`");
            assert!(problem.contains(&told), "{problem}");
        }
    }

    /// Guards against a second template that nobody was ever read by.
    #[test]
    fn two_templates_of_one_shape_are_told_before_the_server_starts_and_refused_after() {
        for (one, other) in [
            ("note://{id}", "note://{name}"),
            ("note://{a}/{b}{?c}", "note://{b}/{a}{?d,e}"),
        ] {
            let inner = Server::new("inner").dynamic_resource(resource("note://{x}"));
            let server = Server::new("notes")
                .dynamic_resource(resource(one))
                .dynamic_resource(resource(other))
                .mount("in", inner);
            let problem = server.build().expect_err(one).to_string();
            let told = format!("`{one}` and `{other}` match the same URIs");
            assert!(problem.contains(&told), "{problem}");

            let server = Server::new("notes").dynamic_resource(resource(one));
            let registry = server.registry();
            let _engine = server.build().unwrap();
            let acme = registry.for_tenant("acme");
            for refused in [
                registry.add_resource(resource(other)),
                acme.add_resource(resource(other)),
            ] {
                let problem = refused.expect_err(other).to_string();
                for named in [one, other] {
                    assert!(problem.contains(&format!("`{named}`")), "{problem}");
                }
            }
            // What is taken away is in nobody's way.
            assert!(registry.remove_resource(one));
            acme.add_resource(resource(other)).unwrap();
            assert!(registry.add_resource(resource(one)).is_err());
            registry
                .for_tenant("globex")
                .add_resource(resource(one))
                .unwrap();
        }
    }

    #[tokio::test]
    async fn of_templates_that_overlap_the_one_with_the_most_literal_characters_is_read() {
        let server = Server::new("notes")
            .dynamic_resource(resource("note://{+path}"))
            .dynamic_resource(resource("note://{owner}/{id}"))
            .dynamic_resource(resource("note://{owner}/drafts"))
            .dynamic_resource(resource("note://{id}.txt"))
            .dynamic_resource(resource("note://all.{how}"))
            .dynamic_resource(resource("note://today"));
        let registry = server.registry();
        let client = TestClient::new(server).unwrap();
        for (uri, template) in [
            ("note://today", "note://today"),
            ("note://ann/drafts", "note://{owner}/drafts"),
            ("note://ann/other", "note://{owner}/{id}"),
            ("note://ann/x/y", "note://{+path}"),
            ("note://list.txt", "note://{id}.txt"),
            // As many characters in both: the one that was registered first.
            ("note://all.txt", "note://{id}.txt"),
            ("note://all.md", "note://all.{how}"),
        ] {
            let read = client.read(uri).await.unwrap();
            assert_eq!(read[0]["text"], template, "{uri}");
        }
        registry.add_resource(resource("note://ann/{id}")).unwrap();
        let read = client.read("note://ann/other").await.unwrap();
        assert_eq!(read[0]["text"], "note://ann/{id}");
        // The list is in the order of registration.
        let listed = client.list("resources/templates/list", "resourceTemplates");
        let listed = listed.await.unwrap();
        assert_eq!(listed[0]["uriTemplate"], "note://{+path}");
        assert_eq!(listed.len(), 6);
    }
}
