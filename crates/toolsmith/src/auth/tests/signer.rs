//! Keys that sign, and the tokens that they sign.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair};
use serde_json::{Value, json};

/// Made for these tests; it opens nothing. Making one takes too long for each run.
const RSA: &[u8] = include_bytes!("rsa_2048.der");

pub(super) enum Signer {
    Es256(EcdsaKeyPair),
    Es384(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

impl Signer {
    pub(super) fn es256() -> Self {
        Self::Es256(ecdsa(&signature::ECDSA_P256_SHA256_FIXED_SIGNING))
    }

    pub(super) fn es384() -> Self {
        Self::Es384(ecdsa(&signature::ECDSA_P384_SHA384_FIXED_SIGNING))
    }

    pub(super) fn ed25519() -> Self {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::Ed(Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap())
    }

    pub(super) fn rsa() -> Self {
        Self::Rsa(RsaKeyPair::from_der(RSA).unwrap())
    }

    /// The bytes of the public key, with which one could pretend to share a secret.
    pub(super) fn public(&self) -> Vec<u8> {
        match self {
            Self::Es256(key) | Self::Es384(key) => key.public_key().as_ref().to_vec(),
            Self::Ed(key) => key.public_key().as_ref().to_vec(),
            Self::Rsa(key) => key.public_key().as_ref().to_vec(),
        }
    }

    /// The public key as a key set has it.
    pub(super) fn jwk(&self, id: &str) -> Value {
        let public = self.public();
        let point = |curve: &str| {
            let (x, y) = public[1..].split_at((public.len() - 1) / 2);
            json!({"kty": "EC", "crv": curve, "x": b64(x), "y": b64(y)})
        };
        let mut jwk = match self {
            Self::Es256(_) => point("P-256"),
            Self::Es384(_) => point("P-384"),
            Self::Ed(_) => json!({"kty": "OKP", "crv": "Ed25519", "x": b64(&public)}),
            Self::Rsa(key) => {
                let public = signature::RsaPublicKeyComponents::<Vec<u8>>::from(key.public_key());
                json!({"kty": "RSA", "n": b64(&public.n), "e": b64(&public.e)})
            }
        };
        jwk["kid"] = json!(id);
        jwk["use"] = json!("sig");
        jwk
    }

    /// A token with this header, whatever it says.
    pub(super) fn sign(&self, header: &Value, claims: &Value) -> String {
        let message = unsigned(header, claims);
        let bytes = message.as_bytes();
        let random = SystemRandom::new();
        let signature = match self {
            Self::Es256(key) | Self::Es384(key) => {
                key.sign(&random, bytes).unwrap().as_ref().to_vec()
            }
            Self::Ed(key) => key.sign(bytes).as_ref().to_vec(),
            Self::Rsa(key) => {
                let how: &dyn signature::RsaEncoding = match header["alg"].as_str().unwrap() {
                    "RS384" => &signature::RSA_PKCS1_SHA384,
                    "RS512" => &signature::RSA_PKCS1_SHA512,
                    "PS256" => &signature::RSA_PSS_SHA256,
                    "PS384" => &signature::RSA_PSS_SHA384,
                    "PS512" => &signature::RSA_PSS_SHA512,
                    _ => &signature::RSA_PKCS1_SHA256,
                };
                let mut out = vec![0; key.public().modulus_len()];
                key.sign(how, &random, bytes, &mut out).unwrap();
                out
            }
        };
        format!("{message}.{}", b64(&signature))
    }
}

fn ecdsa(how: &'static signature::EcdsaSigningAlgorithm) -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(how, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(how, document.as_ref(), &random).unwrap()
}

/// Header and claims without a signature.
pub(super) fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| b64(value.to_string().as_bytes());
    format!("{}.{}", part(header), part(claims))
}

pub(super) fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Seconds from 1970 to so many seconds from now.
pub(super) fn in_seconds(seconds: i64) -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap().as_secs() as i64 + seconds
}
