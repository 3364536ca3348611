//! Who is asking.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The tenant of a request that names none.
const DEFAULT_TENANT: &str = "default";

/// Who is asking: the tenant, the unit of isolation, and the principal, somebody in it.
///
/// A transport finds it before a request is decoded. Whatever a server gives out (sessions,
/// cursors, tasks, sealed state) is good for the caller that it was given to, and worth
/// nothing in the hands of another. Cheap to clone.
///
/// ```
/// use toolsmith_core::Caller;
///
/// let caller = Caller::new("acme").with_principal("alice");
/// assert_eq!((caller.tenant(), caller.principal()), ("acme", Some("alice")));
/// assert_eq!(Caller::default().tenant(), "default");
/// ```
#[derive(Clone, Default)]
pub struct Caller(Option<Arc<Named>>);

struct Named {
    tenant: Arc<str>,
    principal: Option<Arc<str>>,
}

impl Caller {
    /// Somebody of a tenant.
    pub fn new(tenant: impl Into<Arc<str>>) -> Self {
        Self(Some(Arc::new(Named {
            tenant: tenant.into(),
            principal: None,
        })))
    }

    /// A known one of the same tenant: an issuer and a subject, never the bytes of a token.
    #[must_use]
    pub fn with_principal(self, principal: impl Into<Arc<str>>) -> Self {
        Self(Some(Arc::new(Named {
            tenant: self.tenant().into(),
            principal: Some(principal.into()),
        })))
    }

    /// The tenant; `default` where there is only one.
    pub fn tenant(&self) -> &str {
        self.0.as_ref().map_or(DEFAULT_TENANT, |it| &it.tenant)
    }

    /// The principal; `None` where nobody said who asks.
    pub fn principal(&self) -> Option<&str> {
        self.0.as_ref()?.principal.as_deref()
    }
}

/// By what they are called, however they were made.
impl PartialEq for Caller {
    fn eq(&self, other: &Self) -> bool {
        (self.tenant(), self.principal()) == (other.tenant(), other.principal())
    }
}

impl Eq for Caller {}

impl Hash for Caller {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.tenant(), self.principal()).hash(state);
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("tenant", &self.tenant())
            .field("principal", &self.principal())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_caller_is_who_it_is_called() {
        assert_eq!(Caller::new(DEFAULT_TENANT), Caller::default());
        let alice = || Caller::new("acme").with_principal("alice");
        let callers = [
            Caller::default(),
            Caller::new("acme"),
            alice(),
            Caller::new("acme").with_principal("bob"),
            Caller::new("globex").with_principal("alice"),
            Caller::default().with_principal("alice"),
            Caller::new("acme").with_principal(""),
        ];
        let mut told_apart: HashSet<_> = callers.into_iter().collect();
        assert_eq!(told_apart.len(), 7);
        for same in [Caller::new(DEFAULT_TENANT), alice()] {
            assert!(told_apart.remove(&same), "{same:?}");
        }
    }
}
