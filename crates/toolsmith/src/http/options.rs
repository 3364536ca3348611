//! What can be set about the endpoint, wherever it is mounted.

use std::time::Duration;

use crate::{Error, Result};

/// The settings of an endpoint, with their defaults.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Where the endpoint is: starts with `/` and does not end with one; empty for the root.
    pub(crate) path: String,
    /// The largest body that is taken, in bytes.
    pub(crate) max_body: usize,
    /// How many legacy sessions there may be.
    pub(crate) max_sessions: usize,
    /// How long a legacy session is kept that nobody uses.
    pub(crate) session_idle: Duration,
    /// Hosts that are served beside those that the address implies. `*` for any.
    pub(crate) allow_hosts: Vec<String>,
    /// Origins that are let in beside those that the address implies. `*` for any.
    pub(crate) allow_origins: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            path: "/mcp".to_owned(),
            max_body: 4 * 1024 * 1024,
            max_sessions: 100_000,
            session_idle: Duration::from_secs(30 * 60),
            allow_hosts: Vec::new(),
            allow_origins: Vec::new(),
        }
    }
}

impl Options {
    /// Checks what was set, and brings the path into its one form.
    pub(crate) fn checked(mut self) -> Result<Self> {
        self.path = checked_path(&self.path)?.to_owned();
        self.allow_hosts.iter().try_for_each(|h| check_host(h))?;
        self.allow_origins
            .iter()
            .try_for_each(|o| check_origin(o))?;
        for (flag, limit) in [
            ("max-body", self.max_body),
            ("max-sessions", self.max_sessions),
        ] {
            if limit == 0 {
                return Err(Error::setting(format!(
                    "--{flag} must be more than nothing"
                )));
            }
        }
        Ok(self)
    }
}

fn checked_path(text: &str) -> Result<&str> {
    let path = text.trim_end_matches('/');
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '{' | '}' | '*');
    if text.starts_with('/') && path.chars().all(plain) {
        return Ok(path);
    }
    Err(Error::setting(format!(
        "--path '{text}' cannot be served; it starts with '/' and has no spaces, '?' or '#', such as /mcp"
    )))
}

/// Refuses what never stands in a `Host` field, such as a URL: it would never match.
fn check_host(text: &str) -> Result<()> {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    if text == "*" || (!text.is_empty() && text.chars().all(plain)) {
        return Ok(());
    }
    Err(
        Error::setting(format!("--allow-host '{text}' is no host name")).with_hint(
            "write it as mcp.example.com or mcp.example.com:8443, without https:// or a path; * allows any",
        ),
    )
}

/// Refuses what never stands in an `Origin` field.
fn check_origin(text: &str) -> Result<()> {
    let host = text.split_once("://").map(|(_, host)| host);
    let is_origin = host.is_some_and(|host| !host.is_empty() && !host.contains('/'));
    if is_origin || text == "*" || text == "null" {
        return Ok(());
    }
    Err(Error::setting(format!(
        "--allow-origin '{text}' is no origin; write it as https://app.example.com, without a path"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_never_match_or_never_serve_is_refused_in_code_as_on_the_command_line() {
        let wrong: [fn(&mut Options); 5] = [
            |it| it.path = "mcp".to_owned(),
            |it| it.max_body = 0,
            |it| it.max_sessions = 0,
            |it| it.allow_hosts.push("https://a.example.com/".to_owned()),
            |it| it.allow_origins.push("a.example.com".to_owned()),
        ];
        for (number, change) in wrong.into_iter().enumerate() {
            let mut options = Options::default();
            change(&mut options);
            let error = options.checked().unwrap_err();
            assert!(error.is_setting(), "{number}: {error}");
        }
        assert!(Options::default().checked().is_ok());
    }
}
