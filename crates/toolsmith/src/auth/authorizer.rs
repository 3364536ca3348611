//! The front door: who a request comes from, or why it is not let in.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, StatusCode, Uri};
use tokio::time::Instant;

use super::api_key::ApiKeys;
use super::claims::ClaimRules;
use super::clock::Clock;
use super::introspection::Introspection;
use super::jwt::{JwtVerifier, why_unknown};
use super::metadata::{ResourceMetadata, metadata_url};
use super::options::{AuthOptions, IssuerKeys};
use super::presented::{Fields, bearer};
use super::resources::{self, Resources};
use super::scopes::{ScopeHierarchy, is_scope};
use super::{Challenge, Denied};
use crate::Scopes;
use crate::fetch::Fetcher;
use crate::ports::{Credentials, Refusal, Refused, Verdict, Verified, Verifier as _, Verifiers};
use crate::protocol::HeaderField;
use crate::warnings::Warnings;
use crate::{Error, Result};

/// Lets requests in, or says why not.
///
/// The part of an OAuth 2.1 resource server in `basic/authorization` of revisions
/// 2025-06-18, 2025-11-25 and 2026-07-28. Cheap to clone.
#[derive(Clone)]
pub struct Authorizer(Arc<Parts>);

struct Parts {
    api_keys: Option<ApiKeys>,
    jwt: Option<JwtVerifier>,
    own: Verifiers,
    introspection: Option<Introspection>,
    hierarchy: Arc<ScopeHierarchy>,
    required: Vec<String>,
    /// Those, and what else a client is told to ask for to begin with.
    asked: Vec<String>,
    metadata: Option<ResourceMetadata>,
    metadata_url: Option<String>,
    key_field: Option<HeaderName>,
    /// Those that hold credentials, and that nobody else sees.
    secret: Vec<HeaderName>,
    refusals: Mutex<Warnings>,
    clock: Clock,
}

impl Authorizer {
    /// Made of these options. Files are read and addresses looked at; nobody is asked yet.
    ///
    /// # Errors
    ///
    /// When nothing in the options lets anybody in, or something in them is wrong.
    pub fn new(options: AuthOptions) -> Result<Self> {
        Self::with_clock(options, Clock::default())
    }

    pub(super) fn with_clock(options: AuthOptions, clock: Clock) -> Result<Self> {
        check(&options)?;
        let hierarchy = Arc::new(ScopeHierarchy::new(&options.implied_scopes));
        let audiences = options.audiences.iter().map(String::as_str);
        let rules = ClaimRules {
            resources: Resources::new(audiences.chain([options.resource.as_str()]))
                .with_tenants(&options.tenant_resources),
            leeway: options.leeway,
            tenant_claim: options.tenant_claim.clone(),
            tenant_elsewhere: options.tenant_elsewhere,
            hierarchy: Arc::clone(&hierarchy),
        };
        let ca_file = options.ca_file.as_deref();
        let fetcher = Fetcher::new(needs_tls(&options), ca_file, options.fetch_timeout)?;
        let jwt = match options.issuers.is_empty() {
            true => None,
            false => Some(JwtVerifier::new(&options, rules.clone(), &fetcher, &clock)?),
        };
        let introspection = options
            .introspection
            .as_ref()
            .map(|it| Introspection::new(it, options.token_cache, rules, &fetcher, &clock));
        let api_keys = options.api_keys.as_ref();
        let open = |it| ApiKeys::open(it, Arc::clone(&hierarchy), &clock);
        let api_keys = api_keys.map(open).transpose()?;
        let key_field = api_keys.as_ref().map(|it| it.field().clone());
        let (metadata, asked) = (metadata(&options), asked(&options));
        let own = options
            .credential_fields
            .iter()
            .map(|name| field_name(name));
        let mut secret = own.collect::<Result<Vec<_>>>()?;
        secret.extend(key_field.clone());
        Ok(Self(Arc::new(Parts {
            api_keys,
            jwt,
            own: options.verifiers,
            introspection: introspection.transpose()?,
            hierarchy,
            asked,
            required: options.required_scopes,
            metadata_url: metadata
                .as_ref()
                .and_then(|_| metadata_url(&options.resource)),
            metadata,
            key_field,
            secret,
            refusals: Mutex::default(),
            clock,
        })))
    }

    /// Says who a request comes from: by its header fields and the address of its client.
    /// The query is looked at to refuse a token in it.
    ///
    /// Dropping the future ends nothing that others wait for, too.
    ///
    /// # Errors
    ///
    /// When it is not let in.
    pub async fn authorize(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
        address: Option<IpAddr>,
    ) -> Result<Arc<Verified>, Denied> {
        let parts = &*self.0;
        let token = match bearer(headers, parts.key_field.as_ref(), query) {
            Ok(token) => token,
            Err(unreadable) => return Err(self.bad_request(unreadable.description())),
        };
        let fields = Fields(headers);
        let mut credentials = Credentials::new(&fields);
        if let Some(token) = token {
            credentials = credentials.with_bearer(token);
        }
        if let Some(address) = address {
            credentials = credentials.with_address(address);
        }
        match parts.verify(&credentials).await {
            Verdict::Accepted(verified) => {
                self.require(&verified, &parts.required)?;
                Ok(verified)
            }
            Verdict::NotMine => Err(self.nobody(&credentials)),
            Verdict::Refused(refused) => Err(self.refused(&refused, address)),
            Verdict::Unavailable { retry_after } => Err(Denied::unavailable(retry_after)),
        }
    }

