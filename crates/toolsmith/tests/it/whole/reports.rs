//! Progress and log messages: only where they were asked for, and not too many.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use toolsmith::prelude::*;
use toolsmith::protocol::Revision;
use toolsmith::server::Engine;
use toolsmith::testing::TestClient;

use super::client;

#[tool]
async fn works(context: Context) -> &'static str {
    context.progress(Progress::new(1.0).total(2.0).message("half"));
    context.debug("detail");
    context.log(LogMessage::new(LogLevel::Warning, json!({"left": 1})).logger("quota"));
    context.error("broken");
    context.progress(Progress::new(2.0).total(2.0));
    "done"
}

#[tool]
fn works_on_the_pool(context: Context) {
    context.progress(Progress::new(1.0));
    context.info("from the pool");
}

#[prompt]
async fn prompt(context: Context) -> &'static str {
    context.progress(Progress::new(1.0));
    context.info("from a prompt");
    "p"
}

#[resource("a:b")]
async fn resource(context: Context) -> &'static str {
    context.progress(Progress::new(1.0));
    context.info("from a resource");
    "r"
}

#[tool]
async fn floods(context: Context) {
    for n in 1..=10_000_u32 {
        context.progress(Progress::new(f64::from(n)).total(10_000.0));
    }
}

#[tool]
async fn floods_the_log(context: Context) {
    for n in 1..=10_000 {
        context.info(n);
    }
}

fn engine() -> Engine {
    let server = Server::new("s").tool::<works>().tool::<works_on_the_pool>();
    let server = server.tool::<floods>().tool::<floods_the_log>();
    server
        .prompt::<prompt>()
        .resource::<resource>()
        .build()
        .unwrap()
}

/// A call whose progress is asked for.
async fn call(client: &TestClient, name: &str) {
    let params = json!({"name": name, "arguments": {}, "_meta": {"progressToken": "t"}});
    client.request("tools/call", params).await.unwrap();
}

fn of<'a>(heard: &'a [Value], method: &str) -> Vec<&'a Value> {
    let of = heard.iter().filter(|it| it["method"] == method);
    of.map(|it| &it["params"]).collect()
}

#[tokio::test]
async fn nothing_is_said_to_who_did_not_ask() {
    let engine = engine();
    for revision in Revision::ALL {
        let client = client(&engine, revision);
        for name in ["works", "works_on_the_pool"] {
            client.call(name, json!({})).await.unwrap();
        }
        client.prompt("prompt", json!({})).await.unwrap();
        client.read("a:b").await.unwrap();
        assert_eq!(client.notifications(), [] as [Value; 0], "{revision}");
    }
}

#[tokio::test]
async fn progress_goes_to_the_token_that_asked_for_it() {
    let engine = engine();
    for revision in Revision::ALL {
        let client = client(&engine, revision);
        call(&client, "works").await;
        let heard = client.notifications();
        let mut first = json!({"progressToken": "t", "progress": 1, "total": 2, "message": "half"});
        if revision < Revision::V2025_03_26 {
            first.as_object_mut().unwrap().remove("message");
        }
        let second = json!({"progressToken": "t", "progress": 2, "total": 2});
        assert_eq!(
            of(&heard, "notifications/progress"),
            [&first, &second],
            "{revision}"
        );
        assert_eq!(heard.len(), 2, "log messages were not asked for: {heard:?}");
        let number = json!({"name": "works_on_the_pool", "_meta": {"progressToken": 7}});
        client.request("tools/call", number).await.unwrap();
        let heard = client.notifications();
        assert_eq!(
            heard[0]["params"],
            json!({"progressToken": 7, "progress": 1})
        );
    }
}

#[tokio::test]
async fn log_messages_are_those_of_the_level_that_was_asked_for() {
    let engine = engine();
    for revision in Revision::ALL {
        let client = client(&engine, revision).log_level(LogLevel::Warning);
        client.call("works", json!({})).await.unwrap();
        let heard = client.notifications();
        assert_eq!(
            of(&heard, "notifications/message"),
            [
                &json!({"level": "warning", "logger": "quota", "data": {"left": 1}}),
                &json!({"level": "error", "data": "broken"}),
            ],
            "{revision}"
        );
        assert_eq!(heard.len(), 2, "progress was not asked for: {heard:?}");
    }
}

#[tokio::test]
async fn a_legacy_client_may_change_the_level() {
    let client = client(&engine(), Revision::LATEST_LEGACY).log_level(LogLevel::Debug);
    client.call("works", json!({})).await.unwrap();
    assert_eq!(client.notifications().len(), 3);
    let params = json!({"level": "error"});
    client.request("logging/setLevel", params).await.unwrap();
    client.call("works", json!({})).await.unwrap();
    assert_eq!(client.notifications().len(), 1);
    let wrong = client.request("logging/setLevel", json!({"level": "loud"}));
    assert_eq!(super::code(wrong.await), -32602);
}

