//! Which hosts and which origins are let in.
//!
//! A page on the web can make a browser send requests to a server on the same machine, and
//! can give its own name that machine's address. What such a request cannot do is lie in
//! `Host` and `Origin`. Implements "Security & Endpoint" of revision 2026-07-28,
//! `basic/transports/streamable-http`.

use std::borrow::Cow;
use std::net::IpAddr;

use http::Uri;

use super::fields::{Fields, text};
use super::options::Options;
use crate::protocol::{ErrorKind, HeaderField, ProtocolError};

/// The names that mean this machine.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// The longest host or origin that is repeated in an answer or a log.
const MAX_SHOWN: usize = 200;

/// Where the server listens, as far as it matters to who may call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    /// Only this machine reaches it, or somebody else decides who does.
    Loopback,
    /// Other machines reach it, by this name or address.
    Open(String),
}

/// Decides by `Host` and `Origin`.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    bound: Bound,
    hosts: Vec<String>,
    origins: Vec<String>,
}

impl Guard {
    pub(super) fn new(bound: Bound, options: &Options) -> Self {
        let lower = |list: &[String]| list.iter().map(|s| s.to_ascii_lowercase()).collect();
        Self {
            bound,
            hosts: lower(&options.allow_hosts),
            origins: lower(&options.allow_origins),
        }
    }

    /// Lets a request in, or says which setting would.
    pub(super) fn check(&self, uri: &Uri, fields: &Fields<'_>) -> Result<(), ProtocolError> {
        if self.is_plainly_ours(uri, fields) {
            return Ok(());
        }
        let host = host_of(uri, fields.host)?;
        if !self.is_our_host(&host) {
            return Err(refused(
                ErrorKind::HostNotAllowed,
                "host",
                name_of(&host),
                "--allow-host",
            ));
        }
        if fields.origin == HeaderField::Missing {
            return Ok(());
        }
        // One that is repeated or cannot be read is nobody's.
        let origin = text(fields.origin)
            .unwrap_or("unreadable")
            .to_ascii_lowercase();
        if !self.is_our_origin(&origin, &host) {
            return Err(refused(
                ErrorKind::OriginNotAllowed,
                "origin",
                &origin,
                "--allow-origin",
            ));
        }
        Ok(())
    }

    /// Whether a request comes from no page, and names our host as it is listed: the common
    /// one, which needs no closer look.
    fn is_plainly_ours(&self, uri: &Uri, fields: &Fields<'_>) -> bool {
        let (None, HeaderField::One(host), HeaderField::Missing) =
            (uri.authority(), fields.host, fields.origin)
        else {
            return false;
        };
        let digits = host.iter().rev().take_while(|b| b.is_ascii_digit()).count();
        let name = match host.split_at(host.len() - digits).0 {
            [name @ .., b':'] => name,
            _ => host,
        };
        LOOPBACK.iter().any(|ours| ours.as_bytes() == name)
            || self.hosts.iter().any(|ours| ours.as_bytes() == name)
    }

    fn is_our_host(&self, host: &str) -> bool {
        let name = name_of(host);
        let listed = |allowed: &String| allowed == "*" || allowed == host || allowed == name;
        if is_loopback(name) || self.hosts.iter().any(listed) {
            return true;
        }
        match &self.bound {
            Bound::Loopback => false,
            // An address cannot be rebound; only names can.
            Bound::Open(bound) => name == bound || name.parse::<IpAddr>().is_ok(),
        }
    }

    /// Besides those that are listed: pages of this machine when only this machine reaches
    /// us, and pages that we serve ourselves.
    fn is_our_origin(&self, origin: &str, host: &str) -> bool {
        let listed = |allowed: &String| allowed == "*" || allowed == origin;
        if self.origins.iter().any(listed) {
            return true;
        }
        let Some((_, authority)) = origin.split_once("://") else {
            return false;
        };
        authority == host || (self.bound == Bound::Loopback && is_loopback(name_of(authority)))
    }
}