    /// Checks that somebody may do what needs these scopes, all of them.
    ///
    /// # Errors
    ///
    /// When one is missing: 403, and a challenge that names all of them, so that a client
    /// asks for more once ("Step-Up Authorization Flow" of revision 2026-07-28).
    pub fn require<S: AsRef<str>>(&self, verified: &Verified, scopes: &[S]) -> Result<(), Denied> {
        if scopes.iter().all(|it| verified.has_scope(it.as_ref())) {
            return Ok(());
        }
        Err(self.insufficient(scopes.iter().map(AsRef::as_ref)))
    }

    /// The refusal of what needs these scopes, of which somebody lacks one.
    ///
    /// Named are those that every request needs, too: a client asks for a token with just what
    /// it is told, and it is to be good for the whole request.
    pub fn insufficient<'a>(&self, needed: impl IntoIterator<Item = &'a str>) -> Denied {
        const WHY: &str = "the token does not grant enough";
        let needed: Vec<&str> = needed.into_iter().collect();
        let asked = self.0.asked.iter().map(String::as_str);
        let needed: Scopes = asked.chain(needed).collect();
        let challenge = self
            .challenge()
            .error("insufficient_scope", WHY)
            .scopes(needed.iter());
        Denied::with_challenge(StatusCode::FORBIDDEN, WHY, challenge)
    }

    /// Whether a token was made for a resource, such as the endpoint of a tenant.
    pub fn is_made_for(&self, verified: &Verified, resource: &str) -> bool {
        let audience = verified.claims.get("aud");
        audience.is_some_and(|it| resources::names(it, resource))
    }

    /// Takes the credentials out of a request, so that nobody whom it is handed to has them
    /// ("The MCP server MUST NOT pass through the token").
    pub fn strip(&self, headers: &mut HeaderMap) {
        headers.remove(AUTHORIZATION);
        for name in &self.0.secret {
            headers.remove(name);
        }
    }

    /// The metadata of this resource; `None` where no authorization server gives out tokens
    /// for it.
    pub fn metadata(&self) -> Option<&ResourceMetadata> {
        self.0.metadata.as_ref()
    }

    /// Where challenges say that the metadata is.
    pub fn metadata_url(&self) -> Option<&str> {
        self.0.metadata_url.as_deref()
    }

    fn challenge(&self) -> Challenge {
        match &self.0.metadata_url {
            Some(url) => Challenge::new().resource_metadata(url),
            None => Challenge::new(),
        }
    }

    fn bad_request(&self, why: &'static str) -> Denied {
        let challenge = self.challenge().error("invalid_request", why);
        Denied::with_challenge(StatusCode::BAD_REQUEST, why, challenge)
    }

    /// No verifier knows the credentials, or there are none.
    fn nobody(&self, credentials: &Credentials<'_>) -> Denied {
        let by_key = self.0.key_field.as_ref();
        let key = by_key.map_or(HeaderField::Missing, |it| credentials.field(it.as_str()));
        let reason = match (credentials.bearer(), key) {
            (Some(token), _) if self.0.jwt.is_some() => why_unknown(token),
            (None, HeaderField::Missing) => {
                let challenge = self.challenge().scopes(&self.0.asked);
                let why = "this server needs a token; send it in Authorization";
                return Denied::with_challenge(StatusCode::UNAUTHORIZED, why, challenge);
            }
            _ => Refusal::Unknown,
        };
        let detail = "no verifier knows it".into();
        self.refused(&Refused { reason, detail }, credentials.address())
    }

    fn refused(&self, refused: &Refused, address: Option<IpAddr>) -> Denied {
        let Refused { reason, detail } = refused;
        let address = address.map(tracing::field::display);
        // A text, of which a log escapes the line ends.
        let detail = &**detail;
        let refusals = self.0.refusals.lock();
        let mut refusals = refusals.unwrap_or_else(PoisonError::into_inner);
        let due = refusals.due(Instant::now());
        drop(refusals);
        // Whoever sends a flood of them does not fill the log, unless each is asked for.
        match due {
            Some(times) => tracing::info!(?reason, detail, address, times, "a token was refused"),
            None => tracing::debug!(?reason, detail, address, "a token was refused"),
        }
        let why = reason.description();
        let challenge = self.challenge().error("invalid_token", why);
        let challenge = challenge.scopes(&self.0.asked);
        Denied::with_challenge(StatusCode::UNAUTHORIZED, why, challenge)
    }
}

