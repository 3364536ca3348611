//! Legacy messages: `initialize`, and everything that happens in a session.

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderName, HeaderValue, StatusCode};
use tokio::time::Instant;

use super::accept::Accepts;
use super::asker::Asker;
use super::body::ResponseBody;
use super::calls::form;
use super::endpoint::Endpoint;
use super::fields::Fields;
use super::respond::{self, HttpResponse};
use super::{batch, calls, sse};
use crate::ports::{EventId, SessionId};
use crate::protocol::{
    Era, ErrorKind, HeaderField, Message, Method, Notification, ProtocolError, Refusal, Request,
    RequestId,
};
use crate::server::{Answer, Listening, Peer, SessionRef, StreamEvent};

/// The header field that names a session.
const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
/// The header field that names the last event that a client has read of a stream.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// A session that was found, and its client.
pub(super) struct Found {
    peer: Peer,
    session: SessionRef,
}

/// Serves one legacy message.
pub(super) async fn message(
    endpoint: &Endpoint,
    fields: &Fields<'_>,
    message: Message,
    asker: &Asker,
    accepts: Accepts,
) -> HttpResponse {
    let request = match message {
        Message::Request(request) if request.method != Method::Initialize => request,
        other => return Box::pin(aside(endpoint, fields, other, asker, accepts)).await,
    };
    match session(endpoint, fields, asker).await {
        Ok(Found { peer, session }) => {
            calls::answer(endpoint, request, peer, session, accepts).await
        }
        Err(error) => refuse(error, Some(request.id)),
    }
}

/// Serves what is no request of a session.
async fn aside(
    endpoint: &Endpoint,
    fields: &Fields<'_>,
    message: Message,
    asker: &Asker,
    accepts: Accepts,
) -> HttpResponse {
    if let Message::Request(request) = message {
        return match is_new(endpoint, fields, asker).await {
            Ok(()) => initialize(endpoint, &request, asker, accepts).await,
            Err(error) => refuse(error, Some(request.id)),
        };
    }
    match session(endpoint, fields, asker).await {
        Err(error) => refuse(error, None),
        Ok(Found { session, .. }) => {
            match message {
                Message::Notification(notification) => note(&session, &notification),
                Message::Response(response) => session.answered(response),
                Message::Request(_) => {}
            }
            respond::empty(StatusCode::ACCEPTED)
        }
    }
}

/// Takes note of a notification. A cancelled request is dropped at its next await, and
/// nothing more is said of it.
pub(super) fn note(session: &SessionRef, notification: &Notification) {
    match notification.method.as_str() {
        "notifications/cancelled" => {
            if let Some(id) = notification.params.cancelled()
                && session.cancel(&id)
            {
                let reason = notification.params.reason().unwrap_or_default();
                tracing::debug!(reason, "the client has cancelled a request");
            }
        }
        "notifications/initialized" => session.initialized(),
        _ => {}
    }
}

/// Serves a batch, in the one revision that has them.
pub(super) async fn batch(
    endpoint: &Endpoint,
    fields: &Fields<'_>,
    items: Vec<Result<Message, Refusal>>,
    asker: &Asker,
    accepts: Accepts,
) -> HttpResponse {
    let Found { peer, session } = match session(endpoint, fields, asker).await {
        Ok(found) if found.peer.revision.has_batches() => found,
        // Without a session nothing says that the client knows batches.
        Ok(_) => return refuse(ProtocolError::no_batches(), None),
        Err(error) if error.kind == ErrorKind::SessionRequired => {
            return refuse(ProtocolError::no_batches(), None);
        }
        Err(error) => return refuse(error, None),
    };
    batch::answer(endpoint, items, peer, session, accepts).await
}

/// Opens the stream on which a server speaks unasked, or goes on with one that broke.
pub(super) async fn get(endpoint: &Endpoint, fields: &Fields<'_>, asker: &Asker) -> HttpResponse {
    if !Accepts::read(fields).sse {
        return refuse(
            ProtocolError::new(
                ErrorKind::NotAcceptable,
                "a GET is answered with `text/event-stream`; accept it",
            ),
            None,
        );
    }
    let opened = match session(endpoint, fields, asker).await {
        Ok(found) => open(endpoint, &found, fields)
            .await
            .map(|it| (it, found.session)),
        Err(error) => Err(error),
    };
    match opened {
        Err(error) => refuse(error, None),
        Ok((listening, session)) => listen(listening, session),
    }
}

async fn open(
    endpoint: &Endpoint,
    found: &Found,
    fields: &Fields<'_>,
) -> Result<Listening, ProtocolError> {
    let unknown = || {
        ProtocolError::new(
            ErrorKind::StreamUnknown,
            "`Last-Event-ID` is none that this server gave out",
        )
    };
    let last = match fields.rare(&LAST_EVENT_ID) {
        HeaderField::Missing => None,
        HeaderField::One(last) => Some(EventId::parse(last).ok_or_else(unknown)?),
        HeaderField::Repeated => return Err(unknown()),
    };
    let most = endpoint.limits.streams;
    found.session.listen(&found.peer, last, most).await
}

