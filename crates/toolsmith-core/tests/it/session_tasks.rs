//! Tasks of legacy sessions, when their sessions end.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::{Notify, Semaphore};
use toolsmith_core::Caller;
use toolsmith_core::ports::{EventLimits, MemoryEvents, MemorySessions, SessionId};
use toolsmith_core::protocol::{
    ClientCapabilities, Decoded, Message, Response, Revision, TaskSupport, decode,
};
use toolsmith_core::server::handler::ToolError;
use toolsmith_core::server::tool::DynamicTool;
use toolsmith_core::server::{Context, Engine, Peer, ReplySink, Server, SessionRef, Sessions};

/// How long a session is kept that nobody uses.
const IDLE: Duration = Duration::from_millis(50);

#[derive(Default)]
struct Seen {
    began: Notify,
    dropped: Notify,
}

struct Dropped(Arc<Seen>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.dropped.notify_one();
    }
}

/// A server with a tool that works for ever, and one that asks.
fn served() -> (Engine, Arc<Seen>) {
    served_as(|server| server)
}

fn served_as(of: impl FnOnce(Server) -> Server) -> (Engine, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    let shared = Arc::clone(&seen);
    let works = move |_: Map<String, Value>, _: Context| {
        let seen = Arc::clone(&shared);
        async move {
            let _dropped = Dropped(Arc::clone(&seen));
            seen.began.notify_one();
            std::future::pending::<()>().await;
            "never"
        }
    };
    let asks = |_: Map<String, Value>, ctx: Context| async move {
        let roots = ctx.list_roots().await?;
        Ok::<_, ToolError>(format!("{} roots", roots.len()))
    };
    let asks_twice = |_: Map<String, Value>, ctx: Context| async move {
        ctx.list_roots().await?;
        ctx.list_roots().await?;
        Ok::<_, ToolError>("done")
    };
    let schema = || json!({"type": "object"});
    let task = |it: DynamicTool| it.define(|it| it.task = TaskSupport::Optional);
    let server = Server::new("s")
        .dynamic_tool(task(DynamicTool::new("works", schema(), works)))
        .dynamic_tool(task(DynamicTool::new("asks", schema(), asks)))
        .dynamic_tool(task(DynamicTool::new("asks_twice", schema(), asks_twice)));
    (of(server).build().unwrap(), seen)
}

fn sessions(engine: &Engine, idle: Duration) -> Arc<Sessions> {
    let store = Arc::new(MemorySessions::new(100, idle));
    let events = Arc::new(MemoryEvents::new(EventLimits::default()));
    Sessions::new(engine.clone(), store, events, idle)
}

/// The peer of a session that was just opened.
async fn open(sessions: &Arc<Sessions>, caller: Caller) -> (SessionId, Peer) {
    open_with(sessions, caller, json!({"roots": {}})).await
}

async fn open_with(
    sessions: &Arc<Sessions>,
    caller: Caller,
    capabilities: Value,
) -> (SessionId, Peer) {
    let mut peer = Peer::new(Revision::LATEST_LEGACY);
    peer.caller = caller.clone();
    peer.capabilities = serde_json::from_value::<ClientCapabilities>(capabilities).unwrap();
    let id = sessions.open(&peer).await.unwrap();
    (id, sessions.find(id, &caller).await.unwrap())
}

fn session(peer: &Peer) -> &SessionRef {
    peer.session.as_ref().unwrap()
}

async fn ask_on(
    engine: &Engine,
    peer: &Peer,
    method: &str,
    params: Value,
    sink: Option<Arc<dyn ReplySink>>,
) -> Value {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let decoded = decode(&body.to_string().into(), None).unwrap();
    let Decoded::Legacy(Message::Request(request)) = decoded else {
        panic!("{method} is no legacy request");
    };
    let answer = Box::pin(engine.clone().answer(request, peer.clone(), sink));
    let answer = soon(answer).await;
    serde_json::from_slice(&answer.message).unwrap()
}

async fn ask(engine: &Engine, peer: &Peer, method: &str, params: Value) -> Value {
    ask_on(engine, peer, method, params, None).await
}

