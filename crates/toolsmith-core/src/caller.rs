//! Who is asking.

use std::fmt;
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
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Caller(Option<Arc<Named>>);

#[derive(PartialEq, Eq, Hash)]
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

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("tenant", &self.tenant())
            .field("principal", &self.principal())
            .finish()
    }
}
