//! A client in memory, to test a server without a port.
//!
//! [`TestClient`] says the same bytes as a client over HTTP or a pipe, and reads the same
//! bytes: what a test sees is what a client sees.

mod answers;
mod results;
mod sink;
mod tasks;
mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

pub use answers::Answers;
pub use results::{CallResult, Failure, PromptMessages};
use sink::TestSink;
pub use watch::Sender;

use crate::Caller;
use crate::ports::{EventLimits, MemoryEvents, MemorySessions};
use crate::protocol::{Decoded, LogLevel, Message, Revision, decode};
use crate::server::{Engine, Peer, ReplySink, Server, SessionRef, Sessions, StartError};

/// How often a modern client asks again with answers.
const MAX_ROUNDS: usize = 32;
/// How long the one legacy session of a client is kept.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// A client in memory.
///
/// It speaks the newest revision unless told otherwise, and answers questions of the server
/// with closures.
///
/// ```
/// use serde_json::json;
/// use toolsmith_core::server::Server;
/// use toolsmith_core::server::tool::DynamicTool;
/// use toolsmith_core::testing::TestClient;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let schema = json!({"type": "object", "properties": {"name": {"type": "string"}}});
/// let greet = DynamicTool::new("greet", schema, |arguments, _| async move {
///     format!("Hello, {}!", arguments["name"].as_str().unwrap_or("you"))
/// });
/// let client = TestClient::new(Server::new("greeter").dynamic_tool(greet)).unwrap();
///
/// let result = client.call("greet", json!({"name": "Ada"})).await.unwrap();
/// assert_eq!(result.text(), "Hello, Ada!");
/// # }
/// ```
#[derive(Debug)]
pub struct TestClient {
    engine: Engine,
    revision: Revision,
    caller: Caller,
    answers: Arc<Answers>,
    extensions: Map<String, Value>,
    declared: Option<Value>,
    log_level: Option<LogLevel>,
    sink: Arc<TestSink>,
    sessions: Arc<Sessions>,
    session: OnceCell<Peer>,
    next_id: AtomicU64,
}

impl TestClient {
    /// A client of a server.
    ///
    /// # Errors
    ///
    /// When the server cannot start.
    pub fn new(server: Server) -> Result<Self, StartError> {
        Ok(Self::of(server.build()?))
    }

    /// One more client of a server that other clients share.
    pub fn of(engine: Engine) -> Self {
        let store = Arc::new(MemorySessions::new(16, KEPT));
        let events = Arc::new(MemoryEvents::new(EventLimits::default()));
        let answers = Arc::new(Answers::default());
        Self {
            sessions: Sessions::new(engine.clone(), store, events, KEPT),
            engine,
            revision: Revision::LATEST,
            caller: Caller::default(),
            sink: Arc::new(TestSink::new(Arc::clone(&answers))),
            answers,
            extensions: Map::new(),
            declared: None,
            log_level: None,
            session: OnceCell::new(),
            next_id: AtomicU64::new(1),
        }
    }

    /// A client that speaks a revision. Set it before the first request.
    #[must_use]
    pub fn revision(mut self, revision: Revision) -> Self {
        self.revision = revision;
        self
    }

    /// A client of a tenant, and of a principal in it.
    #[must_use]
    pub fn caller(mut self, caller: Caller) -> Self {
        self.caller = caller;
        self
    }

    /// A client that declares these capabilities, and not what its answers are good for.
    #[must_use]
    pub fn capabilities(mut self, capabilities: Value) -> Self {
        self.declared = Some(capabilities);
        self
    }

    /// A client that declares an extension, such as `io.modelcontextprotocol/tasks`.
    #[must_use]
    pub fn extension(mut self, identifier: impl Into<String>, settings: Value) -> Self {
        self.extensions.insert(identifier.into(), settings);
        self
    }

    /// A client whose user fills in forms: it is given the parameters of the question, and
    /// gives the content of the form, or `None` to decline.
    #[must_use]
    pub fn on_elicit(
        self,
        answer: impl Fn(&Value) -> Option<Value> + Send + Sync + 'static,
    ) -> Self {
        self.answers.set_elicit(Box::new(answer));
        self
    }

