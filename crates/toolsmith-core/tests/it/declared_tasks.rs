//! Tasks are served where the server has said that it has tasks, and nowhere else.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use toolsmith_core::Caller;
use toolsmith_core::ports::{MemoryTasks, TaskLimits};
use toolsmith_core::protocol::{Revision, TASKS_EXTENSION, TaskSupport};
use toolsmith_core::server::handler::ToolError;
use toolsmith_core::server::tool::DynamicTool;
use toolsmith_core::server::{Context, Engine, Server};
use toolsmith_core::testing::TestClient;

const BOTH: [Revision; 2] = [Revision::V2025_11_25, Revision::LATEST];

/// A tool that says whether it is a task.
fn works(name: &str, task: TaskSupport) -> DynamicTool {
    let schema = json!({"type": "object"});
    let work = |_: Map<String, Value>, ctx: Context| async move {
        if ctx.can_become_task() {
            ctx.become_task().await?;
        }
        Ok::<_, ToolError>(format!("task: {}", ctx.is_task()))
    };
    DynamicTool::new(name, schema, work).define(|it| it.task = task)
}

/// A client that can deal with tasks.
fn able(engine: &Engine, revision: Revision) -> TestClient {
    let client = TestClient::of(engine.clone()).revision(revision);
    client.extension(TASKS_EXTENSION, json!({}))
}

/// The call of a tool by a client that wants a task, in the words of its era.
async fn call(client: &TestClient, revision: Revision, tool: &str) -> Value {
    let mut params = json!({"name": tool, "arguments": {}});
    if !revision.is_modern() {
        params["task"] = json!({"ttl": 60_000});
    }
    let answer = client.request("tools/call", params).await;
    answer.unwrap_or_else(|error| panic!("{tool} in {revision}: {error}"))
}

fn id(created: &Value) -> Value {
    let id = created.pointer("/task/taskId").or(created.get("taskId"));
    id.unwrap_or_else(|| panic!("no task: {created}")).clone()
}

#[tokio::test]
async fn a_server_that_has_declared_no_tasks_takes_a_call_for_what_it_is() {
    let later = |_: Map<String, Value>, ctx: Context| async move {
        for (name, task) in [
            ("may", TaskSupport::Optional),
            ("must", TaskSupport::Required),
            ("decides", TaskSupport::Decided),
        ] {
            ctx.registry().add_tool(works(name, task)).unwrap();
        }
        "added"
    };
    let server = Server::new("s")
        .dynamic_tool(works("never", TaskSupport::Forbidden))
        .dynamic_tool(DynamicTool::new("add", json!({"type": "object"}), later));
    let engine = server.build().unwrap();
    assert!(!engine.identity().capabilities.tasks);
    able(&engine, Revision::LATEST)
        .call("add", json!({}))
        .await
        .unwrap();
    for revision in BOTH {
        let client = able(&engine, revision);
        for tool in ["never", "may", "must", "decides"] {
            let done = call(&client, revision, tool).await;
            assert_eq!(done["content"][0]["text"], "task: false", "{tool}: {done}");
            // And of a client that wants none.
            let plain = TestClient::of(engine.clone()).revision(revision);
            let done = plain.call(tool, json!({})).await.unwrap();
            assert_eq!(done.text(), "task: false", "{tool} in {revision}");
        }
        let refused = client.request("tasks/get", json!({"taskId": "x"})).await;
        assert_eq!(refused.unwrap_err().code, -32601, "{revision}");
    }
}

#[tokio::test]
async fn a_server_that_may_get_its_first_tool_later_has_declared_tasks() {
    let server = Server::new("s");
    let registry = server.registry();
    let engine = server.build().unwrap();
    let declared = able(&engine, Revision::LATEST);
    let declared = declared.request("server/discover", json!({})).await;
    let declared = declared.unwrap();
    let tasks = &declared["capabilities"]["extensions"][TASKS_EXTENSION];
    assert_eq!(*tasks, json!({}), "{declared}");
    registry
        .add_tool(works("everyones", TaskSupport::Required))
        .unwrap();
    registry
        .for_tenant("t")
        .add_tool(works("own", TaskSupport::Required))
        .unwrap();
    for revision in BOTH {
        let client = able(&engine, revision).caller(Caller::new("t").with_principal("alice"));
        for tool in ["everyones", "own"] {
            let created = call(&client, revision, tool).await;
            let id = id(&created);
            let result = client.finish(id.as_str().unwrap()).await.unwrap();
            assert_eq!(result.text(), "task: true", "{tool} in {revision}");
        }
    }
}

#[tokio::test]
async fn tasks_of_a_store_that_lasts_are_there_when_their_tool_is_not() {
    let store = Arc::new(MemoryTasks::new(TaskLimits::default()));
    for revision in BOTH {
        let before = Server::new("s")
            .task_store(Arc::clone(&store) as _)
            .dynamic_tool(works("works", TaskSupport::Optional));
        let known = |engine: &Engine| {
            able(engine, revision).caller(Caller::new("t").with_principal("alice"))
        };
        let client = known(&before.build().unwrap());
        let created = call(&client, revision, "works").await;
        let id = id(&created);
        client.finish(id.as_str().unwrap()).await.unwrap();

        let after = Server::new("s").task_store(Arc::clone(&store) as _);
        let client = known(&after.build().unwrap());
        let there = client.request("tasks/get", json!({"taskId": id})).await;
        assert_eq!(there.unwrap()["status"], "completed", "{revision}");
    }
}
