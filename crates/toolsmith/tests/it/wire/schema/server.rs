//! What a server may send.

use serde_json::Value;

use super::is_modern;
use super::validator::valid;

/// A request of the server's own.
pub(super) fn request(revision: &str, name: &str, message: &Value) -> Result<(), String> {
    if is_modern(revision) {
        return Err(format!("a modern server asks nothing by itself: {name}"));
    }
    valid(revision, "JSONRPCRequest", message)?;
    let definition = match name {
        "ping" => "PingRequest",
        "sampling/createMessage" => "CreateMessageRequest",
        "elicitation/create" => "ElicitRequest",
        "roots/list" => "ListRootsRequest",
        other => return Err(format!("this server does not ask for {other}")),
    };
    valid(revision, definition, message)
}

pub(super) fn notification(revision: &str, name: &str, message: &Value) -> Result<(), String> {
    valid(revision, "JSONRPCNotification", message)?;
    let definition = match name {
        "notifications/progress" => "ProgressNotification",
        "notifications/message" => "LoggingMessageNotification",
        "notifications/cancelled" => "CancelledNotification",
        "notifications/tools/list_changed" => "ToolListChangedNotification",
        "notifications/prompts/list_changed" => "PromptListChangedNotification",
        "notifications/resources/list_changed" => "ResourceListChangedNotification",
        "notifications/resources/updated" => "ResourceUpdatedNotification",
        "notifications/elicitation/complete" => "ElicitationCompleteNotification",
        "notifications/tasks/status" if !is_modern(revision) => "TaskStatusNotification",
        "notifications/subscriptions/acknowledged" => "SubscriptionsAcknowledgedNotification",
        // Of an extension, which has no official schema.
        "notifications/tasks" if is_modern(revision) => return task(&message["params"]),
        other => return Err(format!("this server sends no {other}")),
    };
    valid(revision, definition, message)
}

pub(super) fn answer(
    revision: &str,
    asked: &str,
    message: &Value,
    result: &Value,
) -> Result<(), String> {
    let envelope = match revision >= "2025-11-25" {
        true => "JSONRPCResultResponse",
        false => "JSONRPCResponse",
    };
    valid(revision, envelope, message)?;
    if is_modern(revision) {
        match result["resultType"].as_str() {
            Some("input_required") => return valid(revision, "InputRequiredResult", result),
            Some("task") => return task(result),
            _ => {}
        }
    } else if result.get("task").is_some() {
        return valid(revision, "CreateTaskResult", result);
    }
    let definition = match asked {
        "initialize" => "InitializeResult",
        "ping" | "logging/setLevel" | "resources/subscribe" | "resources/unsubscribe" => {
            "EmptyResult"
        }
        "server/discover" => "DiscoverResult",
        "tools/list" => "ListToolsResult",
        // What a task came to is the result of its call.
        "tools/call" | "tasks/result" => "CallToolResult",
        "resources/list" => "ListResourcesResult",
        "resources/templates/list" => "ListResourceTemplatesResult",
        "resources/read" => "ReadResourceResult",
        "prompts/list" => "ListPromptsResult",
        "prompts/get" => "GetPromptResult",
        "completion/complete" => "CompleteResult",
        "subscriptions/listen" => "SubscriptionsListenResult",
        "tasks/get" if is_modern(revision) => return task(result),
        "tasks/update" | "tasks/cancel" if is_modern(revision) => "EmptyResult",
        "tasks/get" => "GetTaskResult",
        "tasks/list" => "ListTasksResult",
        "tasks/cancel" => "CancelTaskResult",
        // Of an extension that a test made up.
        other if other.starts_with("vendor.example/") => "Result",
        other => return Err(format!("this server has no result for {other}")),
    };
    valid(revision, definition, result)
}

/// A task as the extension of the modern era tells of it.
fn task(value: &Value) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("not a task, {what}: {value}"));
    for text in ["taskId", "createdAt", "lastUpdatedAt"] {
        if !value[text].is_string() {
            return wrong(text);
        }
    }
    if !value["ttlMs"].is_null() && !value["ttlMs"].is_u64() {
        return wrong("ttlMs");
    }
    let carries = |member: &str| value.get(member).is_some();
    let is_detailed = value["resultType"] != "task";
    let wanted = match value["status"].as_str() {
        Some("working" | "cancelled") => None,
        Some("input_required") => Some("inputRequests"),
        Some("completed") => Some("result"),
        Some("failed") => Some("error"),
        _ => return wrong("status"),
    };
    for member in ["inputRequests", "result", "error"] {
        if carries(member) != (is_detailed && wanted == Some(member)) {
            return wrong(member);
        }
    }
    Ok(())
}

pub(super) fn error(revision: &str, message: &Value) -> Result<(), String> {
    let code = message.pointer("/error/code").and_then(Value::as_i64);
    let code = code.ok_or("an error without a code")?;
    let own = match (code, revision) {
        (-32020, "2026-07-28") => Some("HeaderMismatchError"),
        (-32021, "2026-07-28") => Some("MissingRequiredClientCapabilityError"),
        (-32022, "2026-07-28") => Some("UnsupportedProtocolVersionError"),
        (-32042, "2025-11-25") => Some("URLElicitationRequiredError"),
        (-32700 | -32603..=-32600, _) => None,
        // Named by the text of every legacy revision: there is no such resource.
        (-32002, _) if !is_modern(revision) => None,
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