    /// A client whose model answers: it is given the parameters of the question, and gives
    /// the text of the answer.
    #[must_use]
    pub fn on_sample(self, answer: impl Fn(&Value) -> String + Send + Sync + 'static) -> Self {
        self.answers.set_sample(Box::new(move |params| {
            json!({
                "role": "assistant",
                "content": {"type": "text", "text": answer(params)},
                "model": "test",
                "stopReason": "endTurn",
            })
        }));
        self
    }

    /// A client whose model answers with anything: it is given the parameters of the
    /// question, and gives the whole result, such as one that wants to use a tool.
    #[must_use]
    pub fn on_sample_message(
        self,
        answer: impl Fn(&Value) -> Value + Send + Sync + 'static,
    ) -> Self {
        self.answers.set_sample(Box::new(answer));
        self
    }

    /// Shows every message of both directions as it is sent, such as to hold it against a
    /// schema. Set it before the first request.
    #[must_use]
    pub fn on_message(self, see: impl Fn(Sender, &Value) + Send + Sync + 'static) -> Self {
        self.sink.watch.set(Box::new(see));
        self
    }

    /// A client to which these folders matter.
    #[must_use]
    pub fn roots(self, uris: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let uris = uris.into_iter().map(Into::<String>::into);
        let roots: Vec<Value> = uris.map(|uri| json!({"uri": uri})).collect();
        self.answers.set_roots(roots);
        self
    }

    /// A client that wants log messages from a level on.
    #[must_use]
    pub fn log_level(mut self, level: LogLevel) -> Self {
        self.log_level = Some(level);
        self
    }

    /// Calls a tool.
    ///
    /// # Errors
    ///
    /// When the server answers with an error. A tool that failed is a result that says so.
    pub async fn call(&self, tool: &str, arguments: Value) -> Result<CallResult, Failure> {
        let params = json!({"name": tool, "arguments": arguments});
        let result = self.request("tools/call", params).await?;
        Ok(CallResult::new(result))
    }

    /// The names of the tools, in order.
    ///
    /// # Errors
    ///
    /// When the server answers with an error.
    pub async fn tools(&self) -> Result<Vec<String>, Failure> {
        let tools = self.list("tools/list", "tools").await?;
        Ok(named(&tools, "name"))
    }

    /// Everything that one of the lists shows, page after page: `tools/list` and `tools`,
    /// `resources/templates/list` and `resourceTemplates`.
    ///
    /// # Errors
    ///
    /// When the server answers with an error.
    pub async fn list(&self, method: &str, member: &str) -> Result<Vec<Value>, Failure> {
        let mut all = Vec::new();
        let mut params = json!({});
        loop {
            let mut page = self.request(method, params).await?;
            if let Value::Array(items) = page[member].take() {
                all.extend(items);
            }
            match page["nextCursor"].take() {
                Value::String(cursor) => params = json!({"cursor": cursor}),
                _ => return Ok(all),
            }
        }
    }

    /// Reads a resource, and gives its parts.
    ///
    /// # Errors
    ///
    /// When the server answers with an error, such as that there is none.
    pub async fn read(&self, uri: &str) -> Result<Vec<Value>, Failure> {
        let mut result = self.request("resources/read", json!({"uri": uri})).await?;
        match result["contents"].take() {
            Value::Array(contents) => Ok(contents),
            _ => Ok(Vec::new()),
        }
    }

    /// Fills in a prompt.
    ///
    /// # Errors
    ///
    /// When the server answers with an error.
    pub async fn prompt(&self, name: &str, arguments: Value) -> Result<PromptMessages, Failure> {
        let params = json!({"name": name, "arguments": arguments});
        let result = self.request("prompts/get", params).await?;
        Ok(PromptMessages::new(result))
    }

