//! The key that state is sealed with.

use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sha2::{Digest as _, Sha256};

/// How many bytes of a key's digest name it.
pub(super) const ID_LEN: usize = 4;

/// Base64 with or without the padding.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// The key that state is sealed with while a client holds it: 32 secret bytes.
///
/// Processes that answer for each other share one. Who has it can read and forge the state
/// of every request.
///
/// ```
/// use toolsmith_core::server::StateKey;
///
/// // `openssl rand -hex 32` writes such a line.
/// let line = "8f0e3c5d9a7b61424c1d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f7a8b9c0d";
/// let key = StateKey::parse(line)?;
/// // What is shown tells keys apart and does not give them away.
/// assert!(!format!("{key:?}").contains(&line[..8]));
/// # Ok::<(), toolsmith_core::server::StateKeyError>(())
/// ```
#[derive(Clone)]
pub struct StateKey([u8; 32]);

impl StateKey {
    /// A key that is there already, such as one that a secret store gives.
    ///
    /// The bytes are random ones, and not a password.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads a key as it is written in a file or an environment variable: 64 hexadecimal
    /// digits, or 32 bytes in Base64, in either alphabet and with or without padding.
    /// White space around it does not count.
    ///
    /// # Errors
    ///
    /// When the text is neither. The error says what to write and does not repeat the text.
    pub fn parse(text: &str) -> Result<Self, StateKeyError> {
        let text = text.trim();
        let error = StateKeyError { given: text.len() };
        // No text is both: 64 characters of Base64 are 48 bytes.
        from_hex(text)
            .or_else(|| from_base64(&STANDARD, text))
            .or_else(|| from_base64(&URL_SAFE, text))
            .map(Self)
            .ok_or(error)
    }

    /// A key that nobody has: what it seals, only this process can open.
    ///
    /// # Errors
    ///
    /// When the system gives no random bytes.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The key itself.
    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// What tells this key from others without giving it away.
    pub(super) fn id(&self) -> [u8; ID_LEN] {
        let digest = Sha256::new_with_prefix(b"toolsmith state key 1")
            .chain_update(self.0)
            .finalize();
        let mut id = [0; ID_LEN];
        id.copy_from_slice(&digest[..ID_LEN]);
        id
    }
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let digit = |b: u8| {
        char::from(b)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    let mut bytes = [0; 32];
    if pairs.len() != bytes.len() {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

fn from_base64(engine: &GeneralPurpose, text: &str) -> Option<[u8; 32]> {
    // 32 bytes are 44 characters at most; a file that is no key need not be decoded.
    (text.len() <= 44)
        .then(|| engine.decode(text).ok()?.try_into().ok())
        .flatten()
}

/// Shows a part of a digest of the key, never the key.
impl fmt::Debug for StateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StateKey(")?;
        self.id().iter().try_for_each(|b| write!(f, "{b:02x}"))?;
        f.write_str(")")
    }
}

/// A text is not a [`StateKey`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateKeyError {
    /// How long the text was. Its content may be a key with a slip in it.
    given: usize,
}

impl fmt::Display for StateKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a state key is 32 random bytes, written as 64 hexadecimal digits or as Base64; \
             the {} bytes of text that were given are neither. `openssl rand -hex 32` makes one",
            self.given
        )
    }
}

impl std::error::Error for StateKeyError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    proptest! {
        #[test]
        fn every_way_to_write_a_key_is_read(key: [u8; 32]) {
            let padded = STANDARD.encode(key);
            let url_safe = URL_SAFE.encode(key);
            for text in [
                hex(&key),
                hex(&key).to_uppercase(),
                padded.trim_end_matches('=').to_owned(),
                url_safe.trim_end_matches('=').to_owned(),
                format!(" {padded}\n"),
                url_safe,
            ] {
                let read = StateKey::parse(&text);
                prop_assert!(
                    read.as_ref().is_ok_and(|read| *read.bytes() == key),
                    "{text:?} came to {read:?}"
                );
            }
        }

        #[test]
        fn other_lengths_are_no_keys(bytes in proptest::collection::vec(any::<u8>(), 0..70)) {
            prop_assume!(bytes.len() != 32);
            for text in [hex(&bytes), STANDARD.encode(&bytes)] {
                // Hexadecimal digits can also be read as Base64, at another length.
                prop_assume!(STANDARD.decode(&text).map_or(0, |b| b.len()) != 32);
                prop_assert!(StateKey::parse(&text).is_err(), "{text}");
            }
        }

        #[test]
        fn arbitrary_text_does_not_panic(text: String) {
            let _ = StateKey::parse(&text);
        }
    }

    #[test]
    fn the_error_says_what_to_write_and_not_what_was_written() {
        let nearly = format!("{}zz", "ab".repeat(31));
        let error = StateKey::parse(&nearly).expect_err("z is no digit");
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("64 hexadecimal digits"), "{shown}");
        assert!(shown.contains("openssl rand -hex 32"), "{shown}");
        assert!(!shown.contains("abab"), "{shown}");
    }

    #[test]
    fn a_sign_is_not_a_digit() {
        assert!(StateKey::parse(&"+f".repeat(32)).is_err());
    }

    #[test]
    fn debug_tells_keys_apart_and_shows_none() {
        let one = StateKey::from_bytes([7; 32]);
        let other = StateKey::from_bytes([8; 32]);
        let shown = format!("{one:?}");
        assert_eq!(shown, format!("{:?}", one.clone()));
        assert_ne!(shown, format!("{other:?}"));
        assert!(
            !shown.contains("0707") && !shown.contains("7, 7"),
            "{shown}"
        );
    }

    #[test]
    fn random_keys_differ() {
        let [one, other] = [(); 2].map(|()| StateKey::random().expect("random bytes"));
        assert_ne!(one.bytes(), other.bytes());
    }
}
