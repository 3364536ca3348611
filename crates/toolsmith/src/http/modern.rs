//! Modern requests: each stands alone.

use super::endpoint::Endpoint;
use super::respond::{self, Form, HttpResponse};
use super::{accept::Accepts, body::ResponseBody, sse};
use crate::protocol::{ModernMeta, Request};
use crate::server::{Engine, Peer, ReplySink};
use std::sync::Arc;

/// Answers a modern request: JSON, unless something is said before the answer or the
/// client reads nothing but events.
pub(super) async fn request(
    endpoint: &Endpoint,
    request: Request,
    meta: ModernMeta,
    accepts: Accepts,
) -> HttpResponse {
    let form = if accepts.json { Form::Json } else { Form::Sse };
    answer(&endpoint.engine, request, Peer::from(meta), accepts, form).await
}

/// Answers a request of either era.
///
/// A request that did not ask for reports is worked on in place. One that did becomes a
/// stream with the first of them, and is worked on in a task of its own from then on.
pub(super) async fn answer(
    engine: &Engine,
    request: Request,
    peer: Peer,
    accepts: Accepts,
    form: Form,
) -> HttpResponse {
    let engine = engine.clone();
    if request.params.progress_token.is_none() || !accepts.sse {
        let answer = engine.answer(request, peer, None).await;
        return respond::answer(&answer, form);
    }
    let (sink, mut reports): (Arc<dyn ReplySink>, _) = sse::reports();
    let work: sse::Work = Box::pin(engine.answer(request, peer, Some(sink)));
    match sse::first(work, &mut reports).await {
        sse::First::Answer(answer) => respond::answer(&answer, form),
        sse::First::Report(report, rest) => {
            let events = sse::stream(report, rest, reports);
            respond::events(ResponseBody::events(events))
        }
    }
}
