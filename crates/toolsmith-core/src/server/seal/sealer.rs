//! Sealing and opening: XChaCha20-Poly1305 around the state, Base64 around that.
//!
//! A sealed text is, before Base64:
//!
//! | bytes | what |
//! |---|---|
//! | 1 | version of this format |
//! | 4 | id of the key |
//! | 24 | nonce, random: processes that share a key need not agree on a counter |
//! | … | encrypted: the state, then the expiry in milliseconds since 1970 |
//! | 16 | tag, over all of it and over what the state is bound to |

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{AeadInPlace as _, KeyInit as _};
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};

use super::key::{ID_LEN, StateKey};

/// The longest sealed text, in bytes.
const MAX_SEALED: usize = 256 * 1024;

const VERSION: u8 = 1;
const NONCE_LEN: usize = 24;
const EXPIRY_LEN: usize = 8;
const TAG_LEN: usize = 16;
/// What is added to the state before Base64.
const OVERHEAD: usize = 1 + ID_LEN + NONCE_LEN + EXPIRY_LEN + TAG_LEN;
/// The longest state whose sealed text is within the bound.
const MAX_PLAIN: usize = MAX_SEALED / 4 * 3 - OVERHEAD;

/// Seals state with one key and opens it with any of several.
///
/// To change keys, seal with the new one and keep the old one to open with until what it
/// sealed has expired. Where several processes share keys, each must be able to open with
/// the new key before the first of them seals with it.
pub(crate) struct Sealer {
    first: SealingKey,
    also: Vec<SealingKey>,
}

struct SealingKey {
    id: [u8; ID_LEN],
    cipher: XChaCha20Poly1305,
}

/// Why state was not sealed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SealError {
    /// The state is too long.
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// The system gives no random bytes.
    Random(getrandom::Error),
}

/// Why a text was not opened. For the log: a client is told one thing for all of them, so
/// that it learns nothing about what it tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsealable {
    /// It is not what [`Sealer::seal`] writes.
    Malformed,
    /// No key here sealed it, or it was altered, or it belongs to something else.
    Foreign,
    /// It is too old.
    Expired,
}

impl Sealer {
    /// Seals with `first`; opens with `first` and with each of `also`.
    pub(crate) fn new(first: StateKey, also: Vec<StateKey>) -> Self {
        Self {
            first: SealingKey::new(&first),
            also: also.iter().map(SealingKey::new).collect(),
        }
    }

    /// Seals `plain` so that it opens only for the same `bound_to`, and before
    /// `expires_at`.
    ///
    /// # Errors
    ///
    /// When the sealed text would be longer than 256 KiB, or the system gives no random
    /// bytes.
    pub(crate) fn seal(
        &self,
        bound_to: &[u8],
        expires_at: SystemTime,
        plain: &[u8],
    ) -> Result<String, SealError> {
        let too_long = SealError::TooLong { len: plain.len() };
        if plain.len() > MAX_PLAIN {
            return Err(too_long);
        }
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(SealError::Random)?;

        let mut sealed = Vec::with_capacity(OVERHEAD + plain.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&self.first.id);
        sealed.extend_from_slice(&nonce);
        let body = sealed.len();
        sealed.extend_from_slice(plain);
        sealed.extend_from_slice(&expiry(expires_at).to_le_bytes());
        let tag = self
            .first
            .cipher
            .encrypt_in_place_detached(
                XNonce::from_slice(&nonce),
                &self.first.associated(bound_to),
                &mut sealed[body..],
            )
            // The cipher fails for lengths alone, and those are far over the bound.
            .map_err(|_| too_long)?;
        sealed.extend_from_slice(&tag);
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// What was sealed, when it was sealed here for the same `bound_to` and has not
    /// expired.
    ///
    /// # Errors
    ///
    /// When anything about it is not so. Nothing of the state is given then.
    pub(crate) fn open(
        &self,
        bound_to: &[u8],
        now: SystemTime,
        sealed: &str,
    ) -> Result<Vec<u8>, Unsealable> {
        if sealed.len() > MAX_SEALED {
            return Err(Unsealable::Malformed);
        }
        // A text that decodes to the same bytes as another is refused by this engine.
        let sealed = URL_SAFE_NO_PAD
            .decode(sealed)
            .map_err(|_| Unsealable::Malformed)?;
        let parts = Parts::split(&sealed).ok_or(Unsealable::Malformed)?;
        let mut state = std::iter::once(&self.first)
            .chain(&self.also)
            .filter(|key| key.id == *parts.key)
            .find_map(|key| key.open(bound_to, &parts))
            .ok_or(Unsealable::Foreign)?;

        let (plain, expires_at) = state
            .split_last_chunk::<EXPIRY_LEN>()
            .ok_or(Unsealable::Malformed)?;
        if millis(now).is_none_or(|now| now >= u64::from_le_bytes(*expires_at)) {
            return Err(Unsealable::Expired);
        }
        let len = plain.len();
        state.truncate(len);
        Ok(state)
    }
}

/// The fields of a sealed text.
struct Parts<'a> {
    key: &'a [u8; ID_LEN],
    nonce: &'a [u8; NONCE_LEN],
    body: &'a [u8],
    tag: &'a [u8; TAG_LEN],
}

impl<'a> Parts<'a> {
    fn split(sealed: &'a [u8]) -> Option<Self> {
        let rest = sealed.strip_prefix(&[VERSION])?;
        let (key, rest) = rest.split_first_chunk()?;
        let (nonce, rest) = rest.split_first_chunk()?;
        let (body, tag) = rest.split_last_chunk()?;
        Some(Self {
            key,
            nonce,
            body,
            tag,
        })
    }
}

impl SealingKey {
    fn new(key: &StateKey) -> Self {
        Self {
            id: key.id(),
            cipher: XChaCha20Poly1305::new(key.bytes().into()),
        }
    }

    /// What the tag covers beside the encrypted part. What comes before `bound_to` has one
    /// length, so the two cannot be shifted against each other.
    fn associated(&self, bound_to: &[u8]) -> Vec<u8> {
        [&[VERSION], self.id.as_slice(), bound_to].concat()
    }

    fn open(&self, bound_to: &[u8], parts: &Parts<'_>) -> Option<Vec<u8>> {
        let mut body = parts.body.to_vec();
        self.cipher
            .decrypt_in_place_detached(
                XNonce::from_slice(parts.nonce),
                &self.associated(bound_to),
                &mut body,
                Tag::from_slice(parts.tag),
            )
            .ok()?;
        Some(body)
    }
}

/// Milliseconds since 1970; `None` for a clock that is before that and so knows nothing.
fn millis(time: SystemTime) -> Option<u64> {
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    Some(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// An expiry as it is sealed: what should have expired before 1970 has.
fn expiry(expires_at: SystemTime) -> u64 {
    millis(expires_at).unwrap_or(0)
}

/// Shows the ids of the keys, never the keys.
impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer")
            .field("first", &self.first)
            .field("also", &self.also)
            .finish()
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { len } => write!(
                f,
                "the state of a request is {len} bytes long, and {MAX_PLAIN} can travel \
                 through a client: keep what is large here and let only its name travel"
            ),
            Self::Random(why) => write!(f, "the system gives no random bytes: {why}"),
        }
    }
}

impl std::error::Error for SealError {}

impl fmt::Display for Unsealable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the state is not what this server writes",
            Self::Foreign => {
                "the state was altered, sealed with a key that is not known here, or given \
                 to another caller or request"
            }
            Self::Expired => "the state has expired",
        })
    }
}

impl std::error::Error for Unsealable {}

#[cfg(test)]
mod tests;
