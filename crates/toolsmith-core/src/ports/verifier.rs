//! Who a request comes from: what verifies credentials.
//!
//! Implements the resource server's part of `basic/authorization`, revision 2026-07-28,
//! without saying how: a signed token, a key in a file or a database, an address.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use crate::protocol::HeaderField;

/// Verifies credentials.
///
/// ```
/// use toolsmith_core::ports::{Credentials, Verdict, Verified, Verifier};
/// use toolsmith_core::protocol::HeaderField;
///
/// /// Lets in whom the proxy before it has verified, and names in a header field.
/// struct TrustedProxy;
///
/// impl Verifier for TrustedProxy {
///     async fn verify(&self, credentials: &Credentials<'_>) -> Verdict {
///         if !credentials.address().is_some_and(|address| address.is_loopback()) {
///             return Verdict::NotMine;
///         }
///         match credentials.field("x-authenticated-user") {
///             HeaderField::One(name) => Verified::new(String::from_utf8_lossy(name)).into(),
///             _ => Verdict::NotMine,
///         }
///     }
/// }
/// ```
pub trait Verifier: Send + Sync + 'static {
    /// Says who the request comes from, or that it knows nothing of these credentials.
    ///
    /// It is asked for every request, before the request is read; it bounds how long it
    /// takes. Dropping the future ends the work on this request only.
    fn verify(&self, credentials: &Credentials<'_>) -> impl Future<Output = Verdict> + Send;
}

/// Header fields by name.
pub trait CredentialFields: Sync {
    /// A field by its name in small letters.
    fn field(&self, name: &str) -> HeaderField<'_>;
}

/// For tests, and for who has few.
impl<const N: usize> CredentialFields for [(&str, &[u8]); N] {
    fn field(&self, name: &str) -> HeaderField<'_> {
        let mut found = self.iter().filter(|(it, _)| *it == name);
        match (found.next(), found.next()) {
            (None, _) => HeaderField::Missing,
            (Some((_, value)), None) => HeaderField::One(value),
            (Some(_), Some(_)) => HeaderField::Repeated,
        }
    }
}

/// What a request brings to show who it comes from.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    bearer: Option<&'a str>,
    fields: &'a dyn CredentialFields,
    address: Option<IpAddr>,
}

impl<'a> Credentials<'a> {
    /// Those of a request with these header fields.
    pub fn new(fields: &'a dyn CredentialFields) -> Self {
        Self {
            bearer: None,
            fields,
            address: None,
        }
    }

    /// With a bearer token (RFC 6750, section 2.1).
    #[must_use]
    pub fn with_bearer(self, token: &'a str) -> Self {
        let bearer = Some(token);
        Self { bearer, ..self }
    }

    /// With the address of the client.
    #[must_use]
    pub fn with_address(self, address: IpAddr) -> Self {
        let address = Some(address);
        Self { address, ..self }
    }

    /// The bearer token, without its scheme.
    pub fn bearer(&self) -> Option<&'a str> {
        self.bearer
    }

    /// A header field by its name in small letters.
    pub fn field(&self, name: &str) -> HeaderField<'a> {
        self.fields.field(name)
    }

    /// The address of the client, where it is known.
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }
}

/// Says whether there is a token, and never which.
impl fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("bearer", &self.bearer.map(|_| "…"))
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// What a verifier says of credentials.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// It knows whose they are, and they are good.
    Accepted(Arc<Verified>),
    /// It knows nothing of them; another verifier may.
    NotMine,
    /// They are of its kind, and not good. No other verifier is asked.
    Refused(Refused),
    /// It cannot tell now, because something that it needs does not answer. The client
    /// keeps its token and comes back.
    Unavailable {
        /// After this long.
        retry_after: Duration,
    },
}

impl Verdict {
    /// They are not good, for this reason. The detail is for the log, and never holds a
    /// token or a secret.
    pub fn refused(reason: Refusal, detail: impl Into<Cow<'static, str>>) -> Self {
        let detail = detail.into();
        Self::Refused(Refused { reason, detail })
    }
}

