//! Changing what a server offers.

use std::fmt;
use std::sync::{Arc, PoisonError};

use super::entry::{Entry, Primitive};
use super::{Data, Registry};
use crate::ports::{Audience, Change};
use crate::server::prompt::{DynamicPrompt, Prompt, Static as StaticPrompt};
use crate::server::resource::{
    DynamicResource, Resource, ResourceProvider, Static as StaticResource,
};
use crate::server::tool::{DynamicTool, Static as StaticTool, Tool};

/// Why something could not be registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryError(String);

impl RegistryError {
    /// Says what is wrong.
    pub(in crate::server) fn new(problem: impl Into<String>) -> Self {
        Self(problem.into())
    }
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RegistryError {}

/// What a server offers to one tenant beside what it offers to everybody. Cheap to clone.
///
/// Nobody of another tenant sees it, or is told that it changes.
#[derive(Clone, Debug)]
pub struct TenantRegistry {
    registry: Registry,
    tenant: Arc<str>,
}

/// Whose list is changed.
type Owner<'a> = Option<&'a Arc<str>>;

macro_rules! changes {
    ($this:ident => $registry:expr, $owner:expr) => {
        /// Adds a tool that is made while the program runs.
        ///
        /// # Errors
        ///
        /// When it cannot be offered, such as when there is one of that name.
        pub fn add_tool(&$this, tool: DynamicTool) -> Result<(), RegistryError> {
            let (definition, handler) = tool.into_parts();
            let entry = Entry::tool(definition, handler, $registry.home());
            $registry.add($owner, entry)
        }

        /// Adds a prompt that is made while the program runs.
        ///
        /// # Errors
        ///
        /// When it cannot be offered, such as when there is one of that name.
        pub fn add_prompt(&$this, prompt: DynamicPrompt) -> Result<(), RegistryError> {
            let (definition, handler, completers) = prompt.into_parts();
            let entry = Entry::prompt(definition, handler, completers, $registry.home());
            $registry.add($owner, entry)
        }

        /// Adds a resource, or a template of resources, that is made while the program
        /// runs.
        ///
        /// # Errors
        ///
        /// When it cannot be offered, such as when there is one at that URI.
        pub fn add_resource(&$this, resource: DynamicResource) -> Result<(), RegistryError> {
            let (definition, handler, completers) = resource.into_parts();
            let entry =
                Entry::resource(definition, handler, None, completers, $registry.home());
            $registry.add($owner, entry)
        }

        /// Adds resources that somebody else keeps.
        ///
        /// # Errors
        ///
        /// What keeps them from being served.
        pub fn add_provider(&$this, provider: impl ResourceProvider) -> Result<(), RegistryError> {
            let entry = Entry::provider(Arc::new(provider), $registry.home());
            $registry.add($owner, entry)
        }

        /// Takes a tool away. `false` when there was none.
        pub fn remove_tool(&$this, name: &str) -> bool {
            $registry.remove($owner, ("tool", name))
        }

        /// Takes a prompt away. `false` when there was none.
        pub fn remove_prompt(&$this, name: &str) -> bool {
            $registry.remove($owner, ("prompt", name))
        }

        /// Takes a resource or a template away, by its URI or URI template. `false` when
        /// there was none.
        pub fn remove_resource(&$this, uri: &str) -> bool {
            $registry.remove($owner, ("resource", uri))
        }

        /// Offers a tool, or does not for now. `false` when there is none.
        pub fn enable_tool(&$this, name: &str, enabled: bool) -> bool {
            $registry.enable($owner, ("tool", name), enabled)
        }

        /// Offers a prompt, or does not for now. `false` when there is none.
        pub fn enable_prompt(&$this, name: &str, enabled: bool) -> bool {
            $registry.enable($owner, ("prompt", name), enabled)
        }

        /// Offers a resource or a template, or does not for now. `false` when there is
        /// none.
        pub fn enable_resource(&$this, uri: &str, enabled: bool) -> bool {
            $registry.enable($owner, ("resource", uri), enabled)
        }

        /// Tells whoever asked that the content of a resource has changed.
        pub fn resource_updated(&$this, uri: &str) {
            $registry.tell($owner, Change::ResourceUpdated(uri.into()));
        }

        /// Tells whoever asked that the list of resources has changed, for resources that
        /// somebody else keeps.
        pub fn resources_changed(&$this) {
            $registry.tell($owner, Change::ResourcesChanged);
        }
    };
}

impl Registry {
    changes!(self => self, None);

    /// What is offered to one tenant only.
    pub fn for_tenant(&self, tenant: impl Into<Arc<str>>) -> TenantRegistry {
        TenantRegistry {
            registry: self.clone(),
            tenant: tenant.into(),
        }
    }

    /// Whether somebody who would see an entry sees one of that key already.
    fn is_taken(&self, owner: Owner<'_>, key: (&str, &str)) -> bool {
        let views = self.views();
        match owner {
            Some(tenant) => self.view(tenant).has_key(key),
            None => {
                let tenants = views.tenants.values();
                let mut all = std::iter::once(&views.everyone).chain(tenants);
                all.any(|view| view.has_key(key))
            }
        }
    }