#[tokio::test]
async fn a_level_of_a_modern_request_is_good_for_that_request() {
    let client = client(&engine(), Revision::LATEST);
    let level = json!({"io.modelcontextprotocol/logLevel": "info"});
    let params = json!({"name": "works_on_the_pool", "_meta": level});
    client.request("tools/call", params).await.unwrap();
    assert_eq!(client.notifications().len(), 1);
    client.call("works_on_the_pool", json!({})).await.unwrap();
    assert_eq!(client.notifications(), [] as [Value; 0]);
}

#[tokio::test]
async fn prompts_and_resources_report_as_tools_do() {
    let engine = engine();
    for revision in Revision::ALL {
        let client = client(&engine, revision).log_level(LogLevel::Info);
        let meta = json!({"progressToken": "t"});
        let get = json!({"name": "prompt", "_meta": meta});
        client.request("prompts/get", get).await.unwrap();
        let read = json!({"uri": "a:b", "_meta": meta});
        client.request("resources/read", read).await.unwrap();
        let heard = client.notifications();
        assert_eq!(of(&heard, "notifications/progress").len(), 2, "{heard:?}");
        let said = of(&heard, "notifications/message");
        let said: Vec<_> = said.iter().map(|it| &it["data"]).collect();
        assert_eq!(said, ["from a prompt", "from a resource"], "{revision}");
    }
}

#[tokio::test]
async fn a_flood_is_cut_off_and_its_end_is_told() {
    let engine = engine();
    for revision in super::BOTH {
        let client = client(&engine, revision).log_level(LogLevel::Info);
        call(&client, "floods").await;
        let heard = client.notifications();
        assert!(
            (100..5000).contains(&heard.len()),
            "{} reports",
            heard.len()
        );
        let last = &heard.last().unwrap()["params"];
        assert_eq!(last["progress"], 10_000, "the last report is always told");
        let values: Vec<_> = heard
            .iter()
            .map(|it| it["params"]["progress"].as_u64())
            .collect();
        assert!(values.is_sorted(), "progress went back");
        client.call("floods_the_log", json!({})).await.unwrap();
        let heard = client.notifications();
        assert!(
            (100..5000).contains(&heard.len()),
            "{} messages",
            heard.len()
        );
    }
}

#[tool]
async fn goes_back(context: Context) {
    for progress in [1.0, 3.0, 2.0, 3.0, f64::NAN, 4.0] {
        context.progress(Progress::new(progress));
    }
}

#[tokio::test]
async fn progress_that_does_not_grow_is_not_told() {
    let engine = Server::new("s").tool::<goes_back>().build().unwrap();
    for revision in super::BOTH {
        let client = client(&engine, revision);
        call(&client, "goes_back").await;
        let heard = client.notifications();
        let values: Vec<_> = heard
            .iter()
            .map(|it| it["params"]["progress"].clone())
            .collect();
        assert_eq!(values, [1, 3, 4], "{revision}");
    }
}

/// Reports from four threads at once.
#[tool]
fn reports_from_threads(context: Context) {
    let next = AtomicU32::new(0);
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for _ in 0..20 {
                    let progress = next.fetch_add(1, Ordering::Relaxed);
                    context.progress(Progress::new(progress.into()));
                }
            });
        }
    });
}

#[tokio::test]
async fn progress_of_several_threads_grows_from_one_report_to_the_next() {
    let server = Server::new("s").tool::<reports_from_threads>();
    let engine = server.build().unwrap();
    for revision in super::BOTH {
        for round in 0..100 {
            let client = client(&engine, revision);
            call(&client, "reports_from_threads").await;
            let heard = client.notifications();
            let values: Vec<_> = heard
                .iter()
                .map(|it| it["params"]["progress"].as_u64())
                .collect();
            let grows = values.windows(2).all(|two| two[0] < two[1]);
            assert!(grows, "{revision}, round {round}: {values:?}");
        }
    }
}

/// Reports too often, then far too much, then its end.
#[tool]
async fn guesses_too_much(context: Context) {
    for n in 1..=300_u32 {
        context.progress(Progress::new(f64::from(n)));
    }
    context.progress(Progress::new(1_000_000.0));
    context.progress(Progress::new(500.0).total(500.0));
}

#[tokio::test]
async fn what_was_not_told_keeps_nothing_from_being_told() {
    let server = Server::new("s").tool::<guesses_too_much>();
    let engine = server.build().unwrap();
    for revision in super::BOTH {
        // On a slow machine the guess itself may be told.
        let mut last = json!(null);
        for _ in 0..100 {
            let client = client(&engine, revision);
            call(&client, "guesses_too_much").await;
            last = client.notifications().last().unwrap()["params"]["progress"].clone();
            if last != 1_000_000 {
                break;
            }
        }
        assert_eq!(last, 500, "{revision}");
    }
}
