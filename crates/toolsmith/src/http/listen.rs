//! The address: what can be set about it, binding it, and serving it until the process is
//! told to stop.

use std::net::SocketAddr;

use tokio::task::JoinSet;

use super::McpService;
use super::connections::{self, ConnectionLimits, Ended};
use super::options::Options;
use super::service::{Bound, Own, PublicUrl};
use super::socket::Socket;
use super::tls::Tls;
use crate::metrics::Admin;
use crate::server::{Engine, Server};
use crate::startup::Announce;
use crate::stop::Stop;
use crate::transport::{Transport, sealed::Sealed};
use crate::{Error, Result, supervisor};

/// Serves Streamable HTTP at an address.
///
/// Both eras answer at the same endpoint, `/mcp` unless told otherwise, with or without a
/// slash at the end and without a redirect. Beside it are `/health`, which says that the
/// process is alive, and `/ready`, which says whether clients may be sent to it.
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
    pub(super) options: Options,
    /// What was said in code of who is let in.
    pub(super) own: Own,
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
            own: Own::default(),
        }
    }

    pub(crate) fn with_options(address: String, options: Options) -> Self {
        Self {
            options,
            ..Self::bind(address)
        }
    }

    /// Binds the address without serving yet, so that the port is known.
    ///
    /// # Errors
    ///
    /// When a setting is wrong or the address cannot be listened on.
    pub fn listen(self) -> Result<Listening> {
        let options = self.options.checked()?;
        let tls = Tls::of(&options)?;
        let socket = Socket::bind(&self.address, &options)?;
        if tls.is_some() && socket.address().is_none() {
            let place = socket.name();
            return Err(
                Error::setting(format!("TLS is set, and the socket is {place}"))
                    .with_hint("leave the settings of TLS out: whoever reaches a Unix socket is on this machine"),
            );
        }
        Ok(Listening {
            socket,
            tls,
            admin: Admin::bind(&options.admin)?,
            name: name_in(&self.address).to_owned(),
            options,
            own: self.own,
        })
    }

    /// The endpoint for an application that routes by itself, and the path that was set.
    pub(super) fn mounted(self, engine: Engine) -> Result<(McpService, String)> {
        let options = self.options.checked()?;
        let name = name_in(&self.address);
        let loopback = name == "localhost" || name.parse().is_ok_and(is_loopback);
        let bound = bound(loopback, name);
        let public = PublicUrl::parse(&options.public_url)?;
        let base = format!("http://{}", self.address);
        let known_as = public.unwrap_or_else(|| PublicUrl::at(&base, &options.path));
        let service = McpService::new(engine, &options, bound, true, (&self.own, &known_as))?;
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
    socket: Socket,
    tls: Option<Tls>,
    admin: Option<Admin>,
    name: String,
    options: Options,
    own: Own,
}

