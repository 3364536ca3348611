//! What clients are told of tasks that have failed.

use serde_json::{Map, Value, json};
use toolsmith_core::protocol::{Revision, TASKS_EXTENSION, TaskSupport, ToolOutput};
use toolsmith_core::server::tool::DynamicTool;
use toolsmith_core::server::{Context, Server};
use toolsmith_core::testing::TestClient;

/// What a task shows that has said how far it is, and then has failed with a text so long.
async fn shown(revision: Revision, why: String) -> Value {
    let fails = move |_: Map<String, Value>, ctx: Context| {
        let why = why.clone();
        async move {
            ctx.task_status("1 of 2");
            ToolOutput::error(why)
        }
    };
    let tool = DynamicTool::new("fails", json!({"type": "object"}), fails)
        .define(|it| it.task = TaskSupport::Required);
    let client = TestClient::new(Server::new("s").dynamic_tool(tool))
        .unwrap()
        .revision(revision)
        .extension(TASKS_EXTENSION, json!({}));
    let call = json!({"name": "fails", "arguments": {}, "task": {}});
    let created = client.request("tools/call", call).await.unwrap();
    let id = match revision.is_modern() {
        true => created["taskId"].clone(),
        false => created["task"]["taskId"].clone(),
    };
    let result = client.finish(id.as_str().unwrap()).await.unwrap();
    assert!(result.is_error(), "{}", result.json());
    let shown = client.request("tasks/get", json!({"taskId": id})).await;
    shown.unwrap()
}

#[tokio::test]
async fn the_status_of_a_task_says_why_its_tool_has_failed() {
    for (revision, status) in [
        (Revision::V2025_11_25, "failed"),
        (Revision::LATEST, "completed"),
    ] {
        let task = shown(revision, "the disk is full".to_owned()).await;
        assert_eq!(task["status"], status, "{task}");
        assert_eq!(task["statusMessage"], "the disk is full", "{task}");
        // However long that is.
        let task = shown(revision, "x".repeat(100_000)).await;
        let said = task["statusMessage"].as_str().unwrap();
        assert!((1000..1100).contains(&said.len()), "{} bytes", said.len());
    }
}
