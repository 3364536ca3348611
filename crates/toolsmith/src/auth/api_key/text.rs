//! An API key as its owner has it: `tsk_`, the id, `_`, the secret.

/// By which a key is known for one of ours: to this server, and to who looks for leaked
/// secrets in texts.
const PREFIX: &str = "tsk_";
/// Characters of an id: 50 bits.
const ID: usize = 10;
/// Characters of a secret: 260 bits, of which 256 are random.
const SECRET: usize = 52;
/// Base 32 (RFC 4648, section 6) in small letters.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Whether somebody means this for an API key.
pub(super) fn is_ours(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// What somebody brings as an API key.
#[derive(Clone, Copy)]
pub(super) struct Presented<'a> {
    pub(super) id: &'a str,
    pub(super) secret: &'a str,
}

impl<'a> Presented<'a> {
    /// Reads one.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let fits = is_id(id) && secret.len() == SECRET && is_base32(secret);
        fits.then_some(Self { id, secret })
    }
}

/// Whether it may be the id of a key.
pub(super) fn is_id(text: &str) -> bool {
    text.len() == ID && is_base32(text)
}

/// A new id and a new secret.
///
/// # Errors
///
/// When the system gives no random bytes.
pub(super) fn generate() -> Result<(String, String), getrandom::Error> {
    let mut random = [0; 7 + 32];
    getrandom::fill(&mut random)?;
    let (id, secret) = random.split_at(7);
    let mut id = base32(id);
    id.truncate(ID);
    Ok((id, base32(secret)))
}

/// The whole key, which is shown once.
pub(super) fn whole(id: &str, secret: &str) -> String {
    format!("{PREFIX}{id}_{secret}")
}

fn is_base32(text: &str) -> bool {
    text.bytes().all(|byte| ALPHABET.contains(&byte))
}

/// Five bits a character; the last one has zeros behind what is left.
fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut held, mut bits) = (0_u32, 0);
    let mut write = |value: u32| text.push(char::from(ALPHABET[(value & 31) as usize]));
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            write(held >> bits);
        }
    }
    if bits > 0 {
        write(held << (5 - bits));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_is_read_back_and_is_never_the_same() {
        let (id, secret) = generate().unwrap();
        let text = whole(&id, &secret);
        let read = Presented::parse(&text).expect("it is a key");
        assert_eq!((read.id, read.secret), (&*id, &*secret));
        assert_ne!(generate().unwrap().1, secret);
        for bad in [
            &text[1..],
            &text[..text.len() - 1],
            &format!("{text}a"),
            &text.to_uppercase(),
            &text.replace('_', "-"),
            "tsk_",
            "tsk__",
            "",
        ] {
            assert!(Presented::parse(bad).is_none(), "{bad}");
        }
    }

    /// The vectors of RFC 4648, section 10, in small letters and without padding.
    #[test]
    fn base_32_is_that_of_the_rfc() {
        for (bytes, text) in [
            ("", ""),
            ("f", "my"),
            ("fo", "mzxq"),
            ("foo", "mzxw6"),
            ("foob", "mzxw6yq"),
            ("fooba", "mzxw6ytb"),
            ("foobar", "mzxw6ytboi"),
        ] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
        assert_eq!(base32(&[0xff; 32]).len(), SECRET);
    }
}
