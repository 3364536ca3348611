//! Who is let in, where that is set: the resource server of `auth`, between the gate and the
//! endpoint.

use std::sync::Arc;

use bytes::Buf;
use http::header::CACHE_CONTROL;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, Uri};
use http_body::Body;

use super::public_url::PublicUrl;
use super::remote::Client;
use super::tenants::{Place, Tenants, Vouched};
use crate::auth::{
    ApiKeyOptions, AuthOptions, Authorizer, Denied, IntrospectionOptions, IssuerOptions,
    SecretSource, TenantResource, metadata_path, metadata_url,
};
use crate::http::options::Options;
use crate::http::respond::{self, HttpResponse, NeededScopes};
use crate::http::{Http, refused};
use crate::ports::Verified;
use crate::protocol::{ErrorKind, ProtocolError};
use crate::server::Caller;
use crate::{Error, Result, Scopes};

/// What was said in code of who is let in.
pub(in crate::http) type Own = Option<AuthOptions>;

/// Stands for the tenant in the address of an endpoint.
const TENANT: &str = "{tenant}";
/// How long the metadata may be kept.
const METADATA_AGE: &str = "max-age=300";

/// Says who asks, and who is not let in.
#[derive(Debug)]
pub(super) struct Authority {
    authorizer: Authorizer,
    /// Where its metadata is, and what it says; both empty where nobody gives out tokens.
    paths: Vec<String>,
    document: Arc<[u8]>,
    /// The address of the endpoint, as clients know it.
    endpoint: PublicUrl,
}

/// Who asks, by good credentials.
#[derive(Debug)]
pub(super) struct Known(Arc<Verified>);

impl Known {
    /// What the credentials say of whose the request is.
    pub(super) fn vouched(&self) -> Vouched<'_> {
        match &self.0.tenant {
            Some(tenant) => Vouched::For(tenant),
            None => Vouched::ForNone,
        }
    }

    /// Who asks: somebody of a tenant, or of the one that the credentials name.
    pub(super) fn caller(&self, tenant: Option<Arc<str>>) -> Caller {
        let verified = &*self.0;
        let caller = match tenant.or_else(|| verified.tenant.clone()) {
            Some(tenant) => Caller::new(tenant),
            None => Caller::default(),
        };
        caller
            .with_principal(Arc::clone(&verified.principal))
            .with_scopes(&verified.scopes)
            .with_claims(Arc::new(verified.claims.clone()))
    }
}

impl Http {
    /// Who is let in, and by what. What is set by the methods of single settings, such as
    /// [`auth_issuer`](Self::auth_issuer), is added to it. Without either, everybody is.
    ///
    /// ```
    /// use toolsmith::Http;
    /// use toolsmith::auth::{AuthOptions, IssuerOptions};
    ///
    /// let http = Http::bind("0.0.0.0:8000")
    ///     .public_url("https://mcp.example.com/mcp")
    ///     .auth(AuthOptions {
    ///         issuers: vec![IssuerOptions::new("https://login.example.com")],
    ///         ..AuthOptions::default()
    ///     });
    /// # let _ = http;
    /// ```
    #[must_use]
    pub fn auth(mut self, options: AuthOptions) -> Self {
        self.own = Some(options);
        self
    }
}

/// Whether anybody is asked who it is.
pub(super) fn is_set(options: &Options, own: &Own) -> bool {
    own.is_some() || options.sets_authorization()
}

impl Authority {
    /// What the settings say; none where they say nothing of it.
    ///
    /// # Errors
    ///
    /// When they do not fit together.
    pub(super) fn new(
        options: &Options,
        own: &Own,
        url: &PublicUrl,
        (base, places): (&Scopes, &[Place]),
    ) -> Result<Option<Self>> {
        if !is_set(options, own) {
            return Ok(None);
        }
        let mut all = merged(options, own, url)?;
        let resources = places.iter().map(|place| {
            let url = place.url(url, TENANT);
            let (before, after) = url.split_once(TENANT).unwrap_or((&url, ""));
            TenantResource {
                before: before.to_owned(),
                after: after.to_owned(),
            }
        });
        all.tenant_resources.extend(resources);
        all.base_scopes.extend(base.iter().map(str::to_owned));
        let authorizer = Authorizer::new(all)?;
        let (mut paths, document) = match authorizer.metadata() {
            None => (Vec::new(), Vec::new()),
            Some(metadata) => {
                let document = serde_json::to_vec(metadata).unwrap_or_default();
                let mut paths = ["/", &options.path].map(metadata_path).to_vec();
                // What clients are told, of which a proxy may leave what is above.
                let told = authorizer
                    .metadata_url()
                    .and_then(|it| it.parse::<Uri>().ok());
                paths.extend(told.map(|it| it.path().to_owned()));
                (paths, document)
            }
        };
        paths.sort_unstable();
        paths.dedup();
        Ok(Some(Self {
            authorizer,
            paths,
            document: document.into(),
            endpoint: url.clone(),
        }))
    }

