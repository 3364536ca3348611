//! Calls that go on after they were answered, in both eras.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::{Notify, Semaphore};
use toolsmith::ports::{MemoryTasks, TaskLimits};
use toolsmith::prelude::*;
use toolsmith::protocol::{Revision, TASKS_EXTENSION};
use toolsmith::server::Engine;
use toolsmith::testing::{CallResult, TestClient};

use super::{BOTH, client, code, named, soon};

/// Where tasks wait, and what is seen of their end.
pub(super) struct Gate {
    pub(super) open: Semaphore,
    began: Notify,
    dropped: Notify,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            open: Semaphore::new(0),
            began: Notify::new(),
            dropped: Notify::new(),
        }
    }
}

/// Tells that a handler was dropped before its end.
struct Dropped(Option<State<Gate>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        if let Some(gate) = &self.0 {
            gate.dropped.notify_one();
        }
    }
}

pub(super) async fn pass(gate: &State<Gate>) {
    let mut dropped = Dropped(Some(State(Arc::clone(&gate.0))));
    gate.open.acquire().await.unwrap().forget();
    dropped.0 = None;
}

#[derive(serde::Serialize, schemars::JsonSchema)]
struct Rendered {
    what: String,
    task: bool,
}

#[tool(task)]
async fn renders(context: Context, gate: State<Gate>, what: String) -> Json<Rendered> {
    context.task_status(format!("rendering {what}"));
    pass(&gate).await;
    let task = context.is_task();
    Json(Rendered { what, task })
}

#[tool(task = "required")]
async fn must(gate: State<Gate>) -> Result<String, ToolError> {
    pass(&gate).await;
    Err(ToolError::user("no paper"))
}

#[tool(task)]
async fn panics(gate: State<Gate>) {
    pass(&gate).await;
    panic!("secret");
}

#[tool(task = "decided")]
async fn decides(context: Context, gate: State<Gate>, long: bool) -> Result<String, ToolError> {
    if long && context.can_become_task() {
        context.become_task().await?;
        pass(&gate).await;
    }
    Ok(format!("task: {}", context.is_task()))
}

#[tool]
fn never() -> &'static str {
    "at once"
}

#[tool(task)]
async fn steps(context: Context, gate: State<Gate>) -> &'static str {
    pass(&gate).await;
    context.progress(Progress::new(1.0).total(2.0));
    pass(&gate).await;
    "done"
}

fn server() -> Server {
    let server = Server::new("s")
        .tool::<renders>()
        .tool::<must>()
        .tool::<panics>();
    server.tool::<decides>().tool::<never>().tool::<steps>()
}

/// A server, and the gate that its tasks wait at.
pub(super) fn served(server: Server) -> (Engine, Arc<Gate>) {
    let gate = Arc::new(Gate::default());
    let engine = server.shared_state(Arc::clone(&gate)).build().unwrap();
    (engine, gate)
}

/// A client that can deal with tasks, in the way of its era.
pub(super) fn able(engine: &Engine, revision: Revision) -> TestClient {
    let client = client(engine, revision);
    match revision.is_modern() {
        true => client.extension(TASKS_EXTENSION, json!({})),
        false => client,
    }
}

/// Calls a tool as a task.
pub(super) async fn begin(
    client: &TestClient,
    revision: Revision,
    tool: &str,
    arguments: Value,
) -> Value {
    let mut params = json!({"name": tool, "arguments": arguments});
    if !revision.is_modern() {
        params["task"] = json!({});
    }
    client.request("tools/call", params).await.unwrap()
}

/// What was said of a task, without the words of an era.
pub(super) fn task(result: &Value) -> &Value {
    result.get("task").unwrap_or(result)
}

pub(super) fn id(result: &Value) -> String {
    let id = task(result)["taskId"].as_str();
    id.unwrap_or_else(|| panic!("no task: {result}")).to_owned()
}

pub(super) async fn get(client: &TestClient, id: &str) -> Value {
    client
        .request("tasks/get", json!({"taskId": id}))
        .await
        .unwrap()
}