/// A stream that the client opened by itself, with signs of life.
struct Open {
    listening: Listening,
    session: SessionRef,
    /// It begins with a comment, so that the client sees at once that it is open.
    begins: bool,
    over: bool,
    /// When the session was last used by this.
    used: Instant,
}

fn listen(listening: Listening, session: SessionRef) -> HttpResponse {
    let open = Open {
        listening,
        session,
        begins: true,
        over: false,
        used: Instant::now(),
    };
    let events = stream::unfold(
        open,
        |mut open| async move { Some((open.next().await?, open)) },
    );
    respond::events(ResponseBody::events(events))
}

impl Open {
    async fn next(&mut self) -> Option<Bytes> {
        if self.over {
            return None;
        }
        if std::mem::take(&mut self.begins) {
            return Some(sse::comment());
        }
        let use_of = sse::KEEP_ALIVE.min(self.session.sessions().idle() / 2);
        let event = tokio::select! {
            biased;
            // However much is said: an open stream is a use of its session, and keeps it
            // from being forgotten.
            () = tokio::time::sleep_until(self.used + use_of) => {
                self.used = Instant::now();
                self.session.is_alive().await.then_some(())?;
                return Some(sse::comment());
            }
            event = self.listening.next() => event?,
        };
        Some(match event {
            StreamEvent::Message(id, message) => sse::event_with_id(id, &message),
            StreamEvent::Pause(after) => {
                self.over = true;
                sse::retry(after)
            }
        })
    }
}

/// Ends a session.
pub(super) async fn delete(
    endpoint: &Endpoint,
    fields: &Fields<'_>,
    asker: &Asker,
) -> HttpResponse {
    let ended = match session(endpoint, fields, asker).await {
        Ok(found) => found.session.remove().await,
        Err(error) => Err(error),
    };
    match ended {
        Ok(()) => respond::empty(StatusCode::NO_CONTENT),
        Err(error) => refuse(error, None),
    }
}

async fn initialize(
    endpoint: &Endpoint,
    request: &Request,
    asker: &Asker,
    accepts: Accepts,
) -> HttpResponse {
    let id = || Some(request.id.clone());
    let (mut peer, outcome) = match endpoint.engine.initialize(&request.params) {
        Ok(opened) => opened,
        Err(error) => return refuse(error, id()),
    };
    peer.caller.clone_from(&asker.caller);
    peer.arrival.clone_from(&asker.arrival);
    let session = match endpoint.sessions.open(&peer).await {
        Ok(session) => session,
        Err(error) => return refuse(error, id()),
    };
    endpoint.engine.opened(&peer);
    let answer = Answer {
        message: endpoint.engine.encode(&outcome, &request.id, peer.revision),
        status: StatusCode::OK.as_u16(),
        is_result: true,
        needed_scopes: None,
    };
    let mut response = respond::answer(answer, form(accepts));
    if let Ok(session) = HeaderValue::from_str(&session.to_string()) {
        response.headers_mut().insert(SESSION_ID, session);
    }
    response
}

/// Refuses to open a conversation in a session, which is one already. A client whose
/// session has ended is told so, and opens the next one without naming any.
async fn is_new(
    endpoint: &Endpoint,
    fields: &Fields<'_>,
    asker: &Asker,
) -> Result<(), ProtocolError> {
    if fields.session_id == HeaderField::Missing {
        return Ok(());
    }
    session(endpoint, fields, asker).await?;
    Err(ProtocolError::new(
        ErrorKind::InvalidRequest,
        "the session is open already; send `initialize` without `Mcp-Session-Id` to open another",
    ))
}

async fn session(
    endpoint: &Endpoint,
    fields: &Fields<'_>,
    asker: &Asker,
) -> Result<Found, ProtocolError> {
    let unknown = || {
        ProtocolError::new(
            ErrorKind::SessionUnknown,
            "the session does not exist or has ended; send `initialize` again",
        )
    };
    let required = |what| {
        ProtocolError::new(
            ErrorKind::SessionRequired,
            format!(
                "`Mcp-Session-Id` {what}; send `initialize` first and repeat the id that it answers with"
            ),
        )
    };
    let named = match fields.session_id {
        HeaderField::Missing => return Err(required("is missing")),
        HeaderField::Repeated => return Err(required("is given more than once")),
        HeaderField::One(named) => named,
    };
    let id = SessionId::parse(named).ok_or_else(unknown)?;
    let mut peer = endpoint.sessions.find(id, &asker.caller).await?;
    peer.arrival.clone_from(&asker.arrival);
    let session = peer.session.clone().ok_or_else(unknown)?;
    Ok(Found { peer, session })
}

fn refuse(error: ProtocolError, id: Option<RequestId>) -> HttpResponse {
    respond::refusal(&error.refuse(id, Era::Legacy))
}
