//! The check of every message against the official schema of its own revision.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex, Once};

use jsonschema::Validator;
use serde_json::{Value, json};

type Validators = Mutex<HashMap<(String, String), Option<Arc<Validator>>>>;

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
    match (message.get("method"), message.get("result")) {
        (Some(name), _) => notification(revision, name, message),
        (None, Some(result)) => {
            let id = message.get("id").ok_or("a result without an id")?;
            let asked = method(id).ok_or_else(|| format!("nobody asked under id {id}"))?;
            answer(revision, asked, message, result)
        }
        (None, None) => error(revision, message),
    }
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

fn notification(revision: &str, name: &Value, message: &Value) -> Result<(), String> {
    if message.get("id").is_some() {
        return Err("this server sends no requests".to_owned());
    }
    valid(revision, "JSONRPCNotification", message)?;
    match name.as_str() {
        Some("notifications/progress") => valid(revision, "ProgressNotification", message),
        other => Err(format!("this server sends no {other:?}")),
    }
}

fn answer(revision: &str, asked: &str, message: &Value, result: &Value) -> Result<(), String> {
    let newer = revision >= "2025-11-25";
    let envelope = if newer {
        "JSONRPCResultResponse"
    } else {
        "JSONRPCResponse"
    };
    valid(revision, envelope, message)?;
    let name = match asked {
        "initialize" => "InitializeResult",
        "ping" => "EmptyResult",
        "server/discover" => "DiscoverResult",
        "tools/list" => "ListToolsResult",
        "tools/call" => "CallToolResult",
        other => return Err(format!("this server has no result for {other}")),
    };
    valid(revision, name, result)
}

fn error(revision: &str, message: &Value) -> Result<(), String> {
    let code = message.pointer("/error/code").and_then(Value::as_i64);
    let code = code.ok_or("an error without a code")?;
    let own = match (code, revision) {
        (-32020, "2026-07-28") => Some("HeaderMismatchError"),
        (-32021, "2026-07-28") => Some("MissingRequiredClientCapabilityError"),
        (-32022, "2026-07-28") => Some("UnsupportedProtocolVersionError"),
        (-32700 | -32603..=-32600, _) => None,
        (-32768..=-32000, _) => return Err(format!("{code} is not defined in {revision}")),
        _ => None,
    };
    if let Some(own) = own {
        valid(revision, own, message)?;
    }
    match message.get("id") {
        None => valid("2025-11-25", "JSONRPCErrorResponse", message),
        Some(_) if revision >= "2025-11-25" => valid(revision, "JSONRPCErrorResponse", message),
        Some(_) => valid(revision, "JSONRPCError", message),
    }
}

/// Holds a value against one definition of a schema.
fn valid(revision: &str, name: &str, value: &Value) -> Result<(), String> {
    let Some(validator) = validator(revision, name) else {
        return Ok(());
    };
    let errors = validator.iter_errors(value);
    let errors: Vec<_> = errors
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect();
    match errors.as_slice() {
        [] => Ok(()),
        errors => Err(format!("not a {name} of {revision}: {}", errors.join("; "))),
    }
}

fn validator(revision: &str, name: &str) -> Option<Arc<Validator>> {
    static VALIDATORS: LazyLock<Validators> = LazyLock::new(Validators::default);
    let mut validators = VALIDATORS.lock().unwrap();
    let key = (revision.to_owned(), name.to_owned());
    let found = validators.entry(key);
    found.or_insert_with(|| compile(revision, name)).clone()
}

fn compile(revision: &str, name: &str) -> Option<Arc<Validator>> {
    let path = folder()?.join(format!("{revision}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
    let mut schema: Value = serde_json::from_str(&text).unwrap();
    let definitions = ["$defs", "definitions"];
    let at = definitions
        .into_iter()
        .find(|d| schema.get(d).is_some())
        .unwrap();
    assert!(schema[at].get(name).is_some(), "{revision} has no {name}");
    let root = schema.as_object_mut().unwrap();
    root.retain(|key, _| key == at || key == "$schema");
    root.insert(
        "allOf".to_owned(),
        json!([{"$ref": format!("#/{at}/{name}")}]),
    );
    Some(Arc::new(jsonschema::validator_for(&schema).unwrap()))
}

/// Where the schemas are. A clone without them leaves this check out, and says so.
pub(crate) fn folder() -> Option<PathBuf> {
    static SAID: Once = Once::new();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/schema");
    if folder.is_dir() {
        return Some(folder);
    }
    SAID.call_once(|| {
        #[expect(clippy::print_stderr, reason = "a test says what it left out")]
        {
            eprintln!(
                "left out: ../shared/schema is not there, so no message was held against its schema"
            );
        }
    });
    None
}

mod tests {
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
