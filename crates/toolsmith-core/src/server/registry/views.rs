//! What is seen, by whom: made when somebody looks, and kept until it changes.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

use super::{Data, Owner, Registry, Shared, View};

/// How many views of single tenants are kept.
pub(super) const MAX_KEPT: usize = 1000;

/// The views that were made, and who sees something of their own.
#[derive(Default)]
pub(super) struct Views {
    /// Counts changes, so that what was made of the state before one is not kept after it.
    changes: u64,
    everyone: Option<Arc<View>>,
    /// The tenants that see something that is theirs alone.
    own: HashSet<Arc<str>>,
    /// What they see, of those who looked last.
    kept: HashMap<Arc<str>, Kept>,
    /// Counts uses of what is kept.
    uses: AtomicU64,
}

struct Kept {
    view: Arc<View>,
    used: AtomicU64,
}

impl Registry {
    /// What a tenant sees.
    pub(in crate::server) fn view(&self, tenant: &str) -> Arc<View> {
        let (tenant, changes) = {
            let views = self.0.views.read().unwrap_or_else(PoisonError::into_inner);
            let tenant = views.own.get(tenant).map(Arc::clone);
            if let Some(view) = views.find(tenant.as_deref()) {
                return view;
            }
            (tenant, views.changes)
        };
        self.0.make_and_keep(tenant, changes)
    }

    /// What everybody sees.
    pub(in crate::server) fn everyone(&self) -> Arc<View> {
        let changes = {
            let views = self.0.views.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(view) = views.find(None) {
                return view;
            }
            views.changes
        };
        self.0.make_and_keep(None, changes)
    }

    /// The tenants that see something that is theirs alone, in order.
    pub(super) fn tenants(&self) -> Vec<Arc<str>> {
        let views = self.0.views.read().unwrap_or_else(PoisonError::into_inner);
        let mut own: Vec<_> = views.own.iter().cloned().collect();
        drop(views);
        own.sort_unstable();
        own
    }

    /// Whether no tenant sees anything that is theirs alone.
    pub(in crate::server) fn is_same_for_all(&self) -> bool {
        let views = self.0.views.read().unwrap_or_else(PoisonError::into_inner);
        views.own.is_empty()
    }

    fn is_own(&self, tenant: &str) -> bool {
        let views = self.0.views.read().unwrap_or_else(PoisonError::into_inner);
        views.own.contains(tenant)
    }
}

impl Shared {
    fn make_and_keep(&self, tenant: Option<Arc<str>>, changes: u64) -> Arc<View> {
        let view = Arc::new(self.make(tenant.as_deref()));
        let mut views = self.views.write().unwrap_or_else(PoisonError::into_inner);
        if views.changes != changes {
            // It was true when it was asked for. Whoever asks next sees what is true then.
            return view;
        }
        let before = views.keep(tenant, Arc::clone(&view));
        drop(views);
        drop(before);
        view
    }

    /// Makes a view, and keeps nothing of it.
    pub(super) fn make(&self, tenant: Option<&str>) -> View {
        let (mut entries, own, mounts) = {
            let data = self.data();
            let own = tenant.and_then(|tenant| data.tenants.get(tenant));
            (data.everyone.clone(), own.cloned(), data.mounts.clone())
        };
        let mut is_shared = own.is_none();
        entries.extend(own.into_iter().flatten());
        for (prefix, child) in mounts {
            let view = match tenant {
                None => child.everyone(),
                Some(tenant) => child.view(tenant),
            };
            is_shared &= view.is_shared();
            entries.extend(view.entries().iter().map(|it| it.under(&prefix)));
        }
        let entries = entries.into_iter();
        match self.home.scopes.get().filter(|it| !it.is_empty()) {
            None => View::of(entries, is_shared),
            Some(scopes) => View::of(entries.map(|it| it.needing(scopes)), is_shared),
        }
    }

