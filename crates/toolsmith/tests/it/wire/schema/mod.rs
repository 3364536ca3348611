//! The check of every message, in both directions, against the official schema of its own
//! revision.

mod client;
mod server;
mod validator;

use serde_json::Value;

pub(crate) use validator::folder;

fn is_modern(revision: &str) -> bool {
    revision == super::MODERN
}

/// Checks a message that a server sent. `method` says what was asked under an id.
///
/// An error whose request's id could not be read is checked as 2025-11-25, the first
/// revision that has such errors.
pub(crate) fn check<'a>(
    revision: &str,
    method: impl Fn(&Value) -> Option<&'a str> + Copy,
    message: &Value,
) -> Result<(), String> {
    if let Value::Array(batch) = message {
        if revision != "2025-03-26" {
            return Err("this revision has no batches".to_owned());
        }
        if batch.is_empty() {
            return Err("a batch without an answer".to_owned());
        }
        // Each by itself: what is said of an error without an id holds here too.
        return batch.iter().try_for_each(|m| check(revision, method, m));
    }
    members(message)?;
    let name = message
        .get("method")
        .map(|name| name.as_str().unwrap_or_default());
    match (name, message.get("id"), message.get("result")) {
        (Some(name), Some(_), _) => server::request(revision, name, message),
        (Some(name), None, _) => server::notification(revision, name, message),
        (None, id, Some(result)) => {
            let id = id.ok_or("a result without an id")?;
            let asked = method(id).ok_or_else(|| format!("nobody asked under id {id}"))?;
            server::answer(revision, asked, message, result)
        }
        (None, _, None) => server::error(revision, message),
    }
}

/// Checks a request or a notification that a client sent and that a server took. What is
/// `null` is read as if it were not there, which the schemas do not allow.
pub(crate) fn check_taken(revision: &str, message: &Value) -> Result<(), String> {
    let mut message = message.clone();
    for place in ["", "/params", "/params/_meta"] {
        let members = message.pointer_mut(place).and_then(Value::as_object_mut);
        if let Some(members) = members {
            members.retain(|_, value| !value.is_null());
        }
    }
    let message = &message;
    let name = message["method"].as_str().unwrap_or_default();
    match message.get("id") {
        Some(_) => client::request(revision, name, message),
        None => client::notification(revision, name, message),
    }
}

/// Checks the answer of a client to what a server asked.
pub(crate) fn check_client_answer(
    revision: &str,
    asked: &str,
    result: &Value,
) -> Result<(), String> {
    client::answer(revision, asked, result)
}

/// The members that a message of any kind may have. The schemas allow more.
fn members(message: &Value) -> Result<(), String> {
    let object = message.as_object().ok_or("a message is an object")?;
    let mut kind: Vec<_> = object.keys().map(String::as_str).collect();
    kind.retain(|name| *name != "id");
    kind.sort_unstable();
    match kind.as_slice() {
        ["jsonrpc", "method" | "result"]
        | ["error", "jsonrpc"]
        | ["jsonrpc", "method", "params"] => Ok(()),
        other => Err(format!("no message has the members {other:?}")),
    }
}

mod tests {
    use serde_json::json;

    use super::*;

    fn wrong(revision: &str, method: &'static str, message: &Value) -> String {
        check(revision, |_| Some(method), message).expect_err(&message.to_string())
    }

    #[test]
    fn what_a_revision_does_not_allow_is_refused() {
        if folder().is_none() {
            return;
        }
        let good = json!({"jsonrpc": "2.0", "id": 1, "result": {"content": []}});
        assert_eq!(check("2025-11-25", |_| Some("tools/call"), &good), Ok(()));
        let without_type = wrong("2026-07-28", "tools/call", &good);
        assert!(without_type.contains("resultType"), "{without_type}");
        let not_a_list = wrong("2025-06-18", "tools/list", &good);
        assert!(not_a_list.contains("tools"), "{not_a_list}");
        let content = json!([{"type": "text", "text": 5}]);
        let bad = json!({"jsonrpc": "2.0", "id": 1, "result": {"content": content}});
        for revision in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
            let said = wrong(revision, "tools/call", &bad);
            assert!(said.contains("CallToolResult"), "{said}");
        }
        let audio = json!([{"type": "audio", "data": "", "mimeType": "audio/wav"}]);
        let audio = json!({"jsonrpc": "2.0", "id": 1, "result": {"content": audio}});
        assert_eq!(check("2025-03-26", |_| Some("tools/call"), &audio), Ok(()));
        wrong("2024-11-05", "tools/call", &audio);
    }

    #[test]
    fn envelopes_errors_and_notifications_are_checked_too() {
        if folder().is_none() {
            return;
        }
        let no_id = json!({"jsonrpc": "2.0", "error": {"code": -32700, "message": "x"}});
        for revision in ["2024-11-05", "2026-07-28"] {
            assert_eq!(check(revision, |_| None, &no_id), Ok(()));
        }
        for bad in [
            json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32700, "message": "x"}}),
            json!({"jsonrpc": "2.0", "id": 1, "error": {"code": -32700}}),
            json!({"id": 1, "error": {"code": -32700, "message": "x"}}),
            json!({"jsonrpc": "2.0", "id": 1, "error": {"code": -32001, "message": "x"}}),
            json!({"jsonrpc": "2.0", "id": 1, "error": {"code": -32021, "message": "x"}}),
            json!({"jsonrpc": "2.0", "id": 1, "result": {}, "error": {"code": 1, "message": ""}}),
            json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": {}}),
            json!({"jsonrpc": "2.0", "method": "notifications/else"}),
            json!([no_id]),
            json!("text"),
        ] {
            wrong("2025-11-25", "ping", &bad);
            wrong("2026-07-28", "ping", &bad);
        }
        let unasked = json!({"jsonrpc": "2.0", "id": 9, "result": {}});
        assert!(check("2025-11-25", |_| None, &unasked).is_err());
    }
}
