//! What a legacy client reads on a stream that it opens by itself: what it missed of an
//! earlier stream, and what it is told unasked.

use std::sync::Arc;

use super::stream::Tail;
use super::{Notices, SessionRef, StreamEvent, StreamReader, StreamWriter, lock};
use crate::ports::{EventId, StreamNo};
use crate::protocol::ProtocolError;
use crate::server::Peer;

/// How many streams of a session are remembered to have been opened by its client.
const MAX_REMEMBERED: usize = 64;

/// A stream that a legacy client opened by itself.
pub struct Listening {
    /// What is still to be read of an earlier stream.
    missed: Option<StreamReader>,
    /// What comes after it; nothing on the stream of a request.
    told: Option<Told>,
}

/// What a client is told unasked, and where it is kept in case the connection breaks.
struct Told {
    notices: Notices,
    writer: StreamWriter,
}

impl std::fmt::Debug for Listening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listening")
            .field("missed", &self.missed)
            .field("told", &self.told.is_some())
            .finish()
    }
}

impl SessionRef {
    /// Opens a stream for a client that asks for one: a new one, or one that goes on after
    /// an event.
    ///
    /// # Errors
    ///
    /// When the session has as many streams open as it may, or there is no such stream.
    pub async fn listen(
        &self,
        peer: &Peer,
        last: Option<EventId>,
        most: usize,
    ) -> Result<Listening, ProtocolError> {
        let Some(last) = last else {
            let notices = self.notices(peer, most).await?;
            let writer = self.open_standalone().await;
            return Ok(Listening {
                missed: None,
                told: Some(Told { notices, writer }),
            });
        };
        let missed = self.resume(last).await?;
        let told = match self.is_standalone(last.stream) {
            false => None,
            true => Some(Told {
                notices: self.notices(peer, most).await?,
                writer: self.reopen_stream(last.stream, missed.last_known()),
            }),
        };
        Ok(Listening {
            missed: Some(missed),
            told,
        })
    }

    async fn open_standalone(&self) -> StreamWriter {
        let (writer, _) = self.open_stream().await;
        let live = self.live();
        let oldest = {
            let mut standalone = lock(&live.standalone);
            standalone.push_back(writer.number());
            match standalone.len() > MAX_REMEMBERED {
                true => standalone.pop_front(),
                false => None,
            }
        };
        // Nobody can go on with it, so the log need not keep room for more.
        if let Some(oldest) = oldest {
            self.sessions.events.end(self.id, oldest).await;
        }
        writer
    }

    fn is_standalone(&self, number: StreamNo) -> bool {
        let live = self.sessions.living(self.id);
        live.is_some_and(|live| lock(&live.standalone).contains(&number))
    }
}

impl Listening {
    /// The id that stands before whatever comes next.
    pub fn position(&self) -> Option<EventId> {
        match (&self.missed, &self.told) {
            (Some(missed), _) => Some(missed.position()),
            (None, Some(told)) => Some(EventId {
                stream: told.writer.number(),
                seq: 0,
            }),
            (None, None) => None,
        }
    }

    /// What comes next; `None` at the end.
    ///
    /// Dropping the future loses nothing that was not given out.
    pub async fn next(&mut self) -> Option<StreamEvent> {
        if let Some(missed) = &mut self.missed {
            let event = match self.told {
                // A stream that goes on has no end to wait for.
                Some(_) => missed.try_next(),
                None => missed.next().await,
            };
            if event.is_some() {
                return event;
            }
            self.missed = None;
        }
        let told = self.told.as_mut()?;
        let message: bytes::Bytes = told.notices.next().await?.into();
        let (id, _) = told.writer.put(message.clone()).await;
        Some(StreamEvent::Message(id, message))
    }

    /// The session that it is a stream of.
    pub fn session(&self) -> Option<&SessionRef> {
        let missed = self.missed.as_ref().map(StreamReader::session);
        missed.or_else(|| self.told.as_ref().map(|told| told.notices.session()))
    }
}

impl SessionRef {
    /// Writes on with a stream whose reader has come back.
    fn reopen_stream(&self, number: StreamNo, last: u64) -> StreamWriter {
        StreamWriter {
            session: self.clone(),
            number,
            tail: Arc::new(Tail::after(last)),
        }
    }
}
