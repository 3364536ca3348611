//! From a line to work: which era it is of, and what is to be done about it.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{AbortHandle, abortable};

use super::lines::Line;
use super::writer::{Reporter, Reports};
use crate::protocol::{
    Decoded, Era, ErrorKind, Message, Method, Notification, Outcome, ProtocolError, Refusal,
    Request, RequestId, Revision, decode,
};
use crate::server::{Answer, Engine, Peer, ReplySink};

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
}

/// What is remembered from one line to the next.
pub(super) struct Conversation {
    engine: Engine,
    reporter: Reporter,
    /// The client, once it has opened a legacy conversation.
    legacy: Option<Peer>,
    running: HashMap<RequestId, Running>,
    serial: u64,
    max_line: usize,
}

impl Conversation {
    pub(super) fn new(engine: Engine, reporter: Reporter, max_line: usize) -> Self {
        Self {
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
            Ok(Decoded::Modern(request, meta)) => self.work_on(request, Peer::from(meta), cost),
            Ok(Decoded::Legacy(Message::Request(request))) => self.legacy(request, cost, full),
            Ok(Decoded::Batch(items)) => self.batch(items, cost, full),
            Ok(
                Decoded::Legacy(Message::Notification(notification))
                | Decoded::ModernNotification(notification),
            ) => {
                self.note(&notification);
                Taken::Nothing
            }
            Ok(Decoded::Legacy(Message::Response)) => Taken::Nothing,
        }
    }

    /// Ends everything that is still worked on. Nothing more is said of it.
    pub(super) fn end(&mut self) {
        for (_, running) in self.running.drain() {
            running.work.abort();
            if let Some(reports) = running.reports {
                reports.close();
            }
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
            (Method::Ping, peer) => {
                let revision = peer
                    .as_ref()
                    .map_or(Revision::LATEST_LEGACY, |p| p.revision);
                Taken::Answer(self.engine.encode(&Outcome::Empty, &request.id, revision))
            }
            (_, None) => refused(not_open(), Some(request.id)),
            (_, Some(_)) if full => said(&busy(request.id, Era::Legacy)),
            (_, Some(peer)) => {
                let peer = peer.clone();
                self.work_on(request, peer, cost)
            }
        }
    }

    fn initialize(&mut self, request: &Request) -> Taken {
        match self.engine.initialize(&request.params) {
            Err(error) => refused(error, Some(request.id.clone())),
            Ok((peer, outcome)) => {
                let message = self.engine.encode(&outcome, &request.id, peer.revision);
                self.legacy = Some(peer);
                Taken::Answer(message)
            }
        }
    }

    fn batch(&mut self, items: Vec<Result<Message, Refusal>>, cost: usize, full: bool) -> Taken {
        let peer = match &self.legacy {
            Some(peer) if peer.revision.has_batches() => peer.clone(),
            _ => return refused(ProtocolError::no_batches(), None),
        };
        for item in &items {
            if let Ok(Message::Notification(notification)) = item {
                self.note(notification);
            }
        }
        let items = items.into_iter().map(|item| match item {
            Ok(Message::Request(request)) if full => Err(busy(request.id, Era::Legacy)),
            item => item,
        });
        let answers = self.engine.clone().answer_batch(items.collect(), peer);
        Taken::Work(Box::pin(answers.map(move |message| Done {
            message,
            cost,
            request: None,
        })))
    }

    fn work_on(&mut self, request: Request, peer: Peer, cost: usize) -> Taken {
        self.serial += 1;
        let serial = self.serial;
        let id = request.id.clone();
        let asked = request.params.progress_token.is_some();
        let reports = asked.then(|| self.reporter.reports());
        let sink = reports.clone().map(|it| Arc::new(it) as Arc<dyn ReplySink>);
        let answer = self.engine.clone().answer(request, peer, sink);
        let (answer, work) = abortable(answer);
        let running = Running {
            serial,
            work,
            reports: reports.clone(),
        };
        self.running.insert(id.clone(), running);
        Taken::Work(Box::pin(answer.map(move |answer| {
            if let Some(reports) = reports {
                reports.close();
            }
            Done {
                // Nothing more is said of a request that was cancelled.
                message: answer.ok().map(|answer| answer.message),
                cost,
                request: Some((id, serial)),
            }
        })))
    }

    /// Takes note of a notification. A cancelled request is dropped at its next await, and
    /// nothing more is said of it.
    fn note(&mut self, notification: &Notification) {
        if notification.method.as_str() != "notifications/cancelled" {
            return;
        }
        let id = notification.params.cancelled();
        if let Some(running) = id.and_then(|id| self.running.remove(&id)) {
            running.work.abort();
            if let Some(reports) = running.reports {
                reports.close();
            }
        }
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

fn not_open() -> ProtocolError {
    ProtocolError::new(
        ErrorKind::SessionRequired,
        "send `initialize` first, or name a revision in `_meta`",
    )
}
