//! How many tasks there may be and how much they may hold, and what is done over it.

use serde_json::{Value, json};
use toolsmith::prelude::*;
use toolsmith::protocol::{Outcome, Revision};
use toolsmith::server::Engine;
use toolsmith::server::middleware::{Middleware, Next, Operation};
use toolsmith::testing::{Failure, TestClient};

use super::tasks::{Gate, able, begin, get, id, pass, served, task, until};
use super::{BOTH, code, soon};

/// As many bytes as are asked for.
#[tool(task)]
fn fills(bytes: usize) -> String {
    "x".repeat(bytes)
}

#[tool(task)]
async fn waits(gate: State<Gate>) {
    pass(&gate).await;
}

#[tool(task = "decided")]
async fn decides(ctx: Context, must: bool) -> Result<String, ToolError> {
    match ctx.become_task().await {
        Err(why) if must => Err(why),
        became => Ok(format!("became: {}, is: {}", became.is_ok(), ctx.is_task())),
    }
}

/// Says how far it is, and lets progress come after it.
#[tool(task)]
async fn reports(ctx: Context, gate: State<Gate>) {
    ctx.progress(Progress::new(1.0).total(4.0));
    pass(&gate).await;
    ctx.progress(Progress::new(3.0).message("three of four"));
    // It does not go back.
    ctx.progress(Progress::new(2.0).message("two of four"));
    pass(&gate).await;
    ctx.task_status("nearly there");
    ctx.progress(Progress::new(4.0).total(4.0).message("four of four"));
    pass(&gate).await;
}

/// Asks many things at once.
#[tool(task)]
async fn asks_all(ctx: Context, questions: usize) -> Result<String, ToolError> {
    let asked = (0..questions).map(|_| ctx.list_roots().into_future());
    let answers = futures_util::future::join_all(asked).await;
    let refused = answers.into_iter().filter(Result::is_err).count();
    Ok(format!("refused: {refused}"))
}

fn server() -> Server {
    let server = Server::new("s").tool::<fills>().tool::<waits>();
    let server = server.tool::<decides>().tool::<reports>();
    server.tool::<asks_all>()
}

/// Calls a tool as a task, which may be refused.
async fn try_begin(client: &TestClient, revision: Revision, tool: &str) -> Result<Value, Failure> {
    let mut params = json!({"name": tool, "arguments": {"bytes": 10}});
    if !revision.is_modern() {
        params["task"] = json!({});
    }
    client.request("tools/call", params).await
}

/// Calls a tool until it is over.
async fn finish(client: &TestClient, revision: Revision, bytes: usize) -> Value {
    let begun = begin(client, revision, "fills", json!({"bytes": bytes})).await;
    over(client, &id(&begun)).await
}

