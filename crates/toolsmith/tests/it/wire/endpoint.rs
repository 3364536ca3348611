//! A client of an MCP endpoint over HTTP.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Mutex;

use serde_json::{Value, json};

use super::ask::{Ask, call, modern, request};
use super::connection::Connection;
use super::exchange::Exchange;
use super::reply::{Reply, Stream};
use super::schema::check_client_answer;

/// An endpoint, and the revisions of the sessions that were opened there.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) address: SocketAddr,
    pub(crate) path: String,
    sessions: Mutex<HashMap<String, String>>,
    /// What was asked in each session, for streams that are taken up again.
    asked: Mutex<HashMap<String, Exchange>>,
}

impl Endpoint {
    /// The endpoint at a URL.
    pub(crate) fn at(url: &str) -> Self {
        let rest = url.strip_prefix("http://").unwrap();
        let at = rest.find('/').unwrap_or(rest.len());
        Self {
            address: rest[..at].parse().unwrap(),
            path: rest[at..].to_owned(),
            sessions: Mutex::default(),
            asked: Mutex::default(),
        }
    }

    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    /// What is known of a request when its answer comes.
    fn exchange(&self, ask: &Ask) -> Exchange {
        let session = ask.get_field("Mcp-Session-Id");
        let Some(session) = session else {
            return Exchange::http(ask, None);
        };
        let revision = self.sessions.lock().unwrap().get(session).cloned();
        let mut asked = self.asked.lock().unwrap();
        let exchange = asked.entry(session.to_owned()).or_default();
        exchange.http_again(ask, revision);
        exchange.clone()
    }

    /// The bytes of a request to this endpoint.
    pub(crate) fn bytes(&self, ask: &Ask) -> Vec<u8> {
        ask.bytes(&self.host(), &self.path)
    }

    /// Sends a request on a connection of its own and reads the whole answer.
    pub(crate) async fn send(&self, ask: &Ask) -> Reply {
        let mut connection = Connection::open(self.address).await;
        self.send_on(&mut connection, ask).await
    }

    /// Sends a request on a connection and reads the whole answer.
    pub(crate) async fn send_on(&self, connection: &mut Connection, ask: &Ask) -> Reply {
        connection.write(&self.bytes(ask)).await.unwrap();
        self.answer(connection, ask).await
    }

    /// Reads the whole answer to a request that was sent.
    pub(crate) async fn answer(&self, connection: &mut Connection, ask: &Ask) -> Reply {
        let head = connection.head().await;
        let body = match ask.method.as_str() {
            "HEAD" => Vec::new(),
            _ => connection.body(&head).await,
        };
        let reply = Reply::new(head, body, &self.exchange(ask));
        if let Some(id) = reply.field("mcp-session-id") {
            let opened = reply.message();
            let revision = opened["result"]["protocolVersion"].as_str().unwrap();
            let mut sessions = self.sessions.lock().unwrap();
            sessions.insert(id.to_owned(), revision.to_owned());
        }
        reply
    }

    /// Sends a request whose answer is read as it comes.
    pub(crate) async fn open(&self, ask: &Ask) -> Stream {
        match self.begin(ask).await {
            Ok(stream) => stream,
            Err(reply) => panic!("no stream: {reply:?}"),
        }
    }

    /// Sends a request whose answer is read as it comes if it is a stream, and is read whole
    /// if it is not.
    pub(crate) async fn begin(&self, ask: &Ask) -> Result<Stream, Reply> {
        let mut connection = Connection::open(self.address).await;
        connection.write(&self.bytes(ask)).await.unwrap();
        let head = connection.head().await;
        let exchange = self.exchange(ask);
        if (head.status, head.field("content-type")) == (200, Some("text/event-stream")) {
            return Ok(Stream::new(head, connection, exchange).await);
        }
        let body = connection.body(&head).await;
        Err(Reply::new(head, body, &exchange))
    }

    /// Opens a legacy session.
    pub(crate) async fn session(&self, revision: &str) -> Session {
        self.session_of(revision, json!({})).await
    }

