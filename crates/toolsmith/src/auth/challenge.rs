//! `WWW-Authenticate`: what a client that is not let in is to do.
//!
//! Implements RFC 6750, section 3, RFC 9728, section 5.1, and "Error Handling" of revision
//! 2026-07-28, `basic/authorization`.

use std::fmt::Write as _;

use http::HeaderValue;

/// Left out of challenges and metadata: refresh tokens are a matter between a client and
/// its authorization server ("Refresh Tokens" of revision 2026-07-28).
pub(super) const OFFLINE_ACCESS: &str = "offline_access";

/// A challenge of the scheme `Bearer`.
///
/// ```
/// use toolsmith::auth::Challenge;
///
/// let challenge = Challenge::new()
///     .resource_metadata("https://mcp.example.com/.well-known/oauth-protected-resource")
///     .error("insufficient_scope", "writing needs more")
///     .scopes(["files:read", "files:write"]);
/// assert_eq!(
///     challenge.to_string(),
///     "Bearer resource_metadata=\"https://mcp.example.com/.well-known/oauth-protected-resource\", \
///      error=\"insufficient_scope\", error_description=\"writing needs more\", \
///      scope=\"files:read files:write\"",
/// );
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    resource_metadata: Option<String>,
    error: Option<(&'static str, String)>,
    scopes: Vec<String>,
}

impl Challenge {
    /// One that says nothing but `Bearer`: the request brought no credentials.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where the metadata of this resource is.
    #[must_use]
    pub fn resource_metadata(mut self, url: impl Into<String>) -> Self {
        self.resource_metadata = Some(url.into());
        self
    }

    /// Names another place of the metadata, where it names one.
    pub(super) fn move_metadata(&mut self, url: String) {
        if let Some(before) = &mut self.resource_metadata {
            *before = url;
        }
    }

    /// What was wrong: a code of RFC 6750, section 3.1, and words for people.
    #[must_use]
    pub fn error(mut self, code: &'static str, description: impl Into<String>) -> Self {
        self.error = Some((code, description.into()));
        self
    }

    /// The scopes that the request needs, all of them at once.
    #[must_use]
    pub fn scopes<S: AsRef<str>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        let scopes = scopes.into_iter().map(|it| it.as_ref().to_owned());
        self.scopes = scopes.filter(|it| it != OFFLINE_ACCESS).collect();
        self
    }

    /// The value of the header field.
    pub fn header(&self) -> HeaderValue {
        let text = self.to_string();
        // What `quoted` lets through is always a value.
        HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("Bearer"))
    }
}

impl std::fmt::Display for Challenge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scope = (!self.scopes.is_empty()).then(|| self.scopes.join(" "));
        let error = self.error.as_ref();
        let parameters = [
            ("resource_metadata", self.resource_metadata.as_deref()),
            ("error", error.map(|it| it.0)),
            ("error_description", error.map(|it| &*it.1)),
            ("scope", scope.as_deref()),
        ];
        f.write_str("Bearer")?;
        let given = parameters
            .iter()
            .filter_map(|(name, it)| Some((name, (*it)?)));
        for (place, (name, value)) in given.enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(f, "{comma} {name}={}", quoted(value))?;
        }
        Ok(())
    }
}

/// A quoted string (RFC 9110, section 5.6.4) of printable ASCII, whatever comes in.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                let _ = write!(out, "\\{c}");
            }
            ' '..='~' => out.push(c),
            _ => out.push('?'),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const METADATA: &str = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp";

    #[test]
    fn who_brought_nothing_is_told_of_no_error() {
        assert_eq!(Challenge::new().header(), "Bearer");
        let challenge = Challenge::new()
            .resource_metadata(METADATA)
            .scopes(["files:read", "offline_access"]);
        let expected = format!("Bearer resource_metadata=\"{METADATA}\", scope=\"files:read\"");
        assert_eq!(challenge.header(), expected.as_str());
    }

    #[test]
    fn what_would_end_the_quotes_or_the_line_does_not() {
        let challenge = Challenge::new().error("invalid_token", "a \"b\" \\c\r\nX-Evil: 1 ä");
        assert_eq!(
            challenge.header(),
            "Bearer error=\"invalid_token\", error_description=\"a \\\"b\\\" \\\\c??X-Evil: 1 ?\""
        );
    }
}
