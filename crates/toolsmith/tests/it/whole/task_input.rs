//! Questions of a task, asked while it goes on.

use serde_json::{Value, json};
use toolsmith::prelude::*;
use toolsmith::protocol::{Revision, TASKS_EXTENSION};
use toolsmith::server::Engine;
use toolsmith::testing::TestClient;

use super::{client, soon};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Said {
    said: String,
}

async fn ask(context: &Context, message: &str) -> Result<String, ToolError> {
    Ok(context.elicit::<Said>(message).await?.accepted()?.said)
}

#[tool(task = "required")]
async fn asks(context: Context) -> Result<String, ToolError> {
    let first = ask(&context, "first?").await?;
    let second = ask(&context, &format!("after {first}?")).await?;
    Ok(format!("{first}, {second}"))
}

#[tool(task = "required")]
async fn asks_two(context: Context) -> Result<String, ToolError> {
    let (a, b) = tokio::join!(ask(&context, "a?"), ask(&context, "b?"));
    Ok(format!("{}, {}", a?, b?))
}

#[tool(task = "decided")]
async fn becomes_and_asks(context: Context) -> Result<String, ToolError> {
    context.become_task().await?;
    ask(&context, "as a task?").await
}

#[tool(task = "required")]
async fn asks_briefly(context: Context) -> Result<String, ToolError> {
    let asked = context.elicit::<Said>("quick?");
    let asked = asked.timeout(std::time::Duration::from_millis(20));
    Ok(asked.await?.accepted()?.said)
}

fn engine() -> Engine {
    let server = Server::new("s").tool::<asks>().tool::<asks_two>();
    let server = server.tool::<asks_briefly>();
    server.tool::<becomes_and_asks>().build().unwrap()
}

fn modern(engine: &Engine) -> TestClient {
    let client = client(engine, Revision::LATEST).on_elicit(|_| None);
    client.extension(TASKS_EXTENSION, json!({}))
}

async fn begin(client: &TestClient, tool: &str) -> String {
    let begun = client.call(tool, json!({})).await.unwrap();
    begun.task_id().expect("it became no task").to_owned()
}

