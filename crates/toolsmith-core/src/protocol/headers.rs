//! The header fields that a modern request repeats from its body.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{ErrorKind, ProtocolError};

/// What a value begins with that is wrapped in Base64.
const WRAPPED: &str = "=?base64?";

/// A header field as it came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeaderField<'a> {
    /// Not there.
    #[default]
    Missing,
    /// There once.
    One(&'a [u8]),
    /// There more than once, which no receiver can read safely.
    Repeated,
}

/// The header fields of an HTTP request that the protocol gives a meaning.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestHeaders<'a> {
    /// `MCP-Protocol-Version`.
    pub protocol_version: HeaderField<'a>,
    /// `Mcp-Method`.
    pub method: HeaderField<'a>,
    /// `Mcp-Name`.
    pub name: HeaderField<'a>,
    /// Whatever else there is, by name in small letters. Only those that begin with
    /// `mcp-param-` are looked at.
    pub others: &'a [(&'a str, &'a [u8])],
}

impl<'a> HeaderField<'a> {
    /// The value as text, `None` when the field is missing.
    ///
    /// Fails when it is repeated or holds anything but visible ASCII, spaces and tabs.
    pub(super) fn text(self, field: &str) -> Result<Option<&'a str>, ProtocolError> {
        match self {
            HeaderField::Missing => Ok(None),
            HeaderField::Repeated => Err(mismatch(format!("`{field}` is given more than once"))),
            HeaderField::One(bytes) => match std::str::from_utf8(bytes.trim_ascii()) {
                Ok(text) if is_visible(bytes) => Ok(Some(text)),
                _ => Err(mismatch(format!("`{field}` holds characters it must not"))),
            },
        }
    }

    /// Whether it is this text to the letter, as it nearly always is.
    pub(super) fn is(self, text: &str) -> bool {
        self == HeaderField::One(text.as_bytes()) && is_visible(text.as_bytes())
    }

    /// The value of a required field that repeats `body`, or the refusal.
    pub(super) fn agrees(self, field: &str, body: &str) -> Result<(), ProtocolError> {
        if self.is(body) {
            return Ok(());
        }
        let Some(text) = self.text(field)? else {
            return Err(mismatch(format!("`{field}` is missing")));
        };
        if text == body {
            return Ok(());
        }
        Err(mismatch(format!(
            "`{field}` is '{}' and the body says '{}'",
            shown(text),
            shown(body)
        )))
    }

    /// Like [`agrees`](Self::agrees), for a field whose value may be wrapped in Base64.
    pub(super) fn agrees_decoded(self, field: &str, body: &str) -> Result<(), ProtocolError> {
        if self.is(body) && !body.starts_with(WRAPPED) {
            return Ok(());
        }
        let Some(text) = self.text(field)? else {
            return Err(mismatch(format!("`{field}` is missing")));
        };
        let text = decoded(text)
            .ok_or_else(|| mismatch(format!("`{field}` is not the Base64 that it says it is")))?;
        if text == body {
            return Ok(());
        }
        Err(mismatch(format!(
            "`{field}` is '{}' and the body says '{}'",
            shown(&text),
            shown(body)
        )))
    }
}

/// Whether all is visible ASCII, spaces and tabs. Without a way out in the middle, which
/// lets a compiler look at many bytes at once.
fn is_visible(bytes: &[u8]) -> bool {
    let visible = |byte: &u8| matches!(byte, b'\t' | b' '..=b'~');
    bytes.iter().fold(true, |all, byte| all & visible(byte))
}

/// Undoes the encoding of revision 2026-07-28, `basic/transports/streamable-http`, "Value
/// Encoding".
pub(super) fn decoded(text: &str) -> Option<Cow<'_, str>> {
    let Some(inner) = text
        .strip_prefix(WRAPPED)
        .and_then(|rest| rest.strip_suffix("?="))
    else {
        return Some(Cow::Borrowed(text));
    };
    let bytes = STANDARD.decode(inner).ok()?;
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

pub(super) fn mismatch(message: impl Into<Cow<'static, str>>) -> ProtocolError {
    ProtocolError::new(ErrorKind::HeaderMismatch, message)
}

/// A value as it may be shown in a message: bounded, and without control characters.
pub(super) fn shown(value: &str) -> String {
    value
        .chars()
        .take(100)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_values_are_decoded_before_they_are_compared() {
        let field = HeaderField::One(b"=?base64?SGVsbG8sIOS4lueVjA==?=");
        assert!(field.agrees_decoded("Mcp-Name", "Hello, 世界").is_ok());
        let literal = HeaderField::One(b"=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=");
        assert!(
            literal
                .agrees_decoded("Mcp-Name", "=?base64?literal?=")
                .is_ok()
        );
        let unwrapped = HeaderField::One(b"=?base64?YQ==?=");
        assert!(
            unwrapped
                .agrees_decoded("Mcp-Name", "=?base64?YQ==?=")
                .is_err(),
            "it says `a`, however the body looks"
        );
        let broken = HeaderField::One(b"=?base64?***?=");
        assert!(broken.agrees_decoded("Mcp-Name", "***").is_err());
    }

    #[test]
    fn white_space_around_a_value_does_not_count_and_case_does() {
        assert!(
            HeaderField::One(b"  add ")
                .agrees("Mcp-Name", "add")
                .is_ok()
        );
        assert!(HeaderField::One(b"ADD").agrees("Mcp-Name", "add").is_err());
        assert!(HeaderField::Repeated.agrees("Mcp-Name", "add").is_err());
        assert!(
            HeaderField::One(b"a\x00")
                .agrees("Mcp-Name", "a\0")
                .is_err()
        );
    }
}
