//! The keys of an issuer.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::Algorithm;
use super::key::Key;

/// The most keys of one issuer.
const MAX_KEYS: usize = 100;
/// How many keys are tried for a token that names none.
const MAX_TRIED: usize = 4;

/// A key set (RFC 7517, section 5).
#[derive(Debug, Default)]
pub(super) struct KeySet(Vec<Arc<Key>>);

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads a document. Keys that are of no use are left out, as section 5 asks.
    ///
    /// # Errors
    ///
    /// When it is no key set, has too many keys, or none that is of use.
    pub(super) fn parse(document: &[u8]) -> Result<Self, String> {
        let document: Document = serde_json::from_slice(document)
            .map_err(|error| format!("the key set cannot be read: {error}"))?;
        let count = document.keys.len();
        if count > MAX_KEYS {
            return Err(format!(
                "the key set has {count} keys, more than {MAX_KEYS}"
            ));
        }
        let mut unused = String::new();
        let mut keys = Vec::new();
        for value in document.keys {
            match Key::from_jwk(value) {
                Ok(key) => keys.push(Arc::new(key)),
                Err(why) => {
                    tracing::debug!(%why, "a key of an issuer is left out");
                    unused = why;
                }
            }
        }
        if keys.is_empty() {
            let why = if count == 0 {
                "it is empty".to_owned()
            } else {
                unused
            };
            return Err(format!("the key set has no key to verify with: {why}"));
        }
        Ok(Self(keys))
    }

    /// These keys.
    pub(super) fn new(keys: Vec<Key>) -> Self {
        Self(keys.into_iter().map(Arc::new).collect())
    }

    /// The keys that may have signed: those with the id that a token names, or a few that
    /// fit its algorithm where it names none.
    pub(super) fn candidates(&self, id: Option<&str>, algorithm: Algorithm) -> Vec<Arc<Key>> {
        let fits = |key: &&Arc<Key>| match (id, key.id()) {
            (None, _) => key.fits(algorithm),
            (Some(id), Some(own)) => own == id && key.fits(algorithm),
            // A key of a file has no id, and is the issuer's whatever a token says.
            (Some(_), None) => self.0.len() == 1 && key.fits(algorithm),
        };
        self.0
            .iter()
            .filter(fits)
            .take(MAX_TRIED)
            .cloned()
            .collect()
    }

    /// Whether it has every key of another.
    pub(super) fn has_all_of(&self, other: &Self) -> bool {
        other.0.iter().all(|key| self.0.contains(key))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
