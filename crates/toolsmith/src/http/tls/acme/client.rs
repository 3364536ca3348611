//! The HTTP client by which an authority is spoken to, with bounds on its answers.

use std::fs;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Limited;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use instant_acme::{BodyWrapper, BytesResponse, Error as AcmeError, HttpClient};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::time::timeout;

use crate::http::tls::certificates::provider;
use crate::{Error, Result};

/// The largest answer that is taken, in bytes.
const MAX_ANSWER: usize = 1 << 20;
/// How long one may take to begin.
const ANSWER_TIME: Duration = Duration::from_secs(30);

type Inner = HyperClient<HttpsConnector<HttpConnector>, BodyWrapper<Bytes>>;

/// The client. Clones share connections.
#[derive(Clone, Debug)]
pub(super) struct Client(Inner);

impl Client {
    /// One that trusts the roots of the system, and those in a file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub(super) fn new(more: Option<&Path>) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        let of_system = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(of_system.certs);
        if let Some(path) = more {
            add(&mut roots, path)?;
        }
        if roots.is_empty() {
            return Err(Error::setting(
                "--acme-domain: this system has no root certificates, by which an authority could be trusted",
            )
            .with_hint("install them (on Debian: apt install ca-certificates), or name a file with --acme-ca"));
        }
        let versions = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::setting(format!("TLS cannot be set up: {error}")))?;
        let config = versions.with_root_certificates(roots).with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_only()
            .enable_http1()
            .build();
        Ok(Self(
            HyperClient::builder(TokioExecutor::new()).build(connector),
        ))
    }
}

fn add(roots: &mut RootCertStore, path: &Path) -> Result<()> {
    let problem = |why: String| Error::setting(format!("--acme-ca: '{}' {why}", path.display()));
    let text = fs::read(path).map_err(|error| problem(format!("cannot be read: {error}")))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let certificates =
        certificates.map_err(|error| problem(format!("cannot be read as PEM: {error}")))?;
    if certificates.is_empty() {
        return Err(problem("holds no certificate".to_owned()));
    }
    for certificate in certificates {
        let added = roots.add(certificate);
        added.map_err(|error| problem(format!("holds a root that cannot be used: {error}")))?;
    }
    Ok(())
}

impl HttpClient for Client {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, AcmeError>> + Send>> {
        let answer = self.0.request(request);
        Box::pin(async move {
            let other = |error: Box<dyn std::error::Error + Send + Sync>| AcmeError::Other(error);
            let answer = timeout(ANSWER_TIME, answer).await;
            let answer = answer.map_err(|late| other(late.into()))?;
            let answer = answer.map_err(|error| other(error.into()))?;
            Ok(answer.map(|body| Limited::new(body, MAX_ANSWER)).into())
        })
    }
}
