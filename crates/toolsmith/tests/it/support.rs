//! Asking an engine, without a transport, and reading its log.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Notify;
use toolsmith::protocol::{Decoded, Message, Revision, decode};
use toolsmith::server::{Engine, Peer};
use tracing::Dispatch;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

/// How long a test waits for what is due at once.
const PATIENCE: Duration = Duration::from_secs(20);

/// Asks for a method and gives back the whole answer.
pub(crate) async fn ask(
    engine: &Engine,
    revision: Revision,
    method: &str,
    mut params: Value,
) -> Value {
    if revision.is_modern() {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": revision.as_str(),
            "io.modelcontextprotocol/clientCapabilities": {},
        });
    }
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    send(engine, revision, body.to_string()).await
}

/// Sends a request as it is and gives back the whole answer.
pub(crate) async fn send(engine: &Engine, revision: Revision, body: String) -> Value {
    let (request, peer) = match decode(&body.into(), None).unwrap() {
        Decoded::Modern(request, meta) => {
            (request, Peer::modern(meta, toolsmith::Caller::default()))
        }
        Decoded::Legacy(Message::Request(request)) => (request, legacy(engine, revision)),
        other => panic!("no request: {other:?}"),
    };
    let id = request.id.clone();
    let outcome = engine.clone().dispatch(request, peer, None);
    let outcome = tokio::time::timeout(PATIENCE, outcome).await;
    let outcome = outcome.expect("the request was never answered");
    serde_json::from_slice(&engine.encode(&outcome, &id, revision)).unwrap()
}

/// The client that a legacy handshake makes known.
fn legacy(engine: &Engine, revision: Revision) -> Peer {
    let body = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": revision.as_str(), "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    }});
    let decoded = decode(&body.to_string().into(), None).unwrap();
    let Decoded::Legacy(Message::Request(request)) = decoded else {
        panic!("no request: {decoded:?}");
    };
    engine.initialize(&request.params).unwrap().0
}

/// Calls a tool and gives back the whole answer.
pub(crate) async fn call(
    engine: &Engine,
    revision: Revision,
    name: &str,
    arguments: Value,
) -> Value {
    let params = json!({"name": name, "arguments": arguments});
    ask(engine, revision, "tools/call", params).await
}

/// Calls a tool as a modern client and gives back its text and whether it is an error.
pub(crate) async fn text(engine: &Engine, name: &str, arguments: Value) -> (String, bool) {
    let answer = call(engine, Revision::LATEST, name, arguments).await;
    let text = answer["result"]["content"][0]["text"].as_str();
    let text = text.unwrap_or_else(|| panic!("no text: {answer}"));
    (text.to_owned(), answer["result"]["isError"] == true)
}

/// The tools that a client of a revision is told of.
pub(crate) async fn list(engine: &Engine, revision: Revision) -> Vec<Value> {
    let answer = ask(engine, revision, "tools/list", json!({})).await;
    let tools = answer["result"]["tools"].as_array();
    tools.unwrap_or_else(|| panic!("no list: {answer}")).clone()
}

/// The only tool of a server, as a modern client is told of it.
pub(crate) async fn only(engine: &Engine) -> Value {
    let mut tools = list(engine, Revision::LATEST).await;
    assert_eq!(tools.len(), 1, "{tools:?}");
    tools.remove(0)
}

/// What this thread logs, from now until it is dropped.
pub(crate) struct Log {
    written: Written,
    _guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn capture() -> Self {
        // While there is one subscriber only, a thread without it that is the first to
        // reach an event turns the event off for everybody. So there are always two.
        static ANOTHER: OnceLock<Dispatch> = OnceLock::new();
        ANOTHER.get_or_init(|| subscriber(Written::default()));
        let written = Written::default();
        Self {
            _guard: tracing::dispatcher::set_default(&subscriber(written.clone())),
            written,
        }
    }

    pub(crate) fn text(&self) -> String {
        let bytes = self.written.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }
}

fn subscriber(written: Written) -> Dispatch {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(written);
    Dispatch::new(subscriber.finish())
}

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Written {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// A place where a plain function waits, so that a test knows where it is.
pub(crate) struct Gate {
    reached: Notify,
    open: Sender<()>,
    opened: Mutex<Receiver<()>>,
}

impl Gate {
    pub(crate) fn new() -> Arc<Self> {
        let (open, opened) = channel();
        Arc::new(Self {
            reached: Notify::new(),
            open,
            opened: Mutex::new(opened),
        })
    }

    /// Blocks the thread until the gate is opened, or fails.
    pub(crate) fn wait(&self) {
        self.reached.notify_one();
        let opened = self.opened.lock().unwrap();

        opened
            .recv_timeout(PATIENCE)
            .expect("the gate was never opened");
    }

    /// Until somebody waits at the gate.
    pub(crate) async fn reached(&self) {
        let reached = tokio::time::timeout(PATIENCE, self.reached.notified()).await;
        reached.expect("nobody came to the gate");
    }

    pub(crate) fn open(&self) {
        self.open.send(()).unwrap();
    }
}
