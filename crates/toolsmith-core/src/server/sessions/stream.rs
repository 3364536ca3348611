//! Streams that a legacy client can resume: what is written to one is kept in the event
//! log, and read from there.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;

use super::{SessionRef, Using, lock};
use crate::ports::{EventId, Replay, StreamKind, StreamNo};
use crate::protocol::{ErrorKind, ProtocolError};

/// What wakes the reader of a stream.
#[derive(Default)]
pub(super) struct Tail {
    written: Notify,
    /// Which of those who read the stream, one after the other, is the one who does now.
    reader: AtomicU64,
    closed: AtomicBool,
    /// The reader is to hang up, and to come back after this time.
    pause: Mutex<Option<Duration>>,
    /// What was written last: the answer, in the end. The log may have no room for it, and
    /// a client that is there has it all the same.
    newest: Mutex<Newest>,
}

#[derive(Default)]
struct Newest {
    seq: u64,
    message: Option<Bytes>,
}

impl Tail {
    /// The tail of a stream that has had so many events.
    pub(super) fn after(seq: u64) -> Self {
        let newest = Newest { seq, message: None };
        Self {
            newest: Mutex::new(newest),
            ..Self::default()
        }
    }

    /// The last event, if it comes after this one.
    fn newest_after(&self, seq: u64) -> Option<(u64, Bytes)> {
        let newest = lock(&self.newest);
        let message = newest.message.clone().filter(|_| newest.seq > seq)?;
        Some((newest.seq, message))
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.written.notify_waiters();
    }
}

/// Writes a stream that can be resumed. Dropping it ends the stream for its reader.
pub struct StreamWriter {
    pub(super) live: Using,
    pub(super) number: StreamNo,
    pub(super) tail: Arc<Tail>,
}

impl std::fmt::Debug for StreamWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StreamWriter")
            .field("session", self.live.session())
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

/// Reads a stream that can be resumed.
pub struct StreamReader {
    session: SessionRef,
    number: StreamNo,
    tail: Option<Arc<Tail>>,
    serial: u64,
    read: u64,
    waiting: std::collections::VecDeque<(u64, Bytes)>,
    ended: bool,
}

impl std::fmt::Debug for StreamReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StreamReader")
            .field("session", &self.session)
            .field("number", &self.number)
            .field("read", &self.read)
            .finish_non_exhaustive()
    }
}

/// What comes next on a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamEvent {
    /// A message.
    Message(EventId, Bytes),
    /// The connection is to be closed; the client comes back after this time.
    Pause(Duration),
}

impl SessionRef {
    /// Opens a stream for the answer to a request, and gives both its ends. The last words
    /// are the answer when the process dies before there is another.
    pub async fn open_stream(
        &self,
        last_words: impl FnOnce() -> Option<Bytes>,
    ) -> (StreamWriter, StreamReader) {
        let outlives = self.sessions.events.outlives();
        let last_words = if outlives { last_words() } else { None };
        self.open_stream_of(StreamKind::Request { last_words })
            .await
    }

    /// Opens a stream, and gives both its ends.
    pub(super) async fn open_stream_of(&self, kind: StreamKind) -> (StreamWriter, StreamReader) {
        let events = &self.sessions.events;
        let number = events.open(self.tenant(), self.id, kind).await;
        let tail = Arc::new(Tail::default());
        let live = self.live();
        lock(&live.tails).insert(number, Arc::clone(&tail));
        // Of a session that has ended meanwhile, the log is to keep nothing.
        let _ = self.still_there().await;
        let writer = StreamWriter {
            live,
            number,
            tail: Arc::clone(&tail),
        };
        (writer, self.reader(number, 0, Some(tail)))
    }

    /// Goes on with a stream after an event. Whoever read it before reads no more.
    ///
    /// # Errors
    ///
    /// When there is no such stream in the session, or some of what was missed is not
    /// kept any more.
    pub async fn resume(&self, last: EventId) -> Result<StreamReader, ProtocolError> {
        let unknown = |why: &'static str| ProtocolError::new(ErrorKind::StreamUnknown, why);
        // Before the log is asked, for the stream may end in between.
        let living = self.sessions.living(self.id);
        let tail = living.and_then(|live| lock(&live.tails).get(&last.stream).cloned());
        let replay = self
            .sessions
            .events
            .after(self.tenant(), self.id, last.stream, last.seq)
            .await;
        let (events, ended) = match replay {
            Replay::Events { events, ended } => (events, ended),
            Replay::Gap { .. } => {
                return Err(unknown(
                    "some of what was sent after `Last-Event-ID` is not kept any more; send the request again",
                ));
            }
            Replay::Unknown => {
                return Err(unknown(
                    "`Last-Event-ID` is of no stream of this session; send the request again",
                ));
            }
        };
        let mut reader = self.reader(last.stream, last.seq, tail);
        reader.waiting = events.into();
        reader.ended = ended;
        Ok(reader)
    }

