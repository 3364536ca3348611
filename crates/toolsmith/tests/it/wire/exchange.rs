//! Which revision a request is of and what it asked for, so that each answer can be held
//! against the right part of the right schema.

use std::collections::HashMap;
use std::sync::Mutex;

use serde_json::Value;

use super::Ask;
use super::ask::MODERN;
use super::schema::{check, check_client_answer, check_taken};

/// The field of `_meta` that names the revision.
const VERSION: &str = "/params/_meta/io.modelcontextprotocol~1protocolVersion";

/// What is known of requests when their answers come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exchange {
    /// The revision of the last request, where one was agreed on.
    revision: Option<String>,
    asked: Vec<Asked>,
}

#[derive(Clone, Debug)]
struct Asked {
    id: Value,
    method: String,
    revision: Option<String>,
    message: Value,
}

/// What is said in one conversation of one revision, in both directions.
#[derive(Debug)]
pub(crate) struct Talk {
    revision: String,
    said: Mutex<(Exchange, HashMap<String, String>)>,
}

impl Talk {
    pub(crate) fn new(revision: &str) -> Self {
        Self {
            revision: revision.to_owned(),
            said: Mutex::default(),
        }
    }

    /// Notes what was asked, and checks what was answered.
    pub(crate) fn client_said(&self, message: &Value) {
        let mut said = self.said.lock().unwrap();
        let Some(result) = message.get("result") else {
            let body = message.to_string().into_bytes();
            return said.0.asked(&body, Some(self.revision.clone()));
        };
        let asked = said.1.get(&message["id"].to_string());
        let asked = asked.unwrap_or_else(|| panic!("nobody asked: {message}"));
        if let Err(wrong) = check_client_answer(&self.revision, asked, result) {
            panic!(
                "a bad answer: {wrong}\nrevision {}: {message}",
                self.revision
            );
        }
    }

    /// Checks what a server said.
    pub(crate) fn server_said(&self, message: &Value) {
        let mut said = self.said.lock().unwrap();
        if let (Some(id), Some(method)) = (message.get("id"), message["method"].as_str()) {
            said.1.insert(id.to_string(), method.to_owned());
        }
        said.0.answered(message);
    }
}

impl Exchange {
    /// A request over HTTP, in a session of the revision given if there is one.
    pub(crate) fn http(ask: &Ask, session: Option<String>) -> Self {
        let mut exchange = Self::default();
        exchange.http_again(ask, session);
        exchange
    }

    /// One more request over HTTP.
    pub(crate) fn http_again(&mut self, ask: &Ask, session: Option<String>) {
        let modern = ask.get_field("MCP-Protocol-Version") == Some(MODERN);
        self.asked(&ask.body, modern.then(|| MODERN.to_owned()).or(session));
    }

    /// Notes a body that was sent, in a conversation of the revision given if there is one.
    pub(crate) fn asked(&mut self, body: &[u8], agreed: Option<String>) {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let messages = match &body {
            Value::Array(messages) => messages.as_slice(),
            one => std::slice::from_ref(one),
        };
        let named = body.pointer(VERSION).and_then(Value::as_str);
        let modern = named.is_some_and(|v| v >= MODERN || !v.starts_with("20"));
        self.revision = modern.then(|| MODERN.to_owned()).or(agreed);
        let asked = messages.iter().filter_map(|m| {
            Some(Asked {
                id: m.get("id")?.clone(),
                method: m["method"].as_str()?.to_owned(),
                revision: self.revision.clone(),
                message: m.clone(),
            })
        });
        self.asked.extend(asked);
    }

    /// Checks a message that came in answer. Fails the test when it is wrong.
    pub(crate) fn answered(&self, message: &Value) {
        let agreed = message.pointer("/result/protocolVersion");
        let asked = message.get("id").and_then(|id| self.find(id));
        let revision = agreed.and_then(Value::as_str);
        let revision = revision.or(match asked {
            Some(asked) => asked.revision.as_deref(),
            None => self.revision.as_deref(),
        });
        // Until a revision is agreed on, the newest legacy one.
        let revision = revision.unwrap_or("2025-11-25");
        let method = |id: &Value| self.find(id).map(|asked| asked.method.as_str());
        if let Err(wrong) = check(revision, method, message) {
            panic!("{wrong}\nrevision {revision}, message: {message}");
        }
        // What a server gives a result for must have been a good request.
        if let Some(asked) = asked.filter(|_| message.get("result").is_some())
            && let Err(wrong) = check_taken(revision, &asked.message)
        {
            panic!(
                "a bad request was taken: {wrong}\nrevision {revision}: {}",
                asked.message
            );
        }
    }

    fn find(&self, id: &Value) -> Option<&Asked> {
        self.asked.iter().rev().find(|asked| asked.id == *id)
    }
}