impl From<Verified> for Verdict {
    fn from(verified: Verified) -> Self {
        Self::Accepted(Arc::new(verified))
    }
}

/// Who a request comes from, and what it may do.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Verified {
    /// The tenant; `None` where the credentials name none.
    pub tenant: Option<Arc<str>>,
    /// Somebody in it: an issuer and a subject, never the bytes of a token.
    pub principal: Arc<str>,
    /// What was granted (RFC 6749, section 3.3), and what that implies.
    pub scopes: Vec<Arc<str>>,
    /// What else the credentials say.
    pub claims: Map<String, Value>,
    /// When they end.
    pub expires: Option<SystemTime>,
}

impl Verified {
    /// This principal, without scopes.
    pub fn new(principal: impl AsRef<str>) -> Self {
        Self {
            tenant: None,
            principal: principal.as_ref().into(),
            scopes: Vec::new(),
            claims: Map::new(),
            expires: None,
        }
    }

    /// Of this tenant.
    #[must_use]
    pub fn with_tenant(mut self, tenant: impl AsRef<str>) -> Self {
        self.tenant = Some(tenant.as_ref().into());
        self
    }

    /// With these scopes and those it has.
    #[must_use]
    pub fn with_scopes<S: AsRef<str>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        let scopes = scopes.into_iter().map(|it| it.as_ref().into());
        self.scopes.extend(scopes);
        self
    }

    /// With these claims.
    #[must_use]
    pub fn with_claims(mut self, claims: Map<String, Value>) -> Self {
        self.claims = claims;
        self
    }

    /// Good until then.
    #[must_use]
    pub fn with_expiry(mut self, expires: SystemTime) -> Self {
        self.expires = Some(expires);
        self
    }

    /// Whether a scope was granted.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|it| &**it == scope)
    }
}

/// Names the claims and does not show them.
impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let claims: Vec<_> = self.claims.keys().collect();
        f.debug_struct("Verified")
            .field("tenant", &self.tenant)
            .field("principal", &self.principal)
            .field("scopes", &self.scopes)
            .field("claims", &claims)
            .field("expires", &self.expires)
            .finish()
    }
}

/// Why credentials are not good: for the client, and for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What the client is told.
    pub reason: Refusal,
    /// What the log is told. It never holds a token or a secret.
    pub detail: Cow<'static, str>,
}

/// Why credentials are not good, as far as the client may know. All of them are
/// `invalid_token` of RFC 6750, section 3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// Nobody knows it.
    Unknown,
    /// It cannot be read.
    Malformed,
    /// It is longer than any token may be.
    TooLong,
    /// It is of another type, such as an ID token.
    Type,
    /// It is signed in a way that is not accepted.
    Algorithm,
    /// Its issuer has no such key.
    Key,
    /// Its signature is wrong.
    Signature,
    /// It comes from somebody else.
    Issuer,
    /// It was made for another server.
    Audience,
    /// It has ended.
    Expired,
    /// It is not good yet.
    NotYetValid,
    /// Something is missing in it, or is not what it should be.
    Claims,
    /// It was taken back, or was never given out.
    Inactive,
}

impl Refusal {
    /// In words; what `error_description` says. It needs no quoting.
    pub fn description(self) -> &'static str {
        match self {
            Self::Unknown => "the token is not known here",
            Self::Malformed => "the token cannot be read",
            Self::TooLong => "the token is too long",
            Self::Type => "the token is not an access token",
            Self::Algorithm => "the token is signed with an algorithm that is not accepted",
            Self::Key => "the token is signed with a key that its issuer does not publish",
            Self::Signature => "the signature of the token is wrong",
            Self::Issuer => "the issuer of the token is not trusted here",
            Self::Audience => "the token was made for another resource",
            Self::Expired => "the token has expired",
            Self::NotYetValid => "the token is not valid yet",
            Self::Claims => "a claim of the token is missing or malformed",
            Self::Inactive => "the token is not active",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.description())
    }
}