    /// Opens a legacy session of a client that can do something.
    pub(crate) async fn session_of(&self, revision: &str, capabilities: Value) -> Session {
        let reply = self.send(&opening(revision, capabilities)).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let session = Session {
            id: reply.field("mcp-session-id").unwrap().to_owned(),
            revision: revision.to_owned(),
        };
        let opened = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        let reply = self.send(&session.post(opened)).await;
        assert_eq!((reply.status, reply.text.as_str()), (202, ""), "{reply:?}");
        session
    }

    /// Shows that the server answers a good call of each era.
    pub(crate) async fn still_serves(&self) {
        let sum = call("add", json!({"a": 2, "b": 3}));
        let reply = self.send(&modern(1, "tools/call", sum.clone())).await;
        assert_eq!((reply.status, reply.said().as_str()), (200, "5"));
        let session = self.session("2025-06-18").await;
        let reply = self.send(&session.ask(2, "tools/call", sum)).await;
        assert_eq!((reply.status, reply.said().as_str()), (200, "5"));
        let reply = self.send(&session.end()).await;
        assert_eq!(reply.status, 204, "{reply:?}");
    }

    /// Shows that a request is refused with a status, a code and an id (`null` for none),
    /// in words that say what was wrong, and that the server then serves on.
    pub(crate) async fn refuses(
        &self,
        ask: &Ask,
        (status, code, id): (u16, i64, Value),
        words: &[&str],
    ) -> Reply {
        let reply = self.send(ask).await;
        let saw = || format!("asked {ask:?}\nanswered {reply:?}");
        assert_eq!(reply.status, status, "{}", saw());
        let message = reply.message();
        assert_eq!(message["error"]["code"], code, "{}", saw());
        assert_eq!(
            message.get("id"),
            Some(&id).filter(|i| !i.is_null()),
            "{}",
            saw()
        );
        let text = message["error"]["message"].as_str().unwrap();
        assert!(!text.contains('\n'), "not one line: {}", saw());
        for word in words {
            assert!(text.contains(word), "`{word}` is not in: {}", saw());
        }
        self.still_serves().await;
        reply
    }
}

/// The legacy opening.
pub(crate) fn initialize(revision: &str) -> Ask {
    opening(revision, json!({}))
}

fn opening(revision: &str, capabilities: Value) -> Ask {
    Ask::post(request(
        0,
        "initialize",
        json!({
            "protocolVersion": revision,
            "capabilities": capabilities,
            "clientInfo": {"name": "test", "version": "0"},
        }),
    ))
}

/// A legacy session.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) revision: String,
}

impl Session {
    fn named(&self, ask: Ask) -> Ask {
        let ask = ask.field("Mcp-Session-Id", &self.id);
        // The first two revisions do not know this field.
        match self.revision.as_str() < "2025-06-18" {
            true => ask,
            false => ask.field("MCP-Protocol-Version", &self.revision),
        }
    }

    /// Any body, in this session.
    pub(crate) fn post(&self, body: impl ToString) -> Ask {
        self.named(Ask::post(body))
    }

    /// A request in this session.
    pub(crate) fn ask(&self, id: impl Into<Value>, method: &str, params: Value) -> Ask {
        self.post(request(id, method, params))
    }

    /// The answer to a request of the server's, which it sent in this session.
    pub(crate) fn answer(&self, request: &Value, result: Value) -> Ask {
        let method = request["method"].as_str().unwrap();
        if let Err(wrong) = check_client_answer(&self.revision, method, &result) {
            panic!(
                "a bad answer: {wrong}\nrevision {}: {result}",
                self.revision
            );
        }
        self.post(json!({"jsonrpc": "2.0", "id": request["id"], "result": result}))
    }

    /// Goes on with a stream of this session after an event.
    pub(crate) fn resume(&self, after: &str) -> Ask {
        self.stream().field("Last-Event-ID", after)
    }

    /// Opens the stream of this session.
    pub(crate) fn stream(&self) -> Ask {
        self.named(Ask::new("GET").field("Accept", "text/event-stream"))
    }

    /// Ends this session.
    pub(crate) fn end(&self) -> Ask {
        self.named(Ask::new("DELETE"))
    }
}