async fn over(client: &TestClient, id: &str) -> Value {
    soon(async {
        loop {
            let task = get(client, id).await;
            if task["status"] != "working" {
                return task;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

#[tokio::test]
async fn strangers_take_no_results_from_each_other_and_no_room_from_known_callers() {
    for revision in BOTH {
        let (engine, _) = served(server().max_tasks(10, 5));
        // In the legacy era each session has its own five.
        let clients = [able(&engine, revision), able(&engine, revision)];
        let mut ids = Vec::new();
        for n in 0..9 {
            let client = &clients[n / 5];
            let done = finish(client, revision, 10).await;
            ids.push((n / 5, done["taskId"].as_str().unwrap().to_owned()));
        }
        let stranger = able(&engine, revision);
        let refused = try_begin(&stranger, revision, "fills").await;
        assert_eq!(code(refused), -31002, "{revision}");
        for (whose, id) in &ids {
            let task = get(&clients[*whose], id).await;
            assert_eq!(task["status"], "completed", "{revision}: {task}");
        }
        let known = able(&engine, revision).caller(Caller::new("default").with_principal("alice"));
        finish(&known, revision, 10).await;
    }
}

#[tokio::test]
async fn one_stranger_that_fills_a_share_does_not_lock_out_the_next() {
    let (engine, _gate) = served(server().max_tasks(100, 2));
    let revision = Revision::LATEST;
    let one = able(&engine, revision);
    for _ in 0..10 {
        begin(&one, revision, "waits", json!({})).await;
    }
    finish(&able(&engine, revision), revision, 10).await;
}

#[tokio::test]
async fn a_result_that_is_too_large_is_one_that_says_so() {
    for revision in BOTH {
        let (engine, _) = served(server().max_task_bytes(1000, 1 << 20));
        let client = able(&engine, revision);
        finish(&client, revision, 900).await;
        let done = finish(&client, revision, 2000).await;
        let result = result(&client, revision, &done).await;
        assert_eq!(result["isError"], true);
        let text = result["content"][0]["text"].as_str().unwrap();
        assert!(text.contains("at most 1000"), "{text}");
        if !revision.is_modern() {
            assert_eq!(done["status"], "failed", "{done}");
        }
    }
}

async fn result(client: &TestClient, revision: Revision, done: &Value) -> Value {
    match revision.is_modern() {
        true => done["result"].clone(),
        false => {
            let params = json!({"taskId": done["taskId"]});
            soon(client.request("tasks/result", params)).await.unwrap()
        }
    }
}

#[tokio::test]
async fn a_result_for_which_there_is_no_room_is_one_that_says_so() {
    let (engine, _) = served(server().max_task_bytes(1 << 20, 100_000));
    let revision = Revision::LATEST;
    let mut kept = Vec::new();
    for _ in 0..4 {
        let client = able(&engine, revision);
        kept.push(finish(&client, revision, 20_000).await);
    }
    let client = able(&engine, revision);
    let done = finish(&client, revision, 20_000).await;
    assert_eq!(done["status"], "completed");
    assert_eq!(done["result"]["isError"], true);
    let text = done["result"]["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("again later"), "{text}");
    assert_eq!(done["statusMessage"], text, "{done}");
    for task in kept {
        let now = get(&client, task["taskId"].as_str().unwrap()).await;
        assert_eq!(now["result"], task["result"]);
    }
    // A known caller's older results make room for newer ones.
    let known = client.caller(Caller::new("t").with_principal("alice"));
    let first = finish(&known, revision, 9000).await;
    for _ in 0..2 {
        let done = finish(&known, revision, 9000).await;
        assert_eq!(done["result"]["isError"], Value::Null, "{}", done["status"]);
    }
    let params = json!({"taskId": first["taskId"]});
    assert_eq!(code(known.request("tasks/get", params).await), -32602);
}

#[tokio::test]
async fn a_handler_that_becomes_no_task_may_go_on_without() {
    let (engine, _gate) = served(server().max_tasks(1, 1));
    let revision = Revision::LATEST;
    let client = able(&engine, revision);
    let decide = |must| client.call("decides", json!({"must": must}));
    let became = decide(true).await.unwrap();
    let done = until(&client, became.task_id().unwrap(), "completed").await;
    assert_eq!(
        done["result"]["content"][0]["text"],
        "became: true, is: true"
    );
    assert_eq!(code(decide(true).await), -31002);
    let here = decide(false).await.unwrap();
    assert_eq!(here.text(), "became: false, is: false");
}

#[tokio::test]
async fn what_the_author_says_of_a_task_stands_before_its_progress() {
    let (engine, gate) = served(server());
    for revision in BOTH {
        let client = able(&engine, revision);
        let begun = begin(&client, revision, "reports", json!({})).await;
        for said in ["1 of 4", "three of four", "nearly there"] {
            soon(async {
                while get(&client, &id(&begun)).await["statusMessage"] != said {
                    tokio::task::yield_now().await;
                }
            })
            .await;
            gate.open.add_permits(1);
        }
        let done = over(&client, &id(&begun)).await;
        assert_eq!(done["statusMessage"], "nearly there", "{done}");
    }
}

#[tokio::test]
async fn a_client_that_listens_late_is_told_what_it_missed() {
    let (engine, _gate) = served(server());
    let revision = Revision::LATEST;
    let client = able(&engine, revision).roots(["file:///a"]);
    let done = finish(&client, revision, 10).await;
    let begun = begin(&client, revision, "asks_all", json!({"questions": 1})).await;
    let asked = until(&client, &id(&begun), "input_required").await;
    for task in [&done, &asked] {
        let filter = json!({"taskIds": [task["taskId"]]});
        let listening = client.listen(filter).await.unwrap();
        let acknowledged = client.next_notification().await.unwrap();
        assert!(acknowledged["params"]["notifications"].is_object());
        let said = soon(client.next_notification()).await.unwrap();
        assert_eq!(said["params"]["status"], task["status"], "{said}");
        assert_eq!(said["params"]["taskId"], task["taskId"], "{said}");
        drop(listening);
    }
}

#[tokio::test]
async fn a_task_asks_no_more_than_so_many_questions_at_once() {
    let (engine, _gate) = served(server());
    let revision = Revision::LATEST;
    let client = able(&engine, revision).roots(["file:///a"]);
    let begun = begin(&client, revision, "asks_all", json!({"questions": 70})).await;
    let asked = until(&client, &id(&begun), "input_required").await;
    let asked = asked["inputRequests"].as_object().unwrap();
    assert_eq!(asked.len(), 64);
    let answers: serde_json::Map<String, Value> = asked
        .keys()
        .map(|key| (key.clone(), json!({"roots": []})))
        .collect();
    let params = json!({"taskId": id(&begun), "inputResponses": answers});
    client.request("tasks/update", params).await.unwrap();
    let done = over(&client, &id(&begun)).await;
    assert_eq!(done["result"]["content"][0]["text"], "refused: 6", "{done}");
}

#[tokio::test]
async fn a_client_may_want_a_task_kept_for_a_second_at_least() {
    let (engine, _gate) = served(server());
    let client = able(&engine, Revision::LATEST_LEGACY);
    for (asked, given) in [(0, 1000), (1500, 1500), (u64::MAX, 3_600_000)] {
        let params = json!({"name": "waits", "task": {"ttl": asked}});
        let begun = client.request("tools/call", params).await.unwrap();
        assert_eq!(task(&begun)["ttl"], given);
        assert_eq!(get(&client, &id(&begun)).await["status"], "working");
    }
}

#[tokio::test]
async fn a_list_goes_on_where_it_was_when_tasks_have_gone() {
    let (engine, _gate) = served(server().page_size(2).max_tasks(10, 5));
    let revision = Revision::LATEST_LEGACY;
    let client = able(&engine, revision);
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(finish(&client, revision, 10).await["taskId"].clone());
        // Tasks of one millisecond have no order that anybody could tell.
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    let named = |page: &Value| {
        let tasks = page["tasks"].as_array().unwrap().iter();
        tasks.map(|it| it["taskId"].clone()).collect::<Vec<_>>()
    };
    let page = client.request("tasks/list", json!({})).await.unwrap();
    assert_eq!(named(&page), ids[..2]);
    // Three more make the three oldest go, the last of that page and the next among them.
    for _ in 0..3 {
        ids.push(finish(&client, revision, 10).await["taskId"].clone());
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    let cursor = json!({"cursor": page["nextCursor"]});
    let page = client.request("tasks/list", cursor).await.unwrap();
    assert_eq!(named(&page), ids[3..5]);
    let cursor = json!({"cursor": "nonsense"});
    assert_eq!(code(client.request("tasks/list", cursor).await), -32602);
}

#[tokio::test]
async fn a_task_outlives_its_tool() {
    for revision in BOTH {
        let (engine, _gate) = served(server());
        let client = able(&engine, revision);
        let done = finish(&client, revision, 10).await;
        for tool in ["fills", "waits", "decides", "reports", "asks_all"] {
            assert!(engine.registry().remove_tool(tool), "{tool}");
        }
        let still = get(&client, done["taskId"].as_str().unwrap()).await;
        assert_eq!(still["status"], "completed", "{still}");
    }
}

/// Fails when a task has ended.
#[derive(Debug)]
struct Panics;

impl Middleware for Panics {
    async fn handle(&self, operation: Operation, next: Next<'_>) -> Outcome {
        next.run(operation).await
    }

    fn task_ended(&self, _: Outcome) -> Outcome {
        panic!("a mistake in the middleware");
    }
}

#[tokio::test]
async fn a_task_ends_when_the_middleware_panics() {
    let (engine, _): (Engine, _) = served(server().middleware(Panics));
    for revision in BOTH {
        let done = finish(&able(&engine, revision), revision, 10).await;
        assert_eq!(done["status"], "failed", "{done}");
    }
}
