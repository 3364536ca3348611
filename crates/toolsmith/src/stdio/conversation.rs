//! From a line to work: which era it is of, and what is to be done about it. What work is,
//! and what comes of it, is in `work.rs`.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{AbortHandle, abortable};

use super::lines::{self, Line};
use super::work::{Done, Name, Taken, Work};
use super::writer::{Reporter, Reports};
use crate::ports::{EventLimits, MemoryEvents, MemorySessions, SessionId};
use crate::protocol::{
    Decoded, Era, ErrorKind, Message, Method, Notification, Outcome, ProtocolError, Refusal,
    Request, RequestId, Response, Revision, decode,
};
use crate::server::{
    Answer, Arrival, Batch, Caller, Engine, Notices, Peer, ReplySink, SessionRef, Sessions,
};

/// How many legacy conversations there may be on one pipe.
const MAX_SESSIONS: usize = 1;
/// How many streams of changes there may be on one pipe, which go on until somebody ends them.
const MAX_STREAMS: usize = 512;
/// How many bytes the requests that began them may cost. One over it is refused.
const MAX_STREAM_BYTES: usize = 32 * 1024 * 1024;
/// Longer than any pipe is open.
const NEVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// A request that is worked on and can be cancelled.
struct Running {
    /// Tells it from another of the same id.
    serial: u64,
    work: AbortHandle,
    reports: Option<Reports>,
    /// It has no end of its own.
    is_stream: bool,
}

impl Running {
    /// Stops the work. What it asked is taken back when it is dropped, and then nothing
    /// more is said of it.
    fn cancel(&self) {
        match self.is_stream {
            // It asks nothing.
            true => self.end(),
            false => self.work.abort(),
        }
    }

    /// Stops the work, of which nothing more is said.
    fn end(&self) {
        self.work.abort();
        if let Some(reports) = &self.reports {
            reports.close();
        }
    }
}

/// A request that has begun.
struct Begun<F> {
    name: Name,
    /// Its answer; none when it was cancelled.
    answer: F,
    work: AbortHandle,
}

/// A legacy conversation.
struct Legacy {
    id: SessionId,
    peer: Peer,
    /// What the client is told unasked, once it has said that it is ready.
    notices: Option<Notices>,
}

/// The streams of changes.
#[derive(Default)]
struct Streams {
    count: usize,
    /// What they cost.
    bytes: usize,
}

impl Streams {
    /// Takes room for another one. `false` when there is none.
    fn take(&mut self, cost: usize) -> bool {
        let has_room =
            self.count < MAX_STREAMS && (self.bytes == 0 || self.bytes + cost <= MAX_STREAM_BYTES);
        if has_room {
            self.count += 1;
            self.bytes += cost;
        }
        has_room
    }

    fn free(&mut self, cost: usize) {
        self.count -= 1;
        self.bytes -= cost;
    }
}

/// What is remembered from one line to the next.
pub(super) struct Conversation {
    engine: Engine,
    reporter: Reporter,
    sessions: Arc<Sessions>,
    /// The session, once the client has opened a legacy conversation.
    legacy: Option<Legacy>,
    running: HashMap<RequestId, Running>,
    streams: Streams,
    serial: u64,
    max_line: usize,
    /// How requests come, where somebody looks on.
    arrival: Option<Arc<Arrival>>,
}

impl Conversation {
    pub(super) fn new(engine: Engine, reporter: Reporter, max_line: usize) -> Self {
        Self {
            sessions: sessions(&engine),
            arrival: engine.is_observed().then(|| Arc::new(Arrival::by("pipe"))),
            engine,
            reporter,
            legacy: None,
            running: HashMap::new(),
            streams: Streams::default(),
            serial: 0,
            max_line,
        }
    }

