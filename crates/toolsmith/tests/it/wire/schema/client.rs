//! What a good client sends.

use serde_json::Value;

use super::is_modern;
use super::validator::valid;

pub(super) fn request(revision: &str, name: &str, message: &Value) -> Result<(), String> {
    valid(revision, "JSONRPCRequest", message)?;
    let definition = match name {
        "initialize" => "InitializeRequest",
        "ping" => "PingRequest",
        "server/discover" => "DiscoverRequest",
        "tools/list" => "ListToolsRequest",
        "tools/call" => "CallToolRequest",
        "resources/list" => "ListResourcesRequest",
        "resources/templates/list" => "ListResourceTemplatesRequest",
        "resources/read" => "ReadResourceRequest",
        "resources/subscribe" => "SubscribeRequest",
        "resources/unsubscribe" => "UnsubscribeRequest",
        "prompts/list" => "ListPromptsRequest",
        "prompts/get" => "GetPromptRequest",
        "completion/complete" => "CompleteRequest",
        "logging/setLevel" => "SetLevelRequest",
        "subscriptions/listen" => "SubscriptionsListenRequest",
        "tasks/get" if !is_modern(revision) => "GetTaskRequest",
        "tasks/result" => "GetTaskPayloadRequest",
        "tasks/list" => "ListTasksRequest",
        "tasks/cancel" if !is_modern(revision) => "CancelTaskRequest",
        _ => return Ok(()),
    };
    valid(revision, definition, message)
}

pub(super) fn notification(revision: &str, name: &str, message: &Value) -> Result<(), String> {
    valid(revision, "JSONRPCNotification", message)?;
    let definition = match name {
        "notifications/initialized" => "InitializedNotification",
        "notifications/cancelled" => "CancelledNotification",
        "notifications/progress" => "ProgressNotification",
        "notifications/roots/list_changed" => "RootsListChangedNotification",
        _ => return Ok(()),
    };
    valid(revision, definition, message)
}

/// The answer to a request of the server's.
pub(super) fn answer(revision: &str, asked: &str, result: &Value) -> Result<(), String> {
    let definition = match asked {
        "ping" => "EmptyResult",
        "sampling/createMessage" => "CreateMessageResult",
        "elicitation/create" => "ElicitResult",
        "roots/list" => "ListRootsResult",
        other => return Err(format!("nobody answers {other}")),
    };
    valid(revision, definition, result)
}
