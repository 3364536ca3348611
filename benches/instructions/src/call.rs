//! Whole calls as the core does them: bytes in, bytes out.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use bytes::Bytes;
use serde_json::json;
use toolsmith::Caller;
use toolsmith::ports::{EventLimits, MemoryEvents, MemorySessions, SessionId};
use toolsmith::protocol::{Decoded, HeaderField, Message, RequestHeaders, decode};
use toolsmith::server::{Engine, Peer, Server, Sessions};

use crate::messages::{self, bodies};
use crate::{Done, Repeats, Work, server};

/// Longer than anything here takes.
const IDLE: Duration = Duration::from_secs(24 * 3600);

/// A legacy session.
pub(crate) struct Session {
    sessions: Arc<Sessions>,
    id: SessionId,
}

impl Session {
    /// Opens one.
    pub(crate) async fn open(engine: &Engine) -> Result<Self> {
        let store = Arc::new(MemorySessions::new(16, IDLE));
        let events = Arc::new(MemoryEvents::new(EventLimits::default()));
        let sessions = Sessions::new(engine.clone(), store, events, IDLE);
        let body = Bytes::from(messages::initialize());
        let Ok(Decoded::Legacy(Message::Request(request))) = decode(&body, None) else {
            bail!("`initialize` was not taken for one");
        };
        let opened = engine.initialize(&request.params);
        let (peer, _) = opened.map_err(|error| anyhow!("{error:?}"))?;
        let id = sessions.open(&peer).await;
        let id = id.map_err(|error| anyhow!("{error:?}"))?;
        let session = Self { sessions, id };
        if let Some(session) = session.find().await?.session {
            session.initialized();
        }
        Ok(session)
    }

    /// Finds it, as each request does.
    pub(crate) async fn find(&self) -> Result<Peer> {
        let found = self.sessions.find(self.id, &Caller::default()).await;
        found.map_err(|error| anyhow!("{error:?}"))
    }
}

pub(crate) fn modern(repeats: Repeats) -> Work {
    let text = messages::modern("tools/call", messages::add());
    let headers = messages::modern_fields();
    Box::pin(modern_calls(repeats, server::small(), text, headers))
}

pub(crate) fn list_100(repeats: Repeats) -> Work {
    let headers = RequestHeaders {
        method: HeaderField::One(b"tools/list"),
        name: HeaderField::Missing,
        ..messages::modern_fields()
    };
    let text = messages::modern("tools/list", json!({}));
    Box::pin(modern_calls(repeats, server::large(), text, headers))
}

async fn modern_calls(
    repeats: Repeats,
    server: Server,
    text: String,
    headers: RequestHeaders<'static>,
) -> Result<Done> {
    let engine = server.build()?;
    let mut last = Vec::new();
    let mut bodies = bodies(&text, repeats.prepared).into_iter();
    for body in bodies.by_ref().take(repeats.done) {
        let (request, meta) = match decode(&body, Some(&headers)) {
            Ok(Decoded::Modern(request, meta)) => (request, meta),
            other => bail!("a request came to {other:?}"),
        };
        let peer = Peer::modern(meta, Caller::default());
        last = engine.clone().answer(request, peer, None).await.message;
    }
    Done::new(last, bodies)
}

pub(crate) fn legacy(repeats: Repeats) -> Work {
    Box::pin(legacy_calls(repeats))
}

async fn legacy_calls(repeats: Repeats) -> Result<Done> {
    let engine = server::small().build()?;
    let session = Session::open(&engine).await?;
    let headers = messages::legacy_fields();
    let text = messages::legacy("tools/call", &messages::add());
    let mut last = Vec::new();
    let mut bodies = bodies(&text, repeats.prepared).into_iter();
    for body in bodies.by_ref().take(repeats.done) {
        let request = match decode(&body, Some(&headers)) {
            Ok(Decoded::Legacy(Message::Request(request))) => request,
            other => bail!("a call came to {other:?}"),
        };
        let peer = session.find().await?;
        last = engine.clone().answer(request, peer, None).await.message;
    }
    Done::new(last, bodies)
}