async fn until(client: &TestClient, id: &str, is: impl Fn(&Value) -> bool) -> Value {
    soon(async {
        loop {
            let task = client
                .request("tasks/get", json!({"taskId": id}))
                .await
                .unwrap();
            if is(&task) {
                return task;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

/// The keys of the questions, by what they ask.
fn asked(task: &Value) -> Vec<(String, String)> {
    let requests = task["inputRequests"].as_object().into_iter().flatten();
    let mut asked: Vec<_> = requests
        .map(|(key, request)| {
            let message = request["params"]["message"].as_str().unwrap();
            (message.to_owned(), key.clone())
        })
        .collect();
    asked.sort();
    asked
}

fn answer(said: &str) -> Value {
    json!({"action": "accept", "content": {"said": said}})
}

async fn update(client: &TestClient, id: &str, answers: Value) {
    let params = json!({"taskId": id, "inputResponses": answers});
    client.request("tasks/update", params).await.unwrap();
}

#[tokio::test]
async fn a_modern_task_waits_for_answers_and_goes_on() {
    let engine = engine();
    let client = modern(&engine);
    let id = begin(&client, "asks").await;
    let waiting = until(&client, &id, |it| it["status"] == "input_required").await;
    let [(message, key)] = &asked(&waiting)[..] else {
        panic!("not one question: {waiting}");
    };
    assert_eq!(message, "first?");
    update(&client, &id, json!({"no such key": answer("x")})).await;
    let still = until(&client, &id, |it| it["status"] == "input_required").await;
    assert_eq!(asked(&still), asked(&waiting));
    update(&client, &id, json!({key: answer("one")})).await;
    let next = until(&client, &id, |it| {
        asked(it).iter().any(|(message, _)| message == "after one?")
    });
    let next = next.await;
    let (_, second) = &asked(&next)[0];
    assert_ne!(
        second, key,
        "a key means one question for as long as the task lives"
    );
    // An answer to a question that was answered changes nothing.
    update(&client, &id, json!({key: answer("late")})).await;
    update(&client, &id, json!({second: answer("two")})).await;
    let done = until(&client, &id, |it| it["status"] == "completed").await;
    assert_eq!(done["result"]["content"][0]["text"], "one, two");
    assert!(done.get("inputRequests").is_none(), "{done}");
}

#[tokio::test]
async fn a_modern_task_may_wait_for_two_answers_at_once() {
    let engine = engine();
    let client = modern(&engine);
    let id = begin(&client, "asks_two").await;
    let waiting = until(&client, &id, |it| asked(it).len() == 2).await;
    let asked = asked(&waiting);
    update(&client, &id, json!({&*asked[1].1: answer("for b")})).await;
    let still = until(&client, &id, |it| super::task_input::asked(it).len() == 1).await;
    assert_eq!(still["status"], "input_required");
    update(&client, &id, json!({&*asked[0].1: answer("for a")})).await;
    let done = until(&client, &id, |it| it["status"] == "completed").await;
    assert_eq!(done["result"]["content"][0]["text"], "for a, for b");
}

#[tokio::test]
async fn a_call_that_became_a_task_asks_as_one() {
    let engine = engine();
    let client = modern(&engine);
    let id = begin(&client, "becomes_and_asks").await;
    let waiting = until(&client, &id, |it| it["status"] == "input_required").await;
    let (message, key) = &asked(&waiting)[0];
    assert_eq!(message, "as a task?");
    update(&client, &id, json!({key: answer("yes")})).await;
    let done = until(&client, &id, |it| it["status"] == "completed").await;
    assert_eq!(done["result"]["content"][0]["text"], "yes");
}

#[tokio::test]
async fn a_stranger_cannot_answer() {
    let engine = engine();
    let alice = modern(&engine).caller(Caller::new("t").with_principal("alice"));
    let id = begin(&alice, "asks").await;
    let waiting = until(&alice, &id, |it| it["status"] == "input_required").await;
    let (_, key) = &asked(&waiting)[0];
    let bob = modern(&engine).caller(Caller::new("t").with_principal("bob"));
    let params = json!({"taskId": id, "inputResponses": {key: answer("bob")}});
    assert_eq!(
        super::code(bob.request("tasks/update", params).await),
        -32602
    );
    let still = until(&alice, &id, |_| true).await;
    assert_eq!(still["status"], "input_required");
}

#[tokio::test]
async fn a_task_that_waits_can_be_cancelled() {
    let engine = engine();
    let client = modern(&engine);
    let id = begin(&client, "asks").await;
    until(&client, &id, |it| it["status"] == "input_required").await;
    client
        .request("tasks/cancel", json!({"taskId": id}))
        .await
        .unwrap();
    let over = until(&client, &id, |it| it["status"] == "cancelled").await;
    assert!(over.get("inputRequests").is_none(), "{over}");
}

#[tokio::test]
async fn a_client_that_cannot_be_asked_is_told_so_by_the_task() {
    let engine = engine();
    let client = client(&engine, Revision::LATEST).extension(TASKS_EXTENSION, json!({}));
    let id = begin(&client, "asks").await;
    let over = until(&client, &id, |it| it["status"] == "failed").await;
    assert_eq!(over["error"]["code"], -32021, "{over}");
}

#[tokio::test]
async fn a_legacy_task_asks_whoever_waits_for_its_result() {
    let engine = engine();
    let client = client(&engine, Revision::LATEST_LEGACY).on_elicit(|params| {
        let related = &params["_meta"]["io.modelcontextprotocol/related-task"];
        assert!(related["taskId"].is_string(), "{params}");
        Some(json!({"said": format!("[{}]", params["message"].as_str().unwrap())}))
    });
    for (tool, expected) in [
        ("asks", "[first?], [after [first?]?]"),
        ("asks_two", "[a?], [b?]"),
    ] {
        let params = json!({"name": tool, "task": {}});
        let begun = client.request("tools/call", params).await.unwrap();
        let id = begun["task"]["taskId"].as_str().unwrap();
        let waiting = until(&client, id, |it| it["status"] == "input_required").await;
        assert!(waiting.get("inputRequests").is_none(), "{waiting}");
        let result = client.request("tasks/result", json!({"taskId": id}));
        let result = soon(result).await.unwrap();
        assert_eq!(result["content"][0]["text"], expected, "{tool}");
    }
}

#[tokio::test]
async fn a_task_waits_for_an_answer_for_as_long_as_the_question_says() {
    let engine = engine();
    let modern = modern(&engine);
    let id = begin(&modern, "asks_briefly").await;
    let task = until(&modern, &id, |task| task["status"] == "completed").await;
    let said = &task["result"]["content"][0]["text"];
    assert_eq!(said, "the client did not answer within 20ms", "{task}");
    assert_eq!(task["result"]["isError"], true, "{task}");
    let questions = task["inputRequests"].as_object().map_or(0, |it| it.len());
    assert_eq!(questions, 0, "{task}");
}
