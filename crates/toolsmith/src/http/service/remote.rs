//! Who sent a request: the other end of the connection, and the client behind it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::HeaderMap;

use super::proxies::Proxies;
use crate::server::Arrival;

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Remote {
    /// It has an address.
    Address(SocketAddr),
    /// It came by a Unix socket.
    UnixSocket,
    /// Whoever accepted it does not say.
    Unknown,
}

/// Who sent a request, as far as is known.
#[derive(Clone, Debug, Default)]
pub(in crate::http) struct Client {
    /// The address, which a trusted proxy may have told.
    pub(in crate::http) address: Option<IpAddr>,
    /// The host that a trusted proxy was asked for.
    pub(in crate::http) host: Option<String>,
    /// Whether it came by a proxy that is believed.
    pub(in crate::http) is_by_proxy: bool,
    /// How its request came, where somebody looks on.
    pub(in crate::http) arrival: Option<Arc<Arrival>>,
}

impl Remote {
    /// Its address, where it has one.
    pub(in crate::http) fn address(&self) -> Option<IpAddr> {
        match self {
            Remote::Address(address) => Some(address.ip().to_canonical()),
            Remote::UnixSocket | Remote::Unknown => None,
        }
    }

    /// The client behind it.
    pub(super) fn client(&self, proxies: &Proxies, fields: &HeaderMap) -> Client {
        let own = self.address();
        if proxies.is_empty() || !proxies.trust(self) {
            return Client {
                address: own,
                ..Client::default()
            };
        }
        let said = proxies.said(fields);
        Client {
            address: said.address.or(own),
            host: said.host,
            is_by_proxy: true,
            arrival: None,
        }
    }
}
