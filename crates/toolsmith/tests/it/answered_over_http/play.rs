//! Does the steps, one after the other, and then brings everything to its end.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::Step;
use super::check::check;
use super::client::{Call, Cancelled, Post};
use super::tool::{Calls, Command, State};
use crate::wire::{Gate, Session, Stream, TestServer, call, modern, request, soon};

/// The revisions of the clients that have sessions. The last client is modern.
pub(super) const REVISIONS: [&str; 4] = ["2025-11-25", "2025-03-26", "2025-03-26", "2025-06-18"];

struct World {
    server: Arc<TestServer>,
    calls: Calls,
    /// The sessions, until they have ended.
    sessions: Vec<Option<Session>>,
    /// The streams on which nothing is to be told.
    told: Vec<Stream>,
    posts: Vec<Post>,
    /// How many requests each client has sent: those of different clients have the same ids.
    sent: [usize; REVISIONS.len() + 1],
}

pub(super) async fn play(steps: Vec<Step>) {
    let mut world = World::new().await;
    for step in steps {
        world.take(step).await;
    }
    world.finish().await;
    for post in &world.posts {
        check(post);
    }
}

impl World {
    async fn new() -> Self {
        let calls = Calls::default();
        let gate = Arc::new(Gate::default());
        let server = TestServer::of(calls.server(), gate, |http| http);
        let (mut sessions, mut told) = (Vec::new(), Vec::new());
        for revision in REVISIONS {
            let session = server.session_of(revision, json!({"roots": {}})).await;
            let mut stream = server.open(&session.stream()).await;
            assert_eq!(stream.next().await, Some(None), "it is open");
            told.push(stream);
            sessions.push(Some(session));
        }
        Self {
            server: Arc::new(server),
            calls,
            sessions,
            told,
            posts: Vec::new(),
            sent: Default::default(),
        }
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Call {
                client,
                reads_streams,
            } => {
                // A third of the calls are modern.
                let client = (client % (REVISIONS.len() + 2)).min(REVISIONS.len());
                self.post(client, None, reads_streams).await;
            }
            Step::Batch {
                client,
                calls,
                reads_streams,
            } => {
                let client = client % REVISIONS.len();
                if REVISIONS[client] == "2025-03-26" {
                    self.post(client, Some(calls), reads_streams).await;
                }
            }
            Step::Report(which) => self.tell(which, Command::Report),
            Step::Ask(which) => self.tell(which, Command::Ask),
            Step::Finish(which) => self.tell(which, Command::Finish),
            Step::FinishAndCancel(which) => {
                self.tell(which, Command::Finish);
                self.cancel(which).await;
            }
            Step::Cancel(which) => self.cancel(which).await,
            Step::Close(which) => self.close(which).await,
            Step::Resume { call, ago } => self.resume(call, ago),
            Step::End(client) => self.end(client % REVISIONS.len()).await,
            // What is on its way needs no more than this. If it does, the order is another
            // one, and holds as well.
            Step::Wait => tokio::time::sleep(Duration::from_millis(3)).await,
        }
    }

    /// Sends a call, or so many in a batch, and waits until they run.
    async fn post(&mut self, client: usize, batch: Option<usize>, reads_streams: bool) {
        let session = match self.sessions.get(client) {
            None => None,
            Some(Some(session)) => Some(session.clone()),
            Some(None) => return,
        };
        let calls: Vec<Call> = (0..batch.unwrap_or(1)).map(|_| self.call(client)).collect();
        let params = |it: &Call| {
            let mut params = call("work", json!({"name": it.name}));
            params["_meta"] = json!({"progressToken": it.name});
            params
        };
        let body = |it: &Call| request(it.id, "tools/call", params(it));
        let ask = match (&session, batch) {
            (None, _) => modern(calls[0].id, "tools/call", params(&calls[0])),
            (Some(session), None) => session.post(body(&calls[0])),
            (Some(session), Some(_)) => session.post(Value::from_iter(calls.iter().map(body))),
        };
        let ask = match reads_streams {
            true => ask,
            false => ask.with("Accept", "application/json"),
        };
        let mut post = Post {
            client,
            is_batch: batch.is_some(),
            reads_streams,
            calls,
            pieces: Vec::new(),
            reading: Vec::new(),
            closed: false,
            session_ended: false,
        };
        post.reads(&self.server, ask, session, None);
        for call in &post.calls {
            call.control.runs().await;
        }
        self.posts.push(post);
    }

    fn call(&mut self, client: usize) -> Call {
        let id = self.sent[client];
        self.sent[client] += 1;
        let name = format!("call {id} of client {client}");
        Call {
            id,
            control: self.calls.expect(&name),
            name,
            reports: 0,
            asks: 0,
            told_to_finish: false,
            cancelled: Cancelled::No,
        }
    }

    /// A post, and one of its calls.
    fn find(&mut self, which: usize) -> Option<(usize, usize)> {
        let all = self.posts.iter().enumerate();
        let all = all.flat_map(|(at, post)| (0..post.calls.len()).map(move |call| (at, call)));
        let all: Vec<_> = all.collect();
        // Those that came last have most to be done to.
        let newest = all.len().min(8);
        let which = which.checked_rem(newest)?;
        all.iter().rev().nth(which).copied()
    }

    fn tell(&mut self, which: usize, command: Command) {
        let Some((post, call)) = self.find(which) else {
            return;
        };
        let post = &mut self.posts[post];
        // A modern client is asked in the answer, which is another test.
        let can_be_asked = !post.is_modern();
        let call = &mut post.calls[call];
        if call.is_settled() || post.session_ended {
            return;
        }
        match command {
            Command::Report => call.reports += 1,
            Command::Ask if !can_be_asked => return,
            Command::Ask => call.asks += 1,
            Command::Finish => call.told_to_finish = true,
        }
        call.control.tell(command);
    }

    async fn cancel(&mut self, which: usize) {
        let Some((post, call)) = self.find(which) else {
            return;
        };
        self.cancel_call(post, call).await;
    }

    async fn cancel_call(&mut self, post: usize, call: usize) {
        let post = &mut self.posts[post];
        let Some(Some(session)) = self.sessions.get(post.client) else {
            return;
        };
        if post.calls[call].cancelled != Cancelled::No || post.session_ended {
            return;
        }
        // What is done in a batch is not answered before the rest is.
        let mut others = post.calls.iter().enumerate().filter(|(at, _)| *at != call);
        let waits = others.any(|(_, other)| !other.is_settled());
        let call = &mut post.calls[call];
        call.cancelled = match call.told_to_finish && !waits {
            true => Cancelled::Perhaps,
            false => Cancelled::Yes,
        };
        let params = json!({"requestId": call.id});
        let cancel =
            json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params});
        let cancel = session.post(cancel);
        // A call can be cancelled as soon as it waits for something, which is just after it
        // says that it runs.
        soon("the end of a cancelled call", async {
            loop {
                assert_eq!(self.server.send(&cancel).await.status, 202);
                let brief = Duration::from_millis(200);
                let over = tokio::time::timeout(brief, call.control.is_over()).await;
                if over.is_ok() {
                    return;
                }
            }
        })
        .await;
    }

    async fn close(&mut self, which: usize) {
        let Some((at, _)) = self.find(which) else {
            return;
        };
        let post = &mut self.posts[at];
        post.close().await;
        if post.is_modern() && post.closed {
            post.calls[0].control.is_over().await;
        }
    }

    fn resume(&mut self, which: usize, ago: usize) {
        let Some((at, _)) = self.find(which) else {
            return;
        };
        self.reads_after(at, |ids| ids.get(ago).or(ids.last()));
    }

    /// Reads on after one of the events that were read, newest first.
    fn reads_after(&mut self, at: usize, choose: impl Fn(&[String]) -> Option<&String>) {
        let post = &mut self.posts[at];
        let session = self.sessions.get(post.client).cloned().flatten();
        if let (Some(session), Some(id)) = (session, choose(&post.ids())) {
            let ask = session.resume(id);
            post.reads(&self.server, ask, Some(session), Some(id.clone()));
        }
    }

    async fn end(&mut self, client: usize) {
        let Some(session) = self.sessions[client].take() else {
            return;
        };
        let reply = self.server.send(&session.end()).await;
        assert_eq!(reply.status, 204, "{reply:?}");
        for post in self.posts.iter_mut().filter(|it| it.client == client) {
            post.session_ended = true;
            for call in &post.calls {
                call.control.is_over().await;
            }
        }
    }

    /// Has every call end, and reads what there is to be read of it.
    async fn finish(&mut self) {
        for at in 0..self.posts.len() {
            self.release(at).await;
            // What was said last may be at the end of a stream that nobody reads.
            self.reads_after(at, |ids| ids.first());
            let post = &mut self.posts[at];
            for call in &post.calls {
                let over = call.control.is_over().await;
                let may_be_dropped = call.cancelled != Cancelled::No
                    || post.session_ended
                    || (post.is_modern() && post.closed);
                assert!(
                    over == State::Finished || may_be_dropped,
                    "{} was dropped",
                    call.name
                );
            }
            post.read_up().await;
            // Once more, from the first event that there was.
            self.reads_after(at, |ids| ids.last());
            self.posts[at].read_up().await;
        }
        for stream in self.told.drain(..) {
            let mut stream = stream;
            let brief = Duration::from_millis(1);
            if let Ok(Some(told)) = tokio::time::timeout(brief, stream.next()).await {
                assert_eq!(told, None, "on a stream where nothing is to be told");
            }
        }
    }

    /// Has all calls of a post end. Those that wait for an answer of a client that cannot
    /// be asked any more are cancelled.
    async fn release(&mut self, at: usize) {
        let post = &mut self.posts[at];
        let is_lost = post.closed && post.ids().is_empty();
        for call in 0..self.posts[at].calls.len() {
            let post = &mut self.posts[at];
            let it = &mut post.calls[call];
            if is_lost && it.asks > 0 && it.control.state() == State::Running {
                self.cancel_call(at, call).await;
            } else if !it.is_settled() {
                it.told_to_finish = true;
                it.control.tell(Command::Finish);
            }
        }
    }
}
