//! From answers and refusals to HTTP responses.

use std::borrow::Cow;
use std::sync::LazyLock;
use std::time::Duration;

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::body::ResponseBody;
use super::sse;
use crate::Scopes;
use crate::protocol::{Era, ErrorKind, ProtocolError, Refusal};
use crate::server::Answer;

/// What every handler gives.
pub(crate) type HttpResponse = Response<ResponseBody>;

/// The scopes that a request needs which was refused for want of one, beside its refusal.
#[derive(Clone, Debug)]
pub(super) struct NeededScopes(pub(super) Box<Scopes>);

/// Why a request was refused that came to no handler, beside its refusal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refused(pub(super) ErrorKind);

/// The form in which an answer is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One JSON body.
    Json,
    /// A stream of events.
    Sse,
}

/// Tells proxies not to hold events back.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// How long a client that met a full server should wait, in seconds.
const RETRY_SECONDS: &str = "1";

/// An answer that is there, whole. One that has a status of its own is JSON: the form of a
/// success is no use to who reads a refusal.
pub(super) fn answer(answer: Answer, form: Form) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    if form == Form::Json || status != StatusCode::OK {
        let mut response = json(status, answer.message);
        let is_full = [
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::TOO_MANY_REQUESTS,
        ];
        if is_full.contains(&status) {
            let wait = HeaderValue::from_static(RETRY_SECONDS);
            response.headers_mut().insert(RETRY_AFTER, wait);
        }
        if let Some(scopes) = answer.needed_scopes {
            response.extensions_mut().insert(NeededScopes(scopes));
        }
        return response;
    }
    events(ResponseBody::whole(sse::event(&answer.message)))
}

/// A refusal.
pub(super) fn refusal(refusal: &Refusal) -> HttpResponse {
    let mut response = answer(Answer::from(refusal), Form::Json);
    let why = Refused(refusal.error.kind);
    response.extensions_mut().insert(why);
    response
}

/// A refusal of a request whose id was not read.
pub(super) fn refuse(error: ProtocolError) -> HttpResponse {
    refusal(&error.refuse(None, Era::Legacy))
}

/// The refusal of an HTTP method, with those that are served.
pub(super) fn method_not_allowed(
    allow: &'static str,
    why: impl Into<Cow<'static, str>>,
) -> HttpResponse {
    let mut response = refuse(ProtocolError::new(ErrorKind::HttpMethodNotAllowed, why));
    let allow = HeaderValue::from_static(allow);
    response.headers_mut().insert(ALLOW, allow);
    response
}

/// The same response, with the time after which it may be tried again, in whole seconds of
/// which there is at least one.
pub(super) fn retry_after(mut response: HttpResponse, wait: Duration) -> HttpResponse {
    let seconds = wait.as_millis().div_ceil(1000).max(1);
    let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
    response.headers_mut().insert(RETRY_AFTER, seconds.into());
    response
}

/// A response that says nothing.
pub(super) fn nothing() -> HttpResponse {
    empty(StatusCode::NO_CONTENT)
}

/// A response without a body.
pub(super) fn empty(status: StatusCode) -> HttpResponse {
    with(status, ResponseBody::whole(""), HeaderMap::new())
}

/// A response that is JSON.
pub(crate) fn json(status: StatusCode, body: Vec<u8>) -> HttpResponse {
    // To copy a map costs less than to fill one.
    static FIELDS: LazyLock<HeaderMap> =
        LazyLock::new(|| fields([(CONTENT_TYPE, "application/json")]));
    with(status, ResponseBody::whole(body), FIELDS.clone())
}

/// A response for people.
pub(super) fn text(status: StatusCode, text: &'static str) -> HttpResponse {
    let fields = fields([(CONTENT_TYPE, "text/plain")]);
    with(status, ResponseBody::whole(text), fields)
}

/// A response that is a stream of events.
pub(super) fn events(body: ResponseBody) -> HttpResponse {
    static FIELDS: LazyLock<HeaderMap> = LazyLock::new(|| {
        fields([
            (CONTENT_TYPE, "text/event-stream"),
            (CACHE_CONTROL, "no-cache"),
            (X_ACCEL_BUFFERING, "no"),
        ])
    });
    with(StatusCode::OK, body, FIELDS.clone())
}

fn fields<const N: usize>(fields: [(HeaderName, &'static str); N]) -> HeaderMap {
    let fields = fields.map(|(name, value)| (name, HeaderValue::from_static(value)));
    HeaderMap::from_iter(fields)
}

fn with(status: StatusCode, body: ResponseBody, fields: HeaderMap) -> HttpResponse {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = fields;
    response
}