    fn reader(&self, number: StreamNo, read: u64, tail: Option<Arc<Tail>>) -> StreamReader {
        let serial = tail.as_ref().map_or(0, |tail| {
            let serial = tail.reader.fetch_add(1, Ordering::AcqRel) + 1;
            tail.written.notify_waiters();
            serial
        });
        StreamReader {
            session: self.clone(),
            number,
            tail,
            serial,
            read,
            waiting: std::collections::VecDeque::new(),
            ended: false,
        }
    }
}

impl StreamWriter {
    /// The number of the stream in its session.
    pub fn number(&self) -> StreamNo {
        self.number
    }

    /// Writes a message, and gives the id of its event. `None` when the log has forgotten
    /// the stream: a reader that is there reads the message, and none can come back for it.
    pub async fn write(&self, message: Bytes) -> Option<EventId> {
        let (id, kept) = self.put(message).await;
        kept.then_some(id)
    }

    /// Writes a message, and says whether its event is one that the log knows.
    pub(super) async fn put(&self, message: Bytes) -> (EventId, bool) {
        let session = self.live.session();
        let kept = session
            .sessions
            .events
            .append(session.tenant(), session.id, self.number, message.clone())
            .await;
        let seq = {
            let mut newest = lock(&self.tail.newest);
            let seq = kept.unwrap_or(newest.seq + 1);
            if seq > newest.seq {
                *newest = Newest {
                    seq,
                    message: Some(message),
                };
            }
            seq
        };
        self.tail.written.notify_waiters();
        let id = EventId {
            stream: self.number,
            seq,
        };
        (id, kept.is_some())
    }

    /// Has the reader hang up, and come back after a while.
    pub fn pause(&self, retry: Duration) {
        *lock(&self.tail.pause) = Some(retry);
        self.tail.written.notify_waiters();
    }

    /// Ends the stream: no more will come.
    pub async fn end(self) {
        let session = self.live.session();
        let events = &session.sessions.events;
        events.end(session.tenant(), session.id, self.number).await;
    }
}

impl Drop for StreamWriter {
    fn drop(&mut self) {
        self.tail.close();
        let mut tails = lock(&self.live.tails);
        let own = tails.get(&self.number);
        if own.is_some_and(|it| Arc::ptr_eq(it, &self.tail)) {
            tails.remove(&self.number);
        }
    }
}

impl StreamReader {
    /// The id that stands before the first event that is still to be read.
    pub fn position(&self) -> EventId {
        EventId {
            stream: self.number,
            seq: self.read,
        }
    }

    /// The number of the last event that is known to it.
    pub(super) fn last_known(&self) -> u64 {
        self.waiting.back().map_or(self.read, |(seq, _)| *seq)
    }

    /// The session that it is a stream of.
    pub fn session(&self) -> &SessionRef {
        &self.session
    }

    /// What comes next of what was read from the log already.
    pub(super) fn try_next(&mut self) -> Option<StreamEvent> {
        let (seq, message) = self.waiting.pop_front()?;
        self.read = seq;
        Some(StreamEvent::Message(self.position(), message))
    }

    /// What comes next; `None` at the end of the stream, or when somebody else has gone on
    /// with it.
    ///
    /// A reader that is so slow that the log has dropped what it has not read goes on with
    /// what there is; the last message is always there.
    ///
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<StreamEvent> {
        loop {
            if self.is_superseded() {
                return None;
            }
            if let Some(event) = self.try_next() {
                return Some(event);
            }
            if self.ended {
                return None;
            }
            let tail = self.tail.clone()?;
            // Registered before looking, so that nothing is missed between the two.
            let written = tail.written.notified();
            tokio::pin!(written);
            written.as_mut().enable();
            let closed = tail.closed.load(Ordering::Acquire);
            self.refill(&tail).await;
            if !self.waiting.is_empty() || self.ended {
                continue;
            }
            if let Some(retry) = lock(&tail.pause).take() {
                return Some(StreamEvent::Pause(retry));
            }
            if closed {
                return None;
            }
            if !self.is_superseded() {
                written.await;
            }
        }
    }

    async fn refill(&mut self, tail: &Tail) {
        let log = &self.session.sessions.events;
        // Looked at before the log, so that it is not taken for what the log has dropped when
        // it came, with others before it, between the two.
        let mut newest = tail.newest_after(self.read);
        let mut from = self.read;
        loop {
            let SessionRef { id, caller, .. } = &self.session;
            let replay = log.after(caller.tenant(), *id, self.number, from).await;
            match replay {
                Replay::Events { events, ended } => {
                    self.waiting = events.into();
                    self.ended = ended;
                    break;
                }
                Replay::Gap { dropped } if dropped > from => from = dropped,
                Replay::Gap { .. } | Replay::Unknown => break,
            }
        }
        if self.waiting.is_empty() {
            if self.ended {
                newest = tail.newest_after(self.read);
            }
            self.waiting.extend(newest);
        }
    }

    fn is_superseded(&self) -> bool {
        self.tail
            .as_ref()
            .is_some_and(|tail| tail.reader.load(Ordering::Acquire) != self.serial)
    }
}
