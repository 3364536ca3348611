//! The MCP endpoint: one address for both eras.

use std::sync::Arc;

use bytes::Buf;
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, StatusCode, header};
use http_body::Body;

use super::accept::{self, Accepts};
use super::respond::{self, HttpResponse};
use super::{body, legacy, modern};
use crate::protocol::{
    Decoded, Era, ErrorKind, HeaderField, ProtocolError, RequestHeaders, decode, decode_bodiless,
};
use crate::server::{Caller, Engine, Sessions};

/// The methods of an endpoint that serves both eras.
const ALLOW: &str = "GET, POST, DELETE, OPTIONS";
/// The methods that the modern era has.
const ALLOW_MODERN: &str = "POST, OPTIONS";

static PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
static METHOD: HeaderName = HeaderName::from_static("mcp-method");
static NAME: HeaderName = HeaderName::from_static("mcp-name");

/// What serves an address.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) engine: Engine,
    pub(super) sessions: Arc<Sessions>,
    pub(super) max_body: usize,
}

impl Endpoint {
    /// Serves one HTTP request.
    pub(super) async fn serve<B>(&self, parts: Parts, body: B) -> HttpResponse
    where
        B: Body<Data: Buf> + Unpin,
    {
        let headers = &parts.headers;
        // Whoever stands before the endpoint says who asks.
        let caller = parts
            .extensions
            .get::<Caller>()
            .cloned()
            .unwrap_or_default();
        match parts.method {
            Method::POST => self.post(headers, body, caller).await,
            Method::GET | Method::DELETE => self.bodiless(&parts.method, headers, &caller).await,
            Method::OPTIONS => {
                let mut response = respond::empty(StatusCode::NO_CONTENT);
                let allow = http::HeaderValue::from_static(ALLOW);
                response.headers_mut().insert(header::ALLOW, allow);
                response
            }
            _ => respond::method_not_allowed(ALLOW, "the MCP endpoint is called with POST"),
        }
    }

    /// Streams and sessions, which only the legacy era has.
    async fn bodiless(
        &self,
        method: &Method,
        headers: &HeaderMap,
        caller: &Caller,
    ) -> HttpResponse {
        match decode_bodiless(&fields(headers, &[])) {
            Err(refusal) => respond::refusal(&refusal),
            Ok(Era::Modern) => respond::method_not_allowed(
                ALLOW_MODERN,
                "this revision has only POST; streams and sessions are of earlier ones",
            ),
            Ok(Era::Legacy) if method == Method::GET => legacy::get(self, headers, caller).await,
            Ok(Era::Legacy) => legacy::delete(self, headers, caller).await,
        }
    }

    async fn post<B>(&self, headers: &HeaderMap, body: B, caller: Caller) -> HttpResponse
    where
        B: Body<Data: Buf> + Unpin,
    {
        let accepts = Accepts::read(headers);
        if accepts.nothing() {
            return respond::refuse(ProtocolError::new(
                ErrorKind::NotAcceptable,
                "answers are `application/json` or `text/event-stream`; accept both",
            ));
        }
        if !accept::is_json(headers) {
            return respond::refuse(ProtocolError::new(
                ErrorKind::UnsupportedMediaType,
                "the body is JSON; send it with `Content-Type: application/json`",
            ));
        }
        let body = match body::read(headers, body, self.max_body).await {
            Ok(body) => body,
            Err(error) => return respond::refuse(error),
        };
        let others = param_fields(headers);
        match decode(&body, Some(&fields(headers, &others))) {
            Err(refusal) => respond::refusal(&refusal),
            Ok(Decoded::Modern(request, meta)) => {
                modern::request(self, request, meta, caller, accepts).await
            }
            Ok(Decoded::ModernNotification(_)) => respond::empty(StatusCode::ACCEPTED),
            Ok(Decoded::Legacy(message)) => {
                legacy::message(self, headers, message, &caller, accepts).await
            }
            Ok(Decoded::Batch(items)) => {
                legacy::batch(self, headers, items, &caller, accepts).await
            }
        }
    }
}

/// The header fields that the protocol gives a meaning.
fn fields<'a>(headers: &'a HeaderMap, others: &'a [(&'a str, &'a [u8])]) -> RequestHeaders<'a> {
    RequestHeaders {
        protocol_version: field(headers, &PROTOCOL_VERSION),
        method: field(headers, &METHOD),
        name: field(headers, &NAME),
        others,
    }
}

/// The header fields that repeat arguments.
fn param_fields(headers: &HeaderMap) -> Vec<(&str, &[u8])> {
    let all = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()));
    all.filter(|(name, _)| name.starts_with("mcp-param-"))
        .collect()
}

fn field<'a>(headers: &'a HeaderMap, name: &HeaderName) -> HeaderField<'a> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => HeaderField::Missing,
        (Some(value), None) => HeaderField::One(value.as_bytes()),
        (Some(_), Some(_)) => HeaderField::Repeated,
    }
}
