//! The lines that a server says when it starts.

use std::io::Write as _;

/// Who is told that a server has started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(hidden)]
pub enum Announce {
    /// People, on standard error.
    People,
    /// Only the log.
    Log,
}

impl Announce {
    /// Says that a server has started: who, how, and where if there is an address.
    pub(crate) fn started(self, server: &str, transport: &str, url: Option<(&str, &str)>) {
        let (base, endpoint) = url.unwrap_or_default();
        if self == Announce::Log || crate::log::is_json() {
            tracing::info!(server, transport, endpoint, "the server has started");
            return;
        }
        let mut lines = format!("Starting MCP server '{server}' with transport '{transport}'\n");
        if url.is_some() {
            lines.push_str(&format!(
                "Listening on {base} (Press CTRL+C to quit)\n-> MCP endpoint: {endpoint}\n"
            ));
        }
        // Whoever closed standard error does not want to read it.
        let _ = std::io::stderr().write_all(lines.as_bytes());
    }
}
