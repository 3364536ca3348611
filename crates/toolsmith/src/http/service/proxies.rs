//! Which proxies are believed, and what they say of their clients.
//!
//! What a request says of where it comes from is worth as much as whoever sends it: header
//! fields are read only of those that are listed, and from the right, because each proxy
//! adds what it saw itself on that side. Implements RFC 7239, and the `X-Forwarded` fields
//! that proxies had before it.

use std::net::IpAddr;

use http::{HeaderMap, header};
use ipnet::IpNet;
use rfc7239::{NodeIdentifier, NodeName};

use super::remote::Remote;
use crate::{Error, Result};

const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";
const FORWARDED_HOST: &str = "x-forwarded-host";
/// How many steps of a request are looked at; nobody has so many proxies.
const MAX_HOPS: usize = 32;

/// The proxies that are believed.
#[derive(Clone, Debug, Default)]
pub(in crate::http) struct Proxies {
    networks: Vec<IpNet>,
    unix: bool,
}

/// What a proxy says of its client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) address: Option<IpAddr>,
    pub(super) host: Option<String>,
    pub(super) is_https: Option<bool>,
}

/// One step on the way of a request.
#[derive(Default)]
struct Hop {
    address: Option<IpAddr>,
    host: Option<String>,
    proto: Option<String>,
}

impl Proxies {
    /// Reads addresses and networks.
    ///
    /// # Errors
    ///
    /// When one is neither.
    pub(in crate::http) fn parse(texts: &[String]) -> Result<Self> {
        let mut proxies = Self::default();
        for text in texts {
            match (text.as_str(), text.parse(), text.parse::<IpAddr>()) {
                ("unix", ..) => proxies.unix = true,
                (_, Ok(network), _) => proxies.networks.push(network),
                (_, _, Ok(address)) => proxies.networks.push(address.into()),
                _ => {
                    return Err(
                        Error::setting(format!("--trusted-proxy '{text}' is no address"))
                            .with_hint("write it as 10.0.0.7, 10.0.0.0/8, fd00::/8 or unix"),
                    );
                }
            }
        }
        Ok(proxies)
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.networks.is_empty() && !self.unix
    }

    /// Whether whoever sent something is believed.
    pub(in crate::http) fn trust(&self, remote: &Remote) -> bool {
        match remote {
            Remote::Address(address) => self.trust_address(address.ip()),
            Remote::UnixSocket => self.unix,
            Remote::Unknown => false,
        }
    }

    fn trust_address(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|it| it.contains(&address))
    }

    /// What those that are believed say of the client. `Forwarded` goes before the older
    /// fields.
    pub(super) fn said(&self, fields: &HeaderMap) -> Said {
        match fields.contains_key(header::FORWARDED) {
            true => self.client_of(forwarded(fields)),
            false => self.of_older_fields(fields),
        }
    }

    /// The step that the last believed proxy saw: the first from the right that is no proxy
    /// of ours, or the last that there is.
    fn client_of(&self, hops: Vec<Hop>) -> Said {
        let last = hops.len().saturating_sub(1);
        let mut hops = hops.into_iter().enumerate();
        let client = hops.find(|(place, hop)| {
            let passed_on = hop.address.is_some_and(|it| self.trust_address(it));
            *place == last || !passed_on
        });
        let hop = client.map(|(_, hop)| hop).unwrap_or_default();
        Said {
            address: hop.address,
            is_https: hop.proto.map(|it| it.eq_ignore_ascii_case("https")),
            host: hop.host,
        }
    }

    fn of_older_fields(&self, fields: &HeaderMap) -> Said {
        let hops = from_the_right(fields, FORWARDED_FOR).map(|text| Hop {
            address: address_of(&text),
            ..Hop::default()
        });
        let said = self.client_of(hops.take(MAX_HOPS).collect());
        let proto = from_the_right(fields, FORWARDED_PROTO).next();
        Said {
            host: from_the_right(fields, FORWARDED_HOST).next(),
            is_https: proto.map(|it| it.eq_ignore_ascii_case("https")),
            ..said
        }
    }
}

/// The steps that `Forwarded` names, the nearest first. What cannot be read ends it.
fn forwarded(fields: &HeaderMap) -> Vec<Hop> {
    let mut hops = Vec::new();
    for value in fields.get_all(header::FORWARDED) {
        let text = value.to_str().unwrap_or("unreadable");
        for step in rfc7239::parse(text) {
            // What stands left of what cannot be read may be anybody's.
            let Ok(step) = step else {
                hops.clear();
                continue;
            };
            hops.push(Hop {
                address: step.forwarded_for.as_ref().and_then(node_address),
                host: step.host.map(ToString::to_string),
                proto: step.protocol.map(ToString::to_string),
            });
        }
    }
    hops.reverse();
    hops.truncate(MAX_HOPS);
    hops
}