/// Looks at a task until it is somewhere.
pub(super) async fn until(client: &TestClient, id: &str, status: &str) -> Value {
    soon(async {
        loop {
            let task = get(client, id).await;
            if task["status"] == status {
                return task;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

/// What a task came to.
async fn result(client: &TestClient, revision: Revision, id: &str) -> Value {
    match revision.is_modern() {
        true => until(client, id, "completed").await["result"].clone(),
        false => {
            let params = json!({"taskId": id});
            soon(client.request("tasks/result", params)).await.unwrap()
        }
    }
}

#[tokio::test]
async fn a_call_becomes_a_task_that_can_be_looked_at_until_it_has_a_result() {
    let (engine, gate) = served(server());
    for revision in BOTH {
        let client = able(&engine, revision);
        let begun = begin(&client, revision, "renders", json!({"what": "a"})).await;
        if revision.is_modern() {
            assert_eq!(begun["resultType"], "task", "{begun}");
        }
        assert_eq!(task(&begun)["status"], "working", "{begun}");
        let (ttl, poll) = match revision.is_modern() {
            true => ("ttlMs", "pollIntervalMs"),
            false => ("ttl", "pollInterval"),
        };
        assert_eq!(task(&begun)[ttl], 3_600_000, "{begun}");
        assert!(task(&begun)[poll].is_u64(), "{begun}");
        assert!(task(&begun)["createdAt"].is_string(), "{begun}");
        let id = id(&begun);
        let working = soon(async {
            loop {
                let task = get(&client, &id).await;
                if task["statusMessage"] == "rendering a" {
                    return task;
                }
                tokio::task::yield_now().await;
            }
        });
        assert_eq!(working.await["status"], "working");
        gate.open.add_permits(1);
        let came_to = result(&client, revision, &id).await;
        assert_eq!(
            came_to["structuredContent"],
            json!({"what": "a", "task": true})
        );
        assert_eq!(get(&client, &id).await["status"], "completed");
        if !revision.is_modern() {
            let related = &came_to["_meta"]["io.modelcontextprotocol/related-task"];
            assert_eq!(related["taskId"], id.as_str());
        }
    }
}

#[tokio::test]
async fn a_tool_may_forbid_allow_or_require_a_task() {
    let (engine, gate) = served(server());
    gate.open.add_permits(100);
    let modern = client(&engine, Revision::LATEST);
    let plain = modern.call("renders", json!({"what": "a"})).await.unwrap();
    assert_eq!(
        plain.structured(),
        Some(&json!({"what": "a", "task": false}))
    );
    let failure = modern.call("must", json!({})).await.unwrap_err();
    assert_eq!(failure.code, -32021, "{failure}");
    let required = json!({"requiredCapabilities": {"extensions": {TASKS_EXTENSION: {}}}});
    assert_eq!(failure.data, Some(required));
    let able = able(&engine, Revision::LATEST);
    let at_once = able.call("never", json!({})).await.unwrap();
    assert_eq!(
        (at_once.text().as_str(), at_once.task_id()),
        ("at once", None)
    );
    assert!(
        able.call("must", json!({}))
            .await
            .unwrap()
            .task_id()
            .is_some()
    );

    let legacy = client(&engine, Revision::LATEST_LEGACY);
    let plain = legacy.call("renders", json!({"what": "a"})).await.unwrap();
    assert_eq!(
        plain.structured(),
        Some(&json!({"what": "a", "task": false}))
    );
    assert_eq!(code(legacy.call("must", json!({})).await), -32601);
    let params = json!({"name": "never", "task": {}});
    assert_eq!(code(legacy.request("tools/call", params).await), -32601);
    let params = json!({"name": "must", "task": {"ttl": "long"}});
    assert_eq!(code(legacy.request("tools/call", params).await), -32602);
    // Older clients know nothing of tasks, and what they say of them means nothing.
    let old = client(&engine, Revision::V2025_06_18);
    let params = json!({"name": "never", "task": {}});
    let result = old.request("tools/call", params).await.unwrap();
    assert_eq!(result["content"][0]["text"], "at once");
    assert_eq!(
        code(old.request("tasks/get", json!({"taskId": "x"})).await),
        -32601
    );
}

#[tokio::test]
async fn a_handler_may_decide_that_its_call_becomes_a_task() {
    let (engine, gate) = served(server());
    let able = able(&engine, Revision::LATEST);
    let short = able.call("decides", json!({"long": false})).await.unwrap();
    assert_eq!(
        (short.text().as_str(), short.task_id()),
        ("task: false", None)
    );
    let long = able.call("decides", json!({"long": true})).await.unwrap();
    let id = long.task_id().expect("it became no task").to_owned();
    assert_eq!(get(&able, &id).await["status"], "working");
    gate.open.add_permits(1);
    let done = until(&able, &id, "completed").await;
    assert_eq!(done["result"]["content"][0]["text"], "task: true");
    let unable = client(&engine, Revision::LATEST);
    let waited = unable.call("decides", json!({"long": true})).await.unwrap();
    assert_eq!(
        (waited.text().as_str(), waited.task_id()),
        ("task: false", None)
    );
}

#[tokio::test]
async fn a_task_that_fails_says_so_in_the_words_of_its_era() {
    let (engine, gate) = served(server());
    gate.open.add_permits(100);
    let modern = able(&engine, Revision::LATEST);
    let begun = begin(&modern, Revision::LATEST, "must", json!({})).await;
    let done = until(&modern, &id(&begun), "completed").await;
    assert_eq!(done["result"]["isError"], true, "{done}");
    assert_eq!(done["result"]["content"][0]["text"], "no paper");
    let begun = begin(&modern, Revision::LATEST, "panics", json!({})).await;
    let failed = until(&modern, &id(&begun), "failed").await;
    assert_eq!(failed["error"]["code"], -32603, "{failed}");
    assert!(!failed.to_string().contains("secret"), "{failed}");

    let revision = Revision::LATEST_LEGACY;
    let legacy = able(&engine, revision);
    let begun = begin(&legacy, revision, "must", json!({})).await;
    until(&legacy, &id(&begun), "failed").await;
    let came_to = result(&legacy, revision, &id(&begun)).await;
    assert_eq!(came_to["isError"], true, "{came_to}");
    let begun = begin(&legacy, revision, "panics", json!({})).await;
    until(&legacy, &id(&begun), "failed").await;
    let params = json!({"taskId": id(&begun)});
    assert_eq!(code(legacy.request("tasks/result", params).await), -32603);
}

#[tokio::test]
async fn a_task_can_be_cancelled_and_its_handler_stops() {
    let (engine, gate) = served(server());
    for revision in BOTH {
        let client = able(&engine, revision);
        let begun = begin(&client, revision, "renders", json!({"what": "a"})).await;
        let id = id(&begun);
        soon(async {
            while get(&client, &id).await["statusMessage"] != "rendering a" {
                tokio::task::yield_now().await;
            }
        })
        .await;
        let params = json!({"taskId": id});
        let answer = client
            .request("tasks/cancel", params.clone())
            .await
            .unwrap();
        if !revision.is_modern() {
            assert_eq!(answer["status"], "cancelled", "{answer}");
        }
        soon(gate.dropped.notified()).await;
        assert_eq!(get(&client, &id).await["status"], "cancelled", "{revision}");
        // What is over stays as it is.
        let again = client.request("tasks/cancel", params.clone()).await;
        if revision.is_modern() {
            assert!(again.is_ok(), "{again:?}");
        } else {
            assert_eq!(code(again), -32602);
            assert!(client.request("tasks/result", params).await.is_err());
        }
        assert_eq!(get(&client, &id).await["status"], "cancelled");
    }
}

#[tokio::test]
async fn a_task_is_forgotten_when_its_time_is_over() {
    let (engine, _gate) = served(server().task_ttl(Duration::from_millis(30)));
    for revision in BOTH {
        let client = able(&engine, revision);
        let begun = begin(&client, revision, "renders", json!({"what": "a"})).await;
        let params = json!({"taskId": id(&begun)});
        let failure = soon(async {
            loop {
                match client.request("tasks/get", params.clone()).await {
                    Ok(_) => tokio::time::sleep(Duration::from_millis(5)).await,
                    Err(failure) => return failure,
                }
            }
        });
        assert_eq!(failure.await.code, -32602, "{revision}");
    }
    // A legacy client may ask for less time, and not for more.
    let (engine, _gate) = served(server().task_ttl(Duration::from_secs(60)));
    let client = able(&engine, Revision::LATEST_LEGACY);
    for (asked, given) in [(1000, 1000), (3_600_000, 60_000)] {
        let params = json!({"name": "renders", "arguments": {"what": "a"}, "task": {"ttl": asked}});
        let begun = client.request("tools/call", params).await.unwrap();
        assert_eq!(begun["task"]["ttl"], given);
    }
}

#[tokio::test]
async fn a_client_that_listens_is_told_how_its_task_is_doing() {
    let (engine, gate) = served(server());
    for revision in BOTH {
        let client = able(&engine, revision);
        let mut listening = None;
        if !revision.is_modern() {
            listening = Some(client.listen(json!({})).await.unwrap());
        }
        let begun = begin(&client, revision, "steps", json!({})).await;
        let id = id(&begun);
        if revision.is_modern() {
            let filter = json!({"taskIds": [id]});
            listening = Some(client.listen(filter.clone()).await.unwrap());
            let said = client.next_notification().await.unwrap();
            assert_eq!(said["params"]["notifications"], filter);
        }
        let method = match revision.is_modern() {
            true => "notifications/tasks",
            false => "notifications/tasks/status",
        };
        gate.open.add_permits(1);
        let said = client.next_notification().await.unwrap();
        assert_eq!(said["method"], method, "{said}");
        assert_eq!(said["params"]["taskId"], id.as_str());
        assert_eq!(said["params"]["status"], "working");
        assert_eq!(said["params"]["statusMessage"], "1 of 2");
        gate.open.add_permits(1);
        let said = client.next_notification().await.unwrap();
        assert_eq!(said["params"]["status"], "completed", "{said}");
        if revision.is_modern() {
            assert_eq!(said["params"]["result"]["content"][0]["text"], "done");
        }
        drop(listening);
    }
}

#[tokio::test]
async fn a_handle_is_worthless_in_other_hands() {
    let (engine, gate) = served(server());
    for revision in BOTH {
        let alice = able(&engine, revision).caller(Caller::new("t").with_principal("alice"));
        let begun = begin(&alice, revision, "renders", json!({"what": "a"})).await;
        let id = id(&begun);
        let params = json!({"taskId": id, "inputResponses": {}});
        for (who, caller) in [
            ("another principal", Caller::new("t").with_principal("bob")),
            ("another tenant", Caller::new("u").with_principal("alice")),
            ("nobody", Caller::new("t")),
        ] {
            let other = able(&engine, revision).caller(caller);
            let mut methods = vec!["tasks/get", "tasks/cancel"];
            match revision.is_modern() {
                true => methods.push("tasks/update"),
                false => methods.push("tasks/result"),
            }
            for method in methods {
                let asked = soon(other.request(method, params.clone())).await;
                let asked = asked.expect_err("a stranger was answered");
                assert_eq!(asked.code, -32602, "{method} by {who}: {asked}");
                let never = other
                    .request(
                        method,
                        json!({"taskId": "0".repeat(32), "inputResponses": {}}),
                    )
                    .await;
                assert_eq!(
                    asked,
                    never.unwrap_err(),
                    "it can be told from one that never was"
                );
            }
            if revision.is_modern() {
                let _listening = other.listen(json!({"taskIds": [id]})).await.unwrap();
                let said = other.next_notification().await.unwrap();
                assert_eq!(said["params"]["notifications"], json!({}), "{who}");
            } else {
                let listed = other.list("tasks/list", "tasks").await.unwrap();
                assert!(listed.is_empty(), "{who}: {listed:?}");
            }
        }
        assert_eq!(
            get(&alice, &id).await["status"],
            "working",
            "a stranger changed it"
        );
        gate.open.add_permits(1);
        result(&alice, revision, &id).await;
    }
}

#[tokio::test]
async fn a_legacy_client_nobody_knows_has_the_tasks_of_its_session() {
    let (engine, _gate) = served(server());
    let revision = Revision::LATEST_LEGACY;
    let one = able(&engine, revision);
    let two = able(&engine, revision);
    // Each client has sessions of its own, so that the first session of each has the same
    // number only by chance; see that they are told apart by what they began.
    let first = id(&begin(&one, revision, "renders", json!({"what": "a"})).await);
    let listed = one.list("tasks/list", "tasks").await.unwrap();
    assert_eq!(named(&listed, "taskId", &first)["status"], "working");
    assert!(two.list("tasks/list", "tasks").await.unwrap().is_empty());
    assert_eq!(
        code(two.request("tasks/get", json!({"taskId": first})).await),
        -32602
    );
}

#[tokio::test]
async fn tasks_are_listed_in_pages_in_the_legacy_era_only() {
    let (engine, _gate) = served(server().page_size(2));
    let revision = Revision::LATEST_LEGACY;
    let client = able(&engine, revision);
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(id(&begin(
            &client,
            revision,
            "renders",
            json!({"what": n.to_string()}),
        )
        .await));
    }
    let first = client.request("tasks/list", json!({})).await.unwrap();
    assert_eq!(first["tasks"].as_array().unwrap().len(), 2, "{first}");
    let mut listed: Vec<String> = client
        .list("tasks/list", "tasks")
        .await
        .unwrap()
        .iter()
        .map(|it| it["taskId"].as_str().unwrap().to_owned())
        .collect();
    listed.sort();
    ids.sort();
    assert_eq!(listed, ids);
    let modern = able(&engine, Revision::LATEST);
    assert_eq!(code(modern.request("tasks/list", json!({})).await), -32601);
    assert_eq!(
        code(modern.request("tasks/result", json!({})).await),
        -32601
    );
}

#[tokio::test]
async fn a_task_is_not_there_for_a_client_that_did_not_declare_tasks() {
    let (engine, _gate) = served(server());
    let able = able(&engine, Revision::LATEST);
    let begun: CallResult = able.call("renders", json!({"what": "a"})).await.unwrap();
    let id = begun.task_id().unwrap();
    let unable = client(&engine, Revision::LATEST);
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let failure = unable
            .request(method, json!({"taskId": id}))
            .await
            .unwrap_err();
        assert_eq!(failure.code, -32021, "{method}: {failure}");
    }
    let without = Server::new("s").tool::<never>().build().unwrap();
    let able = super::tasks::able(&without, Revision::LATEST);
    assert_eq!(
        code(able.request("tasks/get", json!({"taskId": id})).await),
        -32601
    );
}

#[tokio::test]
async fn a_list_says_of_each_tool_whether_it_may_be_a_task_where_the_revision_has_it() {
    let (engine, _gate) = served(server());
    for revision in Revision::ALL {
        let client = able(&engine, revision);
        let tools = client.list("tools/list", "tools").await.unwrap();
        for (name, support) in [
            ("renders", Some("optional")),
            ("must", Some("required")),
            ("decides", Some("optional")),
            ("never", None),
        ] {
            let said = named(&tools, "name", name).pointer("/execution/taskSupport");
            let expected = support.filter(|_| revision == Revision::V2025_11_25);
            assert_eq!(
                said.and_then(Value::as_str),
                expected,
                "{name} in {revision}"
            );
        }
    }
}

#[tokio::test]
async fn no_caller_has_more_tasks_than_there_may_be() {
    let (engine, _gate) = served(server().max_tasks(10, 2));
    for revision in BOTH {
        let caller = Caller::new("t").with_principal(revision.as_str());
        let client = able(&engine, revision).caller(caller);
        for _ in 0..2 {
            begin(&client, revision, "renders", json!({"what": "a"})).await;
        }
        let mut params = json!({"name": "renders", "arguments": {"what": "a"}});
        if !revision.is_modern() {
            params["task"] = json!({});
        }
        assert_eq!(code(client.request("tools/call", params).await), -31002);
    }
}

#[tool(task)]
fn polls(over: Cancellation, gate: State<Gate>) {
    gate.began.notify_one();
    let begun = Instant::now();
    while !over.is_cancelled() && begun.elapsed() < super::PATIENCE {
        std::thread::yield_now();
    }
    if over.is_cancelled() {
        gate.dropped.notify_one();
    }
}

#[tokio::test]
async fn a_plain_function_sees_that_its_task_was_cancelled() {
    let (engine, gate) = served(Server::new("s").tool::<polls>());
    for revision in BOTH {
        let client = able(&engine, revision);
        let begun = begin(&client, revision, "polls", json!({})).await;
        soon(gate.began.notified()).await;
        let params = json!({"taskId": id(&begun)});
        client.request("tasks/cancel", params).await.unwrap();
        soon(gate.dropped.notified()).await;
    }
}

#[tokio::test]
async fn what_a_task_came_to_outlives_its_process_where_the_store_does() {
    let store = Arc::new(MemoryTasks::new(TaskLimits::default()));
    let process = || served(server().task_store(Arc::clone(&store) as _));
    let known = |client: TestClient| client.caller(Caller::new("t").with_principal("alice"));
    let mut ids = Vec::new();
    for revision in BOTH {
        let (engine, gate) = process();
        let client = known(able(&engine, revision));
        let begun = begin(&client, revision, "renders", json!({"what": "a"})).await;
        gate.open.add_permits(1);
        until(&client, &id(&begun), "completed").await;
        ids.push((revision, id(&begun)));
    }
    let (engine, _gate) = process();
    for (revision, id) in ids {
        let client = known(able(&engine, revision));
        let came_to = result(&client, revision, &id).await;
        assert_eq!(came_to["structuredContent"]["what"], "a", "{revision}");
    }
}
