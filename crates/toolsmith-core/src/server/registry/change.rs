//! Changing what a server offers.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::entry::{Entry, Primitive};
use super::key::Key;
use super::{Data, Owner, Registry, Shared};
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

/// Held by whoever looks whether there is room for an entry and puts it in, so that of two
/// that would clash the second one finds the first. There is one of them, because
/// registries that are mounted in each other look into each other; things are added seldom,
/// and readers never wait for it.
static ADDING: Mutex<()> = Mutex::new(());

pub(super) fn adding() -> MutexGuard<'static, ()> {
    ADDING.lock().unwrap_or_else(PoisonError::into_inner)
}

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
        /// When it cannot be offered, such as when there is one at that URI, or a template
        /// that matches the same URIs. Which of several that overlap is read is said at
        /// [`Server::resource`](crate::server::Server::resource).
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

    fn add(&self, owner: Owner<'_>, entry: Entry) -> Result<(), RegistryError> {
        let change = changed_by(&entry);
        if let Some(problem) = &entry.problem {
            return Err(RegistryError::new(&**problem));
        }
        {
            let _adding = adding();
            if let Some(key) = Key::of(&entry) {
                self.0.has_room(owner, &key)?;
            }
            let mut data = self.0.data();
            match owner {
                None => data.everyone.push(entry),
                Some(tenant) => data
                    .tenants
                    .entry(Arc::clone(tenant))
                    .or_default()
                    .push(entry),
            }
        }
        self.changed(owner, change);
        Ok(())
    }

    fn remove(&self, owner: Owner<'_>, key: (&str, &str)) -> bool {
        // Dropped when no lock is held any more: it holds whatever its author gave it.
        let removed = {
            let mut data = self.0.data();
            let Some(entries) = data.of(owner) else {
                return false;
            };
            let Some(index) = entries.iter().position(|it| it.key() == key) else {
                return false;
            };
            let removed = entries.remove(index);
            if let (true, Some(tenant)) = (entries.is_empty(), owner) {
                data.tenants.remove(tenant);
            }
            removed
        };
        self.changed(owner, changed_by(&removed));
        true
    }

    fn enable(&self, owner: Owner<'_>, key: (&str, &str), enabled: bool) -> bool {
        let change = {
            let mut data = self.0.data();
            let mut entries = data.of(owner).into_iter().flatten();
            let Some(entry) = entries.find(|it| it.key() == key) else {
                return false;
            };
            if entry.enabled == enabled {
                return true;
            }
            entry.enabled = enabled;
            changed_by(entry)
        };
        self.changed(owner, change);
        true
    }

    /// Shows a change, and tells of it.
    fn changed(&self, owner: Owner<'_>, change: Change) {
        self.0.changed(owner);
        self.tell(owner, change);
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
        self.0.data().everyone.push(entry);
    }
}

impl TenantRegistry {
    changes!(self => self.registry, Some(&self.tenant));
}

impl Data {
    /// The entries of an owner. What everybody sees cannot be changed through a tenant.
    fn of(&mut self, owner: Owner<'_>) -> Option<&mut Vec<Entry>> {
        match owner {
            None => Some(&mut self.everyone),
            Some(tenant) => self.tenants.get_mut(tenant),
        }
    }
}

impl Shared {
    /// Whether nobody who would see an entry sees one that is known by the same, here or
    /// wherever this registry is shown.
    fn has_room(&self, owner: Owner<'_>, key: &Key) -> Result<(), RegistryError> {
        if let Some(problem) = key.problem() {
            return Err(RegistryError::new(problem));
        }
        let parents = self.parents();
        for parent in &parents {
            for prefix in parent.prefixes_of(self) {
                parent.has_room(owner, &key.under(&prefix))?;
            }
        }
        if !parents.is_empty() {
            // Whoever shows it has looked here as well.
            return Ok(());
        }
        match self.clash(owner, key) {
            None => Ok(()),
            Some(other) => Err(RegistryError::new(key.taken_by(&other))),
        }
    }