impl Parts {
    /// Asks one verifier after the other.
    async fn verify(&self, credentials: &Credentials<'_>) -> Verdict {
        if let Some(keys) = &self.api_keys {
            match keys.verify(credentials).await {
                Verdict::NotMine => {}
                decided => return decided,
            }
        }
        if let (Some(jwt), Some(token)) = (&self.jwt, credentials.bearer()) {
            match jwt.verify(token).await {
                Verdict::NotMine => {}
                decided => return decided,
            }
        }
        if !self.own.is_empty() {
            match self.own.verify(credentials).await {
                Verdict::NotMine => {}
                Verdict::Accepted(verified) => return self.whole(verified),
                decided => return decided,
            }
        }
        match (&self.introspection, credentials.bearer()) {
            (Some(introspection), Some(token)) => introspection.verify(token).await,
            _ => Verdict::NotMine,
        }
    }

    /// What somebody else's verifier has accepted, with what its scopes imply.
    fn whole(&self, mut verified: Arc<Verified>) -> Verdict {
        if verified.expires.is_some_and(|at| at <= self.clock.now()) {
            return Verdict::refused(Refusal::Expired, "a verifier accepted what has ended");
        }
        if !self.hierarchy.is_whole(&verified) {
            self.hierarchy.expand(Arc::make_mut(&mut verified));
        }
        Verdict::Accepted(verified)
    }
}

impl fmt::Debug for Authorizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorizer")
            .field("api_keys", &self.0.api_keys)
            .field("jwt", &self.0.jwt)
            .field("own", &self.0.own)
            .field("introspection", &self.0.introspection)
            .field("required", &self.0.required)
            .finish_non_exhaustive()
    }
}

fn check(options: &AuthOptions) -> Result<()> {
    let by_token = !options.issuers.is_empty() || options.introspection.is_some();
    if !by_token && options.api_keys.is_none() && options.verifiers.is_empty() {
        return Err(
            Error::setting("authorization is on, and nothing lets anybody in").with_hint(
                "name an issuer, an introspection endpoint, a file of API keys or a verifier",
            ),
        );
    }
    let resource: Option<Uri> = options.resource.parse().ok();
    let is_url = resource.is_some_and(|it| it.scheme().is_some() && it.authority().is_some());
    if by_token && (!is_url || options.resource.contains('#')) {
        let given = super::address::shown(&options.resource);
        return Err(Error::setting(format!(
            "tokens are made for a resource, and '{given}' is not the URL of one"
        ))
        .with_hint(
            "give the public URL of the endpoint, for example https://mcp.example.com/mcp",
        ));
    }
    let implied = options.implied_scopes.iter();
    let implied = implied.flat_map(|(broad, narrow)| narrow.iter().chain([broad]));
    let scopes = options
        .required_scopes
        .iter()
        .chain(&options.scopes_supported);
    if let Some(bad) = scopes.chain(implied).find(|it| !is_scope(it)) {
        let bad = super::address::shown(bad);
        return Err(Error::setting(format!("'{bad}' is no scope"))
            .with_hint("a scope is one word of visible ASCII without \" and \\"));
    }
    if !options.issuers.is_empty() && options.algorithms.is_empty() {
        return Err(Error::setting(
            "no algorithm is allowed by which tokens may be signed",
        ));
    }
    Ok(())
}

/// Whether any address is https: the roots of the platform are read only then.
fn needs_tls(options: &AuthOptions) -> bool {
    let issuers = options.issuers.iter().map(|it| match &it.keys {
        IssuerKeys::Discovered => it.issuer.as_str(),
        IssuerKeys::At(url) => url,
        IssuerKeys::KeySetFile(_) | IssuerKeys::PemFile(_) => "",
    });
    let introspection = options.introspection.iter().map(|it| it.endpoint.as_str());
    let is_https = |url: &str| {
        url.get(..6)
            .is_some_and(|it| it.eq_ignore_ascii_case("https:"))
    };
    issuers.chain(introspection).any(is_https)
}

fn metadata(options: &AuthOptions) -> Option<ResourceMetadata> {
    let issuers = options.issuers.iter().map(|it| &it.issuer);
    let introspection = options.introspection.iter().map(|it| &it.issuer);
    let mut servers: Vec<String> = Vec::new();
    for issuer in issuers.chain(introspection) {
        if !servers.contains(issuer) {
            servers.push(issuer.clone());
        }
    }
    if servers.is_empty() {
        return None;
    }
    let scopes = match options.scopes_supported.is_empty() {
        true => asked(options),
        false => options.scopes_supported.clone(),
    };
    let mut metadata = ResourceMetadata::new(&options.resource)
        .authorization_servers(servers)
        .scopes(scopes);
    if let Some(name) = &options.resource_name {
        metadata = metadata.name(name);
    }
    if let Some(url) = &options.resource_documentation {
        metadata = metadata.documentation(url);
    }
    Some(metadata)
}

/// What a client is told to ask for to begin with.
fn asked(options: &AuthOptions) -> Vec<String> {
    let all = options.required_scopes.iter().chain(&options.base_scopes);
    all.collect::<Scopes>().iter().map(str::to_owned).collect()
}

pub(super) fn field_name(name: &str) -> Result<HeaderName> {
    name.parse().map_err(|_| {
        let name = super::address::shown(name);
        Error::setting(format!("'{name}' is not the name of a header field"))
    })
}
