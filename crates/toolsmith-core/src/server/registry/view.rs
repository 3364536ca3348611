//! What one tenant sees of a registry, whole and unchanging.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::entry::{Entry, Primitive, Prompt, Resource, Tool};
use crate::protocol::{Captures, ListKind, Listed, Listing};
use crate::server::resource::ResourceProvider;

/// What is offered, by name and in order.
#[derive(Default)]
pub(in crate::server) struct View {
    entries: Vec<Entry>,
    tools: HashMap<Arc<str>, usize>,
    prompts: HashMap<Arc<str>, usize>,
    resources: HashMap<Arc<str>, usize>,
    templates: Vec<usize>,
    providers: Vec<usize>,
    lists: [Arc<Listing>; 4],
    twice: Vec<String>,
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.entries.iter().map(Entry::key))
            .finish()
    }
}

impl View {
    pub(super) fn of(entries: impl Iterator<Item = Entry>) -> Self {
        let mut view = Self::default();
        let mut lists: [Vec<Listed>; 4] = Default::default();
        for entry in entries {
            view.add(entry, &mut lists);
        }
        view.lists = lists.map(|items| Arc::new(Listing::new(items)));
        view
    }

    fn add(&mut self, entry: Entry, lists: &mut [Vec<Listed>; 4]) {
        let index = self.entries.len();
        if entry.enabled && entry.problem.is_none() {
            let mut list = |kind: ListKind, listed: &Listed| {
                lists[kind as usize].push(listed.clone());
            };
            let before = match &entry.primitive {
                Primitive::Tool(tool) => {
                    list(ListKind::Tools, &tool.listed);
                    self.tools.insert(Arc::clone(&tool.name), index)
                }
                Primitive::Prompt(prompt) => {
                    list(ListKind::Prompts, &prompt.listed);
                    self.prompts.insert(Arc::clone(&prompt.name), index)
                }
                Primitive::Resource(it) if it.template.is_exact() => {
                    list(ListKind::Resources, &it.listed);
                    self.resources.insert(it.uri().into(), index)
                }
                Primitive::Resource(it) => {
                    list(ListKind::Templates, &it.listed);
                    let before = self.template(it.uri()).is_some().then_some(index);
                    self.templates.push(index);
                    before
                }
                Primitive::Provider(_) => {
                    self.providers.push(index);
                    None
                }
            };
            if before.is_some() {
                self.twice.push(twice(entry.key()));
            }
        }
        self.entries.push(entry);
    }

    pub(super) fn has_key(&self, key: (&str, &str)) -> bool {
        self.entries.iter().any(|it| it.key() == key)
    }

    pub(super) fn entries(&self) -> &[Entry] {
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

    /// The resource at a URI: one of that very URI, or else the first template that matches.
    pub(in crate::server) fn resource(
        &self,
        uri: &str,
    ) -> Option<(&Entry, &Arc<Resource>, Captures)> {
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
        self.providers().find(|(_, provider)| provider.owns(uri))
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

/// What is said of two entries of one key. A resource is known by its URI, whatever its
/// name.
fn twice((what, key): (&str, &str)) -> String {
    match what {
        "resource" => format!("two resources are at `{key}`; give one of them another URI"),
        _ => format!("two {what}s are named `{key}`; rename one with #[{what}(name = \"…\")]"),
    }
}

#[cfg(test)]
mod tests {
    use crate::server::Server;
    use crate::server::resource::DynamicResource;

    #[test]
    fn two_resources_at_one_uri_or_template_are_told_before_the_server_starts() {
        for uri in ["note://1", "note://{id}"] {
            let resource = || DynamicResource::new(uri, |_, _| std::future::ready("text"));
            let server = Server::new("notes")
                .dynamic_resource(resource())
                .dynamic_resource(resource().name("other"));
            let problem = server.build().expect_err(uri).to_string();
            let told = format!("two resources are at `{uri}`");
            assert!(problem.contains(&told), "{problem}");
        }
    }
}