async fn begin(engine: &Engine, peer: &Peer, tool: &str) -> Value {
    let call = json!({"name": tool, "arguments": {}, "task": {}});
    let begun = ask(engine, peer, "tools/call", call).await;
    json!({"taskId": begun["result"]["task"]["taskId"]})
}

async fn until(engine: &Engine, peer: &Peer, task: &Value, status: &str) {
    soon(async {
        while ask(engine, peer, "tasks/get", task.clone()).await["result"]["status"] != status {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), future)
        .await
        .expect("it did not happen")
}

#[tokio::test]
async fn the_tasks_of_a_session_end_with_it_where_nobody_knows_its_caller() {
    let (engine, seen) = served();
    let sessions = sessions(&engine, Duration::from_secs(600));
    let (_, other) = open(&sessions, Caller::default()).await;
    let (_, peer) = open(&sessions, Caller::default()).await;
    let kept = begin(&engine, &other, "works").await;
    seen.began.notified().await;
    let task = begin(&engine, &peer, "works").await;
    seen.began.notified().await;
    session(&peer).remove().await.unwrap();
    soon(seen.dropped.notified()).await;
    let gone = ask(&engine, &peer, "tasks/get", task).await;
    assert_eq!(gone["error"]["code"], -32602, "{gone}");
    // Another session keeps its own.
    let there = ask(&engine, &other, "tasks/get", kept).await;
    assert_eq!(there["result"]["status"], "working", "{there}");
}

#[tokio::test]
async fn they_end_as_well_when_the_session_was_not_used_for_too_long() {
    let (engine, seen) = served();
    let sessions = sessions(&engine, IDLE);
    let (_, peer) = open(&sessions, Caller::default()).await;
    begin(&engine, &peer, "works").await;
    seen.began.notified().await;
    soon(seen.dropped.notified()).await;
}

#[tokio::test]
async fn the_tasks_of_a_known_caller_go_on_without_the_session() {
    let (engine, seen) = served();
    let sessions = sessions(&engine, Duration::from_secs(600));
    let alice = Caller::new("t").with_principal("alice");
    let (_, peer) = open(&sessions, alice.clone()).await;
    let task = begin(&engine, &peer, "works").await;
    seen.began.notified().await;
    session(&peer).remove().await.unwrap();
    let (_, again) = open(&sessions, alice).await;
    let there = ask(&engine, &again, "tasks/get", task.clone()).await;
    assert_eq!(there["result"]["status"], "working", "{there}");
    let (_, stranger) = open(&sessions, Caller::new("t")).await;
    let unknown = ask(&engine, &stranger, "tasks/get", task).await;
    assert_eq!(unknown["error"]["code"], -32602, "{unknown}");
}

#[tokio::test]
async fn a_session_that_has_ended_begins_no_task() {
    let (engine, _) = served();
    let sessions = sessions(&engine, Duration::from_secs(600));
    let (_, peer) = open(&sessions, Caller::default()).await;
    session(&peer).remove().await.unwrap();
    let call = json!({"name": "works", "arguments": {}, "task": {}});
    let refused = ask(&engine, &peer, "tools/call", call).await;
    assert_eq!(refused["error"]["code"], -31004, "{refused}");
}

/// A client that is asked, unless it is gone.
#[derive(Debug)]
struct Client {
    is_gone: AtomicBool,
    asked: Mutex<Vec<Value>>,
    asks: Semaphore,
    told: Mutex<Vec<Value>>,
    tells: Semaphore,
}

impl Client {
    fn new(is_gone: bool) -> Arc<Self> {
        Arc::new(Self {
            is_gone: AtomicBool::new(is_gone),
            asked: Mutex::default(),
            asks: Semaphore::new(0),
            told: Mutex::default(),
            tells: Semaphore::new(0),
        })
    }

    /// Waits for a question, and gives its id.
    async fn asked(&self) -> Value {
        soon(self.asks.acquire()).await.unwrap().forget();
        let asked = self.asked.lock().unwrap();
        asked.last().unwrap()["id"].clone()
    }

    /// Waits for a notification.
    async fn told(&self) -> Value {
        soon(self.tells.acquire()).await.unwrap().forget();
        self.told.lock().unwrap().pop().unwrap()
    }
}

impl ReplySink for Client {
    fn notify(&self, message: Vec<u8>) -> bool {
        let message = serde_json::from_slice(&message).unwrap();
        self.told.lock().unwrap().push(message);
        self.tells.add_permits(1);
        true
    }

    fn ask(&self, message: Vec<u8>) -> bool {
        let message = serde_json::from_slice(&message).unwrap();
        self.asked.lock().unwrap().push(message);
        self.asks.add_permits(1);
        !self.is_gone.load(Ordering::SeqCst)
    }

    fn ready(&self) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        Box::pin(std::future::ready(true))
    }
}

