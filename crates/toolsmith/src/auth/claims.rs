//! What the claims of a token say (RFC 7519, RFC 9068, RFC 7662), and whether that is good
//! here.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use super::resources::Resources;
use super::scopes::{self, ScopeHierarchy};
use crate::ports::{Refusal, Refused, Verified};

/// The longest name of a tenant, in bytes.
const MAX_TENANT: usize = 256;

/// What is asked of all tokens.
#[derive(Clone, Debug)]
pub(super) struct ClaimRules {
    pub(super) resources: Resources,
    pub(super) leeway: Duration,
    /// The claim that names the tenant. A token without it is refused, unless something else
    /// may name it.
    pub(super) tenant_claim: Option<String>,
    pub(super) tenant_elsewhere: bool,
    pub(super) hierarchy: Arc<ScopeHierarchy>,
}

/// Whose token it is.
pub(super) struct Origin<'a> {
    pub(super) issuer: &'a str,
    /// The tenant of all its subjects.
    pub(super) tenant: Option<&'a Arc<str>>,
}

impl ClaimRules {
    /// Whether the token is good now: `nbf`, `iat` and `exp` (RFC 7519, section 4.1). What
    /// it gives is when it ends.
    pub(super) fn check_time(
        &self,
        claims: &Map<String, Value>,
        now: SystemTime,
    ) -> Result<Option<SystemTime>, Refused> {
        let latest = now + self.leeway;
        let expires = date(claims, "exp")?;
        if expires.is_some_and(|at| at + self.leeway <= now) {
            return refuse(Refusal::Expired, "`exp` has passed");
        }
        if date(claims, "nbf")?.is_some_and(|at| at > latest) {
            return refuse(Refusal::NotYetValid, "`nbf` is to come");
        }
        if date(claims, "iat")?.is_some_and(|at| at > latest) {
            return refuse(
                Refusal::NotYetValid,
                "`iat` is to come: is the clock right?",
            );
        }
        Ok(expires)
    }

    /// Whether it was made for this server.
    pub(super) fn check_audience(&self, claims: &Map<String, Value>) -> Result<(), Refused> {
        match claims.get("aud") {
            Some(audience) if self.resources.are_named_in(audience) => Ok(()),
            Some(_) => refuse(Refusal::Audience, "`aud` does not name this server"),
            None => refuse(Refusal::Audience, "there is no `aud`"),
        }
    }

    /// Who it says it is, once everything else was checked.
    pub(super) fn verified(
        &self,
        claims: Map<String, Value>,
        expires: Option<SystemTime>,
        origin: &Origin<'_>,
    ) -> Result<Verified, Refused> {
        let mut verified = Verified::new(principal(&claims, origin.issuer)?);
        verified.tenant = self.tenant(&claims, origin)?;
        verified.scopes = scopes::granted(&claims);
        verified.expires = expires;
        verified.claims = claims;
        self.hierarchy.expand(&mut verified);
        Ok(verified)
    }

    fn tenant(
        &self,
        claims: &Map<String, Value>,
        origin: &Origin<'_>,
    ) -> Result<Option<Arc<str>>, Refused> {
        let (None, Some(name)) = (origin.tenant, &self.tenant_claim) else {
            return Ok(origin.tenant.cloned());
        };
        if self.tenant_elsewhere && claims.get(name).is_none_or(Value::is_null) {
            return Ok(None);
        }
        match claims.get(name).and_then(Value::as_str) {
            Some(tenant) if !tenant.is_empty() && tenant.len() <= MAX_TENANT => {
                Ok(Some(tenant.into()))
            }
            _ => refuse(Refusal::Claims, format!("`{name}` does not name a tenant")),
        }
    }
}

/// The subject of an issuer. An issuer has neither query nor fragment (RFC 8414, section 2),
/// so that no two subjects or clients of any two issuers have the same name.
fn principal(claims: &Map<String, Value>, issuer: &str) -> Result<String, Refused> {
    let text = |name| {
        claims
            .get(name)
            .and_then(Value::as_str)
            .filter(|it| !it.is_empty())
    };
    match (text("sub"), text("client_id")) {
        (Some(subject), _) => Ok(format!("{issuer}#{subject}")),
        (None, Some(client)) => Ok(format!("{issuer}?client_id={client}")),
        (None, None) => refuse(Refusal::Claims, "there is neither `sub` nor `client_id`"),
    }
}

