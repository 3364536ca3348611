//! Legacy requests at work: they can be cancelled by their id, and go on when their client
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
use futures_util::future::{Aborted, abortable, poll_fn};
use futures_util::stream;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::accept::Accepts;
use super::body::ResponseBody;
use super::outlet::{Item, Outlet};
use super::respond::{self, Form, HttpResponse};
use super::sse;
use crate::protocol::{Era, ErrorKind, ProtocolError, Request, RequestId};
use crate::server::{
    Answer, Engine, Peer, ReplySink, RunningCall, SessionRef, StreamEvent, StreamReader,
    StreamWriter,
};

/// How long a call may say nothing before its client gets a stream, by which it can come
/// back if the connection breaks.
const QUIET: Duration = Duration::from_secs(1);
/// How many calls of one session may go on beside the requests that began them: on streams,
/// and without a client.
const MAX_DETACHED: usize = 256;

type Work = Pin<Box<dyn Future<Output = Result<Answer, Aborted>> + Send>>;

/// Works on a request of a session.
pub(super) async fn answer(
    engine: &Engine,
    request: Request,
    peer: Peer,
    session: SessionRef,
    accepts: Accepts,
) -> HttpResponse {
    let form = if accepts.sse { Form::Sse } else { Form::Json };
    let id = request.id.clone();
    if session.is_running(&id) {
        return in_use(id);
    }
    let revision = peer.revision;
    let speaks = accepts.sse && engine.may_speak(&request, &peer);
    let outlet = speaks.then(|| Outlet::new(revision.has_rich_questions()));
    let sink = outlet.clone().map(|outlet| outlet as Arc<dyn ReplySink>);
    let (work, abort) = abortable(engine.clone().answer(request, peer, sink));
    let mut work: Work = Box::pin(work);
    // The common call is done when it is polled once, and leaves nothing behind.
    if let Some(done) = poll_once(&mut work).await {
        let said = outlet.as_ref().is_some_and(|outlet| !outlet.is_empty());
        match done {
            Ok(answer) if !said => return respond::answer(&answer, form),
            done => work = Box::pin(std::future::ready(done)),
        }
    }
    // Of two that came at the very same time, one is refused only here.
    let Ok(running) = session.running(id.clone(), abort) else {
        return in_use(id);
    };
    let call = Hanging {
        work: Some(work),
        running: Some(running),
        outlet,
        session: session.clone(),
    };
    call.finish(id, form, accepts, revision.has_rich_questions())
        .await
}

async fn poll_once(work: &mut Work) -> Option<Result<Answer, Aborted>> {
    poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// A call whose client waits on the line. When the client hangs up, the call goes on.
struct Hanging {
    work: Option<Work>,
    running: Option<RunningCall>,
    outlet: Option<Arc<Outlet>>,
    session: SessionRef,
}

/// What comes first of a call that takes its time.
enum First {
    Done(Result<Answer, Aborted>),
    Said(Item),
    Quiet,
}

impl Hanging {
    async fn finish(
        mut self,
        id: RequestId,
        form: Form,
        accepts: Accepts,
        begins: bool,
    ) -> HttpResponse {
        let said = match self.first(accepts.sse).await {
            First::Done(Ok(answer)) => return respond::answer(&answer, form),
            First::Done(Err(Aborted)) => return cancelled(id, accepts),
            First::Said(item) => Some(item),
            First::Quiet => None,
        };
        let Some(place) = self.session.detach(MAX_DETACHED) else {
            return too_many(id);
        };
        let (writer, reader) = self.session.open_stream().await;
        let (Some(work), Some(running)) = (self.work.take(), self.running.take()) else {
            return cancelled(id, accepts);
        };
        let (outlet, session) = (self.outlet.take(), self.session.clone());
        let pump = Pump {
            work,
            running,
            outlet,
            writer,
        };
        let going_on = async move {
            pump.run(said).await;
            drop(place);
        };
        tokio::spawn(going_on.in_current_span());
        events(reader, begins, session)
    }

    async fn first(&mut self, streams: bool) -> First {
        let Some(work) = &mut self.work else {
            return First::Done(Err(Aborted));
        };
        let said = async {
            match &self.outlet {
                Some(outlet) => outlet.next().await,
                None => std::future::pending().await,
            }
        };
        let quiet = async {
            match streams {
                true => tokio::time::sleep(QUIET).await,
                false => std::future::pending().await,
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
                self.work = Some(Box::pin(std::future::ready(done)));
                First::Said(item)
            }
        }
    }
}

/// The client has hung up before it was told anything, and cannot come back.
impl Drop for Hanging {
    fn drop(&mut self) {
        let (Some(work), running) = (self.work.take(), self.running.take()) else {
            return;
        };
        if let Some(outlet) = &self.outlet {
            outlet.close();
        }
        let Some(place) = self.session.detach(MAX_DETACHED) else {
            tracing::warn!("a client has hung up on too many calls; this one is cancelled");
            return;
        };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let going_on = async move {
                // Nobody is left to be told what it came to.
                let _ = work.await;
                drop((running, place));
            };
            runtime.spawn(going_on.in_current_span());
        }
    }
}

