//! Legacy messages: `initialize`, and everything that happens in a session.

use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::accept::Accepts;
use super::body::ResponseBody;
use super::endpoint::Endpoint;
use super::respond::{self, Form, HttpResponse};
use super::{modern, sse};
use crate::protocol::{
    Era, ErrorKind, Message, Method, ProtocolError, Refusal, Request, RequestId,
};
use crate::server::{Answer, Peer};

/// The header field that names a session.
const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");

/// Serves one legacy message.
pub(super) async fn message(
    endpoint: &Endpoint,
    headers: &HeaderMap,
    message: Message,
    accepts: Accepts,
) -> HttpResponse {
    match message {
        Message::Request(request) if request.method == Method::Initialize => {
            initialize(endpoint, &request, accepts).await
        }
        Message::Request(request) => match session(endpoint, headers).await {
            Ok(peer) => {
                let form = form(accepts);
                modern::answer(&endpoint.engine, request, peer, accepts, form).await
            }
            Err(error) => refuse(error, Some(request.id)),
        },
        Message::Notification(_) | Message::Response => match session(endpoint, headers).await {
            Ok(_) => respond::empty(StatusCode::ACCEPTED),
            Err(error) => refuse(error, None),
        },
    }
}

/// Serves a batch, in the one revision that has them.
pub(super) async fn batch(
    endpoint: &Endpoint,
    headers: &HeaderMap,
    items: Vec<Result<Message, Refusal>>,
    accepts: Accepts,
) -> HttpResponse {
    let peer = match session(endpoint, headers).await {
        Ok(peer) if peer.revision.has_batches() => peer,
        // Without a session nothing says that the client knows batches.
        Ok(_) => return refuse(ProtocolError::no_batches(), None),
        Err(error) if error.kind == ErrorKind::SessionRequired => {
            return refuse(ProtocolError::no_batches(), None);
        }
        Err(error) => return refuse(error, None),
    };
    match endpoint.engine.clone().answer_batch(items, peer).await {
        None => respond::empty(StatusCode::ACCEPTED),
        Some(message) => {
            let status = StatusCode::OK.as_u16();
            respond::answer(&Answer { message, status }, form(accepts))
        }
    }
}

/// Opens the stream on which a server speaks unasked. So far it has nothing to say, and
/// keeps the connection and the session alive.
pub(super) async fn get(endpoint: &Endpoint, headers: &HeaderMap) -> HttpResponse {
    if !Accepts::read(headers).sse {
        return refuse(
            ProtocolError::new(
                ErrorKind::NotAcceptable,
                "a GET is answered with `text/event-stream`; accept it",
            ),
            None,
        );
    }
    let opened = match endpoint.sessions.find(field(headers)).await {
        Ok((id, _)) => endpoint.sessions.open_stream(id),
        Err(error) => Err(error),
    };
    match opened {
        Err(error) => refuse(error, None),
        Ok(guard) => {
            // A first comment, so that the client sees at once that the stream is open.
            let start = (Some(sse::comment()), guard);
            let signs = stream::unfold(start, |(first, mut guard)| async move {
                match first {
                    Some(first) => Some((first, (None, guard))),
                    None => guard
                        .is_alive()
                        .await
                        .then(|| (sse::comment(), (None, guard))),
                }
            });
            respond::events(ResponseBody::events(signs))
        }
    }
}

/// Ends a session.
pub(super) async fn delete(endpoint: &Endpoint, headers: &HeaderMap) -> HttpResponse {
    let ended = match endpoint.sessions.find(field(headers)).await {
        Ok((id, _)) => endpoint.sessions.remove(id).await,
        Err(error) => Err(error),
    };
    match ended {
        Ok(()) => respond::empty(StatusCode::NO_CONTENT),
        Err(error) => refuse(error, None),
    }
}

async fn initialize(endpoint: &Endpoint, request: &Request, accepts: Accepts) -> HttpResponse {
    let id = || Some(request.id.clone());
    let (peer, outcome) = match endpoint.engine.initialize(&request.params) {
        Ok(opened) => opened,
        Err(error) => return refuse(error, id()),
    };
    let revision = peer.revision;
    let session = match endpoint.sessions.create(peer).await {
        Ok(session) => session,
        Err(error) => return refuse(error, id()),
    };
    let message = endpoint.engine.encode(&outcome, &request.id, revision);
    let status = StatusCode::OK.as_u16();
    let mut response = respond::answer(&Answer { message, status }, form(accepts));
    if let Ok(session) = HeaderValue::from_str(&session.to_string()) {
        response.headers_mut().insert(SESSION_ID, session);
    }
    response
}

/// Events wherever the client reads them, as the revisions' own servers do.
fn form(accepts: Accepts) -> Form {
    if accepts.sse { Form::Sse } else { Form::Json }
}

/// The session that is named, unless more than one is.
fn field(headers: &HeaderMap) -> Option<&[u8]> {
    let mut named = headers.get_all(SESSION_ID).iter();
    let first = named.next().map(HeaderValue::as_bytes);
    first.filter(|_| named.next().is_none())
}

async fn session(endpoint: &Endpoint, headers: &HeaderMap) -> Result<Peer, ProtocolError> {
    let found = endpoint.sessions.find(field(headers)).await;
    found.map(|(_, peer)| peer)
}

fn refuse(error: ProtocolError, id: Option<RequestId>) -> HttpResponse {
    respond::refusal(&error.refuse(id, Era::Legacy))
}
