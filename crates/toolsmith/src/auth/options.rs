//! What an [`Authorizer`](super::Authorizer) is made of.

use std::path::PathBuf;
use std::time::Duration;

use super::{Algorithm, SecretSource};
use crate::ports::Verifiers;

/// Who is let in, and by what.
///
/// ```
/// use toolsmith::auth::{AuthOptions, Authorizer, IssuerOptions};
///
/// let authorizer = Authorizer::new(AuthOptions {
///     resource: "https://mcp.example.com/mcp".to_owned(),
///     issuers: vec![IssuerOptions::new("http://127.0.0.1:9000")],
///     required_scopes: vec!["files:read".to_owned()],
///     ..AuthOptions::default()
/// });
/// assert!(authorizer.is_ok());
/// ```
#[derive(Clone, Debug)]
pub struct AuthOptions {
    /// The public URL of the endpoint, by which clients know it. It is the resource of the
    /// metadata, and an audience that tokens may name.
    pub resource: String,
    /// Where tenants have an endpoint of their own, each a resource of its own.
    pub tenant_resources: Vec<TenantResource>,
    /// Other identifiers that tokens may name as their audience.
    pub audiences: Vec<String>,
    /// Whose signed tokens are good here.
    pub issuers: Vec<IssuerOptions>,
    /// Who is asked about tokens that cannot be read.
    pub introspection: Option<IntrospectionOptions>,
    /// The keys that `toolsmith key` makes.
    pub api_keys: Option<ApiKeyOptions>,
    /// Whatever else knows callers. They are asked after API keys and signed tokens, and
    /// before introspection.
    pub verifiers: Verifiers,
    /// Header fields beside `Authorization` and that of API keys that hold credentials: they
    /// are taken out of a request before anybody else sees it.
    pub credential_fields: Vec<String>,
    /// What every request needs.
    pub required_scopes: Vec<String>,
    /// Scopes that clients are told to ask for to begin with, beside those: what the server
    /// needs for anything at all ([`Server::scopes`](crate::Server::scopes)), which is added
    /// where it is served.
    pub base_scopes: Vec<String>,
    /// What clients ask for to begin with, as the metadata tells them. Where there is none,
    /// those that every request needs.
    pub scopes_supported: Vec<String>,
    /// What a broad scope implies.
    pub implied_scopes: Vec<(String, Vec<String>)>,
    /// The claim that names the tenant. With it, a token that names none is refused, unless
    /// something else may name it.
    pub tenant_claim: Option<String>,
    /// Whether something else than that claim may name the tenant.
    pub tenant_elsewhere: bool,
    /// The algorithms by which tokens may be signed.
    pub algorithms: Vec<Algorithm>,
    /// How far the clocks of issuers may be from ours. 60 s.
    pub leeway: Duration,
    /// Keys of issuers that are older are fetched again. 10 min.
    pub key_max_age: Duration,
    /// Keys that are older decide nothing, even when no newer ones can be had. 24 h.
    pub key_hard_max_age: Duration,
    /// The time between two looks for a key that an issuer does not have, and after one that
    /// failed. 10 s.
    pub key_retry: Duration,
    /// How many verified tokens are remembered. 10,000.
    pub token_cache: usize,
    /// The time for a request to an authorization server. 5 s.
    pub fetch_timeout: Duration,
    /// Certificates of authorities that are trusted beside those of the platform, in PEM.
    pub ca_file: Option<PathBuf>,
    /// What people call this server, for the metadata.
    pub resource_name: Option<String>,
    /// Where people read about it, for the metadata.
    pub resource_documentation: Option<String>,
}

impl Default for AuthOptions {
    fn default() -> Self {
        Self {
            resource: String::new(),
            tenant_resources: Vec::new(),
            audiences: Vec::new(),
            issuers: Vec::new(),
            introspection: None,
            api_keys: None,
            verifiers: Verifiers::new(),
            credential_fields: Vec::new(),
            required_scopes: Vec::new(),
            base_scopes: Vec::new(),
            scopes_supported: Vec::new(),
            implied_scopes: Vec::new(),
            tenant_claim: None,
            tenant_elsewhere: false,
            algorithms: Algorithm::ALL.to_vec(),
            leeway: Duration::from_secs(60),
            key_max_age: Duration::from_secs(10 * 60),
            key_hard_max_age: Duration::from_secs(24 * 60 * 60),
            key_retry: Duration::from_secs(10),
            token_cache: 10_000,
            fetch_timeout: Duration::from_secs(5),
            ca_file: None,
            resource_name: None,
            resource_documentation: None,
        }
    }
}

/// The URLs of tenants' own endpoints, which are alike but for the name of the tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantResource {
    /// What stands before the tenant, such as `https://mcp.example.com/t/`.
    pub before: String,
    /// What stands after it, such as `/mcp`.
    pub after: String,
}

/// An issuer of signed tokens.
#[derive(Clone, Debug)]
pub struct IssuerOptions {
    /// Its identifier, exactly as its tokens have it in `iss`.
    pub issuer: String,
    /// Where its keys are.
    pub keys: IssuerKeys,
    /// The tenant of all its subjects, whatever its tokens say. With several issuers, this
    /// keeps one from naming the tenants of another.
    pub tenant: Option<String>,
}

impl IssuerOptions {
    /// One that says itself where its keys are.
    pub fn new(issuer: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            keys: IssuerKeys::Discovered,
            tenant: None,
        }
    }
}

/// Where the keys of an issuer are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IssuerKeys {
    /// Where its metadata says: RFC 8414 or OpenID Connect Discovery.
    Discovered,
    /// A key set (RFC 7517) at this address.
    At(String),
    /// A key set in this file, which is read again as a fetched one is fetched again.
    KeySetFile(PathBuf),
    /// One or more public keys in this PEM file, which is read again likewise.
    PemFile(PathBuf),
}

/// Who is asked about tokens that cannot be read (RFC 7662).
#[derive(Clone, Debug)]
pub struct IntrospectionOptions {
    /// The introspection endpoint.
    pub endpoint: String,
    /// The issuer of these tokens. Principals are its subjects, and an `iss` in an answer
    /// must be the same.
    pub issuer: String,
    /// The tenant of all its subjects, whatever its answers say.
    pub tenant: Option<String>,
    /// What this server is called there.
    pub client_id: String,
    /// What it proves that with, by `client_secret_basic`.
    pub client_secret: SecretSource,
    /// How long an answer is taken for true, if the token does not end before. 60 s.
    pub cache: Duration,
    /// Whether an answer must name this server in `aud`. Without it, the authorization
    /// server must make sure itself that it calls a token active here only if it was made
    /// for this server.
    pub require_audience: bool,
}

impl IntrospectionOptions {
    /// Asks there, as this client, about tokens of this issuer.
    pub fn new(
        endpoint: impl Into<String>,
        issuer: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: SecretSource,
    ) -> Self {
        Self {
            endpoint: endpoint.into(),
            issuer: issuer.into(),
            tenant: None,
            client_id: client_id.into(),
            client_secret,
            cache: Duration::from_secs(60),
            require_audience: true,
        }
    }
}

/// Keys that this server gives out itself.
#[derive(Clone, Debug)]
pub struct ApiKeyOptions {
    /// The file that `toolsmith key` writes.
    pub file: PathBuf,
    /// The header field that may hold a key, beside `Authorization: Bearer`. `x-api-key`.
    pub field: String,
}

impl ApiKeyOptions {
    /// Those of this file.
    pub fn new(file: impl Into<PathBuf>) -> Self {
        Self {
            file: file.into(),
            field: "x-api-key".to_owned(),
        }
    }
}