/// Waits for what a task comes to, as a client that is asked meanwhile.
fn waits(
    engine: &Engine,
    peer: &Peer,
    task: &Value,
    client: &Arc<Client>,
) -> tokio::task::JoinHandle<Value> {
    let (engine, peer, task) = (engine.clone(), peer.clone(), task.clone());
    let sink = Arc::clone(client) as Arc<dyn ReplySink>;
    tokio::spawn(async move { ask_on(&engine, &peer, "tasks/result", task, Some(sink)).await })
}

fn answered(peer: &Peer, id: &Value) {
    answered_with(
        peer,
        json!({"jsonrpc": "2.0", "id": id, "result": {"roots": []}}),
    );
}

fn answered_with(peer: &Peer, body: Value) {
    let decoded = decode(&body.to_string().into(), None).unwrap();
    let Decoded::Legacy(Message::Response(response)) = decoded else {
        panic!("it is no response");
    };
    let response: Response = response;
    session(peer).answered(response);
}

#[tokio::test]
async fn a_question_that_reached_nobody_is_asked_again_of_whoever_comes_next() {
    let (engine, _) = served();
    let sessions = sessions(&engine, Duration::from_secs(600));
    let alice = Caller::new("t").with_principal("alice");
    let (_, peer) = open(&sessions, alice.clone()).await;
    let task = begin(&engine, &peer, "asks").await;
    until(&engine, &peer, &task, "input_required").await;

    // A client that hangs up just now.
    let gone = Client::new(true);
    let result = |peer: &Peer, client: &Arc<Client>| waits(&engine, peer, &task, client);
    let waiting = result(&peer, &gone);
    gone.asked().await;
    tokio::task::yield_now().await;
    until(&engine, &peer, &task, "input_required").await;
    waiting.abort();

    // A session that ends while it is asked.
    let ending = Client::new(false);
    let waiting = result(&peer, &ending);
    ending.asked().await;
    session(&peer).remove().await.unwrap();
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    let (_, peer) = open(&sessions, alice).await;
    until(&engine, &peer, &task, "input_required").await;
    waiting.abort();

    let here = Client::new(false);
    let waiting = result(&peer, &here);
    answered(&peer, &here.asked().await);
    let came_to = soon(waiting).await.unwrap();
    assert_eq!(
        came_to["result"]["content"][0]["text"], "0 roots",
        "{came_to}"
    );
}

#[tokio::test]
async fn what_a_task_asked_is_taken_back_in_the_name_of_the_task() {
    let (engine, _) = served();
    let sessions = sessions(&engine, Duration::from_secs(600));
    let (_, peer) = open(&sessions, Caller::default()).await;
    let task = begin(&engine, &peer, "asks").await;
    let client = Client::new(false);
    let waiting = waits(&engine, &peer, &task, &client);
    let id = client.asked().await;
    ask(&engine, &peer, "tasks/cancel", task.clone()).await;
    let told = client.told().await;
    assert_eq!(told["method"], "notifications/cancelled", "{told}");
    assert_eq!(told["params"]["requestId"], id, "{told}");
    let related = &told["params"]["_meta"]["io.modelcontextprotocol/related-task"];
    assert_eq!(*related, task, "{told}");
    soon(waiting).await.unwrap();
}