    /// The values that an argument may have. `reference` is the name of a prompt, or a URI
    /// template.
    ///
    /// # Errors
    ///
    /// When the server answers with an error.
    pub async fn complete(
        &self,
        reference: &str,
        argument: &str,
        typed: &str,
        others: Value,
    ) -> Result<Vec<String>, Failure> {
        let reference = match reference.contains(':') {
            true => json!({"type": "ref/resource", "uri": reference}),
            false => json!({"type": "ref/prompt", "name": reference}),
        };
        let params = json!({
            "ref": reference,
            "argument": {"name": argument, "value": typed},
            "context": {"arguments": others},
        });
        let result = self.request("completion/complete", params).await?;
        let values = result.pointer("/completion/values");
        let values = values.and_then(Value::as_array).into_iter().flatten();
        Ok(values
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect())
    }

    /// Sends any request, answers what the server asks meanwhile, and gives the result.
    ///
    /// # Errors
    ///
    /// When the server answers with an error.
    pub async fn request(&self, method: &str, params: Value) -> Result<Value, Failure> {
        if !self.revision.is_modern() {
            return self.send(method, params).await;
        }
        let mut params = params;
        for _ in 0..MAX_ROUNDS {
            let result = self.send(method, params.clone()).await?;
            if result["resultType"] != "input_required" {
                return Ok(result);
            }
            let asked = result["inputRequests"].as_object().into_iter().flatten();
            let answers = asked.map(|(key, question)| (key.clone(), self.answers.answer(question)));
            params["inputResponses"] = Value::Object(answers.collect());
            params["requestState"] = result["requestState"].clone();
        }
        Err(Failure::new(format!(
            "the server asked {MAX_ROUNDS} times and still has no answer"
        )))
    }

