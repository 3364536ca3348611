//! Who is at the other end of a request, and how to reach them before the answer.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::Caller;
use super::sessions::SessionRef;
use crate::protocol::{
    ClientCapabilities, ClientInfo, LogLevel, ModernMeta, Revision, TraceContext,
};

/// The client at the other end of a request.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The revision that it speaks.
    pub revision: Revision,
    /// What it can do.
    pub capabilities: ClientCapabilities,
    /// Who it says it is.
    pub client: Option<Arc<ClientInfo>>,
    /// Who is asking, as far as that was found out.
    pub caller: Caller,
    /// The least severe log message that it wants; nothing unless it said so.
    pub log_level: Option<LogLevel>,
    /// The legacy session that the request came in.
    pub session: Option<SessionRef>,
    /// How the request came. A transport says it where
    /// [`Engine::is_observed`](super::Engine::is_observed).
    pub arrival: Option<Arc<Arrival>>,
}

/// How a request came, for those who look on.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Arrival {
    /// What carries it, in the words of OpenTelemetry's `network.transport`: `tcp`, `unix` or
    /// `pipe`.
    pub transport: &'static str,
    /// The version of HTTP, such as `1.1`; none where it is not HTTP.
    pub http: Option<&'static str>,
    /// The address of the client, behind proxies that are believed.
    pub address: Option<IpAddr>,
    /// The trace that the header fields of the HTTP request name.
    pub trace: Option<TraceContext>,
    /// What `X-Request-Id` names it, as proxies do: visible ASCII of at most 128 characters.
    pub request_id: Option<Box<str>>,
}

impl Arrival {
    /// By what carries it: `tcp`, `unix` or `pipe`.
    pub fn by(transport: &'static str) -> Self {
        Self {
            transport,
            ..Self::default()
        }
    }
}

impl Peer {
    /// A client of which nothing is known but its revision.
    pub fn new(revision: Revision) -> Self {
        Self {
            revision,
            capabilities: ClientCapabilities::default(),
            client: None,
            caller: Caller::default(),
            log_level: None,
            session: None,
            arrival: None,
        }
    }

    /// The client of a modern request.
    pub fn modern(meta: ModernMeta, caller: Caller) -> Self {
        Self {
            revision: meta.revision,
            capabilities: meta.capabilities,
            client: meta.client.map(Arc::new),
            caller,
            log_level: meta.log_level,
            session: None,
            arrival: None,
        }
    }
}

/// The way back to a client while its request is being worked on.
///
/// A transport gives one with each request that may have something to say before its
/// answer, see [`Engine::may_speak`](super::Engine::may_speak). Nothing that it does waits,
/// but [`ready`](Self::ready) and [`send`](Self::send).
pub trait ReplySink: Send + Sync + fmt::Debug {
    /// Sends a notification. `false` when it could not be taken; it is then lost.
    fn notify(&self, message: Vec<u8>) -> bool;

    /// Sends a request of the server, which only the legacy era has. `false` when the
    /// client cannot be reached any more.
    fn ask(&self, message: Vec<u8>) -> bool;

    /// Waits until a notification would be taken. `false` when none ever will be.
    fn ready(&self) -> Pin<Box<dyn Future<Output = bool> + Send + '_>>;

    /// Sends a notification that must not be lost, and waits until it is taken. `false` when
    /// none ever will be. Dropping the future before that sends nothing.
    ///
    /// A way that others use, too, is to override it: who only looks for room, as this does,
    /// may find again and again that somebody else was quicker.
    fn send(&self, message: Vec<u8>) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        Box::pin(async move {
            loop {
                if self.notify(message.clone()) {
                    return true;
                }
                if !self.ready().await {
                    return false;
                }
            }
        })
    }

    /// Waits until streams of changes on this way are to end: with an answer, as when the
    /// whole server stops. For ever where the way just ends.
    fn stopping(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::pending())
    }

    /// Closes the connection, and lets the client come back for the rest after a while.
    /// `false` where it could not come back.
    fn pause(&self, retry: Duration) -> bool {
        let _ = retry;
        false
    }
}