    /// Reads a line. When there is no room for more work, requests that need any are
    /// refused; everything else is served as ever.
    pub(super) fn take(&mut self, line: Line, full: bool) -> Taken {
        let cost = line.cost();
        let line = match line {
            Line::Text(line) => line,
            Line::TooLong => return refused(self.too_long(), None),
        };
        if line.trim_ascii().is_empty() {
            return Taken::Nothing;
        }
        match decode(&line, None) {
            Err(refusal) => said(&refusal),
            Ok(Decoded::Modern(request, _)) if full => said(&busy(request.id, Era::Modern)),
            Ok(Decoded::Modern(request, meta)) => {
                let mut peer = Peer::modern(meta, Caller::default());
                peer.arrival.clone_from(&self.arrival);
                self.work_on(request, peer, cost)
            }
            Ok(Decoded::Legacy(Message::Request(request))) => self.legacy(request, cost, full),
            Ok(Decoded::Batch(items)) => self.batch(items, cost, full),
            Ok(
                Decoded::Legacy(Message::Notification(notification))
                | Decoded::ModernNotification(notification),
            ) => {
                self.note(&notification);
                Taken::Nothing
            }
            Ok(Decoded::Legacy(Message::Response(response))) => {
                self.answered(response);
                Taken::Nothing
            }
        }
    }

    /// The next message that the client is told unasked. Waits for ever where there is none.
    ///
    /// Dropping the future loses nothing.
    pub(super) async fn notice(&mut self) -> Vec<u8> {
        let notices = self
            .legacy
            .as_mut()
            .and_then(|legacy| legacy.notices.as_mut());
        match notices {
            None => std::future::pending().await,
            Some(notices) => match notices.next().await {
                Some(message) => message,
                None => std::future::pending().await,
            },
        }
    }

    /// Has the streams of changes end, which have no end of their own.
    pub(super) fn end_streams(&mut self) {
        self.legacy = self.legacy.take().map(|legacy| Legacy {
            notices: None,
            ..legacy
        });
        self.reporter.end_streams();
    }

    /// Ends everything that is still worked on, and the session with its tasks. Nothing more
    /// is said of it.
    pub(super) fn end(&mut self) {
        for (_, running) in self.running.drain() {
            running.end();
        }
        let legacy = self.legacy.take();
        let session = legacy.and_then(|legacy| self.peer_of(&legacy)?.session);
        if let Some(session) = session {
            // A store of tasks may take its time, for which no pipe stays open.
            tokio::spawn(async move { session.remove().await });
        }
    }

    /// Forgets the requests of work that is done.
    pub(super) fn forget(&mut self, done: &Done) {
        if let Some(cost) = done.stream {
            self.streams.free(cost);
        }
        for (id, serial) in &done.requests {
            if self.running.get(id).is_some_and(|it| it.serial == *serial) {
                self.running.remove(id);
            }
        }
    }

    fn legacy(&mut self, request: Request, cost: usize, full: bool) -> Taken {
        match (&request.method, &self.legacy) {
            (Method::Initialize, None) => self.initialize(&request),
            (Method::Initialize, Some(_)) => refused(open_already(), Some(request.id)),
            // A client may look whether anybody is there at any time, before it says who
            // it is and while everybody is busy.
            (Method::Ping, _) if self.running.contains_key(&request.id) => {
                said(&in_use(request.id, Era::Legacy))
            }
            (Method::Ping, legacy) => {
                let revision = legacy
                    .as_ref()
                    .map_or(Revision::LATEST_LEGACY, |it| it.peer.revision);
                Taken::Answer(self.engine.encode(&Outcome::Empty, &request.id, revision))
            }
            (_, None) => refused(not_open(), Some(request.id)),
            (_, Some(_)) if full => said(&busy(request.id, Era::Legacy)),
            (_, Some(legacy)) => match self.peer_of(legacy) {
                Some(peer) => self.work_on(request, peer, cost),
                None => refused(not_open(), Some(request.id)),
            },
        }
    }

    fn initialize(&mut self, request: &Request) -> Taken {
        match self.engine.initialize(&request.params) {
            Err(error) => refused(error, Some(request.id.clone())),
            Ok((mut peer, outcome)) => {
                peer.arrival.clone_from(&self.arrival);
                let opened = self.sessions.open(&peer).now_or_never();
                let Some(Ok(id)) = opened else {
                    return refused(not_open(), Some(request.id.clone()));
                };
                let message = self.engine.encode(&outcome, &request.id, peer.revision);
                self.engine.opened(&peer);
                let notices = None;
                self.legacy = Some(Legacy { id, peer, notices });
                Taken::Opening(message)
            }
        }
    }

