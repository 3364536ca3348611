//! Legacy requests at work: they can be cancelled by their ids, and go on when their client
//! has hung up.
//!
//! Implements "Sending Messages to the Server" and "Resumability and Redelivery" of
//! `basic/transports` of the legacy revisions: a client that loses its connection has not
//! cancelled anything, and comes back for the rest.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::{Either, abortable, poll_fn, ready};
use tracing::Instrument as _;

use super::accept::Accepts;
use super::body::ResponseBody;
use super::driven::Streams;
use super::endpoint::Endpoint;
use super::outlet::{Item, Outlet, QUEUE};
use super::respond::{self, Form, HttpResponse};
use super::{sending, sse};
use crate::protocol::{Era, ErrorKind, Method, ProtocolError, Request, RequestId};
use crate::server::{Answer, DetachedCall, Peer, ReplySink, RunningCall, SessionRef, StreamWriter};

/// How long a call may say nothing before its client gets a stream, by which it can come
/// back if the connection breaks.
const QUIET: Duration = Duration::from_secs(1);
/// The same where a stream begins with an event to come back to: whatever breaks after it
/// loses nothing. What is done sooner is answered whole, in one write.
const SOON: Duration = Duration::from_millis(20);
/// How many calls of one session may go on beside the requests that began them: on streams,
/// and without a client.
const MAX_DETACHED: usize = 256;

/// Work, and the answer that it comes to; none when it was cancelled.
type Work = Pin<Box<dyn Future<Output = Option<Answer>> + Send>>;

/// Works on a request of a session.
pub(super) fn answer(
    endpoint: &Endpoint,
    request: Request,
    peer: Peer,
    session: SessionRef,
    accepts: Accepts,
) -> impl Future<Output = HttpResponse> + Send + use<> {
    let id = request.id.clone();
    let accepts = as_suits(&request.method, accepts);
    // It has no effect.
    let only_waits = request.method == Method::TaskResult;
    let begins = peer.revision.has_rich_questions();
    let engine = &endpoint.engine;
    let speaks = accepts.sse && engine.may_speak(&request, &peer);
    // Before anything is done: it may be long until it first waits.
    let running = match session.running(id.clone()) {
        Ok(running) => running,
        Err(in_use) => return Either::Left(ready(Asked::One(id).refuse(in_use))),
    };
    let outlet = speaks.then(|| Outlet::new(begins, 1));
    let sink = outlet.clone().map(|outlet| outlet as Arc<dyn ReplySink>);
    let mut work = engine.clone().answer(request, peer, sink);
    let streams = endpoint.streams.clone();
    Either::Right(async move {
        // The common call is done when it is polled once: nothing is made for it to wait by.
        let (goes_on, work): (usize, Work) = match poll_once(&mut work).await {
            Some(answer) if !is_said(outlet.as_ref()) => {
                return respond::answer(answer, form(accepts));
            }
            Some(answer) => (0, Box::pin(ready(Some(answer)))),
            None => {
                let (work, abort) = abortable(work);
                running.stopped_by(abort);
                (1, Box::pin(work.map(Result::ok)))
            }
        };
        let call = Call {
            asked: Asked::One(id),
            goes_on,
            work,
            outlet,
            session,
            accepts,
            begins,
            only_waits,
            running: vec![running],
            streams,
        };
        Box::pin(call.hang()).await
    })
}

/// Whose answers a call comes to.
pub(super) enum Asked {
    /// That of one request.
    One(RequestId),
    /// Those of the requests of a batch.
    Batch(Vec<RequestId>),
}

impl Asked {
    /// The error that answers all of it.
    fn refusal(&self, error: &ProtocolError) -> Option<Answer> {
        let refuse = |id: &RequestId| {
            let id = Some(id.clone());
            Answer::from(&error.clone().refuse(id, Era::Legacy))
        };
        match self {
            Self::One(id) => Some(refuse(id)),
            Self::Batch(ids) => Answer::batch(ids.iter().map(refuse)),
        }
    }

    /// What its client finds when it comes back and the server was started again meanwhile.
    fn last_words(&self) -> Option<Bytes> {
        let error = ProtocolError::new(
            ErrorKind::Interrupted,
            "the server was started again while it worked on this; whether it was done is not known",
        );
        self.refusal(&error).map(|it| it.message.into())
    }

    /// The refusal of all of it.
    fn refuse(self, error: ProtocolError) -> HttpResponse {
        let status = error.kind.status(Era::Legacy);
        match self.refusal(&error) {
            Some(refused) => {
                let is_result = false;
                let refused = Answer {
                    status,
                    is_result,
                    ..refused
                };
                respond::answer(refused, Form::Json)
            }
            None => respond::refuse(error),
        }
    }
}

