//! Which hosts and which origins are let in.
//!
//! A page on the web can make a browser send requests to a server on the same machine, and
//! can give its own name that machine's address. What such a request cannot do is lie in
//! `Host` and `Origin`. Implements "Security & Endpoint" of revision 2026-07-28,
//! `basic/transports/streamable-http`.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use http::Uri;
use tokio::time::Instant;

use super::origins::Origins;
use super::public_url::PublicUrl;
use super::remote::Client;
use super::tenants::Tenants;
use crate::Result;
use crate::http::fields::{Fields, text};
use crate::http::options::Options;
use crate::protocol::{ErrorKind, HeaderField, ProtocolError};
use crate::warnings::Warnings;

/// The names that mean this machine.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// The longest host or origin that is repeated in an answer or a log.
const MAX_SHOWN: usize = 200;

/// Where the server listens, as far as it matters to who may call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::http) enum Bound {
    /// Only this machine reaches it, or somebody else decides who does.
    Loopback,
    /// Other machines reach it, by this name or address.
    Open(String),
}

/// Decides by `Host` and `Origin`.
#[derive(Debug)]
pub(super) struct Gate {
    bound: Bound,
    hosts: Vec<String>,
    /// How the names of hosts end that are ours with one label before.
    suffixes: Vec<String>,
    origins: Origins,
    refusals: Mutex<Warnings>,
}

/// What becomes of a request at the gate.
#[derive(Debug)]
pub(super) struct Admitted {
    /// Whether it comes from a page, whose origin is let in.
    pub(super) is_of_page: bool,
    /// Why it is not let in.
    pub(super) refused: Option<ProtocolError>,
}

impl Gate {
    /// # Errors
    ///
    /// When a setting is wrong.
    pub(super) fn new(bound: Bound, options: &Options) -> Result<Self> {
        let lower = options.allow_host.iter().map(|s| s.to_ascii_lowercase());
        let mut hosts: Vec<String> = lower.collect();
        if let Some(url) = PublicUrl::parse(&options.public_url)? {
            hosts.push(name_of(url.host()).to_owned());
        }
        // Whoever has a certificate for a name is called by it.
        let certified = options.acme_domain.iter();
        hosts.extend(certified.map(|it| it.to_ascii_lowercase()));
        Ok(Self {
            bound,
            hosts,
            suffixes: Tenants::suffixes(options).collect(),
            origins: Origins::parse(&options.allow_origin)?,
            refusals: Mutex::default(),
        })
    }

    /// Lets a request in, or says which setting would.
    pub(super) fn check(&self, uri: &Uri, fields: &Fields<'_>, client: &Client) -> Admitted {
        if self.is_plainly_ours(uri, fields, client) {
            return Admitted {
                is_of_page: false,
                refused: None,
            };
        }
        let host = host_of(uri, fields.host, client.host.as_deref());
        let ours = host.as_ref().ok().filter(|host| self.is_our_host(host));
        // One that is repeated or cannot be read is nobody's.
        let origin = match fields.origin {
            HeaderField::Missing => None,
            field => Some(text(field).unwrap_or("unreadable").to_ascii_lowercase()),
        };
        let allowed = |it: &String| {
            let host = ours.map(|it| &**it);
            self.origins.allow(it, &self.bound, host)
        };
        let is_of_page = origin.as_ref().is_some_and(allowed);
        let refused = match (&host, &origin) {
            (Err(error), _) => Some(error.clone()),
            (Ok(host), _) if ours.is_none() => Some(self.refuse(
                ErrorKind::HostNotAllowed,
                "host",
                name_of(host),
                "--allow-host",
            )),
            (_, Some(origin)) if !is_of_page => Some(self.refuse(
                ErrorKind::OriginNotAllowed,
                "origin",
                origin,
                "--allow-origin",
            )),
            _ => None,
        };
        Admitted {
            is_of_page,
            refused,
        }
    }

    /// Whether a request comes from no page, and names our host as it is listed: the common
    /// one, which needs no closer look.
    fn is_plainly_ours(&self, uri: &Uri, fields: &Fields<'_>, client: &Client) -> bool {
        let (None, None, HeaderField::One(host), HeaderField::Missing) =
            (uri.authority(), &client.host, fields.host, fields.origin)
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
        let of_tenant = |suffix: &String| {
            let label = name.strip_suffix(suffix.as_str());
            label.is_some_and(|it| !it.is_empty() && !it.contains('.'))
        };
        if is_loopback(name) || self.hosts.iter().any(listed) || self.suffixes.iter().any(of_tenant)
        {
            return true;
        }
        match &self.bound {
            Bound::Loopback => false,
            // An address cannot be rebound; only names can.
            Bound::Open(bound) => name == bound || name.parse::<IpAddr>().is_ok(),
        }
    }

