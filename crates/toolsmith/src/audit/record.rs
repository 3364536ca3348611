//! One record: a line of JSON.

use std::time::{Instant, SystemTime};

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::redact::Redaction;
use crate::server::Peer;
use crate::server::middleware::{Ending, Operation};

/// The longest word of a client that is written, in characters.
const MAX_WORD: usize = 1000;
/// The longest arguments that are written, in bytes.
const MAX_ARGUMENTS: usize = 16 * 1024;

/// What is known of a call before it ends.
pub(super) struct Record {
    time: SystemTime,
    begun: Instant,
    peer: Peer,
    request_id: Option<Box<RawValue>>,
    trace_id: Option<String>,
    method: String,
    name: Option<String>,
    arguments: Option<Value>,
}

/// A record as it is written.
#[derive(Serialize)]
struct Line<'a> {
    time: String,
    tenant: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transport: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arguments: Option<&'a Value>,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<i64>,
    duration_ms: f64,
}

impl Record {
    /// What is known of an operation, with its arguments where they are wanted.
    pub(super) fn of(
        operation: &Operation,
        arguments: Option<&Redaction>,
        targets: &Redaction,
    ) -> Self {
        let arrival = operation.arrival();
        let trace = operation.trace();
        let trace = trace.as_ref().or_else(|| arrival?.trace.as_ref());
        let id = std::str::from_utf8(operation.request_id().as_json()).ok();
        Self {
            time: SystemTime::now(),
            begun: Instant::now(),
            peer: operation.peer().clone(),
            request_id: id.and_then(|id| RawValue::from_string(id.to_owned()).ok()),
            trace_id: trace.map(|it| it.trace_id().to_owned()),
            method: word(operation.method().as_str()),
            name: operation.target().map(|it| word(&targets.uri(it))),
            arguments: arguments.and_then(|redaction| shown(operation.arguments(), redaction)),
        }
    }

    /// The line of it, with how it ended.
    pub(super) fn line(self, ending: Ending) -> Vec<u8> {
        let Peer {
            caller,
            client,
            arrival,
            ..
        } = &self.peer;
        let arrival = arrival.as_deref();
        let line = Line {
            time: humantime::format_rfc3339_millis(self.time).to_string(),
            tenant: caller.tenant(),
            principal: caller.principal(),
            client: client.as_ref().map(|it| &*it.name),
            address: arrival.and_then(|it| it.address).map(|it| it.to_string()),
            transport: arrival.map(|it| it.transport),
            request_id: self.request_id.as_deref(),
            http_request_id: arrival.and_then(|it| it.request_id.as_deref()),
            trace_id: self.trace_id.as_deref(),
            method: &self.method,
            name: self.name.as_deref(),
            arguments: self.arguments.as_ref(),
            outcome: ending.as_str(),
            error: ending.error().map(|it| it.name()),
            code: ending.error().map(|it| it.code()),
            duration_ms: self.begun.elapsed().as_secs_f64() * 1000.0,
        };
        // Texts, numbers and JSON that was read before: nothing that cannot be written.
        let mut line = serde_json::to_vec(&line).unwrap_or_default();
        line.push(b'\n');
        line
    }
}

/// Arguments as they are written: without secrets, and not without end.
fn shown(json: &[u8], redaction: &Redaction) -> Option<Value> {
    if json.is_empty() {
        return None;
    }
    if json.len() > MAX_ARGUMENTS {
        return Some(format!("[{} bytes]", json.len()).into());
    }
    match serde_json::from_slice(json) {
        Ok(mut value) => {
            redaction.value(&mut value);
            Some(value)
        }
        Err(_) => Some("[unreadable]".into()),
    }
}

fn word(text: &str) -> String {
    text.chars().take(MAX_WORD).collect()
}
