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
        let path = self.path.trim_end_matches('/');
        let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '{' | '}' | '*');
        if !self.path.starts_with('/') || !path.chars().all(plain) {
            return Err(Error::setting(format!(
                "--path '{}' cannot be served; it starts with '/' and has no spaces, '?' or '#', such as /mcp",
                self.path
            )));
        }
        self.path = path.to_owned();
        for origin in &self.allow_origins {
            let host = origin.split_once("://").map(|(_, host)| host);
            if origin != "*"
                && origin != "null"
                && host.is_none_or(|h| h.is_empty() || h.contains('/'))
            {
                return Err(Error::setting(format!(
                    "--allow-origin '{origin}' is no origin; write it as https://app.example.com, without a path"
                )));
            }
        }
        Ok(self)
    }
}
