//! Which revision a request is of and what it asked for, so that each answer can be held
//! against the right part of the right schema.

use serde_json::Value;

use super::Ask;
use super::ask::MODERN;
use super::schema::check;

/// The field of `_meta` that names the revision.
const VERSION: &str = "/params/_meta/io.modelcontextprotocol~1protocolVersion";

/// What is known of a request when its answer comes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exchange {
    /// The revision, where one was agreed on.
    revision: Option<String>,
    /// What was asked, by id.
    asked: Vec<(Value, String)>,
}

impl Exchange {
    /// A request over HTTP, in a session of the revision given if there is one.
    pub(crate) fn http(ask: &Ask, session: Option<String>) -> Self {
        let mut exchange = Self::message(&ask.body, session);
        if ask.get_field("MCP-Protocol-Version") == Some(MODERN) {
            exchange.revision = Some(MODERN.to_owned());
        }
        exchange
    }

    /// A message, in a conversation of the revision given if there is one.
    pub(crate) fn message(body: &[u8], legacy: Option<String>) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let messages = match &body {
            Value::Array(messages) => messages.as_slice(),
            one => std::slice::from_ref(one),
        };
        let asked = messages.iter().filter_map(|m| {
            let method = m["method"].as_str()?;
            Some((m.get("id")?.clone(), method.to_owned()))
        });
        let named = body.pointer(VERSION).and_then(Value::as_str);
        let modern = named.filter(|v| *v >= MODERN || !v.starts_with("20"));
        Self {
            asked: asked.collect(),
            revision: modern.map(|_| MODERN.to_owned()).or(legacy),
        }
    }

    /// Takes over what another request asked, for answers that come in any order.
    pub(crate) fn remember(&mut self, other: Exchange) {
        self.revision = other.revision;
        self.asked.extend(other.asked);
    }

    /// Checks a message that came in answer. Fails the test when it is wrong.
    pub(crate) fn answered(&self, message: &Value) {
        let agreed = message.pointer("/result/protocolVersion");
        let revision = agreed.and_then(Value::as_str).or(self.revision.as_deref());
        // Until a revision is agreed on, the newest that has errors without an id.
        let revision = revision.unwrap_or("2025-11-25");
        if let Err(wrong) = check(revision, |id| self.method(id), message) {
            panic!("{wrong}\nrevision {revision}, message: {message}");
        }
    }

    fn method(&self, id: &Value) -> Option<&str> {
        let mut asked = self.asked.iter().rev();
        asked.find(|(i, _)| i == id).map(|(_, m)| m.as_str())
    }

    /// Whether everything that was asked is in these answers, each once.
    pub(crate) fn ids(&self) -> Vec<Value> {
        self.asked.iter().map(|(id, _)| id.clone()).collect()
    }
}