    /// What is in the way of an entry, here or in what is mounted here.
    fn clash(&self, owner: Owner<'_>, key: &Key) -> Option<String> {
        let mounts = {
            let data = self.data();
            let tenants = match owner {
                None => data.tenants.values().collect(),
                Some(tenant) => Vec::from_iter(data.tenants.get(tenant)),
            };
            let entries = data.everyone.iter().chain(tenants.into_iter().flatten());
            if let Some(other) = key.clash(entries) {
                return Some(other);
            }
            data.mounts.clone()
        };
        mounts.iter().find_map(|(prefix, child)| {
            let other = child.0.clash(owner, &key.within(prefix)?)?;
            Some(key.prefixed(prefix, &other))
        })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::{Context, Server};

    fn tool(name: &str) -> DynamicTool {
        let schema = serde_json::json!({"type": "object"});
        DynamicTool::new(name, schema, |_, _: Context| async { "" })
    }

    /// Guards against two adds that both found that there was room.
    #[test]
    fn of_many_who_add_one_name_at_the_same_time_one_succeeds() {
        let inner = Server::new("inner");
        let inside = inner.registry();
        let outer = Server::new("outer");
        let outside = outer.registry();
        let _engine = outer.mount("in", inner).build().unwrap();
        let acme = outside.for_tenant("acme");
        for round in 0..1000 {
            let (name, within) = (format!("in_{round}"), round.to_string());
            let start = std::sync::Barrier::new(4);
            let adds: [&(dyn Fn() -> Result<(), RegistryError> + Sync); 4] = [
                &|| outside.add_tool(tool(&name)),
                &|| outside.add_tool(tool(&name)),
                &|| acme.add_tool(tool(&name)),
                &|| inside.add_tool(tool(&within)),
            ];
            let added: usize = std::thread::scope(|threads| {
                let adds = adds.map(|add| {
                    let start = &start;
                    threads.spawn(move || {
                        start.wait();
                        usize::from(add().is_ok())
                    })
                });
                adds.map(|add| add.join().unwrap()).iter().sum()
            });
            assert_eq!(added, 1, "in round {round}");
        }
    }

    #[test]
    fn what_would_stand_in_the_way_where_it_is_mounted_is_refused_inside() {
        let inner = Server::new("inner");
        let inside = inner.registry();
        let middle = Server::new("middle").mount("b", inner);
        let outer = Server::new("outer").dynamic_tool(tool("a_b_x"));
        let outside = outer.registry();
        let _engine = outer.mount("a", middle).build().unwrap();
        let refused = inside.add_tool(tool("x")).unwrap_err().to_string();
        assert!(refused.contains("`a_b_x`"), "{refused}");
        inside.for_tenant("acme").add_tool(tool("y")).unwrap();
        let refused = outside.add_tool(tool("a_b_y")).unwrap_err().to_string();
        assert!(refused.contains("`a_b_y`"), "{refused}");
        // Nobody sees both of these.
        let globex = outside.for_tenant("globex");
        globex.add_tool(tool("a_b_y")).unwrap();
        assert!(outside.remove_tool("a_b_x"));
        inside.add_tool(tool("x")).unwrap();
    }

    /// Guards against a template that was too long with its prefix, and was read without.
    #[test]
    fn what_is_too_long_where_it_is_mounted_is_told_and_refused() {
        let text = |uri: &str| DynamicResource::text(uri, "");
        let (name, uri) = ("x".repeat(127), format!("a://{{x}}/{}", "x".repeat(4088)));
        for add in [0, 1] {
            let inner = Server::new("inner");
            let inner = match add {
                0 => inner.dynamic_tool(tool(&name)),
                _ => inner.dynamic_resource(text(&uri)),
            };
            let outer = Server::new("outer").mount("in", inner);
            let problem = outer.build().expect_err("it is too long").to_string();
            assert!(problem.contains("in"), "{problem}");
        }
        let inner = Server::new("inner");
        let inside = inner.registry();
        let _engine = Server::new("outer").mount("in", inner).build().unwrap();
        assert!(inside.add_tool(tool(&name)).is_err());
        assert!(inside.add_tool(tool(&name[3..])).is_ok());
        assert!(inside.add_resource(text(&uri)).is_err());
        assert!(inside.add_resource(text(&uri[..uri.len() - 3])).is_ok());
    }

    #[test]
    fn what_goes_away_may_change_the_registry_when_it_is_dropped() {
        struct Leaves(Registry);
        impl Drop for Leaves {
            fn drop(&mut self) {
                self.0.add_tool(tool("left")).unwrap();
            }
        }
        let registry = Registry::default();
        let leaves = Leaves(registry.clone());
        let schema = serde_json::json!({"type": "object"});
        let going = DynamicTool::new("going", schema, move |_, _: Context| {
            let _ = &leaves;
            async { "" }
        });
        registry.add_tool(going).unwrap();
        assert!(registry.view("").tool("going").is_some());
        let (done, removed) = std::sync::mpsc::channel();
        let removing = registry.clone();
        std::thread::spawn(move || done.send(removing.remove_tool("going")));
        let removed = removed.recv_timeout(std::time::Duration::from_secs(20));
        assert_eq!(removed, Ok(true), "it waits for itself");
        assert!(registry.view("").tool("left").is_some());
    }
}
