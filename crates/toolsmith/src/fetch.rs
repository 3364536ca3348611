//! The HTTP client for what authorization servers publish and answer, and for traces.
//!
//! Small on purpose: every request has one time limit and every answer a bound, no redirect
//! is followed (a redirect could lead from a trusted address to any other), and no cookie,
//! proxy or compression is known.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use crate::{Error, Result};

/// How long a connection is kept for the next request.
const KEPT: Duration = Duration::from_secs(30);

/// Fetches within bounds.
#[derive(Clone)]
pub(crate) struct Fetcher {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    timeout: Duration,
}

impl Fetcher {
    /// Trusts the roots of the platform where `tls` is needed, and those of a file beside
    /// them.
    ///
    /// # Errors
    ///
    /// When there are no roots, or the file cannot be read.
    pub(crate) fn new(tls: bool, ca_file: Option<&Path>, timeout: Duration) -> Result<Self> {
        let roots = if tls {
            roots(ca_file)?
        } else {
            RootCertStore::empty()
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::setting(format!("TLS cannot be used: {error}")))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(KEPT)
            .pool_max_idle_per_host(4)
            .build(connector);
        Ok(Self { client, timeout })
    }

    /// Gets a document of at most so many bytes.
    pub(crate) async fn get(&self, uri: &Uri, most: usize) -> Result<Bytes, FetchError> {
        let request = builder(Method::GET, uri).body(Full::default());
        self.send(request, most).await
    }

    /// Posts a form and gets an answer of at most so many bytes.
    pub(crate) async fn post(
        &self,
        uri: &Uri,
        authorization: HeaderValue,
        form: String,
        most: usize,
    ) -> Result<Bytes, FetchError> {
        let request = builder(Method::POST, uri)
            .header(AUTHORIZATION, authorization)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::from(form));
        self.send(request, most).await
    }

    async fn send(
        &self,
        request: http::Result<Request<Full<Bytes>>>,
        most: usize,
    ) -> Result<Bytes, FetchError> {
        let request = request.map_err(|error| FetchError::Connection(error.to_string()))?;
        let answered = self.limited(self.answer(request, most)).await?;
        match answered.status() {
            StatusCode::OK => Ok(answered.into_body()),
            status => Err(FetchError::Status(status)),
        }
    }

    /// Sends a request, and gets an answer of any status and of at most so many bytes.
    #[cfg(feature = "otel")]
    pub(crate) async fn exchange(
        &self,
        request: Request<Bytes>,
        most: usize,
    ) -> Result<Response<Bytes>, FetchError> {
        let request = request.map(Full::from);
        self.limited(self.answer(request, most)).await
    }

    async fn answer(
        &self,
        request: Request<Full<Bytes>>,
        most: usize,
    ) -> Result<Response<Bytes>, FetchError> {
        let response = self.client.request(request).await;
        let response = response.map_err(|error| FetchError::Connection(chain(&error)))?;
        let (parts, body) = response.into_parts();
        match Limited::new(body, most).collect().await {
            Ok(body) => Ok(Response::from_parts(parts, body.to_bytes())),
            Err(error) if error.is::<LengthLimitError>() => Err(FetchError::TooLarge(most)),
            Err(error) => Err(FetchError::Connection(error.to_string())),
        }
    }

    async fn limited<T>(
        &self,
        work: impl Future<Output = Result<T, FetchError>>,
    ) -> Result<T, FetchError> {
        let limited = tokio::time::timeout(self.timeout, work);
        limited
            .await
            .unwrap_or(Err(FetchError::Timeout(self.timeout)))
    }
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetcher")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

fn builder(method: Method, uri: &Uri) -> http::request::Builder {
    Request::builder()
        .method(method)
        .uri(uri)
        .header(ACCEPT, "application/json, application/jwk-set+json")
        .header(USER_AGENT, concat!("toolsmith/", env!("CARGO_PKG_VERSION")))
}

/// The roots of the platform, read once, and those of a file.
fn roots(ca_file: Option<&Path>) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let platform = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(platform.certs);
    if let Some(path) = ca_file {
        let name = path.display();
        let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
        let own: Vec<_> = read.map_err(|error| {
            Error::setting(format!("the CA file '{name}' cannot be read: {error}"))
        })?;
        if own.is_empty() {
            return Err(
                Error::setting(format!("the CA file '{name}' holds no certificate"))
                    .with_hint("it is a PEM file with one or more CERTIFICATE blocks"),
            );
        }
        for certificate in own {
            roots.add(certificate).map_err(|error| {
                Error::setting(format!(
                    "a certificate of the CA file '{name}' is bad: {error}"
                ))
            })?;
        }
    }
    if roots.is_empty() {
        return Err(
            Error::setting("this machine has no root certificates to trust https by")
                .with_hint("install ca-certificates, or name a CA file"),
        );
    }
    Ok(roots)
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// Why there is no document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FetchError {
    /// It took too long.
    Timeout(Duration),
    /// Connecting, TLS or reading failed.
    Connection(String),
    /// It was not 200. Redirects are not followed.
    Status(StatusCode),
    /// The answer was longer than so many bytes.
    TooLarge(usize),
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout(time) => write!(f, "no answer within {time:?}"),
            Self::Connection(why) => f.write_str(why),
            Self::Status(status) if status.is_redirection() => {
                write!(f, "answered {status}, and redirects are not followed")
            }
            Self::Status(status) => write!(f, "answered {status}"),
            Self::TooLarge(most) => write!(f, "answered with more than {most} bytes"),
        }
    }
}

impl std::error::Error for FetchError {}