    fn batch(&mut self, items: Vec<Result<Message, Refusal>>, cost: usize, full: bool) -> Taken {
        let legacy = self.legacy.as_ref();
        let legacy = legacy.filter(|it| it.peer.revision.has_batches());
        let Some(peer) = legacy.and_then(|legacy| self.peer_of(legacy)) else {
            return refused(ProtocolError::no_batches(), None);
        };
        let (mut batch, mut requests) = (Batch::default(), Vec::new());
        // In order, so that what is cancelled further down has begun.
        for item in items {
            match item {
                Ok(Message::Notification(notification)) => self.note(&notification),
                Ok(Message::Response(response)) => self.answered(response),
                Ok(Message::Request(request)) if full => {
                    batch.refused(&busy(request.id, Era::Legacy));
                }
                Ok(Message::Request(request)) => match self.begin(request, peer.clone()) {
                    Ok(begun) => {
                        batch.add(begun.answer, begun.work);
                        requests.push(begun.name);
                    }
                    Err(in_use) => batch.refused(&in_use),
                },
                Err(refusal) => batch.refused(&refusal),
            }
        }
        if requests.is_empty() {
            // What is refused need not wait for its turn.
            let refused = batch.answer().now_or_never().flatten();
            return refused.map_or(Taken::Nothing, |it| Taken::Answer(it.message));
        }
        // Of the work, the line has paid for one request.
        let cost = cost + requests.len().saturating_sub(1) * lines::WORK;
        Taken::Work(Work::new(batch.answer(), cost, requests))
    }

    fn work_on(&mut self, request: Request, peer: Peer, cost: usize) -> Taken {
        if is_stream(&request) {
            return self.stream(request, peer, cost);
        }
        match self.begin(request, peer) {
            Ok(Begun { name, answer, .. }) => Taken::Work(Work::new(answer, cost, vec![name])),
            Err(in_use) => said(&in_use),
        }
    }

    /// Begins a stream of changes, which has room of its own: it would take that of a request
    /// for ever.
    fn stream(&mut self, request: Request, peer: Peer, cost: usize) -> Taken {
        if !self.streams.take(cost) {
            return said(&too_many_streams(request.id, peer.revision.era()));
        }
        match self.begin(request, peer) {
            Ok(Begun { name, answer, .. }) => Taken::Work(Work::stream(answer, cost, name)),
            Err(in_use) => {
                self.streams.free(cost);
                said(&in_use)
            }
        }
    }

    /// Begins a request, which can be cancelled by its id from now on.
    fn begin(
        &mut self,
        request: Request,
        peer: Peer,
    ) -> Result<Begun<impl Future<Output = Option<Answer>> + Send + use<>>, Refusal> {
        if self.running.contains_key(&request.id) {
            return Err(in_use(request.id, peer.revision.era()));
        }
        self.serial += 1;
        let serial = self.serial;
        let id = request.id.clone();
        let speaks = self.engine.may_speak(&request, &peer);
        let reports = speaks.then(|| self.reporter.reports());
        let is_stream = is_stream(&request);
        let sink = reports.clone().map(|it| Arc::new(it) as Arc<dyn ReplySink>);
        let (answer, work) = abortable(self.engine.clone().answer(request, peer, sink));
        let running = Running {
            serial,
            work: work.clone(),
            reports: reports.clone(),
            is_stream,
        };
        self.running.insert(id.clone(), running);
        let answer = async move {
            // What was cancelled is dropped here, and what it asked is taken back.
            let answer = answer.await;
            if let Some(reports) = reports {
                reports.close();
            }
            // Nothing more is said of a request that was cancelled.
            answer.ok()
        };
        Ok(Begun {
            name: (id, serial),
            answer,
            work,
        })
    }

