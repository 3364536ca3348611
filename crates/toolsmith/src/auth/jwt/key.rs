//! A key that signatures are verified with.

use std::path::Path;

use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse,
};
use jsonwebtoken::{DecodingKey, DecodingKeyKind};
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::Value;
use spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};

use super::Algorithm;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// A public key, and what it is for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Key {
    id: Option<String>,
    /// The one algorithm that it names for itself.
    algorithm: Option<KeyAlgorithm>,
    material: Material,
}

#[derive(Debug, PartialEq, Eq)]
enum Material {
    /// Modulus and exponent.
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// An `RSAPublicKey` of RFC 8017.
    RsaDer(Vec<u8>),
    /// A point, not compressed.
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

impl Key {
    /// Reads a key of a set (RFC 7517).
    ///
    /// # Errors
    ///
    /// Why signatures cannot be verified with it.
    pub(super) fn from_jwk(value: Value) -> Result<Self, String> {
        let jwk: Jwk = serde_json::from_value(value).map_err(|error| error.to_string())?;
        let common = &jwk.common;
        if !matches!(common.public_key_use, None | Some(PublicKeyUse::Signature)) {
            return Err("it is not for signatures".to_owned());
        }
        let operations = common.key_operations.as_ref();
        if operations.is_some_and(|it| !it.contains(&KeyOperations::Verify)) {
            return Err("it is not for verifying".to_owned());
        }
        Ok(Self {
            material: Material::of_jwk(&jwk)?,
            id: jwk.common.key_id,
            algorithm: jwk.common.key_algorithm,
        })
    }

    /// Reads the public keys of a PEM file.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or holds none.
    pub(super) fn from_pem_file(path: &Path) -> Result<Vec<Self>, String> {
        let keys = SubjectPublicKeyInfoDer::pem_file_iter(path).and_then(Iterator::collect);
        let keys: Vec<SubjectPublicKeyInfoDer<'_>> = keys.map_err(|error| error.to_string())?;
        if keys.is_empty() {
            return Err("it holds no PUBLIC KEY block".to_owned());
        }
        keys.iter().map(|key| Self::from_spki(key)).collect()
    }

    fn from_spki(der: &[u8]) -> Result<Self, String> {
        let info = SubjectPublicKeyInfoRef::try_from(der).map_err(|error| error.to_string())?;
        let bits = info.subject_public_key.raw_bytes().to_vec();
        let curve = info.algorithm.parameters_oid().ok();
        let material = match (info.algorithm.oid, curve) {
            (RSA, _) => Material::RsaDer(bits),
            (EC, Some(P256)) => Material::P256(bits),
            (EC, Some(P384)) => Material::P384(bits),
            (ED25519, _) => Material::Ed25519(bits),
            (kind, _) => return Err(format!("a public key of the kind {kind} is not accepted")),
        };
        let (id, algorithm) = (None, None);
        Ok(Self {
            id,
            algorithm,
            material,
        })
    }

    /// What its issuer calls it.
    pub(super) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Whether it may verify this algorithm: of its type, and the one that it names if it
    /// names one (RFC 8725, section 3.1).
    pub(super) fn fits(&self, algorithm: Algorithm) -> bool {
        let of_type = match self.material {
            Material::Rsa { .. } | Material::RsaDer(_) => !matches!(
                algorithm,
                Algorithm::Es256 | Algorithm::Es384 | Algorithm::EdDsa
            ),
            Material::P256(_) => algorithm == Algorithm::Es256,
            Material::P384(_) => algorithm == Algorithm::Es384,
            Material::Ed25519(_) => algorithm == Algorithm::EdDsa,
        };
        let named = self.algorithm.map(|it| it.to_string());
        of_type && named.is_none_or(|it| it == algorithm.name())
    }

    /// Whether the signature is of this key over this message. `false` for an algorithm
    /// that does not fit.
    pub(super) fn verifies(&self, algorithm: Algorithm, message: &[u8], given: &[u8]) -> bool {
        if !self.fits(algorithm) {
            return false;
        }
        let verified = match &self.material {
            Material::Rsa { n, e } => match rsa(algorithm) {
                Some(parameters) => {
                    RsaPublicKeyComponents { n, e }.verify(parameters, message, given)
                }
                None => return false,
            },
            Material::RsaDer(key) => match rsa(algorithm) {
                Some(parameters) => UnparsedPublicKey::new(parameters, key).verify(message, given),
                None => return false,
            },
            Material::P256(key) => UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, key)
                .verify(message, given),
            Material::P384(key) => UnparsedPublicKey::new(&signature::ECDSA_P384_SHA384_FIXED, key)
                .verify(message, given),
            Material::Ed25519(key) => {
                UnparsedPublicKey::new(&signature::ED25519, key).verify(message, given)
            }
        };
        verified.is_ok()
    }
}

impl Material {
    fn of_jwk(jwk: &Jwk) -> Result<Self, String> {
        let key = DecodingKey::from_jwk(jwk).map_err(|error| error.to_string())?;
        let curve = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => None,
            AlgorithmParameters::EllipticCurve(it) => Some(&it.curve),
            AlgorithmParameters::OctetKeyPair(it) => Some(&it.curve),
            AlgorithmParameters::OctetKey(_) => return Err("it is a shared secret".to_owned()),
            _ => return Err("its type is not known".to_owned()),
        };
        match (key.kind(), curve) {
            (DecodingKeyKind::RsaModulusExponent { n, e }, None) => {
                let (n, e) = (n.clone(), e.clone());
                Ok(Self::Rsa { n, e })
            }
            (DecodingKeyKind::SecretOrDer(point), Some(EllipticCurve::P256)) => {
                Ok(Self::P256(point.clone()))
            }
            (DecodingKeyKind::SecretOrDer(point), Some(EllipticCurve::P384)) => {
                Ok(Self::P384(point.clone()))
            }
            (DecodingKeyKind::SecretOrDer(point), Some(EllipticCurve::Ed25519)) => {
                Ok(Self::Ed25519(point.clone()))
            }
            _ => Err("its curve is not accepted".to_owned()),
        }
    }
}

/// Keys of less than 2,048 bits verify nothing.
fn rsa(algorithm: Algorithm) -> Option<&'static signature::RsaParameters> {
    Some(match algorithm {
        Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
        Algorithm::Es256 | Algorithm::Es384 | Algorithm::EdDsa => return None,
    })
}
