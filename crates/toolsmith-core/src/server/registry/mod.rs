//! What a server offers, which may change while it serves.
//!
//! [`Registry`] is the handle by which it is changed. Readers get a [`View`]: everything
//! that one tenant may see, whole and unchanging, for as long as they hold it.

mod change;
mod check;
mod entry;
mod view;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, Weak};

use super::StateMap;
use super::middleware::Layers;
use crate::ports::{Audience, Bus, Change, Event};

pub use change::{RegistryError, TenantRegistry};
pub(super) use entry::{
    Entry, Prompt as PromptEntry, Resource as ResourceEntry, Tool as ToolEntry,
};
pub(super) use view::View;

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
}

struct Shared {
    home: Arc<Home>,
    data: Mutex<Data>,
    views: RwLock<Arc<Views>>,
    bus: OnceLock<Arc<dyn Bus>>,
    /// Whether somebody was given it who may change it.
    handed_out: AtomicBool,
}

/// What was registered, in order.
#[derive(Default)]
struct Data {
    everyone: Vec<Entry>,
    tenants: HashMap<Arc<str>, Vec<Entry>>,
    mounts: Vec<(Box<str>, Registry)>,
    /// Where this one is mounted.
    parents: Vec<Weak<Shared>>,
}

/// What is seen, by whom.
#[derive(Default)]
struct Views {
    everyone: Arc<View>,
    tenants: HashMap<Arc<str>, Arc<View>>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Registry")
            .field(&self.views().everyone)
            .finish()
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
    /// What a tenant sees.
    pub(super) fn view(&self, tenant: &str) -> Arc<View> {
        let views = self.views();
        Arc::clone(views.tenants.get(tenant).unwrap_or(&views.everyone))
    }

    /// Whether a tenant sees what everybody sees, and nothing else.
    pub(super) fn is_shared(&self, tenant: &str) -> bool {
        !self.views().tenants.contains_key(tenant)
    }

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
        child.data().parents.push(Arc::downgrade(&self.0));
        self.data().mounts.push((prefix.into(), child.clone()));
    }

    /// Shows what was registered before the server starts.
    pub(super) fn refresh(&self) {
        self.0.rebuild();
    }

    /// Everything that is wrong with what was registered.
    pub(super) fn problems(&self) -> Vec<String> {
        let views = self.views();
        let tenants = views.tenants.values();
        let mut problems: Vec<String> = std::iter::once(&views.everyone)
            .chain(tenants)
            .flat_map(|view| view.problems())
            .collect();
        problems.dedup();
        problems
    }

    fn data(&self) -> MutexGuard<'_, Data> {
        self.0.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn views(&self) -> Arc<Views> {
        let views = self.0.views.read();
        Arc::clone(&views.unwrap_or_else(PoisonError::into_inner))
    }
}

impl Shared {
    /// Makes the views anew, and those of whoever shows this registry.
    fn rebuild(&self) {
        let (views, parents) = {
            let mut data = self.data.lock().unwrap_or_else(PoisonError::into_inner);
            data.parents.retain(|parent| parent.strong_count() > 0);
            let views = Arc::new(Views::of(&data));
            // Under the lock of the data, so that of two changes the later one stays.
            let mut current = self.views.write().unwrap_or_else(PoisonError::into_inner);
            *current = views;
            (Arc::clone(&current), data.parents.clone())
        };
        drop(views);
        for parent in parents.iter().filter_map(Weak::upgrade) {
            parent.rebuild();
        }
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
        let parents = {
            let data = self.data.lock().unwrap_or_else(PoisonError::into_inner);
            data.parents.clone()
        };
        for parent in parents.iter().filter_map(Weak::upgrade) {
            for prefix in parent.prefixes_of(self) {
                let mut prefixed = prefixed.to_vec();
                prefixed.push(prefix);
                parent.publish(audience, changes, &prefixed);
            }
        }
    }

    fn prefixes_of(&self, child: &Shared) -> Vec<Box<str>> {
        let data = self.data.lock().unwrap_or_else(PoisonError::into_inner);
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

impl Views {
    fn of(data: &Data) -> Self {
        let mounted: Vec<(&str, Arc<Views>)> = data
            .mounts
            .iter()
            .map(|(prefix, child)| (&**prefix, child.views()))
            .collect();
        let everyone = || {
            let own = data.everyone.iter().cloned();
            let shown = mounted.iter().flat_map(|(prefix, views)| {
                views.everyone.entries().iter().map(|it| it.under(prefix))
            });
            own.chain(shown)
        };
        let mut tenants: Vec<&Arc<str>> = data.tenants.keys().collect();
        tenants.extend(mounted.iter().flat_map(|(_, views)| views.tenants.keys()));
        let of_tenant = |tenant: &Arc<str>| {
            let own = data
                .everyone
                .iter()
                .chain(data.tenants.get(tenant).into_iter().flatten());
            let shown = mounted.iter().flat_map(|(prefix, views)| {
                let view = views.tenants.get(tenant).unwrap_or(&views.everyone);
                view.entries().iter().map(|it| it.under(prefix))
            });
            View::of(own.cloned().chain(shown))
        };
        Self {
            tenants: tenants
                .into_iter()
                .map(|tenant| (Arc::clone(tenant), Arc::new(of_tenant(tenant))))
                .collect(),
            everyone: Arc::new(View::of(everyone())),
        }
    }
}
