//! What stands between the socket and the protocol, as one list, and the same as a tower
//! service or an axum router.
//!
//! Before there is a request, `connections` bounds how many there are, how many of one
//! address, and how long each may take. A request then passes, in this order:
//!
//! 1. `/health` and `/ready`, because whoever looks there knows neither our name nor a
//!    password, and learns nothing else (`health.rs`);
//! 2. who sends it: the other end of the connection, or the client that a trusted proxy
//!    names (`remote.rs`, `proxies.rs`), because all that follows may depend on it;
//! 3. `Host` and `Origin`, before a byte of the body is read, so that a page that must not
//!    call cannot make the server work (`hosts.rs`, `origins.rs`);
//! 4. the question of a browser what a page may send, before anybody is asked for a
//!    password, because a browser asks it without one (`cors.rs`);
//! 5. the path, because nothing else needs to be known of a request for something else; the
//!    metadata that says where tokens are to be had is for whoever has none
//!    (`with_authority.rs`);
//! 6. who asks, before anything of the request is read that somebody has to pay for
//!    (`with_authority.rs`);
//! 7. whose the request is, before anything of a tenant is touched (`tenants`);
//! 8. how often this caller may send requests, once it is known who it is (`with_rate.rs`);
//! 9. the endpoint: content negotiation, the body within its bound, decode, dispatch,
//!    encode;
//! 10. and on the way back, whatever the answer is, what the browser of a page is told of it
//!     (`cors.rs`), and of a refusal for want of scopes, which of them are needed;
//! 11. refusals are counted and logged where somebody looks on (`sight.rs`), last, because any
//!     of these may refuse.

mod arrival;
#[cfg(feature = "auth")]
#[path = "with_authority.rs"]
mod authority;
#[cfg(not(feature = "auth"))]
#[path = "without_authority.rs"]
mod authority;
mod cors;
mod health;
mod hosts;
#[cfg(feature = "store")]
#[path = "with_store.rs"]
mod kept;
#[cfg(not(feature = "store"))]
#[path = "without_store.rs"]
mod kept;
mod network;
mod origins;
mod proxies;
mod public_url;
#[cfg(feature = "rate-limit")]
#[path = "with_rate.rs"]
mod rate;
#[cfg(not(feature = "rate-limit"))]
#[path = "without_rate.rs"]
mod rate;
mod remote;
mod sight;
mod tenants;

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Buf;
use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use self::authority::{Authority, Known};
use self::cors::Cors;
use self::hosts::{Admitted, Gate};
use self::rate::RateLimit;
use self::sight::Sight;
use self::tenants::{Said, Tenants, Vouched};
use super::asker::Asker;
use super::body::ResponseBody;
use super::driven::Streams;
use super::endpoint::{Endpoint, Limits};
use super::fields::Fields;
use super::options::Options;
use super::respond::{self, HttpResponse};
use crate::Result;
use crate::metrics::Counted;
use crate::ports::{EventLimits, MemoryEvents, MemorySessions};
use crate::protocol::{ErrorKind, HeaderField, ProtocolError};
use crate::server::{Caller, Engine, Server, Sessions};

pub(super) use authority::Own;
pub(crate) use health::Readiness;
pub(super) use hosts::Bound;
pub(super) use network::network;
pub(super) use origins::Origins;
pub(super) use proxies::Proxies;
pub(super) use public_url::PublicUrl;
pub(super) use rate::Rate;
pub(super) use remote::{Client, Remote};

/// The MCP endpoint as a tower service. Cheap to clone; clones share their sessions.
///
/// It answers whatever path it is mounted at.
#[derive(Clone, Debug)]
pub struct McpService(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    readiness: Readiness,
    proxies: Proxies,
    gate: Gate,
    cors: Cors,
    authority: Option<Authority>,
    tenants: Tenants,
    rate: Option<RateLimit>,
    /// Those who look on, if anybody does.
    sight: Option<Sight>,
    endpoint: Endpoint,
    /// The one path that is served; any, where somebody else routes.
    path: Option<String>,
}

/// What becomes of a request before its body is looked at.
enum Entry {
    /// It goes on to the endpoint.
    Passes { client: Client, is_of_page: bool },
    /// It is answered.
    Answered {
        response: Box<HttpResponse>,
        is_of_page: bool,
    },
    /// It asks whether the server is ready.
    AsksReady { is_of_page: bool },
}