    /// Takes note of a notification. A cancelled request is dropped at its next await, and
    /// nothing more is said of it.
    fn note(&mut self, notification: &Notification) {
        match notification.method.as_str() {
            "notifications/cancelled" => {
                let id = notification.params.cancelled();
                if let Some(running) = id.and_then(|id| self.running.remove(&id)) {
                    let reason = notification.params.reason().unwrap_or_default();
                    tracing::debug!(reason, "the client has cancelled a request");
                    running.cancel();
                }
            }
            "notifications/initialized" => self.listen(),
            _ => {}
        }
    }

    /// Tells the client from here on what changes.
    fn listen(&mut self) {
        let Some(legacy) = self.legacy.as_ref().filter(|it| it.notices.is_none()) else {
            return;
        };
        let Some(peer) = self.peer_of(legacy) else {
            return;
        };
        let session = peer.session.clone();
        if let Some(session) = &session {
            session.initialized();
        }
        // The sessions of a pipe are in memory, and answer at once.
        let notices = session.and_then(|it| it.notices(&peer, 1).now_or_never());
        if let (Some(Ok(notices)), Some(legacy)) = (notices, &mut self.legacy) {
            legacy.notices = Some(notices);
        }
    }

    /// The client of a legacy conversation as it is now.
    fn peer_of(&self, legacy: &Legacy) -> Option<Peer> {
        let found = self.sessions.find(legacy.id, &legacy.peer.caller);
        let mut peer = found.now_or_never()?.ok()?;
        peer.arrival.clone_from(&self.arrival);
        Some(peer)
    }

    fn answered(&self, response: Response) {
        if let Some(session) = self.session() {
            session.answered(response);
        }
    }

    /// The session of a legacy conversation.
    fn session(&self) -> Option<SessionRef> {
        let legacy = self.legacy.as_ref()?;
        self.peer_of(legacy)?.session
    }

    fn too_long(&self) -> ProtocolError {
        ProtocolError::new(
            ErrorKind::TooLarge,
            format!(
                "the line is longer than {} bytes; allow more with --max-line",
                self.max_line
            ),
        )
    }
}

/// Where the one session of a pipe is kept: for as long as the pipe is open, whether or not
/// it is used.
fn sessions(engine: &Engine) -> Arc<Sessions> {
    let store = Arc::new(MemorySessions::new(MAX_SESSIONS, NEVER));
    let events = Arc::new(MemoryEvents::new(EventLimits::default()));
    Sessions::new(engine.clone(), store, events, NEVER)
}

/// Whether a request has no end of its own.
fn is_stream(request: &Request) -> bool {
    request.method == Method::Listen
}

fn said(refusal: &Refusal) -> Taken {
    Taken::Answer(Answer::from(refusal).message)
}

fn refused(error: ProtocolError, id: Option<RequestId>) -> Taken {
    said(&error.refuse(id, Era::Legacy))
}

fn busy(id: RequestId, era: Era) -> Refusal {
    let error = ProtocolError::new(
        ErrorKind::Busy,
        "too much work is waiting; read answers before sending more",
    );
    error.refuse(Some(id), era)
}

fn too_many_streams(id: RequestId, era: Era) -> Refusal {
    let error = ProtocolError::new(
        ErrorKind::TooManySubscriptions,
        format!(
            "a pipe has at most {MAX_STREAMS} subscriptions, whose requests are {} MiB; cancel one first",
            MAX_STREAM_BYTES / (1024 * 1024)
        ),
    );
    error.refuse(Some(id), era)
}

fn open_already() -> ProtocolError {
    ProtocolError::new(
        ErrorKind::InvalidRequest,
        "the conversation is open already; send `initialize` once",
    )
}

fn in_use(id: RequestId, era: Era) -> Refusal {
    ProtocolError::id_in_use(&id).refuse(Some(id), era)
}

fn not_open() -> ProtocolError {
    ProtocolError::new(
        ErrorKind::SessionRequired,
        "send `initialize` first, or name a revision in `_meta`",
    )
}
