//! From a line to work: which era it is of, and what is to be done about it.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{AbortHandle, abortable};

use super::lines::Line;
use super::writer::{Reporter, Reports};
use crate::ports::{EventLimits, MemoryEvents, MemorySessions, SessionId};
use crate::protocol::{
    Decoded, Era, ErrorKind, Message, Method, Notification, Outcome, ProtocolError, Refusal,
    Request, RequestId, Response, Revision, decode,
};
use crate::server::{Answer, Caller, Engine, Notices, Peer, ReplySink, SessionRef, Sessions};

/// How often a client may open a conversation on one pipe.
const MAX_SESSIONS: usize = 1000;
/// Longer than any pipe is open.
const NEVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Work on one line.
pub(super) type Work = Pin<Box<dyn Future<Output = Done> + Send>>;

/// What a line asks for.
pub(super) enum Taken {
    /// Nothing, or nothing more.
    Nothing,
    /// An answer that is there at once.
    Answer(Vec<u8>),
    /// Work.
    Work(Work),
}

/// What came of work.
pub(super) struct Done {
    /// What is to be written, if anything.
    pub(super) message: Option<Vec<u8>>,
    /// What the line cost.
    pub(super) cost: usize,
    /// The request that it was, if it could be cancelled, and which of that id.
    request: Option<(RequestId, u64)>,
}

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

/// A legacy conversation.
struct Legacy {
    id: SessionId,
    peer: Peer,
    /// What the client is told unasked, once it has said that it is ready.
    notices: Option<Notices>,
}

/// What is remembered from one line to the next.
pub(super) struct Conversation {
    engine: Engine,
    reporter: Reporter,
    sessions: Arc<Sessions>,
    /// The session, once the client has opened a legacy conversation.
    legacy: Option<Legacy>,
    running: HashMap<RequestId, Running>,
    serial: u64,
    max_line: usize,
}

impl Conversation {
    pub(super) fn new(engine: Engine, reporter: Reporter, max_line: usize) -> Self {
        Self {
            sessions: sessions(&engine),
            engine,
            reporter,
            legacy: None,
            running: HashMap::new(),
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
                let peer = Peer::modern(meta, Caller::default());
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

    /// Ends the streams of changes, which have no end of their own.
    pub(super) fn end_streams(&mut self) {
        self.legacy = self.legacy.take().map(|legacy| Legacy {
            notices: None,
            ..legacy
        });
        for running in self.running.values().filter(|it| it.is_stream) {
            running.end();
        }
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

    /// Forgets a request that is done.
    pub(super) fn forget(&mut self, done: &Done) {
        if let Some((id, serial)) = &done.request
            && self.running.get(id).is_some_and(|it| it.serial == *serial)
        {
            self.running.remove(id);
        }
    }

    fn legacy(&mut self, request: Request, cost: usize, full: bool) -> Taken {
        match (&request.method, &self.legacy) {
            (Method::Initialize, _) => self.initialize(&request),
            // A client may look whether anybody is there at any time, before it says who
            // it is and while everybody is busy.
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
            Ok((peer, outcome)) => {
                let opened = self.sessions.open(&peer).now_or_never();
                let Some(Ok(id)) = opened else {
                    return refused(not_open(), Some(request.id.clone()));
                };
                let message = self.engine.encode(&outcome, &request.id, peer.revision);
                let notices = None;
                self.legacy = Some(Legacy { id, peer, notices });
                Taken::Answer(message)
            }
        }
    }

    fn batch(&mut self, items: Vec<Result<Message, Refusal>>, cost: usize, full: bool) -> Taken {
        let legacy = self.legacy.as_ref();
        let legacy = legacy.filter(|it| it.peer.revision.has_batches());
        let Some(peer) = legacy.and_then(|legacy| self.peer_of(legacy)) else {
            return refused(ProtocolError::no_batches(), None);
        };
        for item in &items {
            match item {
                Ok(Message::Notification(notification)) => self.note(notification),
                Ok(Message::Response(response)) => self.answered(response.clone()),
                _ => {}
            }
        }
        let items = items.into_iter().map(|item| match item {
            Ok(Message::Request(request)) if full => Err(busy(request.id, Era::Legacy)),
            Ok(Message::Request(request)) if self.running.contains_key(&request.id) => {
                Err(in_use(request.id, Era::Legacy))
            }
            item => item,
        });
        let answers = self.engine.clone();
        let answers = answers.answer_batch(items.collect(), peer, None);
        Taken::Work(Box::pin(answers.map(move |message| Done {
            message,
            cost,
            request: None,
        })))
    }

    fn work_on(&mut self, request: Request, peer: Peer, cost: usize) -> Taken {
        // Those of a batch are known to the session.
        let in_batch = peer.session.as_ref();
        if self.running.contains_key(&request.id)
            || in_batch.is_some_and(|session| session.is_running(&request.id))
        {
            return said(&in_use(request.id, peer.revision.era()));
        }
        self.serial += 1;
        let serial = self.serial;
        let id = request.id.clone();
        let speaks = self.engine.may_speak(&request, &peer);
        let reports = speaks.then(|| self.reporter.reports());
        let is_stream = request.method == Method::Listen;
        let sink = reports.clone().map(|it| Arc::new(it) as Arc<dyn ReplySink>);
        let answer = self.engine.clone().answer(request, peer, sink);
        let (answer, work) = abortable(answer);
        let running = Running {
            serial,
            work,
            reports: reports.clone(),
            is_stream,
        };
        self.running.insert(id.clone(), running);
        Taken::Work(Box::pin(async move {
            // What was cancelled is dropped here, and what it asked is taken back.
            let answer = answer.await;
            if let Some(reports) = reports {
                reports.close();
            }
            Done {
                // Nothing more is said of a request that was cancelled.
                message: answer.ok().map(|answer| answer.message),
                cost,
                request: Some((id, serial)),
            }
        }))
    }

    /// Takes note of a notification. A cancelled request is dropped at its next await, and
    /// nothing more is said of it.
    fn note(&mut self, notification: &Notification) {
        match notification.method.as_str() {
            "notifications/cancelled" => {
                let Some(id) = notification.params.cancelled() else {
                    return;
                };
                match self.running.remove(&id) {
                    Some(running) => running.cancel(),
                    None => self.cancel_in_batch(&id),
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
        found.now_or_never()?.ok()
    }

    fn answered(&self, response: Response) {
        if let Some(session) = self.session() {
            session.answered(response);
        }
    }

    fn cancel_in_batch(&self, id: &RequestId) {
        if let Some(session) = self.session() {
            session.cancel(id);
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
/// it is used. A client that opens a second conversation has a second one.
fn sessions(engine: &Engine) -> Arc<Sessions> {
    let store = Arc::new(MemorySessions::new(MAX_SESSIONS, NEVER));
    let events = Arc::new(MemoryEvents::new(EventLimits::default()));
    Sessions::new(engine.clone(), store, events, NEVER)
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

fn in_use(id: RequestId, era: Era) -> Refusal {
    ProtocolError::id_in_use(&id).refuse(Some(id), era)
}

fn not_open() -> ProtocolError {
    ProtocolError::new(
        ErrorKind::SessionRequired,
        "send `initialize` first, or name a revision in `_meta`",
    )
}