impl McpService {
    pub(super) fn new(
        engine: Engine,
        options: &Options,
        bound: Bound,
        routed: bool,
        (own, known_as): (&Own, &PublicUrl),
    ) -> Result<Self> {
        engine.warn_of_lone_key();
        let tenants = Tenants::new(options, authority::is_set(options, own))?;
        let places = (engine.base_scopes(), tenants.places());
        Ok(Self(Arc::new(Inner {
            readiness: Readiness::default(),
            proxies: Proxies::parse(&options.trusted_proxy)?,
            gate: Gate::new(bound, options)?,
            cors: Cors::new(options),
            authority: Authority::new(options, own, known_as, places)?,
            tenants,
            rate: Rate::parse(&options.rate_limit)?.map(RateLimit::new),
            sight: Sight::of(&engine),
            endpoint: Endpoint {
                sessions: sessions(&engine, options),
                engine,
                limits: Limits {
                    body: options.max_body,
                    body_time: options.body_timeout,
                    streams: options.max_streams,
                },
                streams: Streams::default(),
            },
            path: (!routed).then(|| options.path.clone()),
        })))
    }

    /// Whether the other end of a connection is a proxy that is believed.
    pub(super) fn trusts(&self, remote: &Remote) -> bool {
        self.0.proxies.trust(remote)
    }

    pub(crate) fn readiness(&self) -> &Readiness {
        &self.0.readiness
    }

    /// Counts a connection for as long as what this gives lives.
    pub(super) fn count_connection(&self) -> Option<Counted> {
        self.0.sight.as_ref().and_then(Sight::connection)
    }

    /// Takes note of a connection for which there was no room.
    pub(super) fn note_refused(&self, kind: ErrorKind) {
        if let Some(sight) = &self.0.sight {
            sight.refused(kind, "");
        }
    }

    /// Whether it is said who may ask.
    pub(super) fn asks_who(&self) -> bool {
        self.0.authority.is_some()
    }

    /// Where the metadata is that challenges send clients to that have no token.
    #[cfg_attr(not(feature = "axum"), expect(dead_code, reason = "for the router"))]
    pub(super) fn metadata_paths(&self) -> impl Iterator<Item = &str> {
        self.0.authority.iter().flat_map(Authority::paths)
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.endpoint.engine
    }

    /// How many legacy sessions there are.
    pub fn sessions(&self) -> usize {
        self.0.endpoint.sessions.len()
    }

    /// How many modern clients listen to changes.
    pub fn subscriptions(&self) -> usize {
        self.0.endpoint.engine.subscriptions()
    }

    /// Ends the streams on which the server speaks unasked, as it does when it stops, so
    /// that nobody waits for them.
    pub fn end_streams(&self) {
        self.0.endpoint.sessions.end_streams();
        self.0.endpoint.engine.close_streams();
    }

    /// Serves one request. Whoever accepted its connection may say in its extensions, by a
    /// [`SocketAddr`], where it comes from, and by a [`Caller`] who asks.
    ///
    /// Dropping the future cancels the call that it works on.
    pub async fn respond<B>(&self, request: Request<B>) -> HttpResponse
    where
        B: Body<Data: Buf> + Unpin,
    {
        let (parts, body) = request.into_parts();
        let remote = parts.extensions.get::<SocketAddr>();
        let remote = remote.map_or(Remote::Unknown, |it| Remote::Address(*it));
        self.serve(&remote, &parts, body).await
    }

