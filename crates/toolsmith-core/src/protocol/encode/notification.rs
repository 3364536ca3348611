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
    /// What the user was sent to a page for is done, by the id that the page was given.
    ElicitationCompleted(Box<str>),
}

/// Writes a change; for a modern client with the request that opened its subscription.
pub fn encode_notice(
    notice: &Notice,
    revision: Revision,
    subscription: Option<&RequestId>,
) -> Vec<u8> {
    let (method, params) = match notice {
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
        Notice::ElicitationCompleted(id) => {
            let params = Map::from_iter([("elicitationId".to_owned(), json!(id))]);
            ("notifications/elicitation/complete", params)
        }
    };
    notification_with(method, params, subscription.map(subscribed))
}

/// Writes what a subscription of the modern era was granted, which is the first that is
/// said on it.
///
/// Implements "Acknowledgment" of revision 2026-07-28, `basic/patterns/subscriptions`.
pub fn encode_acknowledged(filter: &SubscriptionFilter, subscription: &RequestId) -> Vec<u8> {
    let params = Map::from_iter([("notifications".to_owned(), json!(filter))]);
    let method = "notifications/subscriptions/acknowledged";
    notification_with(method, params, Some(subscribed(subscription)))
}

/// Writes that the server waits no more for the answer to what it asked. A task that it
/// belongs to is named, as the legacy era wants it.
pub fn encode_cancelled(request: &RequestId, reason: &str, task: Option<&str>) -> Vec<u8> {
    let mut params = Map::from_iter([("reason".to_owned(), json!(reason))]);
    if let Some(task) = task {
        params.insert("_meta".to_owned(), related_to(task));
    }
    let id = ("requestId", request.as_json().to_vec());
    notification_with("notifications/cancelled", params, Some(id))
}

/// Writes that the server has ended a subscription of the modern era, where there is no
/// stream of its own to close.
///
/// Implements revision 2026-07-28, `basic/patterns/cancellation`.
pub fn encode_unsubscribed(subscription: &RequestId, reason: &str) -> Vec<u8> {
    let params = Map::from_iter([("reason".to_owned(), json!(reason))]);
    let (key, meta) = subscribed(subscription);
    let id = subscription.as_json();
    let id = [id, format!(",\"{key}\":").as_bytes(), &meta].concat();
    notification_with("notifications/cancelled", params, Some(("requestId", id)))
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
    notification_with(method, params, None)
}

/// Writes a notification, with one more parameter that is JSON already: a client is given
/// its identifiers back as it wrote them, which a number of any length would not survive
/// otherwise.
fn notification_with(
    method: &str,
    params: Map<String, Value>,
    written: Option<(&str, Vec<u8>)>,
) -> Vec<u8> {
    let mut message = json!({"jsonrpc": "2.0", "method": method});
    let is_empty = params.is_empty();
    if let Some(message) = message.as_object_mut()
        && (!is_empty || written.is_some())
    {
        message.insert("params".to_owned(), Value::Object(params));
    }
    let mut out = message.to_string().into_bytes();
    if let Some((key, value)) = written {
        // Inside the parameters, which are the last member.
        out.truncate(out.len() - 2);
        if !is_empty {
            out.push(b',');
        }
        out.extend_from_slice(format!("\"{key}\":").as_bytes());
        out.extend_from_slice(&value);
        out.extend_from_slice(b"}}");
    }
    out
}

/// `_meta` that says to which subscription a notification belongs.
fn subscribed(id: &RequestId) -> (&'static str, Vec<u8>) {
    let key = format!("{{\"{SUBSCRIPTION_ID}\":");
    ("_meta", [key.as_bytes(), id.as_json(), b"}"].concat())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_given_back_as_it_was_written() {
        let id = RequestId::from_json("123456789012345678901234567890".into()).unwrap();
        for message in [
            encode_acknowledged(&SubscriptionFilter::default(), &id),
            encode_notice(&Notice::ToolsChanged, Revision::LATEST, Some(&id)),
            encode_cancelled(&id, "over", None),
            encode_unsubscribed(&id, "over"),
        ] {
            let text = String::from_utf8(message).unwrap();
            assert!(text.contains(":123456789012345678901234567890"), "{text}");
            let read: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(read["jsonrpc"], "2.0", "{text}");
        }
    }
}