/// The host that a request names, in small letters, with the port if it names one.
fn host_of<'a>(uri: &'a Uri, field: HeaderField<'a>) -> Result<Cow<'a, str>, ProtocolError> {
    let host = match (uri.authority(), field) {
        (_, HeaderField::Repeated) => Err("the request names its host more than once"),
        (Some(authority), _) => Ok(authority.as_str()),
        (None, HeaderField::One(host)) => match std::str::from_utf8(host) {
            Ok(host) if host.is_ascii() => Ok(host),
            _ => Err("the host cannot be read"),
        },
        (None, HeaderField::Missing) => Err("the request names no host; send `Host`"),
    };
    let host = host.map_err(|why| ProtocolError::new(ErrorKind::HostNotAllowed, why))?;
    Ok(match host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => Cow::Owned(host.to_ascii_lowercase()),
        false => Cow::Borrowed(host),
    })
}

/// A host without its port, without the brackets of an IPv6 address, and without the dot
/// that may end a full name.
fn name_of(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split(']').next().unwrap_or(rest);
    }
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    name.strip_suffix('.').unwrap_or(name)
}

fn is_loopback(name: &str) -> bool {
    LOOPBACK.contains(&name)
        || name.ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn refused(kind: ErrorKind, what: &str, value: &str, flag: &str) -> ProtocolError {
    let value: String = value
        .chars()
        .take(MAX_SHOWN)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    let allow = format!("{flag} {value}");
    tracing::warn!(%value, allow_with = %allow, "a request was refused: its {what} is not allowed");
    ProtocolError::new(
        kind,
        format!("the {what} '{value}' is not allowed; the operator can allow it with {allow}"),
    )
}

#[cfg(test)]
mod tests {
    use http::header::{HOST, ORIGIN};

    use super::*;
    use http::Request;

    fn guard(bound: Bound, hosts: &[&str], origins: &[&str]) -> Guard {
        let own = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
        let options = Options {
            allow_hosts: own(hosts),
            allow_origins: own(origins),
            ..Options::default()
        };
        Guard::new(bound, &options)
    }

    fn check(guard: &Guard, host: &str, origin: Option<&str>) -> Option<ErrorKind> {
        let mut request = Request::builder().header(HOST, host);
        if let Some(origin) = origin {
            request = request.header(ORIGIN, origin);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        guard
            .check(&parts.uri, &Fields::read(&parts.headers))
            .err()
            .map(|e| e.kind)
    }

    #[test]
    fn on_loopback_only_loopback_names_are_ours() {
        let guard = guard(Bound::Loopback, &[], &[]);
        for good in [
            "localhost",
            "LOCALHOST:8000",
            "127.0.0.1:1",
            "[::1]:80",
            "[::1]",
            "app.localhost",
            "localhost.",
            "localhost.:8000",
        ] {
            assert_eq!(check(&guard, good, None), None, "{good}");
        }
        for bad in [
            "evil.example",
            "localhost.evil.example",
            "192.168.0.5:80",
            "",
            "127.0.0.1.evil.example:80",
            "localhost..",
            "evil.example.",
            ".",
        ] {
            assert_eq!(
                check(&guard, bad, None),
                Some(ErrorKind::HostNotAllowed),
                "{bad}"
            );
        }
    }

    #[test]
    fn origins_follow_the_same_rule() {
        let guard = guard(Bound::Loopback, &[], &["https://app.example.com"]);
        let host = "127.0.0.1:8000";
        for good in [
            "http://localhost:3000",
            "http://127.0.0.1:8000",
            "https://APP.example.com",
            "http://[::1]:1",
        ] {
            assert_eq!(check(&guard, host, Some(good)), None, "{good}");
        }
        for bad in [
            "https://evil.example",
            "null",
            "https://app.example.com.evil.example",
            "file://",
        ] {
            assert_eq!(
                check(&guard, host, Some(bad)),
                Some(ErrorKind::OriginNotAllowed),
                "{bad}"
            );
        }
    }

    #[test]
    fn an_open_server_is_reached_by_address_and_by_listed_names_only() {
        let guard = guard(Bound::Open("0.0.0.0".into()), &["mcp.example.com"], &[]);
        assert_eq!(check(&guard, "192.168.0.5:8000", None), None);
        assert_eq!(check(&guard, "mcp.example.com:443", None), None);
        assert_eq!(check(&guard, "mcp.example.com.:443", None), None);
        assert_eq!(
            check(&guard, "rebound.example:8000", None),
            Some(ErrorKind::HostNotAllowed)
        );
        assert_eq!(
            check(&guard, "mcp.example.com", Some("https://mcp.example.com")),
            None
        );
        let local = check(&guard, "mcp.example.com", Some("http://localhost:3000"));
        assert_eq!(local, Some(ErrorKind::OriginNotAllowed));
    }
}
