//! The challenge `tls-alpn-01`, RFC 8737: for as long as an authority looks, whoever comes
//! with the protocol `acme-tls/1` is shown a certificate that only who has the account can
//! make.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::order::Failed;
use crate::http::tls::certificates::{CHALLENGE, Certificates};
use crate::http::tls::pair;

/// What is shown, to authorities and to everybody else.
#[derive(Debug)]
pub(super) struct Challenges {
    certificates: Arc<Certificates>,
    /// By domain.
    answers: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

/// The answer to a challenge, shown until this is dropped.
#[derive(Debug)]
pub(super) struct Answer {
    challenges: Arc<Challenges>,
    domain: String,
}

impl Challenges {
    pub(super) fn new(certificates: Arc<Certificates>) -> Self {
        Self {
            certificates,
            answers: Mutex::default(),
        }
    }

    /// What everybody else is shown.
    pub(super) fn certificates(&self) -> &Certificates {
        &self.certificates
    }

    fn answers(&self) -> MutexGuard<'_, HashMap<String, Arc<CertifiedKey>>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers the challenge of a domain, with the digest that was asked for.
pub(super) fn answer(
    challenges: &Arc<Challenges>,
    domain: String,
    digest: &[u8],
) -> Result<Answer, Failed> {
    let made = make(&domain, digest).map_err(Failed::Certificate)?;
    challenges.answers().insert(domain.clone(), made);
    let challenges = Arc::clone(challenges);
    Ok(Answer { challenges, domain })
}

fn make(domain: &str, digest: &[u8]) -> Result<Arc<CertifiedKey>, String> {
    let told = |error: rcgen::Error| error.to_string();
    let mut params = CertificateParams::new([domain.to_owned()]).map_err(told)?;
    params.distinguished_name = DistinguishedName::new();
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let key = KeyPair::generate().map_err(told)?;
    let certificate = params.self_signed(&key).map_err(told)?;
    let key = PrivateKeyDer::try_from(key.serialize_der())?;
    let chain = vec![certificate.der().clone()];
    // It has a part that only authorities understand, so that a check would refuse it.
    let pair = pair::load(chain, key);
    pair.map(Arc::new).map_err(|problem| problem.to_string())
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.challenges.answers().remove(&self.domain);
    }
}

impl ResolvesServerCert for Challenges {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        // An authority offers this protocol and no other.
        let is_challenge = hello.alpn().is_some_and(|it| it.eq([CHALLENGE]));
        if !is_challenge {
            return self.certificates.shown();
        }
        let name = hello.server_name()?.to_ascii_lowercase();
        self.answers().get(&name).cloned()
    }
}