    /// Forgets what was made of what has changed, here and wherever this registry is shown.
    /// It is made again when somebody looks.
    pub(super) fn changed(&self, owner: Owner<'_>) {
        let forgotten = {
            let mut views = self.views.write().unwrap_or_else(PoisonError::into_inner);
            views.changes += 1;
            match owner {
                None => views.forget_all(),
                Some(tenant) => {
                    // Looked at under the lock of the views, so that of two changes the later
                    // one finds what both have done.
                    match self.data().has_own(tenant) {
                        true => views.own.insert(Arc::clone(tenant)),
                        false => views.own.remove(tenant),
                    };
                    views
                        .kept
                        .remove(tenant)
                        .map(|it| it.view)
                        .into_iter()
                        .collect()
                }
            }
        };
        // Handlers of an author's may go with them, which must find no lock held.
        drop(forgotten);
        for parent in self.parents() {
            parent.changed(owner);
        }
    }

    /// Looks again at everything, before the server starts.
    pub(super) fn refresh(&self) {
        let mut views = self.views.write().unwrap_or_else(PoisonError::into_inner);
        views.changes += 1;
        let forgotten = views.forget_all();
        views.own = self.data().all_own();
        drop(views);
        drop(forgotten);
    }
}

impl Data {
    /// Whether a tenant sees something that is theirs alone.
    fn has_own(&self, tenant: &str) -> bool {
        self.tenants.contains_key(tenant)
            || self.mounts.iter().any(|(_, child)| child.is_own(tenant))
    }

    fn all_own(&self) -> HashSet<Arc<str>> {
        let mounted = self.mounts.iter().flat_map(|(_, child)| child.tenants());
        self.tenants.keys().cloned().chain(mounted).collect()
    }
}

impl Views {
    fn find(&self, tenant: Option<&str>) -> Option<Arc<View>> {
        let Some(tenant) = tenant else {
            return self.everyone.clone();
        };
        let kept = self.kept.get(tenant)?;
        kept.used.store(self.next_use(), Ordering::Relaxed);
        Some(Arc::clone(&kept.view))
    }

    fn next_use(&self) -> u64 {
        self.uses.fetch_add(1, Ordering::Relaxed)
    }

    /// Keeps a view in the place of another one, which is given back.
    fn keep(&mut self, tenant: Option<Arc<str>>, view: Arc<View>) -> Option<Arc<View>> {
        let Some(tenant) = tenant else {
            return self.everyone.replace(view);
        };
        let oldest = match self.kept.len() < MAX_KEPT || self.kept.contains_key(&tenant) {
            true => None,
            false => {
                let used = |(_, kept): &(_, &Kept)| kept.used.load(Ordering::Relaxed);
                let oldest = self.kept.iter().min_by_key(used);
                oldest.map(|(tenant, _)| Arc::clone(tenant))
            }
        };
        let oldest = oldest.and_then(|oldest| self.kept.remove(&oldest));
        let used = self.next_use().into();
        let same = self.kept.insert(tenant, Kept { view, used });
        oldest.or(same).map(|it| it.view)
    }

