//! The certificate that is shown to clients, and what else is said in the handshake.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::default_provider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::{Error, Result};

/// The names that protocols have in the handshake (ALPN).
pub(super) const HTTP_2: &[u8] = b"h2";
pub(super) const HTTP_1: &[u8] = b"http/1.1";
/// By this one an authority looks at a certificate that answers its challenge, RFC 8737.
pub(super) const CHALLENGE: &[u8] = b"acme-tls/1";

/// The certificate and its key, which may be replaced while clients come.
#[derive(Debug, Default)]
pub(super) struct Certificates(RwLock<Option<Arc<CertifiedKey>>>);

impl Certificates {
    /// Shows this one from now on.
    pub(super) fn show(&self, pair: Arc<CertifiedKey>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(pair);
    }

    /// The one that is shown.
    pub(super) fn shown(&self) -> Option<Arc<CertifiedKey>> {
        let shown = self.0.read().unwrap_or_else(PoisonError::into_inner);
        shown.clone()
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.shown()
    }
}

/// The cryptography, named, because a program may be linked with several.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(default_provider())
}

/// TLS 1.2 and 1.3 with the defaults of rustls, and HTTP by ALPN.
pub(super) fn config(resolver: Arc<dyn ResolvesServerCert>, is_acme: bool) -> Result<ServerConfig> {
    let versions = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::setting(format!("TLS cannot be set up: {error}")))?;
    let mut config = versions.with_no_client_auth().with_cert_resolver(resolver);
    let protocols = [HTTP_2, HTTP_1, CHALLENGE].map(<[u8]>::to_vec);
    let spoken = if is_acme { 3 } else { 2 };
    config.alpn_protocols = protocols.into_iter().take(spoken).collect();
    Ok(config)
}
