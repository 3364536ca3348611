//! Conversations that are written down, for the revisions that the official conformance
//! suite hardly covers. Each is held over both transports.
//!
//! A line of `tests/conversations/<revision>.txt` that begins with `>` is what the client
//! sends, and one that begins with `<` is what it must be sent next: the members that are
//! named, where `"…"` stands for anything. `!` does something to the server.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use toolsmith::Stdio;
use toolsmith::prelude::Registry;

use super::offers::{offers, visitor};
use crate::wire::{Ask, Gate, Pipe, Session, Stream, TestServer, soon};

/// Whether a message has everything that is expected of it.
fn fits(seen: &Value, expected: &Value) -> bool {
    match (seen, expected) {
        (_, Value::String(any)) if any == "…" => true,
        (Value::Object(seen), Value::Object(expected)) => expected
            .iter()
            .all(|(name, value)| seen.get(name).is_some_and(|seen| fits(seen, value))),
        (Value::Array(seen), Value::Array(expected)) => {
            seen.len() == expected.len() && seen.iter().zip(expected).all(|(s, e)| fits(s, e))
        }
        (seen, expected) => seen == expected,
    }
}

/// Whether an answer follows.
fn is_asked(message: &Value) -> bool {
    let one = |m: &Value| m.get("method").is_some() && m.get("id").is_some();
    match message {
        Value::Array(messages) => messages.iter().any(one),
        message => one(message),
    }
}

/// A client over HTTP, whose streams are read side by side.
struct OverHttp {
    server: TestServer,
    session: Option<Session>,
    came: mpsc::UnboundedReceiver<Value>,
    send: mpsc::UnboundedSender<Value>,
}

impl OverHttp {
    fn start(server: TestServer) -> Self {
        let (send, came) = mpsc::unbounded_channel();
        Self {
            server,
            session: None,
            came,
            send,
        }
    }

    fn read(&self, mut stream: Stream) {
        let send = self.send.clone();
        tokio::spawn(async move {
            while let Some(event) = stream.next().await {
                if let Some(message) = event {
                    let _ = send.send(message);
                }
            }
        });
    }

    async fn say(&mut self, message: &Value) {
        let Some(session) = self.session.clone() else {
            let reply = self.server.send(&Ask::post(message)).await;
            let opened = reply.message();
            self.session = reply.field("mcp-session-id").map(|id| Session {
                id: id.to_owned(),
                revision: opened["result"]["protocolVersion"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
            });
            let _ = self.send.send(opened);
            return;
        };
        let ask = session.post(message);
        if is_asked(message) {
            let stream = self.server.open(&ask).await;
            return self.read(stream);
        }
        let reply = self.server.send(&ask).await;
        assert_eq!((reply.status, reply.text.as_str()), (202, ""), "{message}");
        if message["method"] == "notifications/initialized" {
            let mut stream = self.server.open(&session.stream()).await;
            assert_eq!(
                stream.next().await,
                Some(None),
                "a comment opens the stream"
            );
            self.read(stream);
        }
    }

    async fn next(&mut self) -> Value {
        soon("a message", self.came.recv()).await.unwrap()
    }
}

enum Client {
    Http(Box<OverHttp>),
    Stdio(Box<Pipe>),
}

impl Client {
    async fn say(&mut self, message: &Value) {
        match self {
            Self::Http(http) => http.say(message).await,
            Self::Stdio(pipe) => pipe.line(message).await,
        }
    }

    async fn next(&mut self) -> Value {
        match self {
            Self::Http(http) => http.next().await,
            Self::Stdio(pipe) => pipe.next().await.unwrap(),
        }
    }
}

fn act(line: &str, registry: &Registry, gate: &Gate) {
    match line {
        "add a tool" => registry.add_tool(visitor()).unwrap(),
        "remove the tool" => assert!(registry.remove_tool("visitor")),
        "update the page" => registry.resource_updated("test://page"),
        "open the gate" => gate.open(),
        other => panic!("nobody knows how to `{other}`"),
    }
}

async fn hold(mut client: Client, revision: &str, registry: &Registry, gate: &Gate) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let path = path
        .join("tests/conversations")
        .join(format!("{revision}.txt"));
    let script = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
    let mut lines = 0;
    for (at, line) in script.lines().enumerate() {
        let place = format!("{revision}.txt, line {}: {line}", at + 1);
        let json = |text: &str| -> Value {
            serde_json::from_str(text).unwrap_or_else(|e| panic!("{place}: {e}"))
        };
        match line.split_once(' ') {
            Some((">", message)) => client.say(&json(message)).await,
            Some(("<", expected)) => {
                let seen = client.next().await;
                assert!(fits(&seen, &json(expected)), "{place}\nwas sent {seen}");
                lines += 1;
            }
            Some(("!", what)) => act(what, registry, gate),
            _ => assert!(line.is_empty() || line.starts_with('#'), "{place}"),
        }
    }
    assert!(
        lines > 20,
        "{revision}: only {lines} messages were looked at"
    );
}

const REVISIONS: [&str; 2] = ["2024-11-05", "2025-03-26"];

#[tokio::test]
async fn over_http() {
    for revision in REVISIONS {
        let (server, registry) = super::offers::start();
        let gate = Arc::clone(&server.gate);
        let client = Client::Http(Box::new(OverHttp::start(server)));
        hold(client, revision, &registry, &gate).await;
    }
}

#[tokio::test]
async fn over_stdio() {
    for revision in REVISIONS {
        let gate = Arc::new(Gate::default());
        let server = offers(&gate);
        let registry = server.registry();
        let (pipe, _) = Pipe::to(server, Stdio::new());
        hold(Client::Stdio(Box::new(pipe)), revision, &registry, &gate).await;
    }
}

#[test]
fn a_message_that_lacks_something_does_not_fit() {
    let seen = json!({"a": {"b": [1, {"c": 2}]}, "d": 3});
    for good in [
        json!({"d": 3}),
        json!({"a": "…"}),
        json!({"a": {"b": [1, {}]}}),
    ] {
        assert!(fits(&seen, &good), "{good}");
    }
    for bad in [json!({"d": 4}), json!({"e": "…"}), json!({"a": {"b": [1]}})] {
        assert!(!fits(&seen, &bad), "{bad}");
    }
}