/// A call whose messages go into a stream that can be resumed.
struct Pump {
    work: Work,
    running: RunningCall,
    outlet: Option<Arc<Outlet>>,
    writer: StreamWriter,
}

impl Pump {
    async fn run(mut self, said: Option<Item>) {
        if let Some(item) = said {
            write(&self.writer, item).await;
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
            write(&self.writer, item).await;
        };
        // What was cancelled is dropped now, and what it asked is taken back.
        drop(self.work);
        if let Some(outlet) = &self.outlet {
            outlet.close();
            while let Some(item) = outlet.try_next() {
                write(&self.writer, item).await;
            }
        }
        // A call that was cancelled has no answer.
        if let Ok(answer) = done {
            self.writer.write(answer.message.into()).await;
        }
        self.writer.end().await;
        drop(self.running);
    }
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

/// A stream that is being sent.
struct Sending {
    reader: StreamReader,
    session: SessionRef,
    /// It begins with an event to come back to.
    begins: bool,
    over: bool,
    /// When the session was last used by this.
    used: Instant,
}

/// A stream as events. Dropping it lets the client come back.
pub(super) fn events(reader: StreamReader, begins: bool, session: SessionRef) -> HttpResponse {
    let sending = Sending {
        reader,
        session,
        begins,
        over: false,
        used: Instant::now(),
    };
    let events = stream::unfold(sending, |mut sending| async move {
        Some((sending.next().await?, sending))
    });
    respond::events(ResponseBody::events(events))
}

impl Sending {
    async fn next(&mut self) -> Option<Bytes> {
        if self.over {
            return None;
        }
        if std::mem::take(&mut self.begins) {
            return Some(sse::beginning(self.reader.position()));
        }
        let use_of = sse::KEEP_ALIVE.min(self.session.sessions().idle() / 2);
        let event = tokio::select! {
            biased;
            // However much is said: a stream that is read is a use of its session.
            () = tokio::time::sleep_until(self.used + use_of) => {
                self.used = Instant::now();
                self.session.is_alive().await;
                return Some(sse::comment());
            }
            event = self.reader.next() => event?,
        };
        Some(match event {
            StreamEvent::Message(id, message) => sse::event_with_id(id, &message),
            StreamEvent::Pause(after) => {
                self.over = true;
                sse::retry(after)
            }
        })
    }
}

/// The answer to a call for which there is no room in its session.
fn too_many(id: RequestId) -> HttpResponse {
    let error = ProtocolError::new(
        ErrorKind::Busy,
        format!("{MAX_DETACHED} calls of this session go on already; wait for one to end"),
    );
    respond::refusal(&error.refuse(Some(id), Era::Legacy))
}

/// The answer to a request whose id another one has that goes on.
fn in_use(id: RequestId) -> HttpResponse {
    let error = ProtocolError::id_in_use(&id);
    respond::refusal(&error.refuse(Some(id), Era::Legacy))
}

/// The end of a request that was cancelled, of which nothing more is said.
fn cancelled(id: RequestId, accepts: Accepts) -> HttpResponse {
    if accepts.sse {
        return respond::events(ResponseBody::whole(sse::comment()));
    }
    let error = ProtocolError::new(ErrorKind::Cancelled, "the request was cancelled");
    respond::refusal(&error.refuse(Some(id), Era::Legacy))
}
