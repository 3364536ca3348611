//! Answers to what a task asks: those that are none are refused, and nothing of them is used.

use serde_json::{Map, Value, json};
use toolsmith_core::protocol::{Revision, TASKS_EXTENSION, TaskSupport};
use toolsmith_core::server::handler::ToolError;
use toolsmith_core::server::tool::DynamicTool;
use toolsmith_core::server::{Context, Server};
use toolsmith_core::testing::TestClient;

/// Asks two things at once.
async fn ask(_: Map<String, Value>, ctx: Context) -> Result<String, ToolError> {
    let form = || json!({"type": "object", "properties": {"it": {"type": "string"}}});
    let (one, two) = tokio::join!(
        ctx.elicit_form("One?", form()).key("one"),
        ctx.elicit_form("Two?", form()).key("two"),
    );
    let (one, two) = (one?.accepted()?, two?.accepted()?);
    Ok(format!("{} {}", one["it"], two["it"]))
}

#[tokio::test]
async fn answers_that_are_none_are_refused_before_any_is_used() {
    let tool = DynamicTool::new("ask", json!({"type": "object"}), ask)
        .define(|it| it.task = TaskSupport::Required);
    let client = TestClient::new(Server::new("s").dynamic_tool(tool))
        .unwrap()
        .revision(Revision::LATEST)
        .on_elicit(|_| None)
        .extension(TASKS_EXTENSION, json!({}));
    let created = client.call("ask", json!({})).await.unwrap();
    let id = created.task_id().unwrap();
    let look = || async {
        let task = client.request("tasks/get", json!({"taskId": id})).await;
        task.unwrap()
    };
    while look().await["inputRequests"]["two"].is_null() {
        tokio::task::yield_now().await;
    }
    let asked = look().await;
    let yes = |it: &str| json!({"action": "accept", "content": {"it": it}});
    let mut many: Map<String, Value> = (0..64).map(|n| (n.to_string(), yes("c"))).collect();
    many.insert("one".to_owned(), yes("c"));
    for (bad, says) in [
        (json!({"taskId": id}), "missing"),
        (json!({"taskId": id, "inputResponses": null}), "missing"),
        (json!({"taskId": id, "inputResponses": 5}), "is an object"),
        (
            json!({"taskId": id, "inputResponses": [yes("c")]}),
            "is an object",
        ),
        (
            json!({"taskId": id, "inputResponses": {"one": yes("c"), "two": 5}}),
            "under `two`",
        ),
        (json!({"taskId": id, "inputResponses": many}), "at most 64"),
    ] {
        let refused = client.request("tasks/update", bad.clone()).await;
        let Err(refused) = refused else {
            panic!("{bad} was taken");
        };
        assert_eq!(refused.code, -32602, "{bad}: {refused}");
        assert!(refused.message.contains(says), "{bad}: {refused}");
        assert_eq!(
            look().await["inputRequests"],
            asked["inputRequests"],
            "{bad}"
        );
    }
    // Keys that nobody asks about are passed over.
    let good = json!({"one": yes("a"), "two": yes("b"), "three": {}});
    let params = json!({"taskId": id, "inputResponses": good});
    client.request("tasks/update", params).await.unwrap();
    let done = client.finish(id).await.unwrap();
    assert_eq!(done.text(), "\"a\" \"b\"");
}