fn node_address(node: &NodeIdentifier<'_>) -> Option<IpAddr> {
    match &node.name {
        NodeName::Ip(address) => Some(*address),
        _ => None,
    }
}

/// The items of a list that may be spread over several fields, the last first.
fn from_the_right<'a>(fields: &'a HeaderMap, name: &str) -> impl Iterator<Item = String> + use<'a> {
    let values: Vec<_> = fields.get_all(name).iter().collect();
    let items = values.into_iter().rev();
    items
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.rsplit(','))
        .map(|item| item.trim().to_owned())
        .filter(|item| !item.is_empty())
}

/// An address, which some proxies write with a port.
fn address_of(text: &str) -> Option<IpAddr> {
    let bare = text.trim_matches(['[', ']']);
    let with_port = || text.parse::<std::net::SocketAddr>().map(|it| it.ip());
    bare.parse().or_else(|_| with_port()).ok()
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn said(trusted: &[&str], fields: &[(&'static str, &'static str)]) -> Said {
        let trusted: Vec<String> = trusted.iter().map(|it| (*it).to_owned()).collect();
        let mut map = HeaderMap::new();
        for (name, value) in fields {
            let name = HeaderName::from_static(name);
            map.append(name, HeaderValue::from_static(value));
        }
        Proxies::parse(&trusted).unwrap().said(&map)
    }

    fn ip(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn the_client_is_the_first_from_the_right_that_is_no_proxy_of_ours() {
        let ours = ["10.0.0.0/8", "127.0.0.1"];
        for (list, client) in [
            ("203.0.113.9", "203.0.113.9"),
            ("6.6.6.6, 203.0.113.9, 10.1.2.3", "203.0.113.9"),
            ("10.9.9.9, 10.1.2.3", "10.9.9.9"),
            ("203.0.113.9:4711", "203.0.113.9"),
            ("[2001:db8::1]:80", "2001:db8::1"),
        ] {
            let said = said(&ours, &[("x-forwarded-for", list)]);
            assert_eq!(said.address, ip(client), "{list}");
        }
        let spread = [
            ("x-forwarded-for", "6.6.6.6"),
            ("x-forwarded-for", "203.0.113.9, 10.1.2.3"),
        ];
        assert_eq!(said(&ours, &spread).address, ip("203.0.113.9"));
        let nonsense = said(&ours, &[("x-forwarded-for", "1.2.3.4, somebody")]);
        assert_eq!(nonsense.address, None);
    }

    #[test]
    fn the_standard_field_goes_first_and_keeps_what_belongs_together() {
        let fields = [
            (
                "forwarded",
                "for=6.6.6.6;host=evil.example;proto=http, for=\"[2001:db8::7]:4711\";host=mcp.example;proto=https, for=10.0.0.2",
            ),
            ("x-forwarded-for", "7.7.7.7"),
        ];
        let said = said(&["10.0.0.0/8"], &fields);
        assert_eq!(said.address, ip("2001:db8::7"));
        assert_eq!(said.host.as_deref(), Some("mcp.example"));
        assert_eq!(said.is_https, Some(true));
    }

    #[test]
    fn older_fields_say_host_and_scheme_as_the_nearest_proxy_saw_them() {
        let fields = [
            ("x-forwarded-for", "203.0.113.9"),
            ("x-forwarded-proto", "http, https"),
            ("x-forwarded-host", "evil.example, mcp.example"),
        ];
        let said = said(&["127.0.0.1"], &fields);
        assert_eq!(said.host.as_deref(), Some("mcp.example"));
        assert_eq!(said.is_https, Some(true));
    }

    #[test]
    fn only_who_is_listed_is_believed() {
        let proxies = Proxies::parse(&["10.0.0.0/8".to_owned()]).unwrap();
        let remote = |text: &str| Remote::Address(text.parse().unwrap());
        assert!(proxies.trust(&remote("10.1.2.3:1")));
        assert!(proxies.trust(&remote("[::ffff:10.1.2.3]:1")));
        assert!(!proxies.trust(&remote("11.1.2.3:1")));
        assert!(!proxies.trust(&Remote::UnixSocket));
        let unix = Proxies::parse(&["unix".to_owned()]).unwrap();
        assert!(unix.trust(&Remote::UnixSocket));
        assert!(Proxies::parse(&["10.0.0.0/64".to_owned()]).is_err());
    }
}