    /// Serves one request, taken apart by who keeps it: a future that kept it itself would
    /// hold it twice.
    pub(super) async fn serve<B>(&self, remote: &Remote, parts: &Parts, body: B) -> HttpResponse
    where
        B: Body<Data: Buf> + Unpin,
    {
        let inner = &*self.0;
        let fields = Fields::read(&parts.headers);
        let (response, is_of_page) = match inner.enter(remote, parts, &fields) {
            Entry::Passes { client, is_of_page } => {
                // Whoever stands before the endpoint says who asks.
                let caller = parts.extensions.get::<Caller>();
                let caller = match &inner.authority {
                    Some(_) => None,
                    None => caller
                        .cloned()
                        .or_else(|| inner.tenants.is_one().then(Caller::default)),
                };
                let response = match caller {
                    Some(caller) => inner.ask(parts, &fields, body, caller, &client).await,
                    None => Box::pin(inner.ask_of(parts, &fields, body, &client)).await,
                };
                (response, is_of_page)
            }
            Entry::Answered {
                response,
                is_of_page,
            } => (*response, is_of_page),
            Entry::AsksReady { is_of_page } => (Box::pin(inner.ready(parts)).await, is_of_page),
        };
        let response = match &inner.sight {
            Some(sight) => sight.note(parts, response),
            None => response,
        };
        match is_of_page {
            true => inner.cors.told(parts, response),
            false => response,
        }
    }
}

impl Inner {
    /// The layers up to the endpoint.
    fn enter(&self, remote: &Remote, parts: &Parts, fields: &Fields<'_>) -> Entry {
        let path = parts.uri.path();
        let answered = |response, is_of_page| Entry::Answered {
            response: Box::new(response),
            is_of_page,
        };
        if self.path.is_some() && fields.origin == HeaderField::Missing {
            match path {
                health::HEALTH => return answered(health::alive(&parts.method), false),
                health::READY => return Entry::AsksReady { is_of_page: false },
                _ => {}
            }
        }
        let mut client = remote.client(&self.proxies, &parts.headers);
        let Admitted {
            is_of_page,
            refused,
        } = self.gate.check(&parts.uri, fields, &client);
        if let Some(error) = refused {
            return answered(respond::refuse(error), is_of_page);
        }
        if is_of_page && Cors::is_preflight(parts) {
            return answered(respond::nothing(), true);
        }
        let host = || hosts::name_asked_for(&parts.uri, fields, &client);
        let authority = self.authority.as_ref();
        if let Some(document) = authority.and_then(|it| it.document(parts, &self.tenants, host)) {
            return answered(document, is_of_page);
        }
        let without_slash = path.strip_suffix('/').unwrap_or(path);
        match &self.path {
            Some(ours) if without_slash != ours && !self.tenants.has_path(without_slash) => {
                match path {
                    // A page asks.
                    health::HEALTH => answered(health::alive(&parts.method), is_of_page),
                    health::READY => Entry::AsksReady { is_of_page },
                    _ => answered(nothing_here(ours), is_of_page),
                }
            }
            _ => {
                if self.sight.is_some() {
                    client.arrival = Some(arrival::arrival(remote, &client, parts));
                }
                Entry::Passes { client, is_of_page }
            }
        }
    }

    /// The layers from the count of requests on.
    async fn ask<B>(
        &self,
        parts: &Parts,
        fields: &Fields<'_>,
        body: B,
        caller: Caller,
        client: &Client,
    ) -> HttpResponse
    where
        B: Body<Data: Buf> + Unpin,
    {
        match self.count(&caller, client) {
            Err(refused) => *refused,
            Ok(()) => {
                let arrival = client.arrival.clone();
                let asker = Asker { caller, arrival };
                self.endpoint.serve(parts, fields, body, asker).await
            }
        }
    }

    /// The same where it is said who may ask, or where there is more than one tenant.
    async fn ask_of<B>(
        &self,
        parts: &Parts,
        fields: &Fields<'_>,
        body: B,
        client: &Client,
    ) -> HttpResponse
    where
        B: Body<Data: Buf> + Unpin,
    {
        let authority = self.authority.as_ref();
        let host = match self.tenants.places() {
            [] => String::new(),
            _ => hosts::name_asked_for(&parts.uri, fields, client),
        };
        let said = said(&host, parts, client);
        let at = self.tenants.at(&said);
        let caller = match authority {
            None => {
                let tenant = self.tenants.whose(&said, Vouched::Nobody, |_, _| false);
                tenant.map(Caller::new)
            }
            Some(authority) => match authority.who(parts, client).await {
                Ok(known) => self.caller_of(authority, &known, &said),
                Err(denied) => {
                    // Whoever tries one token after the other is counted by its address.
                    return match self.count(&Caller::default(), client) {
                        Err(refused) => *refused,
                        Ok(()) => authority.refuse(denied, at, body).await,
                    };
                }
            },
        };
        let response = match caller {
            Ok(caller) => self.ask(parts, fields, body, caller, client).await,
            Err(unknown) => self.refuse_tenant(unknown, body, client).await,
        };
        match authority {
            Some(authority) => authority.with_challenge(response, at),
            None => response,
        }
    }

