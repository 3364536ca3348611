//! Calls that become tasks while they run.

use std::time::Duration;

use serde_json::{Map, Value, json};
use toolsmith_core::protocol::{TASKS_EXTENSION, TaskSupport};
use toolsmith_core::server::handler::ToolError;
use toolsmith_core::server::tool::DynamicTool;
use toolsmith_core::server::{Context, Server};
use toolsmith_core::testing::TestClient;

const CALL_TIMEOUT: Duration = Duration::from_secs(5);

async fn work(_: Map<String, Value>, ctx: Context) -> Result<&'static str, ToolError> {
    ctx.become_task().await?;
    tokio::time::sleep(CALL_TIMEOUT * 2).await;
    Ok("done")
}

async fn outcome(timeout: Option<Duration>) -> Value {
    let schema = json!({"type": "object"});
    let tool = DynamicTool::new("work", schema, work).define(|it| {
        it.task = TaskSupport::Decided;
        it.timeout = timeout;
    });
    let server = Server::new("s")
        .call_timeout(CALL_TIMEOUT)
        .dynamic_tool(tool);
    let client = TestClient::new(server)
        .unwrap()
        .extension(TASKS_EXTENSION, json!({}));
    let created = client.call("work", json!({})).await.unwrap();
    let id = json!(created.task_id().expect("it is a task"));
    loop {
        let task = client.request("tasks/get", json!({"taskId": id}));
        let task = task.await.unwrap();
        if task["status"] != "working" {
            return task;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_of_calls_does_not_hold_once_it_is_a_task() {
    let task = outcome(None).await;
    assert_eq!(task["status"], "completed", "{task}");
}

#[tokio::test(start_paused = true)]
async fn the_time_of_the_tool_does() {
    let task = outcome(Some(CALL_TIMEOUT)).await;
    assert_eq!(task["status"], "failed", "{task}");
    assert_eq!(task["error"]["code"], -31001, "{task}");
}

#[tokio::test]
async fn a_client_that_lacks_tasks_is_told_so_where_it_has_to_be_one() {
    let schema = json!({"type": "object"});
    let asks_first = |arguments: Map<String, Value>, ctx: Context| async move {
        match (ctx.can_become_task(), arguments.contains_key("long")) {
            (false, false) => Ok("short"),
            _ => ctx.become_task().await.map(|()| "long"),
        }
    };
    let tool =
        DynamicTool::new("work", schema, asks_first).define(|it| it.task = TaskSupport::Decided);
    let client = TestClient::new(Server::new("s").dynamic_tool(tool)).unwrap();
    let short = client.call("work", json!({})).await.unwrap();
    assert_eq!(short.text(), "short");
    let refused = client.call("work", json!({"long": true})).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code, -32021, "{refused}");
    let required = json!({"requiredCapabilities": {"extensions": {TASKS_EXTENSION: {}}}});
    assert_eq!(refused.data, Some(required));
}
