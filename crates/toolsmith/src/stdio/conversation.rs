//! From a line to work: which era it is of, and what is to be done about it.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{AbortHandle, abortable};

use super::lines::Line;
use super::writer::Reports;
use crate::protocol::{
    Decoded, Era, ErrorKind, Message, Method, Notification, Outcome, ProtocolError, Refusal,
    Request, RequestId, Revision, decode,
};
use crate::server::{Answer, Engine, Peer, ReplySink};

/// Work on one line.
pub(super) type Work = Pin<Box<dyn Future<Output = Done> + Send>>;

/// What came of a line.
pub(super) struct Done {
    /// What is to be written, if anything.
    pub(super) message: Option<Vec<u8>>,
    /// What the line cost.
    pub(super) size: usize,
    /// The request that it was, if it could be cancelled.
    id: Option<RequestId>,
}

/// What is remembered from one line to the next.
pub(super) struct Conversation {
    engine: Engine,
    reports: Reports,
    /// The client, once it has opened a legacy conversation.
    legacy: Option<Peer>,
    /// The requests that can be cancelled.
    running: HashMap<RequestId, AbortHandle>,
    max_line: usize,
}

impl Conversation {
    pub(super) fn new(engine: Engine, reports: Reports, max_line: usize) -> Self {
        Self {
            engine,
            reports,
            legacy: None,
            running: HashMap::new(),
            max_line,
        }
    }

    /// Turns a line into work, if it asks for any.
    pub(super) fn take(&mut self, line: Line) -> Option<Work> {
        let size = line.cost();
        let line = match line {
            Line::Text(line) => line,
            Line::TooLong => return Some(said(&refusal(self.too_long(), None), size)),
        };
        if line.trim_ascii().is_empty() {
            return None;
        }
        match decode(&line, None) {
            Err(refusal) => Some(said(&refusal, size)),
            Ok(Decoded::Modern(request, meta)) => {
                Some(self.answer(request, Peer::from(meta), size))
            }
            Ok(Decoded::Legacy(Message::Request(request))) => {
                Some(self.legacy_request(request, size))
            }
            Ok(Decoded::Batch(items)) => Some(self.batch(items, size)),
            Ok(
                Decoded::Legacy(Message::Notification(notification))
                | Decoded::ModernNotification(notification),
            ) => {
                self.note(&notification);
                None
            }
            Ok(Decoded::Legacy(Message::Response)) => None,
        }
    }

    /// Refuses a line for which there is no room. Only a request is answered.
    pub(super) fn refuse(&self, line: &Line) -> Option<Vec<u8>> {
        let request = match line {
            Line::Text(line) => decode(line, None),
            Line::TooLong => Err(refusal(self.too_long(), None)),
        };
        let (id, era) = match request {
            Ok(Decoded::Modern(request, _)) => (request.id, Era::Modern),
            Ok(Decoded::Legacy(Message::Request(request))) => (request.id, Era::Legacy),
            Ok(_) => return None,
            Err(refusal) => return Some(Answer::from(&refusal).message),
        };
        let busy = ProtocolError::new(
            ErrorKind::Busy,
            "too much work is waiting; read answers before sending more",
        );
        Some(Answer::from(&busy.refuse(Some(id), era)).message)
    }

    /// Forgets a request that is done.
    pub(super) fn forget(&mut self, done: &Done) {
        if let Some(id) = &done.id {
            self.running.remove(id);
        }
    }

    fn legacy_request(&mut self, request: Request, size: usize) -> Work {
        match (&request.method, &self.legacy) {
            (Method::Initialize, _) => self.initialize(&request, size),
            (_, Some(peer)) => {
                let peer = peer.clone();
                self.answer(request, peer, size)
            }
            // A client may look whether anybody is there before it says who it is.
            (Method::Ping, None) => {
                let (empty, newest) = (Outcome::Empty, Revision::LATEST_LEGACY);
                ready(Some(self.engine.encode(&empty, &request.id, newest)), size)
            }
            (_, None) => said(&refusal(not_open(), Some(request.id)), size),
        }
    }

    fn initialize(&mut self, request: &Request, size: usize) -> Work {
        match self.engine.initialize(&request.params) {
            Err(error) => said(&refusal(error, Some(request.id.clone())), size),
            Ok((peer, outcome)) => {
                let message = self.engine.encode(&outcome, &request.id, peer.revision);
                self.legacy = Some(peer);
                ready(Some(message), size)
            }
        }
    }

    fn batch(&self, items: Vec<Result<Message, Refusal>>, size: usize) -> Work {
        match &self.legacy {
            Some(peer) if peer.revision.has_batches() => {
                let answers = self.engine.clone().answer_batch(items, peer.clone());
                Box::pin(answers.map(move |message| done(message, size)))
            }
            _ => said(&refusal(ProtocolError::no_batches(), None), size),
        }
    }

    fn answer(&mut self, request: Request, peer: Peer, size: usize) -> Work {
        let id = request.id.clone();
        let asked = request.params.progress_token.is_some();
        let sink = asked.then(|| Arc::new(self.reports.clone()) as Arc<dyn ReplySink>);
        let answer = self.engine.clone().answer(request, peer, sink);
        let (answer, handle) = abortable(answer);
        self.running.insert(id.clone(), handle);
        Box::pin(answer.map(move |answer| Done {
            // Nothing more is said of a request that was cancelled.
            message: answer.ok().map(|answer| answer.message),
            size,
            id: Some(id),
        }))
    }

    /// Takes note of a notification. A cancelled request is dropped at its next await.
    fn note(&mut self, notification: &Notification) {
        if notification.method.as_str() != "notifications/cancelled" {
            return;
        }
        let id = notification.params.cancelled();
        if let Some(handle) = id.and_then(|id| self.running.remove(&id)) {
            handle.abort();
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

fn done(message: Option<Vec<u8>>, size: usize) -> Done {
    Done {
        message,
        size,
        id: None,
    }
}

fn ready(message: Option<Vec<u8>>, size: usize) -> Work {
    Box::pin(std::future::ready(done(message, size)))
}

fn said(refusal: &Refusal, size: usize) -> Work {
    ready(Some(Answer::from(refusal).message), size)
}

fn refusal(error: ProtocolError, id: Option<RequestId>) -> Refusal {
    error.refuse(id, Era::Legacy)
}

fn not_open() -> ProtocolError {
    ProtocolError::new(
        ErrorKind::SessionRequired,
        "send `initialize` first, or name a revision in `_meta`",
    )
}