    fn refuse(&self, kind: ErrorKind, what: &str, value: &str, flag: &str) -> ProtocolError {
        let value: String = value
            .chars()
            .take(MAX_SHOWN)
            .map(|c| if c.is_control() { '\u{fffd}' } else { c })
            .collect();
        let allow = format!("{flag} {value}");
        let due = self.refusals.lock();
        let due = due
            .unwrap_or_else(PoisonError::into_inner)
            .due(Instant::now());
        // Whoever sends a flood of them does not fill the log.
        if let Some(times) = due {
            tracing::warn!(%value, allow_with = %allow, times, "a request was refused: its {what} is not allowed");
        }
        ProtocolError::new(
            kind,
            format!("the {what} '{value}' is not allowed; the operator can allow it with {allow}"),
        )
    }
}

/// The name of the host that a request names, or that a trusted proxy was asked for, in small
/// letters and without a port; empty where it cannot be read.
pub(super) fn name_asked_for(uri: &Uri, fields: &Fields<'_>, client: &Client) -> String {
    let host = host_of(uri, fields.host, client.host.as_deref());
    host.map_or(String::new(), |it| name_of(&it).to_owned())
}

/// The host that a request names, or that a trusted proxy was asked for, in small letters,
/// with the port if it names one.
fn host_of<'a>(
    uri: &'a Uri,
    field: HeaderField<'a>,
    said: Option<&'a str>,
) -> Result<Cow<'a, str>, ProtocolError> {
    let host = match (uri.authority(), field) {
        _ if said.is_some() => Ok(said.unwrap_or_default()),
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
pub(super) fn name_of(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split(']').next().unwrap_or(rest);
    }
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    name.strip_suffix('.').unwrap_or(name)
}

pub(super) fn is_loopback(name: &str) -> bool {
    LOOPBACK.contains(&name)
        || name.ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use http::header::{HOST, ORIGIN};

    use super::*;
    use http::Request;

    fn gate(bound: Bound, hosts: &[&str], origins: &[&str]) -> Gate {
        let own = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
        let options = Options {
            allow_host: own(hosts),
            allow_origin: own(origins),
            ..Options::default()
        };
        Gate::new(bound, &options).unwrap()
    }

    fn check(gate: &Gate, host: &str, origin: Option<&str>) -> Option<ErrorKind> {
        let mut request = Request::builder().header(HOST, host);
        if let Some(origin) = origin {
            request = request.header(ORIGIN, origin);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let client = Client::default();
        let admitted = gate.check(&parts.uri, &Fields::read(&parts.headers), &client);
        admitted.refused.map(|e| e.kind)
    }

    #[test]
    fn on_loopback_only_loopback_names_are_ours() {
        let gate = gate(Bound::Loopback, &[], &[]);
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
            assert_eq!(check(&gate, good, None), None, "{good}");
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
                check(&gate, bad, None),
                Some(ErrorKind::HostNotAllowed),
                "{bad}"
            );
        }
    }

    #[test]
    fn origins_follow_the_same_rule() {
        let gate = gate(Bound::Loopback, &[], &["https://app.example.com"]);
        let host = "127.0.0.1:8000";
        for good in [
            "http://localhost:3000",
            "http://127.0.0.1:8000",
            "https://APP.example.com",
            "http://[::1]:1",
        ] {
            assert_eq!(check(&gate, host, Some(good)), None, "{good}");
        }
        for bad in [
            "https://evil.example",
            "null",
            "https://app.example.com.evil.example",
            "file://",
        ] {
            assert_eq!(
                check(&gate, host, Some(bad)),
                Some(ErrorKind::OriginNotAllowed),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_name_that_a_certificate_is_ordered_for_is_ours() {
        let options = Options {
            acme_domain: vec!["MCP.example.com".to_owned()],
            ..Options::default()
        };
        let gate = Gate::new(Bound::Open("0.0.0.0".into()), &options).unwrap();
        assert_eq!(check(&gate, "mcp.example.com:443", None), None);
        let other = check(&gate, "other.example.com", None);
        assert_eq!(other, Some(ErrorKind::HostNotAllowed));
    }

    #[test]
    fn an_open_server_is_reached_by_address_and_by_listed_names_only() {
        let gate = gate(Bound::Open("0.0.0.0".into()), &["mcp.example.com"], &[]);
        assert_eq!(check(&gate, "192.168.0.5:8000", None), None);
        assert_eq!(check(&gate, "mcp.example.com:443", None), None);
        assert_eq!(check(&gate, "mcp.example.com.:443", None), None);
        assert_eq!(
            check(&gate, "rebound.example:8000", None),
            Some(ErrorKind::HostNotAllowed)
        );
        assert_eq!(
            check(&gate, "mcp.example.com", Some("https://mcp.example.com")),
            None
        );
        let local = check(&gate, "mcp.example.com", Some("http://localhost:3000"));
        assert_eq!(local, Some(ErrorKind::OriginNotAllowed));
    }
}