    /// Who asks, by good credentials: somebody of the tenant that the request is for.
    fn caller_of(
        &self,
        authority: &Authority,
        known: &Known,
        said: &Said<'_>,
    ) -> Result<Caller, ProtocolError> {
        if self.tenants.is_one() {
            return Ok(known.caller(None));
        }
        let is_made_for = |place: &_, tenant: &_| authority.is_made_for(known, place, tenant);
        let tenant = self.tenants.whose(said, known.vouched(), is_made_for)?;
        Ok(known.caller(Some(tenant)))
    }

    /// The answer to whoever names no tenant, or none that is theirs. Whoever tries one name
    /// after the other is counted by its address.
    async fn refuse_tenant<B>(&self, error: ProtocolError, body: B, client: &Client) -> HttpResponse
    where
        B: Body<Data: Buf> + Unpin,
    {
        match self.count(&Caller::default(), client) {
            Err(refused) => *refused,
            Ok(()) => super::refused::by_id(error, body).await,
        }
    }

    /// Counts a request against how many its caller may send.
    fn count(&self, caller: &Caller, client: &Client) -> Result<(), Box<HttpResponse>> {
        let Some(rate) = &self.rate else {
            return Ok(());
        };
        rate.count(caller, client.address).map_err(|wait| {
            let error = ProtocolError::new(
                ErrorKind::TooManyRequests,
                format!("too many requests; send the next one in {wait:.0?}"),
            );
            Box::new(respond::retry_after(respond::refuse(error), wait))
        })
    }

    async fn ready(&self, parts: &Parts) -> HttpResponse {
        health::ready(&parts.method, &self.readiness, &self.endpoint.engine).await
    }
}

/// What a request says of whose it is.
fn said<'a>(host: &'a str, parts: &'a Parts, client: &Client) -> Said<'a> {
    let path = parts.uri.path();
    Said {
        host,
        path: path.strip_suffix('/').unwrap_or(path),
        fields: &parts.headers,
        is_by_proxy: client.is_by_proxy,
    }
}

fn nothing_here(ours: &str) -> HttpResponse {
    respond::refuse(ProtocolError::new(
        ErrorKind::NoSuchPath,
        format!("there is nothing here; the MCP endpoint is at {ours}"),
    ))
}

impl<B> Service<Request<B>> for McpService
where
    B: Body<Data: Buf + Send, Error: Send> + Send + Unpin + 'static,
{
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move { Ok(service.respond(request).await) })
    }
}

fn sessions(engine: &Engine, options: &Options) -> Arc<Sessions> {
    let (store, events) = kept::kept(engine, options).unwrap_or_else(|| {
        let store = MemorySessions::new(options.max_sessions, options.session_idle);
        let events = MemoryEvents::new(EventLimits::default());
        (Arc::new(store), Arc::new(events))
    });
    Sessions::new(engine.clone(), store, events, options.session_idle)
}

/// Mounts a [`Server`] in somebody's own application.
pub trait ServerHttpExt: Sized {
    /// The MCP endpoint as a tower service, for any path that the application chooses.
    ///
    /// Only loopback hosts and origins are let in; see
    /// [`into_service_with`](Self::into_service_with) to allow more. Must be called inside
    /// a runtime's reach: sessions are swept by a task of their own.
    ///
    /// # Errors
    ///
    /// When the server is wrong.
    fn into_service(self) -> Result<McpService> {
        self.into_service_with(super::Http::new())
    }

    /// The MCP endpoint as a tower service, with settings. The address in them is not
    /// bound and tells only which hosts are ours.
    ///
    /// # Errors
    ///
    /// When the server or a setting is wrong.
    fn into_service_with(self, settings: super::Http) -> Result<McpService>;
}

impl ServerHttpExt for Server {
    fn into_service_with(self, settings: super::Http) -> Result<McpService> {
        let engine = self.build()?;
        settings.mounted(engine).map(|(service, _)| service)
    }
}
