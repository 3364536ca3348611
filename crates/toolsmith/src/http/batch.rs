//! Batches, in the one revision that has them: several requests that are one call.
//!
//! Implements "Sending Messages to the Server" of revision 2025-03-26, `basic/transports`.
//! Each request can be cancelled by its id, may say something and may ask; the answers
//! come last, in one array.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::abortable;
use http::StatusCode;

use super::accept::Accepts;
use super::calls::{Asked, Call};
use super::endpoint::Endpoint;
use super::legacy::note;
use super::outlet::Outlet;
use super::respond::{self, HttpResponse};
use crate::protocol::{Era, Message, Refusal, Request, RequestId};
use crate::server::{Batch, Engine, Peer, ReplySink, RunningCall, SessionRef};

/// Works on a batch of a session.
pub(super) async fn answer(
    endpoint: &Endpoint,
    items: Vec<Result<Message, Refusal>>,
    peer: Peer,
    session: SessionRef,
    accepts: Accepts,
) -> HttpResponse {
    let engine = &endpoint.engine;
    let begins = peer.revision.has_rich_questions();
    let speak = |item: &Result<Message, Refusal>| match item {
        Ok(Message::Request(request)) => accepts.sse && engine.may_speak(request, &peer),
        _ => false,
    };
    let speaking = items.iter().filter(|item| speak(item)).count();
    let mut read = Reading {
        outlet: (speaking > 0).then(|| Outlet::new(begins, speaking)),
        session: session.clone(),
        ids: Vec::new(),
        running: Vec::new(),
        batch: Batch::default(),
    };
    // In order, so that what is cancelled further down has begun.
    for item in items {
        let speaks = speak(&item);
        match item {
            Ok(Message::Notification(notification)) => note(&session, &notification),
            Ok(Message::Response(response)) => session.answered(response),
            Ok(Message::Request(request)) => read.begin(engine, request, peer.clone(), speaks),
            Err(refusal) => read.batch.refused(&refusal),
        }
    }
    if read.batch.is_empty() {
        return respond::empty(StatusCode::ACCEPTED);
    }
    let requests = read.ids.len();
    let call = Call {
        asked: Asked::Batch(read.ids),
        goes_on: requests,
        work: Box::pin(read.batch.answer()),
        outlet: read.outlet,
        session,
        accepts,
        begins,
        only_waits: false,
        running: read.running,
        streams: endpoint.streams.clone(),
    };
    call.answer().await
}

/// A batch that is read.
struct Reading {
    outlet: Option<Arc<Outlet>>,
    session: SessionRef,
    ids: Vec<RequestId>,
    running: Vec<RunningCall>,
    batch: Batch,
}

impl Reading {
    fn begin(&mut self, engine: &Engine, request: Request, peer: Peer, speaks: bool) {
        let id = request.id.clone();
        let outlet = self.outlet.clone().filter(|_| speaks);
        let part = outlet.map(Part::of);
        let sink = part.clone().map(|part| part as Arc<dyn ReplySink>);
        let running = match self.session.running(id.clone()) {
            Ok(running) => running,
            Err(in_use) => return self.batch.refused(&in_use.refuse(Some(id), Era::Legacy)),
        };
        let (work, abort) = abortable(engine.clone().answer(request, peer, sink));
        running.stopped_by(abort.clone());
        let answer = async move {
            // What was cancelled is dropped here, and what it asked is taken back.
            let answer = work.await;
            if let Some(part) = part {
                part.close();
            }
            answer.ok()
        };
        self.ids.push(id);
        self.running.push(running);
        self.batch.add(answer, abort);
    }
}

/// The way back for one request of a batch. Nothing is said of it after its end.
#[derive(Debug)]
struct Part(Mutex<Option<Arc<Outlet>>>);

impl Part {
    fn of(outlet: Arc<Outlet>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Some(outlet))))
    }

    fn close(&self) {
        self.outlet(|outlet| *outlet = None);
    }

    fn outlet<T>(&self, with: impl FnOnce(&mut Option<Arc<Outlet>>) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put(&self, put: impl FnOnce(&Outlet) -> bool) -> bool {
        self.outlet(|outlet| outlet.as_deref().is_some_and(put))
    }
}

impl ReplySink for Part {
    fn notify(&self, message: Vec<u8>) -> bool {
        self.put(|outlet| outlet.notify(message))
    }

    fn ask(&self, message: Vec<u8>) -> bool {
        self.put(|outlet| outlet.ask(message))
    }

    fn ready(&self) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        Box::pin(async {
            match self.outlet(|outlet| outlet.clone()) {
                Some(outlet) => outlet.ready().await,
                None => false,
            }
        })
    }

    fn pause(&self, retry: Duration) -> bool {
        self.put(|outlet| outlet.pause(retry))
    }
}
