//! Which origins are let in: one list, for the gate and for CORS.

use super::hosts::{Bound, is_loopback, name_of};
use crate::{Error, Result};

/// The origins that are listed.
#[derive(Clone, Debug, Default)]
pub(in crate::http) struct Origins(Vec<Pattern>);

#[derive(Clone, Debug)]
enum Pattern {
    Any,
    /// This one, in small letters.
    One(String),
    /// Every name below one: the scheme, what the host ends with from its dot on, the port.
    Below {
        scheme: String,
        suffix: String,
    },
}

impl Origins {
    /// Reads patterns: an origin, `https://*.example.com`, `null` or `*`.
    ///
    /// # Errors
    ///
    /// When one never stands in an `Origin` field.
    pub(in crate::http) fn parse(texts: &[String]) -> Result<Self> {
        texts
            .iter()
            .map(|it| Pattern::parse(it))
            .collect::<Result<_>>()
            .map(Self)
    }

    /// Whether every origin is let in.
    pub(in crate::http) fn is_any(&self) -> bool {
        self.0.iter().any(|it| matches!(it, Pattern::Any))
    }

    /// Whether an origin, in small letters, is listed.
    fn list(&self, origin: &str) -> bool {
        self.0.iter().any(|it| it.matches(origin))
    }

    /// Whether an origin, in small letters, is let in. Besides those that are listed, these
    /// are: pages of this machine when only this machine reaches us, and pages that we
    /// serve ourselves, which have our host.
    pub(super) fn allow(&self, origin: &str, bound: &Bound, host: Option<&str>) -> bool {
        if self.list(origin) {
            return true;
        }
        let Some((_, authority)) = origin.split_once("://") else {
            return false;
        };
        host == Some(authority) || (*bound == Bound::Loopback && is_loopback(name_of(authority)))
    }
}

impl Pattern {
    fn parse(text: &str) -> Result<Self> {
        let wrong = || {
            Error::setting(format!("--allow-origin '{text}' is no origin")).with_hint(
                "write it as https://app.example.com, without a path; https://*.example.com for every name below one; * for any",
            )
        };
        let lower = text.to_ascii_lowercase();
        if lower == "*" {
            return Ok(Self::Any);
        }
        if lower == "null" {
            return Ok(Self::One(lower));
        }
        let (scheme, host) = lower.split_once("://").ok_or_else(wrong)?;
        // A browser leaves out the port that a scheme has by itself.
        let own_port = match scheme {
            "https" => ":443",
            "http" => ":80",
            _ => ":",
        };
        let host = host.strip_suffix(own_port).unwrap_or(host);
        let is_plain = |it: &str| !it.is_empty() && !it.contains(['/', '*', ' ', '@']);
        match host.strip_prefix('*') {
            Some(suffix) if suffix.starts_with('.') && is_plain(&suffix[1..]) => Ok(Self::Below {
                scheme: scheme.to_owned(),
                suffix: suffix.to_owned(),
            }),
            None if is_plain(host) => Ok(Self::One(format!("{scheme}://{host}"))),
            _ => Err(wrong()),
        }
    }

    fn matches(&self, origin: &str) -> bool {
        match self {
            Self::Any => true,
            Self::One(one) => one == origin,
            Self::Below { scheme, suffix } => origin
                .strip_prefix(scheme.as_str())
                .and_then(|rest| rest.strip_prefix("://"))
                .and_then(|host| host.strip_suffix(suffix.as_str()))
                .is_some_and(|name| !name.is_empty() && !name.contains(['/', ':', '@'])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(patterns: &[&str]) -> Origins {
        let texts: Vec<String> = patterns.iter().map(|it| (*it).to_owned()).collect();
        Origins::parse(&texts).unwrap()
    }

    #[test]
    fn patterns_match_whole_origins() {
        let origins = listed(&[
            "https://App.example.com",
            "https://*.example.org",
            "http://dev.example:80",
            "vscode-webview://*.internal",
        ]);
        for good in [
            "https://app.example.com",
            "https://a.example.org",
            "https://a.b.example.org",
            "http://dev.example",
            "vscode-webview://x1.internal",
        ] {
            assert!(origins.list(good), "{good}");
        }
        for bad in [
            "http://app.example.com",
            "https://app.example.com:8443",
            "https://app.example.com.evil.example",
            "https://example.org",
            "https://.example.org",
            "https://evilexample.org",
            "https://evil.example/a.example.org",
            "https://a.example.org:1",
            "null",
        ] {
            assert!(!origins.list(bad), "{bad}");
        }
        assert!(listed(&["*"]).list("null") && listed(&["null"]).list("null"));
        assert!(listed(&["*"]).is_any() && !listed(&["null"]).is_any());
    }

    #[test]
    fn what_never_stands_in_a_field_is_refused() {
        for text in [
            "app.example.com",
            "https://",
            "https://app.example.com/",
            "https://*",
            "https://*example.com",
            "https://a.*.example.com",
            "https://*.",
            "",
        ] {
            let error = format!("{:?}", Pattern::parse(text).unwrap_err());
            assert!(error.contains("https://*.example.com"), "{error}");
        }
    }
}
