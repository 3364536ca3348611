//! By what a request says whose it is.

use http::HeaderName;

use crate::{Error, Result};

/// The longest name of a tenant, in bytes.
const LONGEST: usize = 128;

/// By what a request says whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::http) enum Source {
    /// A claim of its token.
    Claim(String),
    /// What its API key was made for.
    Key,
    /// The path: `/t/{tenant}/mcp`.
    Path,
    /// The host, which ends so: `{tenant}.example.com`.
    Host(String),
    /// A header field, which a trusted proxy has set.
    Header(HeaderName),
}

impl Source {
    /// Reads one, as `--tenant` has it.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let wrong = || {
            Error::setting(format!("--tenant '{text}' names no tenant")).with_hint(
                "write claim:org_id, key, path, host:{tenant}.example.com or header:X-Tenant",
            )
        };
        let source = match text.split_once(':') {
            None if text == "key" => Some(Self::Key),
            None if text == "path" => Some(Self::Path),
            Some(("claim", name)) if !name.is_empty() => Some(Self::Claim(name.to_owned())),
            Some(("host", pattern)) => suffix(pattern).map(Self::Host),
            Some(("header", name)) => name.parse().ok().map(Self::Header),
            _ => None,
        };
        source.ok_or_else(wrong)
    }
}

/// What follows the tenant in the name of a host.
fn suffix(pattern: &str) -> Option<String> {
    let suffix = pattern.strip_prefix("{tenant}.")?;
    let fits = |label: &str| {
        let mut bytes = label.bytes();
        !label.is_empty() && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    suffix
        .split('.')
        .all(fits)
        .then(|| format!(".{}", suffix.to_ascii_lowercase()))
}

/// Whether a text can name a tenant: 1 to 128 visible characters of ASCII.
pub(super) fn is_name(text: &str) -> bool {
    let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    is_visible && (1..=LONGEST).contains(&text.len())
}

/// Whether a text can name a tenant in a path or in front of a host, where nothing is written
/// in more than one way: letters, digits, and `-`, `_`, `.` and `~` between them.
pub(super) fn is_plain_name(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    is_name(text) && text.bytes().all(is_plain) && !text.bytes().all(|b| b == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let host = |suffix: &str| Source::Host(suffix.to_owned());
        for (text, source) in [
            ("claim:org_id", Source::Claim("org_id".to_owned())),
            (
                "claim:https://a.example/org",
                Source::Claim("https://a.example/org".to_owned()),
            ),
            ("key", Source::Key),
            ("path", Source::Path),
            ("host:{tenant}.example.com", host(".example.com")),
            ("host:{tenant}.MCP.example.com", host(".mcp.example.com")),
            (
                "header:X-Tenant",
                Source::Header(HeaderName::from_static("x-tenant")),
            ),
        ] {
            assert_eq!(Source::parse(text).unwrap(), source, "{text}");
        }
        for text in [
            "",
            "claim",
            "claim:",
            "keys",
            "key:",
            "path:/t",
            "host:",
            "host:example.com",
            "host:{tenant}",
            "host:{tenant}.",
            "host:a.{tenant}.example.com",
            "host:{tenant}.example.com:8000",
            "header:",
            "header:a b",
        ] {
            let said = format!("{:?}", Source::parse(text).unwrap_err());
            assert!(said.contains("claim:org_id"), "{text}: {said}");
        }
    }

    #[test]
    fn a_name_is_short_and_visible() {
        for good in ["a", "acme", "https://a.example|org/1", &"x".repeat(128)] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", " ", "a b", "a\n", "ä", &"x".repeat(129)] {
            assert!(!is_name(bad) && !is_plain_name(bad), "{bad}");
        }
        for good in ["a", "acme-1", "a.b_c~d"] {
            assert!(is_plain_name(good), "{good}");
        }
        for bad in [".", "..", "a/b", "a%2fb", "a:b", "a@b", "a?b"] {
            assert!(!is_plain_name(bad), "{bad}");
        }
    }
}
