//! The address that clients know the endpoint by.

use http::Uri;
use http::uri::Scheme;

use crate::{Error, Result};

/// The address of the endpoint, as clients see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::http) struct PublicUrl {
    /// Scheme and host, such as `https://mcp.example.com`: an origin.
    base: String,
    /// The path, which starts with `/` and does not end with one; empty for the root.
    path: String,
}

impl PublicUrl {
    /// Reads one; none where there is no text.
    ///
    /// # Errors
    ///
    /// When it is no address that a client could call.
    pub(in crate::http) fn parse(text: &str) -> Result<Option<Self>> {
        if text.is_empty() {
            return Ok(None);
        }
        let wrong = || {
            Error::setting(format!(
                "--public-url '{text}' is no address that clients could call"
            ))
            .with_hint("write it as https://mcp.example.com/mcp, without a query")
        };
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let scheme = uri.scheme().filter(|it| {
            let known = [Scheme::HTTPS, Scheme::HTTP];
            known.contains(it)
        });
        match (scheme, uri.authority(), uri.query()) {
            (Some(scheme), Some(host), None) if !host.as_str().contains('@') => Ok(Some(Self {
                base: format!("{scheme}://{}", host.as_str().to_ascii_lowercase()),
                path: uri.path().trim_end_matches('/').to_owned(),
            })),
            _ => Err(wrong()),
        }
    }

    /// The address of the endpoint at a base.
    pub(in crate::http) fn at(base: &str, path: &str) -> Self {
        Self {
            base: base.to_owned(),
            path: path.to_owned(),
        }
    }

    /// The host, with the port where it is not the scheme's own.
    pub(super) fn host(&self) -> &str {
        let host = self.base.split_once("://");
        host.map_or(self.base.as_str(), |(_, host)| host)
    }

    /// The same at another host, with the same port.
    pub(super) fn with_name(&self, name: &str) -> Self {
        let (scheme, host) = self.base.split_once("://").unwrap_or(("http", &self.base));
        let port = match host.rsplit_once(':') {
            Some((_, port)) if port.bytes().all(|b| b.is_ascii_digit()) => format!(":{port}"),
            _ => String::new(),
        };
        Self {
            base: format!("{scheme}://{name}{port}"),
            path: self.path.clone(),
        }
    }

    /// The whole of it.
    pub(in crate::http) fn whole(&self) -> String {
        format!("{}{}", self.base, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart_and_put_together() {
        for (text, whole, host) in [
            (
                "https://MCP.example.com/mcp/",
                "https://mcp.example.com/mcp",
                "mcp.example.com",
            ),
            (
                "http://127.0.0.1:8000",
                "http://127.0.0.1:8000",
                "127.0.0.1:8000",
            ),
        ] {
            let url = PublicUrl::parse(text).unwrap().unwrap();
            assert_eq!((url.whole().as_str(), url.host()), (whole, host));
        }
        assert_eq!(PublicUrl::parse("").unwrap(), None);
        for text in [
            "mcp.example.com",
            "ftp://a",
            "https://",
            "https://u:p@a.example/",
            "https://a/?b",
        ] {
            assert!(PublicUrl::parse(text).is_err(), "{text}");
        }
    }
}