type Verifying<'a> = Pin<Box<dyn Future<Output = Verdict> + Send + 'a>>;

/// A [`Verifier`] behind one type.
trait Boxed: Send + Sync {
    fn ask<'a>(&'a self, credentials: &'a Credentials<'_>) -> Verifying<'a>;
}

impl<V: Verifier> Boxed for V {
    fn ask<'a>(&'a self, credentials: &'a Credentials<'_>) -> Verifying<'a> {
        Box::pin(Verifier::verify(self, credentials))
    }
}

/// Several verifiers, which are asked in order: the first that is not
/// [`NotMine`](Verdict::NotMine) decides. It is so itself when all are, and whoever asked
/// answers with `invalid_token`.
#[derive(Clone, Default)]
pub struct Verifiers(Vec<Arc<dyn Boxed>>);

impl Verifiers {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more, which is asked after those that are there.
    #[must_use]
    pub fn with(mut self, verifier: impl Verifier) -> Self {
        self.0.push(Arc::new(verifier));
        self
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Verifier for Verifiers {
    async fn verify(&self, credentials: &Credentials<'_>) -> Verdict {
        for verifier in &self.0 {
            match verifier.ask(credentials).await {
                Verdict::NotMine => {}
                decided => return decided,
            }
        }
        Verdict::NotMine
    }
}

impl fmt::Debug for Verifiers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Verifiers").field(&self.0.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Knows one token, and refuses those that begin like it.
    struct Knows(&'static str);

    impl Verifier for Knows {
        async fn verify(&self, credentials: &Credentials<'_>) -> Verdict {
            match credentials.bearer() {
                Some(token) if token == self.0 => Verified::new(token).into(),
                Some(token) if token.starts_with(&self.0[..1]) => {
                    Verdict::refused(Refusal::Unknown, "another one")
                }
                _ => Verdict::NotMine,
            }
        }
    }

    #[tokio::test]
    async fn the_first_that_knows_the_credentials_decides() {
        let several = Verifiers::new()
            .with(Knows("a1"))
            .with(Knows("a2"))
            .with(Knows("b"));
        let none: [(&str, &[u8]); 0] = [];
        let ask = async |token| {
            let credentials = Credentials::new(&none).with_bearer(token);
            several.verify(&credentials).await
        };
        let said = ask("b").await;
        assert!(matches!(&said, Verdict::Accepted(it) if &*it.principal == "b"));
        let said = ask("a2").await;
        assert!(matches!(said, Verdict::Refused(_)), "{said:?}");
        let said = ask("c").await;
        assert!(matches!(said, Verdict::NotMine), "{said:?}");
    }

    #[test]
    fn what_is_secret_is_not_shown() {
        let fields: [(&str, &[u8]); 1] = [("x-api-key", b"hunter2")];
        let credentials = Credentials::new(&fields).with_bearer("hunter2");
        let claims = Map::from_iter([("email".to_owned(), "alice@example.com".into())]);
        let verified = Verified::new("alice").with_claims(claims);
        let shown = format!("{credentials:?} {verified:?}");
        assert!(
            !shown.contains("hunter2") && !shown.contains('@'),
            "{shown}"
        );
        assert!(
            shown.contains("alice") && shown.contains("email"),
            "{shown}"
        );
    }

    #[test]
    fn a_field_that_comes_twice_is_told_from_one_that_does_not() {
        let fields: [(&str, &[u8]); 3] = [("a", b"1"), ("b", b"2"), ("b", b"3")];
        let credentials = Credentials::new(&fields);
        assert_eq!(credentials.field("a"), HeaderField::One(b"1"));
        assert_eq!(credentials.field("b"), HeaderField::Repeated);
        assert_eq!(credentials.field("c"), HeaderField::Missing);
    }
}
