//! Identifiers that a client chooses and is given back unchanged.

use std::fmt;

use bytes::Bytes;
use std::borrow::Cow;
use std::hash::{Hash, Hasher};

/// The longest request id or progress token that is taken, in bytes of JSON.
const MAX_LEN: usize = 1024;

/// The `id` of a JSON-RPC request: a string or an integer, kept as it was written.
///
/// The protocol forbids `null` and this server also refuses fractions, which no client
/// could be given back reliably.
///
/// Two ids are the same when they are the same JSON, however their letters are escaped.
#[derive(Clone)]
pub struct RequestId(Bytes);

/// The `progressToken` of a request: a string or an integer, kept as it was written.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ProgressToken(Bytes);

impl RequestId {
    /// Takes the JSON of an id. `None` when it is neither a string nor an integer, or is
    /// longer than 1024 bytes.
    pub fn from_json(json: Bytes) -> Option<Self> {
        is_identifier(&json).then_some(Self(json))
    }

    /// The id as JSON.
    pub fn as_json(&self) -> &[u8] {
        &self.0
    }
}

impl RequestId {
    /// The JSON without needless escapes.
    fn plain(&self) -> Cow<'_, [u8]> {
        if self.0.contains(&b'\\')
            && let Ok(text) = serde_json::from_slice::<String>(&self.0)
            && let Ok(plain) = serde_json::to_vec(&text)
        {
            return Cow::Owned(plain);
        }
        Cow::Borrowed(&self.0)
    }
}

impl PartialEq for RequestId {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.plain() == other.plain()
    }
}

impl Eq for RequestId {}

impl Hash for RequestId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.plain().hash(state);
    }
}

impl ProgressToken {
    /// Takes the JSON of a token. `None` when it is neither a string nor an integer, or
    /// is longer than 1024 bytes.
    pub fn from_json(json: Bytes) -> Option<Self> {
        is_identifier(&json).then_some(Self(json))
    }

    /// The token as JSON.
    pub fn as_json(&self) -> &[u8] {
        &self.0
    }
}

/// Whether valid JSON is a string or an integer within the bound.
fn is_identifier(json: &[u8]) -> bool {
    let (first, rest) = match json {
        [] => return false,
        [b'-', rest @ ..] => (b'-', rest),
        [first, ..] => (*first, json),
    };
    json.len() <= MAX_LEN && (first == b'"' || rest.iter().all(u8::is_ascii_digit))
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl fmt::Debug for ProgressToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_same_however_it_is_escaped() {
        let id = |text: &'static str| RequestId::from_json(text.into()).unwrap();
        let (escaped, plain) = (id(r#""\u0061b\/""#), id(r#""ab/""#));
        assert_eq!(escaped, plain);
        assert_eq!(escaped.as_json(), br#""\u0061b\/""#, "as it was written");
        assert!(std::collections::HashSet::from([escaped]).contains(&plain));
        assert_ne!(id("1"), id(r#""1""#));
        assert_ne!(id(r#""a""#), id(r#""b""#));
    }

    #[test]
    fn strings_and_integers_are_ids_and_nothing_else_is() {
        for good in ["1", "-7", "\"a\"", "\"\"", "18446744073709551616"] {
            assert!(RequestId::from_json(good.into()).is_some(), "{good}");
        }
        for bad in ["null", "1.5", "1e3", "true", "[1]", "{}", ""] {
            assert!(RequestId::from_json(bad.into()).is_none(), "{bad}");
        }
        let long = format!("\"{}\"", "x".repeat(MAX_LEN));
        assert!(RequestId::from_json(long.into()).is_none());
    }
}
