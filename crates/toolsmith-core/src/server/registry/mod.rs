//! What a server offers, which may change while it serves.
//!
//! [`Registry`] is the handle by which it is changed. Readers get a [`View`]: everything
//! that one tenant may see, whole and unchanging, for as long as they hold it.

mod change;
mod check;
mod entry;
mod key;
mod view;
mod views;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, Weak};

use super::StateMap;
use super::middleware::Layers;
use crate::caller::Scopes;
use crate::ports::{Audience, Bus, Change, Event};

pub use change::{RegistryError, TenantRegistry};
pub(super) use entry::{
    Entry, Prompt as PromptEntry, Resource as ResourceEntry, Tool as ToolEntry,
};
pub(super) use view::View;
use views::Views;

/// What a server offers, while it serves. Cheap to clone.
///
/// [`Server::registry`](super::Server::registry) gives one before the server starts, and
/// [`Context::registry`](super::Context::registry) inside a handler. Every change is seen
/// whole by the next request, and is told to those clients that asked to be told and may
/// see it.
///
/// ```
/// use toolsmith_core::server::Server;
/// use toolsmith_core::server::resource::DynamicResource;
///
/// let server = Server::new("notes");
/// let registry = server.registry();
/// let engine = server.build().unwrap();
///
/// registry.add_resource(DynamicResource::text("note://1", "Buy milk.")).unwrap();
/// registry.resource_updated("note://1");
/// registry.remove_resource("note://1");
/// # let _ = engine;
/// ```
#[derive(Clone)]
pub struct Registry(Arc<Shared>);

/// What belongs to the server that entries were registered with, known once it is built.
#[derive(Default)]
pub(super) struct Home {
    pub(super) states: OnceLock<Arc<StateMap>>,
    pub(super) layers: OnceLock<Layers>,
    /// What a caller needs for anything of it.
    pub(super) scopes: OnceLock<Scopes>,
}

struct Shared {
    home: Arc<Home>,
    data: Mutex<Data>,
    views: RwLock<Views>,
    bus: OnceLock<Arc<dyn Bus>>,
    /// Whether somebody was given it who may change it.
    handed_out: AtomicBool,
}

/// Whose list it is: everybody's, or a tenant's.
type Owner<'a> = Option<&'a Arc<str>>;

/// What was registered, in order.
///
/// Whoever holds its lock takes no lock but those of the views of what is mounted.
#[derive(Default)]
struct Data {
    everyone: Vec<Entry>,
    /// Nobody is here who has nothing.
    tenants: HashMap<Arc<str>, Vec<Entry>>,
    mounts: Vec<(Box<str>, Registry)>,
    /// Where this one is mounted.
    parents: Vec<Weak<Shared>>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Registry").field(&self.everyone()).finish()
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self(Arc::new(Shared {
            home: Arc::default(),
            data: Mutex::default(),
            views: RwLock::default(),
            bus: OnceLock::new(),
            handed_out: AtomicBool::new(false),
        }))
    }
}

impl Registry {
    pub(super) fn home(&self) -> &Arc<Home> {
        &self.0.home
    }

    /// The same, for somebody who may change it.
    pub(super) fn hand_out(&self) -> Self {
        self.0.handed_out.store(true, Ordering::Relaxed);
        self.clone()
    }

    pub(super) fn may_change(&self) -> bool {
        self.0.handed_out.load(Ordering::Relaxed)
    }

    /// Tells of changes from here on.
    pub(super) fn announce_on(&self, bus: Arc<dyn Bus>) {
        // A registry serves one engine; a second one is told nothing.
        let _ = self.0.bus.set(bus);
    }

    /// Shows what another registry has under a prefix, now and whenever it changes.
    pub(super) fn mount(&self, prefix: &str, child: &Registry) {
        // Whatever is added is added before, or finds both.
        let _adding = change::adding();
        child.0.data().parents.push(Arc::downgrade(&self.0));
        let mut data = self.0.data();
        data.mounts.push((prefix.into(), child.clone()));
    }

    /// Shows what was registered before the server starts.
    pub(super) fn refresh(&self) {
        self.0.refresh();
    }

    /// Everything that is wrong with what was registered.
    pub(super) fn problems(&self) -> Vec<String> {
        let tenants = self.tenants();
        let views = std::iter::once(None).chain(tenants.iter().map(|it| Some(&**it)));
        let mut problems: Vec<String> = Vec::new();
        for view in views.map(|tenant| self.0.make(tenant)) {
            for problem in view.problems() {
                if !problems.contains(&problem) {
                    problems.push(problem);
                }
            }
        }
        problems
    }
}

impl Shared {
    fn data(&self) -> MutexGuard<'_, Data> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where this one is mounted.
    fn parents(&self) -> Vec<Arc<Shared>> {
        let mut data = self.data();
        data.parents.retain(|parent| parent.strong_count() > 0);
        data.parents.iter().filter_map(Weak::upgrade).collect()
    }

    /// Tells of changes, here and wherever this registry is shown.
    fn publish(&self, audience: &Audience, changes: &[Change], prefixed: &[Box<str>]) {
        if let Some(bus) = self.bus.get() {
            for change in changes {
                bus.publish(Event {
                    audience: audience.clone(),
                    change: prefixed
                        .iter()
                        .fold(change.clone(), |change, prefix| under(prefix, change)),
                });
            }
        }
        for parent in self.parents() {
            for prefix in parent.prefixes_of(self) {
                let mut prefixed = prefixed.to_vec();
                prefixed.push(prefix);
                parent.publish(audience, changes, &prefixed);
            }
        }
    }

    fn prefixes_of(&self, child: &Shared) -> Vec<Box<str>> {
        let data = self.data();
        let mounts = data.mounts.iter();
        let of_child = mounts.filter(|(_, it)| std::ptr::eq(Arc::as_ptr(&it.0), child));
        of_child.map(|(prefix, _)| prefix.clone()).collect()
    }
}

/// A change as it shows where the registry is mounted.
fn under(prefix: &str, change: Change) -> Change {
    match change {
        Change::ResourceUpdated(uri) => {
            Change::ResourceUpdated(entry::prefixed_uri(prefix, &uri).into())
        }
        other => other,
    }
}