impl Listening {
    /// The address, with the port that was chosen; none where it is a Unix socket.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.socket.address()
    }

    /// The address of the admin listener, with the port that was chosen; none where
    /// [`admin`](Http::admin) is not set.
    pub fn admin_addr(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(Admin::address)
    }

    /// The address of the endpoint, as clients know it: the public one, where that is set,
    /// otherwise the one for clients on this machine.
    pub fn url(&self) -> String {
        self.known_as().whole()
    }

    fn known_as(&self) -> PublicUrl {
        let public = PublicUrl::parse(&self.options.public_url).ok().flatten();
        public.unwrap_or_else(|| PublicUrl::at(&self.base(), &self.options.path))
    }

    /// The address that is listened on, as a client on this machine can call it.
    fn base(&self) -> String {
        let Some(mut address) = self.socket.address() else {
            return "http://localhost".to_owned();
        };
        if address.ip().is_unspecified() {
            address.set_ip(match address {
                SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
            });
        }
        match self.tls {
            Some(_) => format!("https://{address}"),
            None => format!("http://{address}"),
        }
    }

    /// Where it listens, for people.
    fn place(&self) -> String {
        match self.socket.address() {
            Some(_) => self.base(),
            None => self.socket.name(),
        }
    }

    /// The endpoint that serves this address.
    ///
    /// # Errors
    ///
    /// When the server is wrong.
    pub fn service(&self, server: Server) -> Result<McpService> {
        self.service_of(self.options.observed(server).build()?)
    }

    fn service_of(&self, engine: Engine) -> Result<McpService> {
        // Whoever reaches a Unix socket is on this machine.
        let address = self.socket.address();
        let loopback = address.is_none_or(|it| it.ip().is_loopback());
        let bound = bound(loopback, &self.name);
        let authority = (&self.own, &self.known_as());
        McpService::new(engine, &self.options, bound, false, authority)
    }

    /// Serves until the process is told to stop by SIGINT or SIGTERM. Then `/ready` says no,
    /// no connection is accepted any more, streams are ended, and what was asked is answered
    /// within [`drain_timeout`](Http::drain_timeout). When it is told a second time, it ends
    /// at once.
    ///
    /// Dropping the future stops at once and cuts calls off.
    ///
    /// # Errors
    ///
    /// When the socket cannot be used, when calls had to be cut off, or when it was told to
    /// stop a second time.
    pub async fn serve(self, service: McpService) -> Result<()> {
        self.serve_until(service, Stop::listen()).await
    }

    /// Says in the log what an address that others reach leaves open. Whoever names a proxy
    /// has said what stands before it.
    fn warn_of_openness(&self, asks_who: bool) {
        let address = self.socket.address().filter(|it| !it.ip().is_loopback());
        let Some(address) = address.filter(|_| self.options.trusted_proxy.is_empty()) else {
            return;
        };
        match (asks_who, &self.tls) {
            (false, _) => tracing::warn!(
                %address,
                "whoever reaches this address may call; say who may with --api-keys or --auth-issuer, or name what stands before it with --trusted-proxy"
            ),
            (true, None) => tracing::warn!(
                %address,
                "tokens come to this address in plain text; use TLS (--tls-cert, --acme-domain), or name what stands before it with --trusted-proxy"
            ),
            (true, Some(_)) => {}
        }
    }

    async fn serve_until(self, service: McpService, mut stop: Stop) -> Result<()> {
        self.warn_of_openness(service.asks_who());
        let limits = ConnectionLimits::from(&self.options);
        let listener = self
            .socket
            .listen()
            .map_err(|e| Error::io("using the socket", e))?;
        let handshakes = self.tls.as_ref().map(Tls::handshakes);
        // Ends with the serving.
        let mut keepers = JoinSet::new();
        if let Some(tls) = self.tls {
            keepers.spawn(tls.look_after());
        }
        if let Some(admin) = self.admin {
            keepers.spawn(admin.serve(service.clone()));
        }
        let (told, again) = stop.twice();
        supervisor::ready();
        let told = async {
            told.await;
            supervisor::stopping();
        };
        let ended = tokio::select! {
            ended = connections::serve(listener, handshakes, service, limits, told) => ended,
            signal = again => return Err(Error::told_twice(signal)),
        };
        match ended {
            Ended::Drained => Ok(()),
            Ended::CutOff(requests) => Err(Error::cut_off(requests, limits.drain_time())),
        }
    }
}

impl Sealed for Http {}

impl Transport for Http {
    fn configure(&self, server: Server) -> Result<Server> {
        Ok(self.options.observed(server))
    }

    async fn serve_engine(self, engine: Engine, announce: Announce) -> Result<()> {
        self.listen()?.serve_engine(engine, announce).await
    }
}

impl Sealed for Listening {}

impl Transport for Listening {
    fn configure(&self, server: Server) -> Result<Server> {
        Ok(self.options.observed(server))
    }

    async fn serve_engine(self, engine: Engine, announce: Announce) -> Result<()> {
        let name = engine.identity().implementation.name.clone();
        let service = self.service_of(engine)?;
        // Whoever reads that it has started may tell it to stop.
        let stop = Stop::listen();
        announce.started(&name, "http", Some((&self.place(), &self.url())));
        self.serve_until(service, stop).await
    }
}
