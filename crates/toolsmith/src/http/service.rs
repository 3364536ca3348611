//! What stands between the socket and the protocol, as one list, and the same as a tower
//! service or an axum router.
//!
//! A request passes, in this order:
//!
//! 1. the path, because nothing else needs to be known of a request for something else;
//! 2. `Host` and `Origin`, before a byte of the body is read, so that a page that must not
//!    call cannot make the server work;
//! 3. the endpoint: content negotiation, the body within its bound, decode, dispatch,
//!    encode.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Buf;
use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::body::ResponseBody;
use super::driven::Streams;
use super::endpoint::Endpoint;
use super::fields::Fields;
use super::guard::{Bound, Guard};
use super::options::Options;
use super::respond::{self, HttpResponse};
use crate::Result;
use crate::ports::{EventLimits, MemoryEvents, MemorySessions};
use crate::protocol::{ErrorKind, ProtocolError};
use crate::server::{Engine, Server, Sessions};

/// The MCP endpoint as a tower service. Cheap to clone; clones share their sessions.
///
/// It answers whatever path it is mounted at.
#[derive(Clone, Debug)]
pub struct McpService(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    guard: Guard,
    endpoint: Endpoint,
    /// The one path that is served; any, where somebody else routes.
    path: Option<String>,
}

impl McpService {
    pub(super) fn new(engine: Engine, options: &Options, bound: Bound, routed: bool) -> Self {
        engine.warn_of_lone_key();
        Self(Arc::new(Inner {
            guard: Guard::new(bound, options),
            endpoint: Endpoint {
                sessions: sessions(&engine, options),
                engine,
                max_body: options.max_body,
                streams: Streams::default(),
            },
            path: (!routed).then(|| options.path.clone()),
        }))
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

    /// Serves one request.
    ///
    /// Dropping the future cancels the call that it works on.
    pub async fn respond<B>(&self, request: Request<B>) -> HttpResponse
    where
        B: Body<Data: Buf> + Unpin,
    {
        let (parts, body) = request.into_parts();
        self.serve(&parts, body).await
    }

    /// Serves one request, taken apart by who keeps it: a future that kept it itself would
    /// hold it twice.
    pub(super) async fn serve<B>(&self, parts: &Parts, body: B) -> HttpResponse
    where
        B: Body<Data: Buf> + Unpin,
    {
        let Inner {
            guard,
            endpoint,
            path,
        } = &*self.0;
        if let Some(path) = path
            && parts
                .uri
                .path()
                .strip_suffix('/')
                .unwrap_or(parts.uri.path())
                != path
        {
            return respond::refuse(ProtocolError::new(
                ErrorKind::NoSuchPath,
                format!("there is nothing here; the MCP endpoint is at {path}"),
            ));
        }
        let fields = Fields::read(&parts.headers);
        match guard.check(&parts.uri, &fields) {
            Err(error) => respond::refuse(error),
            Ok(()) => endpoint.serve(parts, &fields, body).await,
        }
    }
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
        let (parts, body) = request.into_parts();
        Box::pin(async move { Ok(service.serve(&parts, body).await) })
    }
}

fn sessions(engine: &Engine, options: &Options) -> Arc<Sessions> {
    let store = MemorySessions::new(options.max_sessions, options.session_idle);
    let events = MemoryEvents::new(EventLimits::default());
    let (store, events) = (Arc::new(store), Arc::new(events));
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

    /// The MCP endpoint as an axum router with `/mcp` and `/mcp/`, to be merged into
    /// another.
    ///
    /// # Errors
    ///
    /// When the server is wrong.
    ///
    /// ```
    /// use toolsmith::prelude::*;
    /// use toolsmith::ServerHttpExt as _;
    ///
    /// # fn main() -> toolsmith::Result<()> {
    /// let app: axum::Router = axum::Router::new()
    ///     .route("/", axum::routing::get(|| async { "hello" }))
    ///     .merge(Server::new("hello").into_router()?);
    /// # Ok(())
    /// # }
    /// ```
    fn into_router(self) -> Result<axum::Router> {
        self.into_router_with(super::Http::new())
    }

    /// The MCP endpoint as an axum router, with settings; the path is theirs.
    ///
    /// # Errors
    ///
    /// When the server or a setting is wrong.
    fn into_router_with(self, settings: super::Http) -> Result<axum::Router>;
}

impl ServerHttpExt for Server {
    fn into_service_with(self, settings: super::Http) -> Result<McpService> {
        let engine = self.build()?;
        settings.mounted(engine).map(|(service, _)| service)
    }

    fn into_router_with(self, settings: super::Http) -> Result<axum::Router> {
        let engine = self.build()?;
        let (service, path) = settings.mounted(engine)?;
        let with_slash = format!("{path}/");
        let router = axum::Router::new().route_service(&with_slash, service.clone());
        Ok(match path.as_str() {
            "" => router,
            path => router.route_service(path, service),
        })
    }
}
