//! Who is asking.

mod scopes;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde_json::{Map, Value};

pub use scopes::Scopes;

/// The tenant of a request that names none.
const DEFAULT_TENANT: &str = "default";

/// Who is asking: the tenant, the unit of isolation, and the principal, somebody in it; and
/// what they may do.
///
/// A transport finds it before a request is decoded. Whatever a server gives out (sessions,
/// cursors, tasks, sealed state) is good for the caller that it was given to, and worth
/// nothing in the hands of another. Two are the same when tenant and principal are: one who
/// comes back with another token, which may allow more or less, has the same sessions and
/// tasks. Cheap to clone.
///
/// ```
/// use toolsmith_core::Caller;
///
/// let caller = Caller::new("acme").with_principal("alice");
/// assert_eq!((caller.tenant(), caller.principal()), ("acme", Some("alice")));
/// assert_eq!(Caller::default().tenant(), "default");
///
/// // Nobody limits what it may do, until somebody says what that is.
/// assert!(caller.may("files:write"));
/// let reader = caller.clone().with_scopes(["files:read"]);
/// assert!(reader.may("files:read") && !reader.may("files:write"));
/// assert_eq!(reader, caller);
/// ```
#[derive(Clone, Default)]
pub struct Caller(Option<Arc<Named>>);

#[derive(Clone)]
struct Named {
    tenant: Arc<str>,
    principal: Option<Arc<str>>,
    scopes: Option<Scopes>,
    claims: Option<Arc<Map<String, Value>>>,
}

impl Caller {
    /// Somebody of a tenant.
    pub fn new(tenant: impl Into<Arc<str>>) -> Self {
        Self::of(Named {
            tenant: tenant.into(),
            principal: None,
            scopes: None,
            claims: None,
        })
    }

    /// A known one of the same tenant: an issuer and a subject, never the bytes of a token.
    #[must_use]
    pub fn with_principal(self, principal: impl Into<Arc<str>>) -> Self {
        Self::of(Named {
            principal: Some(principal.into()),
            ..self.named()
        })
    }

    /// The same one, who may do what these scopes allow and nothing else: nothing that needs
    /// any, where there are none. Without this, nobody limits it.
    #[must_use]
    pub fn with_scopes<S: AsRef<str>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        Self::of(Named {
            scopes: Some(scopes.into_iter().collect()),
            ..self.named()
        })
    }

    /// The same one, with what the verified token said of it, for handlers. It may hold what
    /// is nobody else's business, and is shown nowhere.
    #[must_use]
    pub fn with_claims(self, claims: impl Into<Arc<Map<String, Value>>>) -> Self {
        Self::of(Named {
            claims: Some(claims.into()),
            ..self.named()
        })
    }

    /// The tenant; `default` where there is only one.
    pub fn tenant(&self) -> &str {
        self.0.as_ref().map_or(DEFAULT_TENANT, |it| &it.tenant)
    }

    /// The principal; `None` where nobody said who asks.
    pub fn principal(&self) -> Option<&str> {
        self.0.as_ref()?.principal.as_deref()
    }

    /// What it may do; `None` where nobody limits it, as on stdio and on servers without
    /// authorization.
    pub fn scopes(&self) -> Option<&Scopes> {
        self.0.as_ref()?.scopes.as_ref()
    }

    /// Whether it may do what a scope allows.
    pub fn may(&self, scope: &str) -> bool {
        self.scopes().is_none_or(|it| it.contains(scope))
    }

    /// What the verified token said, such as `email`; `None` where there was none.
    pub fn claims(&self) -> Option<&Map<String, Value>> {
        self.0.as_ref()?.claims.as_deref()
    }

    /// Who it is, without what it may do and what its token said: what is kept of it for
    /// later, when it comes with another token.
    #[must_use]
    pub fn identity(&self) -> Self {
        match &self.0 {
            Some(named) if named.scopes.is_some() || named.claims.is_some() => Self::of(Named {
                scopes: None,
                claims: None,
                ..Named::clone(named)
            }),
            _ => self.clone(),
        }
    }

    fn of(named: Named) -> Self {
        Self(Some(Arc::new(named)))
    }

    fn named(self) -> Named {
        let none = || Named {
            tenant: DEFAULT_TENANT.into(),
            principal: None,
            scopes: None,
            claims: None,
        };
        self.0.map_or_else(none, Arc::unwrap_or_clone)
    }
}

/// By what they are called, however they were made and whatever they may do.
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

/// Without what its token said.
impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Caller");
        shown
            .field("tenant", &self.tenant())
            .field("principal", &self.principal());
        if let Some(scopes) = self.scopes() {
            shown.field("scopes", scopes);
        }
        shown.finish()
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

    #[test]
    fn scopes_and_claims_make_nobody_else_of_a_caller() {
        let alice = Caller::new("acme").with_principal("alice");
        let claims = Map::from_iter([("email".to_owned(), Value::from("a@acme.example"))]);
        let reader = alice.clone().with_scopes(["read", "read"]);
        let told = reader.clone().with_claims(claims);
        let mut known: HashSet<_> = [alice.clone()].into();
        for same in [&reader, &told, &told.clone().with_scopes([""; 0])] {
            assert_eq!(same, &alice);
            assert!(!known.insert(same.clone()), "{same:?}");
        }
        assert_eq!((alice.may("read"), alice.may("write")), (true, true));
        assert_eq!((told.may("read"), told.may("write")), (true, false));
        assert!(!alice.with_scopes([""; 0]).may("read"));
        assert_eq!(told.claims().unwrap()["email"], "a@acme.example");
        let shown = format!("{told:?}");
        assert!(
            shown.contains("read") && !shown.contains("acme.example"),
            "{shown}"
        );
        let kept = told.identity();
        assert_eq!(kept, told);
        assert!(
            kept.scopes().is_none() && kept.claims().is_none(),
            "{kept:?}"
        );
    }

    /// Guards against a caller that costs something where nobody says who asks.
    #[test]
    fn the_common_caller_holds_nothing() {
        assert!(Caller::default().0.is_none());
        assert!(Caller::default().identity().0.is_none());
        assert_eq!(size_of::<Caller>(), size_of::<usize>());
    }
}