    /// Where its metadata is, each place once.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str)
    }

    /// The metadata of the resource, where it is asked for.
    ///
    /// Implements RFC 9728, section 3.
    pub(super) fn document(
        &self,
        parts: &Parts,
        tenants: &Tenants,
        host: impl FnOnce() -> String,
    ) -> Option<HttpResponse> {
        let path = parts.uri.path();
        let path = path.strip_suffix('/').unwrap_or(path);
        let document = match self.document_of_tenant(path, tenants, host) {
            Some(document) => document,
            None if self.paths.iter().any(|it| it == path) => self.document.to_vec(),
            None => return None,
        };
        if ![Method::GET, Method::HEAD].contains(&parts.method) {
            let why = "whoever asks for it does so with GET";
            return Some(respond::method_not_allowed("GET, HEAD", why));
        }
        let mut response = respond::json(StatusCode::OK, document);
        let age = HeaderValue::from_static(METADATA_AGE);
        response.headers_mut().insert(CACHE_CONTROL, age);
        Some(response)
    }

    /// The metadata of a tenant's own endpoint.
    fn document_of_tenant(
        &self,
        path: &str,
        tenants: &Tenants,
        host: impl FnOnce() -> String,
    ) -> Option<Vec<u8>> {
        let (metadata, rest) = (
            self.authorizer.metadata()?,
            path.strip_prefix(&metadata_path("/"))?,
        );
        if tenants.places().is_empty() {
            return None;
        }
        let host = host();
        let (place, tenant) = tenants.place_of(&host, rest)?;
        let document = metadata.of(place.url(&self.endpoint, tenant));
        Some(serde_json::to_vec(&document).unwrap_or_default())
    }

    /// Who asks.
    ///
    /// # Errors
    ///
    /// When they are not let in.
    pub(super) async fn who(&self, parts: &Parts, client: &Client) -> Result<Known, Denied> {
        let (fields, query) = (&parts.headers, parts.uri.query());
        let verified = self.authorizer.authorize(fields, query, client.address);
        verified.await.map(Known)
    }

    /// Whether credentials were made for the endpoint of a tenant.
    pub(super) fn is_made_for(&self, known: &Known, place: &Place, tenant: &str) -> bool {
        let resource = place.url(&self.endpoint, tenant);
        self.authorizer.is_made_for(&known.0, &resource)
    }

    /// Where the metadata is of the endpoint that a request is for.
    fn metadata_of(&self, at: Option<(&Place, &str)>) -> Option<String> {
        let (place, tenant) = at?;
        metadata_url(&place.url(&self.endpoint, tenant))
    }

    /// The answer to who is not let in.
    pub(super) async fn refuse<B>(
        &self,
        denied: Denied,
        at: Option<(&Place, &str)>,
        body: B,
    ) -> HttpResponse
    where
        B: Body<Data: Buf> + Unpin,
    {
        let kind = match denied.status() {
            StatusCode::UNAUTHORIZED => ErrorKind::Unauthorized,
            StatusCode::FORBIDDEN => ErrorKind::InsufficientScope,
            StatusCode::SERVICE_UNAVAILABLE => ErrorKind::CannotAuthorize,
            _ => ErrorKind::CredentialsUnreadable,
        };
        let mut response =
            refused::by_id(ProtocolError::new(kind, denied.description()), body).await;
        let denied = match self.metadata_of(at) {
            Some(url) => denied.with_metadata(url),
            None => denied,
        };
        denied.write_to(response.headers_mut());
        response
    }

    /// Adds to a refusal for want of scopes which of them are needed.
    ///
    /// Implements "Scope Challenge Handling" of revision 2026-07-28, `basic/authorization`.
    pub(super) fn with_challenge(
        &self,
        mut response: HttpResponse,
        at: Option<(&Place, &str)>,
    ) -> HttpResponse {
        if response.status() != StatusCode::FORBIDDEN {
            return response;
        }
        if let Some(NeededScopes(scopes)) = response.extensions_mut().remove() {
            let mut denied = self.authorizer.insufficient(scopes.iter());
            if let Some(url) = self.metadata_of(at) {
                denied = denied.with_metadata(url);
            }
            denied.write_to(response.headers_mut());
        }
        response
    }
}

/// What was said in code, and what single settings add to it.
fn merged(options: &Options, own: &Own, url: &PublicUrl) -> Result<AuthOptions> {
    let mut all = own.clone().unwrap_or_default();
    if all.resource.is_empty() {
        all.resource = url.whole();
    }
    let issuers = options.auth_issuer.iter().map(IssuerOptions::new);
    all.issuers.extend(issuers);
    all.audiences.extend(options.auth_audience.iter().cloned());
    all.required_scopes
        .extend(options.auth_scope.iter().cloned());
    all.scopes_supported
        .extend(options.auth_scopes_supported.iter().cloned());
    if let Some(claim) = Tenants::claim(options) {
        all.tenant_claim = Some(claim.to_owned());
        all.tenant_elsewhere = options.tenant.len() > 1;
    }
    if let Some(file) = &options.api_keys {
        all.api_keys = Some(ApiKeyOptions::new(file));
    }
    if let Some(file) = &options.auth_ca_file {
        all.ca_file = Some(file.clone());
    }
    if !options.auth_introspection.is_empty() {
        all.introspection = Some(introspection(options)?);
    }
    Ok(all)
}

fn introspection(options: &Options) -> Result<IntrospectionOptions> {
    let issuer = match (
        options.auth_introspection_issuer.as_str(),
        &*options.auth_issuer,
    ) {
        ("", [issuer]) => issuer,
        ("", _) => {
            return Err(Error::setting(
                "--auth-introspection needs the authorization server whose tokens are asked about",
            )
            .with_hint("name it with --auth-introspection-issuer"));
        }
        (issuer, _) => issuer,
    };
    let secret = options.auth_client_secret_file.as_ref();
    let (Some(secret), false) = (secret, options.auth_client_id.is_empty()) else {
        return Err(
            Error::setting("--auth-introspection needs a name and a secret to ask with")
                .with_hint("set --auth-client-id and --auth-client-secret-file"),
        );
    };
    Ok(IntrospectionOptions::new(
        &options.auth_introspection,
        issuer,
        &options.auth_client_id,
        SecretSource::File(secret.clone()),
    ))
}