    fn add(&self, owner: Owner<'_>, entry: Entry) -> Result<(), RegistryError> {
        let change = changed_by(&entry);
        if let Some(problem) = &entry.problem {
            return Err(RegistryError::new(&**problem));
        }
        let (what, key) = entry.key();
        if what != "provider" && self.is_taken(owner, entry.key()) {
            return Err(RegistryError::new(format!(
                "there is a {what} `{key}` already"
            )));
        }
        self.change(owner, change, |entries| {
            entries.push(entry);
            true
        });
        Ok(())
    }

    fn remove(&self, owner: Owner<'_>, key: (&str, &str)) -> bool {
        let Some(change) = self.data().find(owner, key).map(changed_by) else {
            return false;
        };
        self.change(owner, change, |entries| {
            let before = entries.len();
            entries.retain(|it| it.key() != key);
            entries.len() < before
        })
    }

    fn enable(&self, owner: Owner<'_>, key: (&str, &str), enabled: bool) -> bool {
        let Some(change) = self.data().find(owner, key).map(changed_by) else {
            return false;
        };
        self.change(owner, change, |entries| {
            let found = entries
                .iter_mut()
                .find(|it| it.key() == key && it.enabled != enabled);
            found.map(|it| it.enabled = enabled).is_some()
        });
        true
    }

    /// Changes a list, and tells of it if it did change.
    fn change(
        &self,
        owner: Owner<'_>,
        change: Change,
        with: impl FnOnce(&mut Vec<Entry>) -> bool,
    ) -> bool {
        let changed = {
            let mut data = self.0.data.lock().unwrap_or_else(PoisonError::into_inner);
            with(match owner {
                None => &mut data.everyone,
                Some(tenant) => data.tenants.entry(Arc::clone(tenant)).or_default(),
            })
        };
        if changed {
            self.0.rebuild();
            self.tell(owner, change);
        }
        changed
    }

    fn tell(&self, owner: Owner<'_>, change: Change) {
        let audience = match owner {
            None => Audience::Everyone,
            Some(tenant) => Audience::Tenant(Arc::clone(tenant)),
        };
        self.0.publish(&audience, &[change], &[]);
    }

    pub(in crate::server) fn register_tool<T: Tool>(&self) {
        let handler = Arc::new(StaticTool::<T>::new());
        self.register(Entry::tool(T::definition(), handler, self.home()));
    }

    pub(in crate::server) fn register_prompt<P: Prompt>(&self) {
        let handler = Arc::new(StaticPrompt::<P>::new());
        self.register(Entry::prompt(
            P::definition(),
            handler,
            P::completers(),
            self.home(),
        ));
    }

    pub(in crate::server) fn register_resource<R: Resource>(&self) {
        let handler = Arc::new(StaticResource::<R>::new());
        let entry = Entry::resource(
            R::definition(),
            handler,
            Some(&R::variables()),
            R::completers(),
            self.home(),
        );
        self.register(entry);
    }

    pub(in crate::server) fn register_dynamic_tool(&self, tool: DynamicTool) {
        let (definition, handler) = tool.into_parts();
        self.register(Entry::tool(definition, handler, self.home()));
    }

    pub(in crate::server) fn register_dynamic_prompt(&self, prompt: DynamicPrompt) {
        let (definition, handler, completers) = prompt.into_parts();
        self.register(Entry::prompt(definition, handler, completers, self.home()));
    }

    pub(in crate::server) fn register_dynamic_resource(&self, resource: DynamicResource) {
        let (definition, handler, completers) = resource.into_parts();
        self.register(Entry::resource(
            definition,
            handler,
            None,
            completers,
            self.home(),
        ));
    }

    pub(in crate::server) fn register_provider(&self, provider: Arc<dyn ResourceProvider>) {
        self.register(Entry::provider(provider, self.home()));
    }

    /// Adds an entry before the server starts. What is wrong with it is told when it does,
    /// so that all of it is told at once.
    fn register(&self, entry: Entry) {
        self.data().everyone.push(entry);
    }
}

impl TenantRegistry {
    changes!(self => self.registry, Some(&self.tenant));
}

impl Data {
    /// Finds an entry of an owner. What everybody sees cannot be changed through a tenant.
    fn find(&self, owner: Owner<'_>, key: (&str, &str)) -> Option<&Entry> {
        let own = match owner {
            None => Some(&self.everyone),
            Some(tenant) => self.tenants.get(tenant),
        };
        own.into_iter().flatten().find(|it| it.key() == key)
    }
}

/// The list that an entry belongs to.
fn changed_by(entry: &Entry) -> Change {
    match entry.primitive {
        Primitive::Tool(_) => Change::ToolsChanged,
        Primitive::Prompt(_) => Change::PromptsChanged,
        Primitive::Resource(_) | Primitive::Provider(_) => Change::ResourcesChanged,
    }
}
