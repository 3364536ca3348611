//! How many calls are worked on at once: the others wait for their turn, for a while.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use toolsmith_core::protocol::{Completions, Revision, TASKS_EXTENSION, TaskSupport};
use toolsmith_core::server::completion::Completion;
use toolsmith_core::server::prompt::DynamicPrompt;
use toolsmith_core::server::resource::DynamicResource;
use toolsmith_core::server::tool::DynamicTool;
use toolsmith_core::server::{Context, Engine, Sampling, Server};
use toolsmith_core::testing::TestClient;

const BUSY: i64 = -31002;

/// Everything here ends when it is let.
fn server(gate: &Arc<Semaphore>) -> Server {
    let let_go = |gate: &Arc<Semaphore>| {
        let gate = Arc::clone(gate);
        move || {
            let gate = Arc::clone(&gate);
            async move { gate.acquire().await.unwrap().forget() }
        }
    };
    let (wait, prompt, read, complete, method) = (
        let_go(gate),
        let_go(gate),
        let_go(gate),
        let_go(gate),
        let_go(gate),
    );
    let schema = json!({"type": "object"});
    let wait = DynamicTool::new("wait", schema, move |_, _: Context| {
        let wait = wait();
        async move {
            wait.await;
            "done"
        }
    });
    let prompt = DynamicPrompt::new("wait", move |_, _: Context| {
        let wait = prompt();
        async move {
            wait.await;
            "said"
        }
    });
    let complete = move |_: Completion| {
        let wait = complete();
        async move {
            wait.await;
            Completions::new(["y"])
        }
    };
    let page = DynamicResource::new("page://1", move |_, _: Context| {
        let wait = read();
        async move {
            wait.await;
            "read"
        }
    });
    let task = wait.clone().define(|it| {
        it.name = "task".to_owned();
        it.task = TaskSupport::Required;
    });
    Server::new("s")
        .dynamic_tool(wait)
        .dynamic_tool(task)
        .dynamic_prompt(prompt.argument("x", "").complete("x", complete))
        .dynamic_resource(page)
        .method("x/wait", move |_, _| {
            let wait = method();
            async move {
                wait.await;
                Ok(serde_json::Map::new())
            }
        })
}

/// Waits until the engine works on so many calls, and so many wait.
async fn until(engine: &Engine, working: usize, waiting: usize) {
    let counts = || (engine.calls_in_flight(), engine.calls_queued());
    let begun = Instant::now();
    while counts() != (working, waiting) {
        let passed = begun.elapsed();
        assert!(passed < Duration::from_secs(20), "{:?}", counts());
        tokio::task::yield_now().await;
    }
}

fn spawn(
    engine: &Engine,
    method: &'static str,
    params: Value,
) -> tokio::task::JoinHandle<Result<Value, toolsmith_core::testing::Failure>> {
    let client = TestClient::of(engine.clone());
    tokio::spawn(async move { client.request(method, params).await })
}

#[tokio::test]
async fn each_kind_of_call_has_a_place_until_it_is_answered_and_the_next_waits_for_it() {
    let gate = Arc::new(Semaphore::new(0));
    let engine = server(&gate).max_calls(1, 1).build().unwrap();
    let completes = json!({"type": "ref/prompt", "name": "wait"});
    for (method, params) in [
        ("tools/call", json!({"name": "wait"})),
        ("prompts/get", json!({"name": "wait"})),
        ("resources/read", json!({"uri": "page://1"})),
        (
            "completion/complete",
            json!({"ref": completes, "argument": {"name": "x", "value": ""}}),
        ),
        ("x/wait", json!({})),
    ] {
        let first = spawn(&engine, method, params.clone());
        until(&engine, 1, 0).await;
        let second = spawn(&engine, method, params.clone());
        until(&engine, 1, 1).await;
        let client = TestClient::of(engine.clone());
        let third = client.request(method, params).await.unwrap_err();
        assert_eq!(third.code, BUSY, "{method}: {third}");
        let said = "the server works on 1 calls, and 1 more wait";
        assert!(third.message.contains(said), "{method}: {third}");
        // What is no call needs no place.
        assert!(client.tools().await.is_ok());
        gate.add_permits(2);
        for done in [first, second] {
            let done = done.await.unwrap();
            assert!(done.is_ok(), "{method}: {done:?}");
        }
        until(&engine, 0, 0).await;
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_leaves_the_queue_or_its_place() {
    let gate = Arc::new(Semaphore::new(0));
    let engine = server(&gate).max_calls(1, 1).build().unwrap();
    let call = || spawn(&engine, "tools/call", json!({"name": "wait"}));
    let first = call();
    until(&engine, 1, 0).await;
    let second = call();
    until(&engine, 1, 1).await;
    second.abort();
    until(&engine, 1, 0).await;
    let third = call();
    until(&engine, 1, 1).await;
    first.abort();
    until(&engine, 1, 0).await;
    gate.add_permits(1);
    assert!(third.await.unwrap().is_ok());
    until(&engine, 0, 0).await;
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_longer_than_calls_may_is_refused() {
    let gate = Arc::new(Semaphore::new(0));
    let server = server(&gate)
        .max_calls(1, 8)
        .queue_timeout(Duration::from_secs(3));
    let engine = server.build().unwrap();
    let _first = spawn(&engine, "tools/call", json!({"name": "wait"}));
    until(&engine, 1, 0).await;
    let begun = Instant::now();
    let client = TestClient::of(engine.clone());
    let late = client.call("wait", json!({})).await.unwrap_err();
    assert_eq!((late.code, begun.elapsed().as_secs()), (BUSY, 3), "{late}");
    assert!(late.message.contains("waited for 3s"), "{late}");
    until(&engine, 1, 0).await;
}

#[tokio::test]
async fn a_task_that_goes_on_holds_no_place() {
    let gate = Arc::new(Semaphore::new(0));
    let engine = server(&gate).max_calls(1, 0).build().unwrap();
    let client = TestClient::of(engine.clone()).extension(TASKS_EXTENSION, json!({}));
    let begun = client.send("tools/call", json!({"name": "task"})).await;
    assert!(begun.unwrap()["taskId"].is_string());
    until(&engine, 0, 0).await;
    let call = spawn(&engine, "tools/call", json!({"name": "wait"}));
    until(&engine, 1, 0).await;
    gate.add_permits(2);
    assert!(call.await.unwrap().is_ok());
}

#[tokio::test]
async fn a_call_that_waits_for_its_client_keeps_its_place() {
    let schema = json!({"type": "object"});
    let ask = DynamicTool::new("ask", schema, |_, context: Context| async move {
        let answer = context.sample(Sampling::new("May I?")).await;
        format!("{:?}", answer.is_ok())
    });
    let engine = Server::new("s").dynamic_tool(ask).build().unwrap();
    let seen = Arc::new(std::sync::Mutex::new(0));
    let (counts, see) = (engine.clone(), Arc::clone(&seen));
    let client = TestClient::of(engine.clone()).revision(Revision::LATEST_LEGACY);
    let client = client.on_sample(move |_| {
        *see.lock().unwrap() = counts.calls_in_flight();
        "yes".to_owned()
    });
    client.call("ask", json!({})).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), 1);
    assert_eq!(engine.calls_in_flight(), 0);
}