    fn forget_all(&mut self) -> Vec<Arc<View>> {
        let kept = self.kept.drain().map(|(_, it)| it.view);
        kept.chain(self.everyone.take()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Context;
    use crate::server::tool::DynamicTool;

    fn tool(name: &str) -> DynamicTool {
        let schema = serde_json::json!({"type": "object"});
        DynamicTool::new(name, schema, |_, _: Context| async { "" })
    }

    /// How many views there are: those that everybody shares, and those of single tenants.
    fn made(registry: &Registry) -> (usize, usize) {
        let views = registry.0.views.read().unwrap();
        (usize::from(views.everyone.is_some()), views.kept.len())
    }

    fn tenant(number: usize) -> String {
        format!("tenant-{number}")
    }

    /// A registry of so many tenants, each with a tool of its own, and all with another.
    fn registry(tenants: usize) -> Registry {
        let registry = Registry::default();
        registry.add_tool(tool("shared")).unwrap();
        for number in 0..tenants {
            let own = registry.for_tenant(tenant(number));
            own.add_tool(tool("own")).unwrap();
        }
        registry
    }

    #[test]
    fn a_change_makes_no_view_until_somebody_looks_and_then_theirs_alone() {
        let registry = registry(10_000);
        let outer = Registry::default();
        outer.mount("in", &registry);
        outer.refresh();
        assert_eq!((made(&registry), made(&outer)), ((0, 0), (0, 0)));
        for number in 0..3 {
            let view = outer.view(&tenant(number));
            assert!(view.tool("in_own").is_some() && view.tool("in_shared").is_some());
        }
        assert_eq!((made(&registry), made(&outer)), ((0, 3), (0, 3)));
        registry.add_tool(tool("new")).unwrap();
        assert_eq!((made(&registry), made(&outer)), ((0, 0), (0, 0)));
        assert!(outer.view(&tenant(5)).tool("in_new").is_some());
        assert_eq!((made(&registry), made(&outer)), ((0, 1), (0, 1)));
    }

    #[test]
    fn what_one_tenant_has_makes_nobody_elses_view_anew() {
        let registry = registry(3);
        let before: Vec<_> = (0..3).map(|it| registry.view(&tenant(it))).collect();
        let everyone = registry.view("nobody");
        registry
            .for_tenant(tenant(1))
            .add_tool(tool("more"))
            .unwrap();
        for (number, view) in before.iter().enumerate() {
            let is_same = Arc::ptr_eq(view, &registry.view(&tenant(number)));
            assert_eq!(is_same, number != 1, "tenant {number}");
        }
        assert!(Arc::ptr_eq(&everyone, &registry.view("nobody")));
        assert!(registry.view(&tenant(1)).tool("more").is_some());
    }

    #[test]
    fn only_so_many_views_are_kept_and_those_that_were_used_last() {
        let registry = registry(MAX_KEPT + 1);
        let looked: Vec<_> = (0..MAX_KEPT).map(|it| registry.view(&tenant(it))).collect();
        assert_eq!(made(&registry), (0, MAX_KEPT));
        // Used again, so that the second one is the one that was not used for longest.
        registry.view(&tenant(0));
        registry.view(&tenant(MAX_KEPT));
        assert_eq!(made(&registry), (0, MAX_KEPT));
        for (number, view) in looked.iter().enumerate().rev() {
            let is_kept = Arc::ptr_eq(view, &registry.view(&tenant(number)));
            assert_eq!(is_kept, number != 1, "tenant {number}");
            if number == 1 {
                break;
            }
        }
        assert_eq!(made(&registry), (0, MAX_KEPT));
    }

    #[test]
    fn a_tenant_that_has_nothing_any_more_costs_nothing() {
        let inner = registry(100);
        let outer = Registry::default();
        outer.mount("in", &inner);
        outer.refresh();
        for number in 0..100 {
            assert!(!outer.view(&tenant(number)).is_shared());
            assert!(inner.for_tenant(tenant(number)).remove_tool("own"));
            assert!(outer.view(&tenant(number)).is_shared());
        }
        for registry in [&inner, &outer] {
            assert_eq!(made(registry), (1, 0));
            assert_eq!(registry.tenants().len(), 0);
            assert_eq!(registry.0.data().tenants.len(), 0);
        }
    }

    #[test]
    fn whoever_looks_after_a_change_sees_it_however_many_look_meanwhile() {
        let inner = registry(1);
        let outer = Registry::default();
        outer.mount("in", &inner);
        outer.refresh();
        let (acme, is_over) = (tenant(0), std::sync::atomic::AtomicBool::new(false));
        let look = || {
            while !is_over.load(Ordering::Relaxed) {
                outer.view(&acme);
                outer.view("nobody");
            }
        };
        std::thread::scope(|threads| {
            threads.spawn(look);
            threads.spawn(look);
            // Ends the others, too, when it fails.
            let changing = threads.spawn(|| {
                let sees = |tenant: &str| outer.view(tenant).tool("in_new").is_some();
                (0..3000).find(|round| {
                    let all = inner.add_tool(tool("new")).is_ok() && sees(&acme) && sees("nobody");
                    let none = inner.remove_tool("new") && !sees(&acme) && !sees("nobody");
                    let own = inner.for_tenant(&*acme);
                    let one = own.add_tool(tool("new")).is_ok() && sees(&acme) && !sees("nobody");
                    let gone = own.remove_tool("new") && !sees(&acme);
                    let is_wrong = !(all && none && one && gone);
                    if is_wrong || *round == 2999 {
                        is_over.store(true, Ordering::Relaxed);
                    }
                    is_wrong
                })
            });
            assert_eq!(
                changing.join().unwrap(),
                None,
                "the round that was not seen"
            );
        });
    }
}
