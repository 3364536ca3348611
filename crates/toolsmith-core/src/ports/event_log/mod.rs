//! What was sent on the streams of legacy sessions, so that a client whose connection broke
//! can have what it missed.
//!
//! This is what `id` and `Last-Event-ID` of the Streamable HTTP transport of 2025 are for
//! (basic/transports, "Resumability and Redelivery").

mod id;
mod kept;
mod memory;
#[cfg(test)]
mod tests;

use std::fmt;

use bytes::Bytes;

pub use id::{EventId, StreamNo};
pub use memory::{EventLimits, MemoryEvents};

use super::{Answer, SessionId};

/// Keeps what was sent on the streams of sessions.
///
/// A session is one of a tenant, and whoever asks has made sure that it is. Streams and
/// events have numbers, which are never given out twice within a session. An event log that runs out of room drops what it kept and says so: it never refuses.
pub trait EventLog: Send + Sync + fmt::Debug {
    /// A new stream in this session. The first one is number 1 unless the log has had to
    /// forget that there was one.
    ///
    /// A stream for which there is no room has a number all the same; to the log it is
    /// unknown.
    fn open<'a>(
        &'a self,
        tenant: &'a str,
        session: SessionId,
        kind: StreamKind,
    ) -> Answer<'a, StreamNo>;

    /// Whether what is kept outlives the process. Then a stream has last words: what the log
    /// adds to it, as its end, when the process died that worked on its request.
    fn outlives(&self) -> bool {
        false
    }

    /// Whether a stream is one of [`StreamKind::Listening`] that was opened by a process that
    /// is no more, and that may go on.
    fn is_listening<'a>(
        &'a self,
        tenant: &'a str,
        session: SessionId,
        stream: StreamNo,
    ) -> Answer<'a, bool> {
        let _ = (tenant, session, stream);
        Answer::now(false)
    }

    /// Keeps a message and gives it the next sequence number of its stream, from 1 on.
    /// `None` when the stream is unknown or has ended.
    fn append<'a>(
        &'a self,
        tenant: &'a str,
        session: SessionId,
        stream: StreamNo,
        message: Bytes,
    ) -> Answer<'a, Option<u64>>;

    /// No more events will come on this stream.
    fn end<'a>(&'a self, tenant: &'a str, session: SessionId, stream: StreamNo) -> Answer<'a, ()>;

    /// The events of a stream after this one; after 0, all of them.
    fn after<'a>(
        &'a self,
        tenant: &'a str,
        session: SessionId,
        stream: StreamNo,
        seq: u64,
    ) -> Answer<'a, Replay>;

    /// Forgets a session that has ended. What comes for it later is kept as for a new one.
    fn forget<'a>(&'a self, tenant: &'a str, session: SessionId) -> Answer<'a, ()>;
}

/// What a stream is opened for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamKind {
    /// The answer to a request, and what is said before it.
    Request {
        /// Its answer when the process dies while it works on it; there only where the log
        /// [outlives](EventLog::outlives) the process.
        last_words: Option<Bytes>,
    },
    /// What the server says unasked. It ends with the session.
    Listening,
}

/// What a client missed on a stream.
#[derive(Clone, PartialEq, Eq)]
pub enum Replay {
    /// There is no such session or stream, or it never had this event. Who asks for what is
    /// somebody else's is told the same.
    Unknown,
    /// Some of what was missed was dropped.
    Gap {
        /// The last event that was: those after it are kept.
        dropped: u64,
    },
    /// All that was missed.
    Events {
        /// Sequence numbers and messages, in order.
        events: Vec<(u64, Bytes)>,
        /// Whether no more will come.
        ended: bool,
    },
}

/// Counts the messages and does not show them.
impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("Unknown"),
            Self::Gap { dropped } => f.debug_struct("Gap").field("dropped", dropped).finish(),
            Self::Events { events, ended } => f
                .debug_struct("Events")
                .field("first", &events.first().map(|(seq, _)| seq))
                .field("count", &events.len())
                .field("ended", ended)
                .finish(),
        }
    }
}