/// What was asked in one POST.
pub(super) struct Call {
    pub(super) asked: Asked,
    /// How many requests of it are not done yet, as far as is known.
    pub(super) goes_on: usize,
    pub(super) work: Work,
    /// What is said of it before its answer, where anything may be.
    pub(super) outlet: Option<Arc<Outlet>>,
    pub(super) session: SessionRef,
    pub(super) accepts: Accepts,
    /// Whether a stream begins with an event to come back to.
    pub(super) begins: bool,
    /// Whether it ends when its client hangs up before it was told anything: nothing comes
    /// of it but its answer.
    pub(super) only_waits: bool,
    /// By which its requests can be cancelled.
    pub(super) running: Vec<RunningCall>,
    /// Where its stream is one of, if it becomes one.
    pub(super) streams: Streams,
}

impl Call {
    /// Works on it.
    pub(super) async fn answer(mut self) -> HttpResponse {
        match poll_once(&mut self.work).await {
            Some(Some(answer)) if !is_said(self.outlet.as_ref()) => {
                return respond::answer(answer, form(self.accepts));
            }
            Some(done) => {
                self.work = Box::pin(ready(done));
                self.goes_on = 0;
            }
            None => {}
        }
        self.hang().await
    }

    /// Waits for it with its client.
    async fn hang(self) -> HttpResponse {
        let hanging = Hanging {
            goes_on: self.goes_on,
            only_waits: self.only_waits,
            work: Some(self.work),
            running: self.running,
            outlet: self.outlet,
            session: self.session,
            streams: self.streams,
        };
        hanging.finish(self.asked, self.accepts, self.begins).await
    }
}

fn is_said(outlet: Option<&Arc<Outlet>>) -> bool {
    outlet.is_some_and(|outlet| !outlet.is_empty())
}

/// What to answer in: a look at tasks is an object wherever the client reads one, however
/// long it takes.
///
/// Implements "Task Status Lifecycle" of revision 2025-11-25, `basic/utilities/tasks`.
fn as_suits(method: &Method, accepts: Accepts) -> Accepts {
    let looks = matches!(
        method,
        Method::GetTask | Method::ListTasks | Method::CancelTask
    );
    Accepts {
        sse: accepts.sse && !(looks && accepts.json),
        ..accepts
    }
}

/// Events wherever the client reads them, as the revisions' own servers do.
pub(super) fn form(accepts: Accepts) -> Form {
    if accepts.sse { Form::Sse } else { Form::Json }
}