/// A `NumericDate`: seconds, which may have a fraction.
pub(super) fn date(claims: &Map<String, Value>, name: &str) -> Result<Option<SystemTime>, Refused> {
    let seconds = match claims.get(name) {
        None => return Ok(None),
        Some(value) => value.as_f64().filter(|it| it.is_finite() && *it >= 0.0),
    };
    // Whoever writes more means that it does not end.
    const FAR: f64 = 253_402_300_799.0;
    match seconds {
        Some(seconds) => {
            let since = Duration::from_secs_f64(seconds.min(FAR));
            Ok(SystemTime::UNIX_EPOCH.checked_add(since))
        }
        None => refuse(Refusal::Claims, format!("`{name}` is no date")),
    }
}

pub(super) fn refuse<T>(
    reason: Refusal,
    detail: impl Into<std::borrow::Cow<'static, str>>,
) -> Result<T, Refused> {
    let detail = detail.into();
    Err(Refused { reason, detail })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ISSUER: &str = "https://auth.example.com";

    fn rules(tenant_claim: Option<&str>) -> ClaimRules {
        ClaimRules {
            resources: Resources::new(["https://mcp.example.com"]),
            leeway: Duration::from_secs(60),
            tenant_claim: tenant_claim.map(Into::into),
            tenant_elsewhere: false,
            hierarchy: Arc::default(),
        }
    }

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().cloned().expect("an object")
    }

    #[test]
    fn time_is_checked_with_leeway_in_both_directions() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        for (claims, expected) in [
            (json!({"exp": 1001}), None),
            (json!({"exp": 941}), None),
            (json!({"exp": 940.5}), None),
            (json!({"exp": 940}), Some(Refusal::Expired)),
            (json!({"exp": 0}), Some(Refusal::Expired)),
            (json!({"exp": "1001"}), Some(Refusal::Claims)),
            (json!({"exp": null}), Some(Refusal::Claims)),
            (json!({"exp": -1}), Some(Refusal::Claims)),
            (json!({"exp": 1e300}), None),
            (json!({"nbf": 1060}), None),
            (json!({"nbf": 1061}), Some(Refusal::NotYetValid)),
            (json!({"nbf": u64::MAX}), Some(Refusal::NotYetValid)),
            (json!({"iat": 1060}), None),
            (json!({"iat": 1061}), Some(Refusal::NotYetValid)),
            (json!({"iat": []}), Some(Refusal::Claims)),
        ] {
            let said = rules(None).check_time(&map(claims.clone()), now);
            assert_eq!(said.err().map(|it| it.reason), expected, "{claims}");
        }
    }

    #[test]
    fn a_principal_is_one_subject_of_one_issuer() {
        let name = |claims| principal(&map(claims), ISSUER).map_err(|it| it.reason);
        let subject = name(json!({"sub": "alice", "client_id": "c"})).unwrap();
        assert_eq!(subject, "https://auth.example.com#alice");
        let client = name(json!({"client_id": "alice"})).unwrap();
        assert_eq!(client, "https://auth.example.com?client_id=alice");
        for nobody in [json!({}), json!({"sub": ""}), json!({"sub": 7})] {
            assert_eq!(name(nobody), Err(Refusal::Claims));
        }
    }

    #[test]
    fn a_token_without_the_claim_for_the_tenant_is_nobodys() {
        let own: Arc<str> = "own".into();
        let tenant = |rules: ClaimRules, claims, tenant| {
            let issuer = ISSUER;
            let origin = Origin { issuer, tenant };
            let verified = rules.verified(map(claims), None, &origin);
            verified.map(|it| it.tenant).map_err(|it| it.reason)
        };
        let claims = json!({"sub": "a", "org": "acme"});
        assert_eq!(tenant(rules(None), claims.clone(), None), Ok(None));
        let found = tenant(rules(Some("org")), claims.clone(), None);
        assert_eq!(found, Ok(Some("acme".into())));
        let fixed = tenant(rules(Some("org")), claims, Some(&own));
        assert_eq!(fixed, Ok(Some("own".into())));
        let long = "a".repeat(MAX_TENANT + 1);
        for bad in [
            json!({"sub": "a"}),
            json!({"sub": "a", "org": 7}),
            json!({"sub": "a", "org": long}),
        ] {
            assert_eq!(tenant(rules(Some("org")), bad, None), Err(Refusal::Claims));
        }
    }
}
