//! Identifiers that a client chooses and is given back unchanged.

use std::fmt;

use bytes::Bytes;

/// The longest request id or progress token that is taken, in bytes of JSON.
const MAX_LEN: usize = 1024;

/// The `id` of a JSON-RPC request: a string or an integer, kept as it was written.
///
/// The protocol forbids `null` and this server also refuses fractions, which no client
/// could be given back reliably.
#[derive(Clone, PartialEq, Eq, Hash)]
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