async fn poll_once<T>(work: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
    poll_fn(|cx| match work.poll_unpin(cx) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// A call whose client waits on the line. When the client hangs up, the call goes on, unless
/// it does nothing but wait.
struct Hanging {
    /// How many requests of it are not done yet, as far as is known.
    goes_on: usize,
    only_waits: bool,
    work: Option<Work>,
    running: Vec<RunningCall>,
    outlet: Option<Arc<Outlet>>,
    session: SessionRef,
    streams: Streams,
}

/// What comes first of a call that takes its time.
enum First {
    Done(Option<Answer>),
    Said(Item),
    Quiet,
}

impl Hanging {
    async fn finish(mut self, asked: Asked, accepts: Accepts, begins: bool) -> HttpResponse {
        // Whoever ended the session while the call began has not found it.
        if !self.session.is_alive().await {
            self.work = None;
            return cancelled(asked, accepts);
        }
        let mut quiet = accepts.sse.then_some(if begins { SOON } else { QUIET });
        let (said, places) = loop {
            let said = match self.first(quiet).await {
                First::Done(Some(answer)) => return respond::answer(answer, form(accepts)),
                First::Done(None) => return cancelled(asked, accepts),
                First::Said(item) => Some(item),
                First::Quiet => None,
            };
            match self.detach() {
                Some(places) => break (said, places),
                // Many calls at once may all be done soon.
                None if said.is_none() && quiet == Some(SOON) => quiet = Some(QUIET),
                None => {
                    self.work = None;
                    return too_many(asked);
                }
            }
        };
        let last_words = || asked.last_words();
        let (writer, reader) = self.session.open_stream(last_words).await;
        let Some(work) = self.work.take() else {
            return cancelled(asked, accepts);
        };
        let (outlet, session) = (self.outlet.take(), self.session.clone());
        let pump = Pump {
            work,
            running: std::mem::take(&mut self.running),
            outlet,
            writer,
        };
        let going_on = async move {
            pump.run(said).await;
            drop(places);
        };
        let going_on = self.streams.drive_on(Box::pin(going_on));
        sending::events(reader, going_on, begins, session)
    }

    /// A place for each request that goes on, if there is room for all of them.
    fn detach(&self) -> Option<Vec<DetachedCall>> {
        let places = (0..self.goes_on).map(|_| self.session.detach(MAX_DETACHED));
        places.collect()
    }

    /// What comes first; [`First::Quiet`] only where there is a limit to it.
    async fn first(&mut self, quiet: Option<Duration>) -> First {
        // It is sent before the work goes on.
        if let Some(item) = self.outlet.as_ref().and_then(|outlet| outlet.try_next()) {
            return First::Said(item);
        }
        let Some(work) = &mut self.work else {
            return First::Done(None);
        };
        let said = async {
            match &self.outlet {
                Some(outlet) => outlet.next().await,
                None => std::future::pending().await,
            }
        };
        let quiet = async {
            match quiet {
                Some(quiet) => tokio::time::sleep(quiet).await,
                None => std::future::pending().await,
            }
        };
        let done = tokio::select! {
            biased;
            done = work => done,
            item = said => return First::Said(item),
            () = quiet => return First::Quiet,
            never = keep_alive(&self.session) => match never {},
        };
        // Done is done; what was said before comes before it.
        let said = self.outlet.as_ref().and_then(|outlet| outlet.try_next());
        match said {
            None => {
                self.work = None;
                First::Done(done)
            }
            Some(item) => {
                self.goes_on = 0;
                self.work = Some(Box::pin(ready(done)));
                First::Said(item)
            }
        }
    }
}

/// The client has hung up before it was told anything, and cannot come back.
impl Drop for Hanging {
    fn drop(&mut self) {
        let Some(work) = self.work.take() else {
            return;
        };
        let running = std::mem::take(&mut self.running);
        if let Some(outlet) = &self.outlet {
            outlet.close();
        }
        if self.only_waits {
            return;
        }
        let Some(places) = self.detach() else {
            tracing::warn!("a client has hung up on too many calls; this one is cancelled");
            return;
        };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let going_on = async move {
                // Nobody is left to be told what it came to.
                let _ = work.await;
                drop((running, places));
            };
            runtime.spawn(going_on.in_current_span());
        }
    }
}

/// A call whose messages go into a stream that can be resumed. It is polled between writes
/// while its client reads, and goes on by itself when nobody does.
struct Pump {
    work: Work,
    running: Vec<RunningCall>,
    outlet: Option<Arc<Outlet>>,
    writer: StreamWriter,
}

impl Pump {
    async fn run(mut self, said: Option<Item>) {
        if let Some(item) = said {
            write_and_let_send(&self.writer, self.outlet.as_deref(), item).await;
        }
        let done = loop {
            let said = async {
                match &self.outlet {
                    Some(outlet) => outlet.next().await,
                    None => std::future::pending().await,
                }
            };
            // The answer first, so that nobody who reports on without end can hold it up.
            let item = tokio::select! {
                biased;
                done = &mut self.work => break done,
                item = said => item,
            };
            write_and_let_send(&self.writer, self.outlet.as_deref(), item).await;
        };
        // What was cancelled is dropped now, and what it asked is taken back.
        drop(self.work);
        if let Some(outlet) = &self.outlet {
            outlet.close();
            while let Some(item) = outlet.try_next() {
                write(&self.writer, item).await;
            }
        }
        // By the time that the answer is read, nobody has the ids any more.
        drop(self.running);
        // A call that was cancelled has no answer.
        if let Some(answer) = done {
            self.writer.write(answer.message.into()).await;
        }
        self.writer.end().await;
    }
}

/// Writes what was said, and lets it be sent before the work goes on.
async fn write_and_let_send(writer: &StreamWriter, outlet: Option<&Outlet>, item: Item) {
    write(writer, item).await;
    for _ in 0..QUEUE {
        match outlet.and_then(Outlet::try_next) {
            Some(item) => write(writer, item).await,
            None => break,
        }
    }
    tokio::task::yield_now().await;
}

async fn write(writer: &StreamWriter, item: Item) {
    match item {
        Item::Message(message) => {
            writer.write(message.into()).await;
        }
        Item::Pause(retry) => writer.pause(retry),
    }
}

/// Keeps a session from being forgotten for as long as its client waits.
async fn keep_alive(session: &SessionRef) -> Infallible {
    loop {
        tokio::time::sleep(session.sessions().idle() / 2).await;
        if !session.is_alive().await {
            // It was ended. Whoever works for it is told so in another way.
            return std::future::pending().await;
        }
    }
}

/// The answer to a call for which there is no room in its session.
fn too_many(asked: Asked) -> HttpResponse {
    asked.refuse(ProtocolError::new(
        ErrorKind::Busy,
        format!("{MAX_DETACHED} calls of this session go on already; wait for one to end"),
    ))
}

/// The end of a call that was cancelled, of which nothing more is said.
fn cancelled(asked: Asked, accepts: Accepts) -> HttpResponse {
    if accepts.sse {
        return respond::events(ResponseBody::whole(sse::comment()));
    }
    asked.refuse(ProtocolError::new(
        ErrorKind::Cancelled,
        "the request was cancelled",
    ))
}
