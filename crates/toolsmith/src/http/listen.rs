//! The address: what can be set about it, binding it, and serving it until the process is
//! told to stop.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use super::McpService;
use super::connections::{MAX_CONNECTIONS, serve};
use super::guard::Bound;
use super::options::Options;
use crate::server::{Engine, Server};
use crate::startup::Announce;
use crate::stop;
use crate::transport::{Transport, sealed::Sealed};
use crate::{Error, Result};

/// Serves Streamable HTTP at an address.
///
/// Both eras answer at the same endpoint, `/mcp` unless told otherwise, with or without a
/// slash at the end and without a redirect.
///
/// ```no_run
/// use toolsmith::prelude::*;
/// use toolsmith::Http;
///
/// fn main() -> toolsmith::Result<()> {
///     Server::new("hello").run(Http::bind("127.0.0.1:8000"))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Http {
    address: String,
    options: Options,
}

impl Default for Http {
    fn default() -> Self {
        Self::new()
    }
}

impl Http {
    /// At `127.0.0.1:8000`.
    pub fn new() -> Self {
        Self::bind("127.0.0.1:8000")
    }

    /// At an address: a host and a port, such as `127.0.0.1:8000`; port 0 for any that is
    /// free.
    pub fn bind(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            options: Options::default(),
        }
    }

    pub(crate) fn with_options(address: String, options: Options) -> Self {
        Self { address, options }
    }

    /// Where the endpoint is, `/mcp` unless told otherwise.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.options.path = path.into();
        self
    }

    /// The largest body that is taken, in bytes; 4 MiB unless told otherwise.
    #[must_use]
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.options.max_body = bytes;
        self
    }

    /// How many legacy sessions there may be, 100,000 unless told otherwise. A client over
    /// it is told to try again later.
    #[must_use]
    pub fn max_sessions(mut self, sessions: usize) -> Self {
        self.options.max_sessions = sessions;
        self
    }

    /// How long a legacy session is kept that nobody uses, 30 minutes unless told
    /// otherwise.
    #[must_use]
    pub fn session_idle(mut self, time: Duration) -> Self {
        self.options.session_idle = time;
        self
    }

    /// One more host name that is ours, such as `mcp.example.com`; `*` for any, which is
    /// safe only where something else checks the name.
    #[must_use]
    pub fn allow_host(mut self, host: impl Into<String>) -> Self {
        self.options.allow_hosts.push(host.into());
        self
    }

    /// One more origin whose pages may call, such as `https://app.example.com`; `*` for
    /// any.
    #[must_use]
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Self {
        self.options.allow_origins.push(origin.into());
        self
    }

    /// Binds the address without serving yet, so that the port is known.
    ///
    /// # Errors
    ///
    /// When a setting is wrong or the address cannot be listened on.
    pub fn listen(self) -> Result<Listening> {
        let options = self.options.checked()?;
        let cannot = |error| Error::bind(&self.address, error);
        let listener = TcpListener::bind(&self.address).map_err(cannot)?;
        listener.set_nonblocking(true).map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        Ok(Listening {
            listener,
            address,
            name: name_in(&self.address).to_owned(),
            options,
        })
    }

    /// The endpoint for an application that routes by itself, and the path that was set.
    pub(super) fn mounted(self, engine: Engine) -> Result<(McpService, String)> {
        let options = self.options.checked()?;
        let name = name_in(&self.address);
        let loopback = name == "localhost" || name.parse().is_ok_and(is_loopback);
        let bound = bound(loopback, name);
        let service = McpService::new(engine, &options, bound, true);
        Ok((service, options.path))
    }
}

/// The host in an address.
fn name_in(address: &str) -> &str {
    let name = address.rsplit_once(':').map_or(address, |(name, _)| name);
    name.trim_matches(['[', ']'])
}

fn is_loopback(address: std::net::IpAddr) -> bool {
    address.is_loopback()
}

fn bound(loopback: bool, name: &str) -> Bound {
    if loopback {
        Bound::Loopback
    } else {
        Bound::Open(name.to_ascii_lowercase())
    }
}

/// An address that is bound and not served yet.
#[derive(Debug)]
pub struct Listening {
    listener: TcpListener,
    address: SocketAddr,
    name: String,
    options: Options,
}

impl Listening {
    /// The address, with the port that was chosen.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The address of the endpoint for clients on this machine.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.reachable(), self.options.path)
    }

    /// The address as a client on this machine can call it.
    fn reachable(&self) -> SocketAddr {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(match address {
                SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
            });
        }
        address
    }

    /// The endpoint that serves this address.
    ///
    /// # Errors
    ///
    /// When the server is wrong.
    pub fn service(&self, server: Server) -> Result<McpService> {
        Ok(self.service_of(server.build()?))
    }

    fn service_of(&self, engine: Engine) -> McpService {
        let bound = bound(self.address.ip().is_loopback(), &self.name);
        McpService::new(engine, &self.options, bound, false)
    }

    /// Serves until the process is told to stop by SIGINT or SIGTERM: then no connection
    /// is accepted any more, and calls are given five seconds.
    ///
    /// Dropping the future stops at once and cuts calls off.
    ///
    /// # Errors
    ///
    /// When the socket cannot be used.
    pub async fn serve(self, service: McpService) -> Result<()> {
        let listener = tokio::net::TcpListener::from_std(self.listener)
            .map_err(|e| Error::io("using the socket", e))?;
        serve(listener, service, MAX_CONNECTIONS, stop::signal()).await;
        Ok(())
    }
}

impl Sealed for Http {}

impl Transport for Http {
    async fn serve_engine(self, engine: Engine, announce: Announce) -> Result<()> {
        self.listen()?.serve_engine(engine, announce).await
    }
}

impl Sealed for Listening {}

impl Transport for Listening {
    async fn serve_engine(self, engine: Engine, announce: Announce) -> Result<()> {
        let name = &engine.identity().implementation.name;
        let base = format!("http://{}", self.reachable());
        announce.started(name, "http", Some((&base, &self.url())));
        let service = self.service_of(engine);
        self.serve(service).await
    }
}