    /// Sends one request, and gives the result as it came.
    ///
    /// # Errors
    ///
    /// When the server answers with an error.
    pub async fn send(&self, method: &str, params: Value) -> Result<Value, Failure> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let peer = match self.revision.is_modern() {
            true => None,
            false => Some(self.opened().await?),
        };
        let body = self.body(id, method, params, peer.is_none());
        let (request, peer) = match (decode(&body, None), peer) {
            (Ok(Decoded::Modern(request, meta)), None) => {
                (request, Peer::modern(meta, self.caller.clone()))
            }
            (Ok(Decoded::Legacy(Message::Request(request))), Some(peer)) => (request, peer),
            (Err(refusal), _) => return Err(Failure::refused(&refusal.error)),
            _ => return Err(Failure::new("the server does not take that for a request")),
        };
        self.sink.in_session(peer.session.clone());
        let sink: Arc<dyn ReplySink> = self.sink.clone();
        let sink = self.engine.may_speak(&request, &peer).then_some(sink);
        // In a box, so that what a test awaits stays small.
        let answer = Box::pin(self.engine.clone().answer(request, peer, sink)).await;
        let watch = &self.sink.watch;
        watch.see_bytes(Sender::Server, &answer.message);
        results::read(&answer.message)
    }

    /// What the server has said since it was looked at last: progress, log messages,
    /// changes, in order.
    pub fn notifications(&self) -> Vec<Value> {
        self.sink.take()
    }

    /// Waits for the next thing that the server says unasked, for as long as a test is
    /// patient.
    ///
    /// # Errors
    ///
    /// When nothing came.
    pub async fn next_notification(&self) -> Result<Value, Failure> {
        self.sink.next().await
    }

    /// Listens for changes, from when this returns: `{"toolsListChanged": true}` and the
    /// like. What is heard comes with the [notifications](Self::notifications). Dropping
    /// what is given ends it.
    ///
    /// A legacy client listens for everything, and says with `resources/subscribe` for
    /// which resources.
    ///
    /// # Errors
    ///
    /// When the server answers with an error.
    pub async fn listen(&self, filter: Value) -> Result<Listening, Failure> {
        let task = match self.revision.is_modern() {
            true => self.listen_modern(filter)?,
            false => self.listen_legacy().await?,
        };
        Ok(Listening(task))
    }

    fn listen_modern(&self, filter: Value) -> Result<tokio::task::JoinHandle<()>, Failure> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let params = json!({"notifications": filter});
        let body = self.body(id, "subscriptions/listen", params, true);
        let Ok(Decoded::Modern(request, meta)) = decode(&body, None) else {
            return Err(Failure::new("the server does not take that for a request"));
        };
        let peer = Peer::modern(meta, self.caller.clone());
        let sink: Arc<dyn ReplySink> = self.sink.clone();
        let (engine, heard) = (self.engine.clone(), Arc::clone(&self.sink));
        Ok(tokio::spawn(async move {
            let answer = engine.answer(request, peer, Some(sink)).await;
            heard.notify(answer.message);
        }))
    }

    async fn listen_legacy(&self) -> Result<tokio::task::JoinHandle<()>, Failure> {
        let peer = self.opened().await?;
        let session = peer.session.clone();
        let session = session.ok_or_else(|| Failure::new("there is no session"))?;
        let notices = session.notices(&peer, usize::MAX).await;
        let mut notices = notices.map_err(|error| Failure::refused(&error))?;
        let sink = Arc::clone(&self.sink);
        Ok(tokio::spawn(async move {
            while let Some(message) = notices.next().await {
                sink.notify(message);
            }
        }))
    }

    /// The legacy session, opened when it is first needed.
    async fn opened(&self) -> Result<Peer, Failure> {
        let opened = self.session.get_or_try_init(|| self.open()).await?;
        let session = opened.session.as_ref().map(SessionRef::id);
        let session = session.ok_or_else(|| Failure::new("there is no session"))?;
        let found = self.sessions.find(session, &self.caller).await;
        found.map_err(|error| Failure::refused(&error))
    }

    async fn open(&self) -> Result<Peer, Failure> {
        let params = json!({
            "protocolVersion": self.revision.as_str(),
            "capabilities": self.declares(),
            "clientInfo": {"name": "test", "version": "0"},
        });
        let body = self.body(0, "initialize", params, false);
        let Ok(Decoded::Legacy(Message::Request(request))) = decode(&body, None) else {
            return Err(Failure::new("the server does not take that for a request"));
        };
        let opened = self.engine.initialize(&request.params);
        let (mut peer, outcome) = opened.map_err(|error| Failure::refused(&error))?;
        let answer = self.engine.encode(&outcome, &request.id, peer.revision);
        self.sink.watch.see_bytes(Sender::Server, &answer);
        peer.caller = self.caller.clone();
        let id = self.sessions.open(&peer).await;
        let id = id.map_err(|error| Failure::refused(&error))?;
        let peer = self.sessions.find(id, &self.caller).await;
        let peer = peer.map_err(|error| Failure::refused(&error))?;
        if let Some(session) = &peer.session {
            session.initialized();
        }
        if let (Some(level), Some(session)) = (self.log_level, &peer.session) {
            let set = session.set_log_level(level).await;
            set.map_err(|error| Failure::refused(&error))?;
        }
        Ok(peer)
    }

    fn declares(&self) -> Value {
        let declared = self.declared.clone();
        let mut capabilities = declared.unwrap_or_else(|| self.answers.capabilities());
        if !self.extensions.is_empty() {
            capabilities["extensions"] = Value::Object(self.extensions.clone());
        }
        capabilities
    }

    fn body(&self, id: u64, method: &str, mut params: Value, modern: bool) -> Bytes {
        if modern {
            let mut meta = json!({
                "io.modelcontextprotocol/protocolVersion": self.revision.as_str(),
                "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "0"},
                "io.modelcontextprotocol/clientCapabilities": self.declares(),
            });
            if let Some(level) = self.log_level {
                meta["io.modelcontextprotocol/logLevel"] = json!(level);
            }
            if let (Some(meta), Some(own)) = (meta.as_object_mut(), params["_meta"].as_object()) {
                meta.extend(own.clone());
            }
            params["_meta"] = meta;
        }
        let body = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.sink.watch.see(Sender::Client, &body);
        body.to_string().into()
    }
}

/// A client listens for as long as this is kept.
#[derive(Debug)]
#[must_use = "dropping it ends the listening"]
pub struct Listening(tokio::task::JoinHandle<()>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn named(items: &[Value], key: &str) -> Vec<String> {
    let names = items.iter().filter_map(|item| item[key].as_str());
    names.map(str::to_owned).collect()
}