#[tokio::test]
async fn a_question_that_was_answered_on_one_stream_is_taken_back_on_the_others() {
    let (engine, _) = served();
    let sessions = sessions(&engine, Duration::from_secs(600));
    let (_, peer) = open(&sessions, Caller::default()).await;
    let task = begin(&engine, &peer, "asks_twice").await;
    let (one, two) = (Client::new(false), Client::new(false));
    let waiting = [
        waits(&engine, &peer, &task, &one),
        waits(&engine, &peer, &task, &two),
    ];
    let (first, elsewhere) = (one.asked().await, two.asked().await);
    answered(&peer, &first);
    let told = two.told().await;
    assert_eq!(told["method"], "notifications/cancelled", "{told}");
    assert_eq!(told["params"]["requestId"], elsewhere, "{told}");
    // The next one is asked on both, and the one who has answered has nothing taken back.
    one.asked().await;
    answered(&peer, &two.asked().await);
    for waiting in waiting {
        let came_to = soon(waiting).await.unwrap();
        let text = &came_to["result"]["content"][0]["text"];
        assert_eq!(text, "done", "{came_to}");
    }
    let told = one.told.lock().unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_ne!(told[0]["params"]["requestId"], first, "{told:?}");
}

#[tokio::test]
async fn the_reason_why_a_client_will_not_be_asked_reaches_the_tool() {
    let (engine, _) = served();
    let sessions = sessions(&engine, Duration::from_secs(600));
    let (_, peer) = open(&sessions, Caller::default()).await;
    let task = begin(&engine, &peer, "asks").await;
    let client = Client::new(false);
    let waiting = waits(&engine, &peer, &task, &client);
    let id = client.asked().await;
    let error = json!({"code": -32603, "message": "no roots today"});
    answered_with(&peer, json!({"jsonrpc": "2.0", "id": id, "error": error}));
    let came_to = soon(waiting).await.unwrap();
    let text = &came_to["result"]["content"][0]["text"];
    let expected = "the client refused to be asked: no roots today";
    assert_eq!(text, expected, "{came_to}");
}

#[tokio::test(start_paused = true)]
async fn a_question_that_nobody_has_answered_in_time_waits_for_whoever_comes_next() {
    let limit = Duration::from_secs(3);
    let (engine, _) = served_as(|server| server.question_timeout(limit));
    let sessions = sessions(&engine, Duration::from_secs(600));
    let (_, peer) = open(&sessions, Caller::default()).await;
    let task = begin(&engine, &peer, "asks").await;
    let silent = Client::new(false);
    let waiting = waits(&engine, &peer, &task, &silent);
    silent.asked().await;
    let told = silent.told().await;
    assert_eq!(told["method"], "notifications/cancelled", "{told}");
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    let shown = ask(&engine, &peer, "tasks/get", task.clone()).await;
    assert_eq!(shown["result"]["status"], "input_required", "{shown}");
    waiting.abort();
    let here = Client::new(false);
    let waiting = waits(&engine, &peer, &task, &here);
    answered(&peer, &here.asked().await);
    let came_to = soon(waiting).await.unwrap();
    let text = &came_to["result"]["content"][0]["text"];
    assert_eq!(text, "0 roots", "{came_to}");
}

#[tokio::test]
async fn a_client_that_cannot_be_asked_is_not_though_another_one_has_begun_the_task() {
    let (engine, _) = served();
    let sessions = sessions(&engine, Duration::from_secs(600));
    let alice = Caller::new("t").with_principal("alice");
    let (_, able) = open(&sessions, alice.clone()).await;
    let (_, unable) = open_with(&sessions, alice, json!({})).await;
    let task = begin(&engine, &able, "asks").await;
    until(&engine, &able, &task, "input_required").await;
    let (not_asked, asked) = (Client::new(false), Client::new(false));
    let waiting = [
        waits(&engine, &unable, &task, &not_asked),
        waits(&engine, &able, &task, &asked),
    ];
    answered(&able, &asked.asked().await);
    for waiting in waiting {
        let came_to = soon(waiting).await.unwrap();
        let text = &came_to["result"]["content"][0]["text"];
        assert_eq!(text, "0 roots", "{came_to}");
    }
    let said = not_asked.asked.lock().unwrap();
    assert!(said.is_empty(), "{said:?}");
}
