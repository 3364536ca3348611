//! A certificate and its key, as they stand in PEM files.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error as TlsError, InconsistentKeys};

use super::certificates::provider;
use crate::{Error, Result};

/// The largest file, in bytes; a chain has some thousands.
const MAX_FILE: u64 = 1 << 20;

/// What is wrong with a pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// With the certificate.
    Certificate(String),
    /// With the key.
    Key(String),
    /// They do not belong together.
    Apart,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Certificate(why) | Problem::Key(why) => f.write_str(why),
            Problem::Apart => f.write_str("the key is not the one of the certificate"),
        }
    }
}

/// Reads a pair from two files.
///
/// # Errors
///
/// What is wrong, with the name of the file.
pub(super) fn read(cert: &Path, key: &Path) -> Result<Arc<CertifiedKey>> {
    let (chain, secret) = (read_file("tls-cert", cert)?, read_file("tls-key", key)?);
    parse(&chain, &secret).map_err(|problem| match problem {
        Problem::Certificate(why) => {
            Error::setting(format!("--tls-cert: '{}' {why}", cert.display()))
        }
        Problem::Key(why) => Error::setting(format!("--tls-key: '{}' {why}", key.display()))
            .with_hint(
                "a key stands between lines of BEGIN and END PRIVATE KEY; one with a password is opened with: openssl pkey -in FILE -out FILE",
            ),
        Problem::Apart => Error::setting(format!(
            "--tls-key: the key in '{}' is not the one of the certificate in '{}'",
            key.display(),
            cert.display()
        ))
        .with_hint("the first certificate in the file is the one of the server"),
    })
}

fn read_file(flag: &str, path: &Path) -> Result<Vec<u8>> {
    let problem = |why: String| Error::setting(format!("--{flag}: '{}' {why}", path.display()));
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes));
    match read {
        Err(error) => Err(problem(format!("cannot be read: {error}"))),
        Ok(read) if read as u64 > MAX_FILE => {
            Err(problem(format!("has more than {MAX_FILE} bytes")))
        }
        Ok(_) => Ok(bytes),
    }
}

/// Reads a pair from the text of PEM files. What is said of a problem repeats nothing of the
/// key.
pub(super) fn parse(chain: &[u8], key: &[u8]) -> Result<Arc<CertifiedKey>, Problem> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).collect();
    let certificates = certificates
        .map_err(|error| Problem::Certificate(format!("cannot be read as PEM: {error}")))?;
    if certificates.is_empty() {
        return Err(Problem::Certificate("holds no certificate".to_owned()));
    }
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|_| Problem::Key("holds no private key that can be read".to_owned()))?;
    checked(load(certificates, key)?)
}

/// A pair of a certificate, the chain below it, and its key, whatever is in the certificate.
pub(super) fn load(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<CertifiedKey, Problem> {
    let key = provider()
        .key_provider
        .load_private_key(key)
        .map_err(|error| Problem::Key(format!("holds a key that cannot be used: {error}")))?;
    Ok(CertifiedKey::new(chain, key))
}

fn checked(pair: CertifiedKey) -> Result<Arc<CertifiedKey>, Problem> {
    match pair.keys_match() {
        Ok(()) | Err(TlsError::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(Arc::new(pair)),
        Err(TlsError::InconsistentKeys(_)) => Err(Problem::Apart),
        Err(error) => Err(Problem::Certificate(format!(
            "holds a certificate that cannot be used: {error}"
        ))),
    }
}
