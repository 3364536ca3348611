//! How a request came, for those who look on.

use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, HeaderName, Version};

use super::remote::{Client, Remote};
use crate::protocol::TraceContext;
use crate::server::Arrival;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest name of a request that is kept, in bytes.
const MAX_REQUEST_ID: usize = 128;

/// What is noted of a request.
pub(super) fn arrival(remote: &Remote, client: &Client, parts: &Parts) -> Arc<Arrival> {
    let mut arrival = Arrival::by(match remote {
        Remote::UnixSocket => "unix",
        Remote::Address(_) | Remote::Unknown => "tcp",
    });
    arrival.http = Some(match parts.version {
        Version::HTTP_2 => "2",
        Version::HTTP_10 => "1.0",
        _ => "1.1",
    });
    arrival.address = client.address;
    arrival.trace = trace(&parts.headers);
    arrival.request_id = text(&parts.headers, &REQUEST_ID)
        .filter(|it| it.len() <= MAX_REQUEST_ID && it.bytes().all(|b| b.is_ascii_graphic()))
        .map(Into::into);
    Arc::new(arrival)
}

/// The trace that the request is a part of.
///
/// Implements the header fields of W3C Trace Context.
fn trace(fields: &HeaderMap) -> Option<TraceContext> {
    let field = |name| text(fields, &HeaderName::from_static(name));
    TraceContext::read(field("traceparent"), field("tracestate"), field("baggage"))
}

/// The text of a field that is there once.
fn text<'a>(fields: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut all = fields.get_all(name).iter();
    match (all.next(), all.next()) {
        (Some(one), None) => one.to_str().ok(),
        _ => None,
    }
}
