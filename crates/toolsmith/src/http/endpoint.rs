//! The MCP endpoint: one address for both eras.

use std::sync::Arc;
use std::time::Duration;

use bytes::Buf;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use http_body::Body;

use super::accept::{self, Accepts};
use super::asker::Asker;
use super::driven::Streams;
use super::fields::Fields;
use super::respond::{self, HttpResponse};
use super::{body, legacy, modern};
use crate::protocol::{
    Decoded, Era, ErrorKind, HeaderField, ProtocolError, decode, decode_bodiless,
};
use crate::server::{Engine, Sessions};

/// The methods of an endpoint that serves both eras.
const ALLOW: &str = "GET, POST, DELETE, OPTIONS";
/// The methods that the modern era has.
const ALLOW_MODERN: &str = "POST, OPTIONS";

const EXPECT: HeaderName = header::EXPECT;

/// What serves an address.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) engine: Engine,
    pub(super) sessions: Arc<Sessions>,
    pub(super) limits: Limits,
    /// The streams of requests.
    pub(super) streams: Streams,
}

/// How much of everything there may be in a request or a session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The largest body, in bytes.
    pub(super) body: usize,
    /// How long one may take.
    pub(super) body_time: Duration,
    /// How many streams a session may have on which the server speaks unasked.
    pub(super) streams: usize,
}

impl Endpoint {
    /// Serves one HTTP request.
    ///
    /// The future of it is moved about with each request, and one is kept for each
    /// connection. So it holds no more than a common call needs: whatever is less common is
    /// in a box.
    pub(super) async fn serve<B>(
        &self,
        parts: &Parts,
        fields: &Fields<'_>,
        body: B,
        asker: Asker,
    ) -> HttpResponse
    where
        B: Body<Data: Buf> + Unpin,
    {
        match parts.method {
            Method::POST => self.post(fields, body, asker).await,
            Method::GET | Method::DELETE => {
                Box::pin(self.bodiless(&parts.method, fields, &asker)).await
            }
            Method::OPTIONS => {
                let mut response = respond::empty(StatusCode::NO_CONTENT);
                let allow = HeaderValue::from_static(ALLOW);
                response.headers_mut().insert(header::ALLOW, allow);
                response
            }
            _ => respond::method_not_allowed(ALLOW, "the MCP endpoint is called with POST"),
        }
    }

    /// Streams and sessions, which only the legacy era has.
    async fn bodiless(&self, method: &Method, fields: &Fields<'_>, asker: &Asker) -> HttpResponse {
        match decode_bodiless(&fields.of_protocol()) {
            Err(refusal) => respond::refusal(&refusal),
            Ok(Era::Modern) => respond::method_not_allowed(
                ALLOW_MODERN,
                "this revision has only POST; streams and sessions are of earlier ones",
            ),
            Ok(Era::Legacy) if method == Method::GET => legacy::get(self, fields, asker).await,
            Ok(Era::Legacy) => legacy::delete(self, fields, asker).await,
        }
    }

    async fn post<B>(&self, fields: &Fields<'_>, body: B, asker: Asker) -> HttpResponse
    where
        B: Body<Data: Buf> + Unpin,
    {
        let accepts = Accepts::read(fields);
        if accepts.nothing() {
            return respond::refuse(ProtocolError::new(
                ErrorKind::NotAcceptable,
                "answers are `application/json` or `text/event-stream`; accept both",
            ));
        }
        if !accept::is_json(fields.content_type) {
            return respond::refuse(ProtocolError::new(
                ErrorKind::UnsupportedMediaType,
                "the body is JSON; send it with `Content-Type: application/json`",
            ));
        }
        if fields.is_compressed() {
            let mut refused = respond::refuse(ProtocolError::new(
                ErrorKind::UnsupportedMediaType,
                "the body is compressed; send it as it is, without `Content-Encoding`",
            ));
            // RFC 7694, section 3.
            let plain = HeaderValue::from_static("identity");
            refused.headers_mut().insert(header::ACCEPT_ENCODING, plain);
            return refused;
        }
        let Limits {
            body: max,
            body_time,
            ..
        } = self.limits;
        if body.size_hint().lower() > max as u64 && fields.rare(&EXPECT) != HeaderField::Missing {
            // Its client waits to be told whether to send it.
            return respond::refuse(body::too_large(max));
        }
        let body = match body::read(body, max, body_time).await {
            Ok(body) => body,
            Err(unread) => return respond::refusal(&unread.refusal()),
        };
        match decode(&body, Some(&fields.of_protocol())) {
            Err(refusal) => respond::refusal(&refusal),
            Ok(Decoded::Modern(request, meta)) => {
                modern::request(self, request, meta, asker, accepts).await
            }
            Ok(Decoded::ModernNotification(_)) => respond::empty(StatusCode::ACCEPTED),
            Ok(Decoded::Legacy(message)) => {
                legacy::message(self, fields, message, &asker, accepts).await
            }
            Ok(Decoded::Batch(items)) => {
                Box::pin(legacy::batch(self, fields, items, &asker, accepts)).await
            }
        }
    }
}
