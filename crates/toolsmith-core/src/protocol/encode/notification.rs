//! Notifications: what a client is told without having asked for it in a request.

use serde_json::{Map, Value, json};

use crate::protocol::question::related_to;
use crate::protocol::{LogLevel, ProgressToken, RequestId, Revision, SubscriptionFilter, TaskView};

/// The `_meta` key that joins a notification to the subscription that it belongs to.
pub(super) const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";

/// A change that a subscriber is told of.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Notice {
    /// The list of tools has changed.
    ToolsChanged,
    /// The list of prompts has changed.
    PromptsChanged,
    /// The list of resources has changed.
    ResourcesChanged,
    /// A resource has changed.
    ResourceUpdated(Box<str>),
    /// A task has changed.
    Task(Box<TaskView>),
}

/// Writes a change; for a modern client with the request that opened its subscription.
pub fn encode_notice(
    notice: &Notice,
    revision: Revision,
    subscription: Option<&RequestId>,
) -> Vec<u8> {
    let (method, mut params) = match notice {
        Notice::ToolsChanged => ("notifications/tools/list_changed", Map::new()),
        Notice::PromptsChanged => ("notifications/prompts/list_changed", Map::new()),
        Notice::ResourcesChanged => ("notifications/resources/list_changed", Map::new()),
        Notice::ResourceUpdated(uri) => {
            let params = Map::from_iter([("uri".to_owned(), json!(uri))]);
            ("notifications/resources/updated", params)
        }
        Notice::Task(task) if revision.is_modern() => {
            ("notifications/tasks", super::task::detailed(task, revision))
        }
        Notice::Task(task) => ("notifications/tasks/status", task.members(false)),
    };
    if let Some(id) = subscription {
        params.insert("_meta".to_owned(), subscribed(id));
    }
    notification(method, params)
}

/// Writes what a subscription of the modern era was granted, which is the first that is
/// said on it.
///
/// Implements "Acknowledgment" of revision 2026-07-28, `basic/patterns/subscriptions`.
pub fn encode_acknowledged(filter: &SubscriptionFilter, subscription: &RequestId) -> Vec<u8> {
    let params = Map::from_iter([
        ("_meta".to_owned(), subscribed(subscription)),
        ("notifications".to_owned(), json!(filter)),
    ]);
    notification("notifications/subscriptions/acknowledged", params)
}

/// Writes that the server has ended a request, which in the modern era it may say of a
/// subscription only. A task that it belongs to is named, as the legacy era wants it.
pub fn encode_cancelled(request: &RequestId, reason: &str, task: Option<&str>) -> Vec<u8> {
    let mut params = Map::from_iter([
        ("requestId".to_owned(), identifier(request.as_json())),
        ("reason".to_owned(), json!(reason)),
    ]);
    if let Some(task) = task {
        params.insert("_meta".to_owned(), related_to(task));
    }
    notification("notifications/cancelled", params)
}

/// Writes that what a user was sent to a URL for is done. Only revision 2025-11-25 has it.
pub fn encode_elicitation_complete(id: &str) -> Vec<u8> {
    let params = Map::from_iter([("elicitationId".to_owned(), json!(id))]);
    notification("notifications/elicitation/complete", params)
}

/// Writes a log message.
pub fn encode_log(level: LogLevel, logger: Option<&str>, data: &Value) -> Vec<u8> {
    let mut params = Map::from_iter([("level".to_owned(), json!(level))]);
    if let Some(logger) = logger {
        params.insert("logger".to_owned(), json!(logger));
    }
    params.insert("data".to_owned(), data.clone());
    notification("notifications/message", params)
}

fn notification(method: &str, params: Map<String, Value>) -> Vec<u8> {
    let mut message = json!({"jsonrpc": "2.0", "method": method});
    if let Some(message) = message.as_object_mut().filter(|_| !params.is_empty()) {
        message.insert("params".to_owned(), Value::Object(params));
    }
    message.to_string().into_bytes()
}

fn subscribed(id: &RequestId) -> Value {
    json!({SUBSCRIPTION_ID: identifier(id.as_json())})
}

/// An identifier as it was written, which is a string or an integer.
fn identifier(json: &[u8]) -> Value {
    serde_json::from_slice(json).unwrap_or_default()
}

/// Writes a progress notification.
pub fn encode_progress(
    token: &ProgressToken,
    revision: Revision,
    progress: f64,
    total: Option<f64>,
    message: Option<&str>,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(160);
    out.extend_from_slice(
        br#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"#,
    );
    out.extend_from_slice(token.as_json());
    out.extend_from_slice(format!(r#","progress":{}"#, number(progress)).as_bytes());
    if let Some(total) = total {
        out.extend_from_slice(format!(r#","total":{}"#, number(total)).as_bytes());
    }
    if let Some(message) = message.filter(|_| revision.has_annotations()) {
        out.extend_from_slice(br#","message":"#);
        out.extend_from_slice(Value::from(message).to_string().as_bytes());
    }
    out.extend_from_slice(b"}}");
    out
}

/// A number as JSON: whole ones without a fraction, and never `NaN`.
fn number(value: f64) -> Value {
    const SAFE: f64 = 9_007_199_254_740_991.0;
    if value.fract() == 0.0 && value.abs() <= SAFE {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole and within the range of both types"
        )]
        return Value::from(value as i64);
    }
    serde_json::Number::from_f64(value).map_or(Value::from(0), Value::Number)
}
