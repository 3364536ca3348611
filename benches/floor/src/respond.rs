//! Responses, with the header fields that our servers send.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;

const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// An answer, if the request could be read.
pub(crate) type Answer = serde_json::Result<Bytes>;

/// An answer as JSON.
pub(crate) fn json(answer: Answer) -> Response {
    let Ok(answer) = answer else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let mut response = Response::new(Body::from(answer));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

/// Events.
pub(crate) fn events(body: serde_json::Result<Body>) -> Response {
    let Ok(body) = body else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let mut response = Response::new(body);
    let fields = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-cache"),
        (X_ACCEL_BUFFERING, "no"),
    ];
    for (name, value) in fields {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}
