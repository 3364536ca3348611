//! What a client sends, and what it reads on each of its connections.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::play::REVISIONS;
use super::tool::Control;
use crate::wire::{Ask, Reply, Session, TestServer};

/// What was read on one connection.
#[derive(Debug, Default)]
pub(super) struct Piece {
    /// The event after which it was to go on.
    pub(super) after: Option<String>,
    /// What was read: the id of each event if it has one, and its message if it has one.
    pub(super) events: Vec<(Option<String>, Option<Value>)>,
    /// The answer, if it is no stream.
    pub(super) reply: Option<Reply>,
    /// Whether the end was read.
    pub(super) ended: bool,
}

/// Reads an answer, until its end or until the handle is aborted. A client that is asked
/// something answers at once.
pub(super) async fn read(
    server: Arc<TestServer>,
    ask: Ask,
    session: Option<Session>,
    piece: Arc<Mutex<Piece>>,
) {
    let mut stream = match server.begin(&ask).await {
        Ok(stream) => stream,
        Err(reply) => {
            let mut piece = piece.lock().unwrap();
            (piece.reply, piece.ended) = (Some(reply), true);
            return;
        }
    };
    loop {
        let before = stream.ids.len();
        let Some(message) = stream.next().await else {
            piece.lock().unwrap().ended = true;
            return;
        };
        if let (Some(question), Some(session)) = (&message, &session)
            && question["method"] == "roots/list"
        {
            let (server, answer) = (
                Arc::clone(&server),
                session.answer(question, json!({"roots": []})),
            );
            // The session may have ended by now.
            tokio::spawn(async move { server.send(&answer).await });
        }
        let id = stream.ids.get(before).cloned();
        piece.lock().unwrap().events.push((id, message));
    }
}

/// One call of the tool.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) id: usize,
    pub(super) name: String,
    pub(super) control: Control,
    /// How often it was told to report.
    pub(super) reports: usize,
    /// How often it was told to ask.
    pub(super) asks: usize,
    pub(super) told_to_finish: bool,
    pub(super) cancelled: Cancelled,
}

/// Whether a call was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cancelled {
    No,
    /// It may have been answered just before.
    Perhaps,
    Yes,
}

impl Call {
    /// Whether nothing keeps it from being answered.
    pub(super) fn is_settled(&self) -> bool {
        self.told_to_finish || self.cancelled != Cancelled::No
    }
}

/// What was sent in one POST: a call, or a batch of them.
#[derive(Debug)]
pub(super) struct Post {
    /// The client that sent it; the last one is modern.
    pub(super) client: usize,
    pub(super) is_batch: bool,
    pub(super) reads_streams: bool,
    pub(super) calls: Vec<Call>,
    pub(super) pieces: Vec<Arc<Mutex<Piece>>>,
    pub(super) reading: Vec<JoinHandle<()>>,
    /// Whether its first connection was closed before its end.
    pub(super) closed: bool,
    /// Whether its session has ended.
    pub(super) session_ended: bool,
}

impl Post {
    pub(super) fn is_modern(&self) -> bool {
        self.client == REVISIONS.len()
    }

    /// Begins to read an answer on a connection of its own.
    pub(super) fn reads(
        &mut self,
        server: &Arc<TestServer>,
        ask: Ask,
        session: Option<Session>,
        after: Option<String>,
    ) {
        let piece = Arc::new(Mutex::new(Piece {
            after,
            ..Piece::default()
        }));
        self.pieces.push(Arc::clone(&piece));
        let reading = read(Arc::clone(server), ask, session, piece);
        self.reading.push(tokio::spawn(reading));
    }

    /// Closes the connections, and shows what went wrong on them.
    pub(super) async fn close(&mut self) {
        for reading in self.reading.drain(..) {
            reading.abort();
            ended(reading.await);
        }
        let first = self.pieces[0].lock().unwrap();
        self.closed |= !first.ended;
    }

    /// Reads to the end on all connections.
    pub(super) async fn read_up(&mut self) {
        for reading in self.reading.drain(..) {
            let reading = crate::wire::soon("the end of a stream", reading).await;
            ended(reading);
        }
    }

    /// The ids of the events that were read last, newest first.
    pub(super) fn ids(&self) -> Vec<String> {
        let pieces = self.pieces.iter().rev();
        let ids = |piece: &Arc<Mutex<Piece>>| {
            let piece = piece.lock().unwrap();
            let ids = piece.events.iter().rev().filter_map(|(id, _)| id.clone());
            ids.collect::<Vec<_>>()
        };
        pieces.flat_map(ids).collect()
    }
}

fn ended(reading: Result<(), tokio::task::JoinError>) {
    if let Err(error) = reading
        && let Ok(panic) = error.try_into_panic()
    {
        std::panic::resume_unwind(panic);
    }
}
