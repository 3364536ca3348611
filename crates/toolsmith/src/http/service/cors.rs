//! What browsers are told of answers to pages of other origins.
//!
//! The gate has decided already whether the origin is let in; this says so in the browser's
//! words. Implements the CORS protocol of the Fetch standard, by way of `tower_http`.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use http::header::{self, HeaderName};
use http::request::Parts;
use http::{Method, Request};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};
use tower_layer::Layer as _;
use tower_service::Service;

use crate::http::options::Options;
use crate::http::respond::{self, HttpResponse};

/// The fields of answers that a page may read beside those that every page may.
const EXPOSED: [HeaderName; 7] = [
    HeaderName::from_static("mcp-session-id"),
    HeaderName::from_static("mcp-protocol-version"),
    header::WWW_AUTHENTICATE,
    header::RETRY_AFTER,
    header::ALLOW,
    header::CONTENT_LENGTH,
    header::DATE,
];
/// What is said of a page that asks what it may send to.
const METHODS: [Method; 4] = [Method::GET, Method::POST, Method::DELETE, Method::OPTIONS];

/// Adds what a browser wants to be told.
#[derive(Clone, Debug)]
pub(super) struct Cors(CorsLayer);

/// Gives an answer that is there.
struct Given(Option<HttpResponse>);

impl Service<Request<()>> for Given {
    type Response = HttpResponse;
    type Error = Infallible;
    type Future = Ready<Result<HttpResponse, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        let given = self.0.take();
        ready(Ok(given.unwrap_or_else(respond::nothing)))
    }
}

impl Cors {
    pub(super) fn new(options: &Options) -> Self {
        // An origin that is not let in never comes here, whatever is listed.
        let layer = CorsLayer::new()
            .allow_origin(AllowOrigin::mirror_request())
            .allow_methods(METHODS)
            // Clients send what the protocol asks for, `Mcp-Param-` and the name of an
            // argument, and what whoever stands before the server wants to see.
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers(EXPOSED)
            .max_age(options.cors_max_age)
            .allow_private_network(true);
        Self(match options.allow_credentials {
            true => layer.allow_credentials(true),
            false => layer,
        })
    }

    /// Whether a browser asks what a page may send, before it sends it.
    pub(super) fn is_preflight(parts: &Parts) -> bool {
        parts.method == Method::OPTIONS
            && parts
                .headers
                .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
    }

    /// Adds to an answer what the browser of a page wants to be told of it; to a preflight,
    /// it is the whole answer.
    pub(super) fn told(&self, parts: &Parts, response: HttpResponse) -> HttpResponse {
        let mut request = Request::new(());
        request.method_mut().clone_from(&parts.method);
        // One that asks what is allowed is no preflight, and has an answer.
        if parts.method == Method::OPTIONS && !Self::is_preflight(parts) {
            *request.method_mut() = Method::GET;
        }
        request.headers_mut().clone_from(&parts.headers);
        let mut service = self.0.layer(Given(Some(response)));
        match service.call(request).now_or_never() {
            Some(Ok(response)) => response,
            // Nothing of it waits.
            None => respond::nothing(),
        }
    }
}
