//! Certificates and keys, made for a test by an authority of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::client::Tls;
use crate::wire::soon;

/// A directory with a certificate and its key, and the authority that they come from.
#[derive(Debug)]
pub(super) struct Pairs {
    directory: TempDir,
    root: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and a key, as PEM.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) cert: String,
    pub(super) key: String,
}

impl Pairs {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap().der().clone();
        let pairs = Self {
            directory: tempfile::tempdir().unwrap(),
            root,
            issuer: Issuer::new(params, key),
        };
        pairs.write(&pairs.make());
        pairs
    }

    pub(super) fn cert(&self) -> PathBuf {
        self.directory.path().join("cert.pem")
    }

    pub(super) fn key(&self) -> PathBuf {
        self.directory.path().join("key.pem")
    }

    /// A new pair for this machine.
    pub(super) fn make(&self) -> Made {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let params = CertificateParams::new(names).unwrap();
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &self.issuer).unwrap();
        Made {
            cert: cert.pem(),
            key: key.serialize_pem(),
        }
    }

    /// Puts a pair where the server looks for it.
    pub(super) fn write(&self, pair: &Made) {
        std::fs::write(self.cert(), &pair.cert).unwrap();
        std::fs::write(self.key(), &pair.key).unwrap();
    }

    /// Connects as a client that trusts the authority, and speaks these protocols.
    pub(super) async fn connect(
        &self,
        address: SocketAddr,
        protocols: &[&str],
    ) -> std::io::Result<Tls> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
        let stream = soon("connecting", TcpStream::connect(address)).await?;
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        soon("a handshake", connector.connect(name, stream)).await
    }
}
