//! What a client over a pipe can and cannot do to the server.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinHandle;
use toolsmith::prelude::*;

use crate::wire::{Gate, Pipe, call, modern_meta, request, soon};

fn modern(id: impl Into<Value>, method: &str, mut params: Value) -> Value {
    params["_meta"] = modern_meta().into();
    request(id, method, params)
}

fn start() -> (Arc<Gate>, Pipe, JoinHandle<toolsmith::Result<()>>) {
    let gate = Arc::new(Gate::default());
    let (pipe, server) = Pipe::to_server(Stdio::new(), &gate);
    (gate, pipe, server)
}

async fn ends_within_a_second(server: JoinHandle<toolsmith::Result<()>>) {
    let start = Instant::now();
    soon("the end", server).await.unwrap().unwrap();
    let took = start.elapsed();
    assert!(took < Duration::from_secs(1), "ended after {took:?}");
}

#[tokio::test]
async fn the_end_is_seen_behind_more_calls_than_are_worked_on_at_once() {
    let (gate, mut pipe, server) = start();
    for id in 0..600 {
        pipe.line(modern(id, "tools/call", call("wait", json!({}))))
            .await;
    }
    gate.started(512).await;
    pipe.end();
    ends_within_a_second(server).await;
}

#[tokio::test]
async fn a_call_that_could_still_report_does_not_keep_the_writer_waiting() {
    let log = crate::support::Log::capture();
    let (gate, mut pipe, server) = start();
    let mut wait = modern(1, "tools/call", call("report_and_wait", json!({})));
    wait["params"]["_meta"]["progressToken"] = "t".into();
    pipe.line(wait).await;
    gate.started(1).await;
    pipe.end();
    ends_within_a_second(server).await;
    let text = log.text();
    assert!(text.contains("calls were cut off"), "{text}");
    assert!(!text.contains("stopped reading"), "{text}");
}

#[tokio::test]
async fn a_burst_is_worked_off_and_nothing_of_it_is_refused() {
    let (_, mut pipe, server) = start();
    let sums = 2000;
    let reader = tokio::spawn(async move {
        for id in 0..sums {
            let sum = call("add_blocking", json!({"a": id, "b": 1}));
            pipe.line(modern(id, "tools/call", sum)).await;
            if id % 100 == 99 {
                for _ in 0..50 {
                    let answer = pipe.next().await.unwrap();
                    assert!(answer["result"].is_object(), "{answer}");
                }
            }
        }
        let mut left = HashSet::new();
        for _ in 0..sums / 2 {
            left.insert(pipe.next().await.unwrap()["id"].as_i64().unwrap());
        }
        pipe.end();
        left
    });
    assert_eq!(reader.await.unwrap().len(), sums / 2);
    ends_within_a_second(server).await;
}

#[tokio::test]
async fn the_end_is_seen_by_a_server_whose_answers_nobody_reads() {
    let (_, mut pipe, server) = start();
    // Two megabytes of answers, where the pipe has room for 64 KiB.
    for number in 0..2000 {
        let id = format!("{number}-{}", "x".repeat(900));
        pipe.line(modern(id, "tools/list", json!({}))).await;
    }
    pipe.end();
    ends_within_a_second(server).await;
}

#[tokio::test]
async fn a_client_that_sends_more_than_can_be_held_is_told_so() {
    let (gate, mut pipe, server) = start();
    for id in 0..40 {
        let mut wait = modern(id, "tools/call", call("wait", json!({})));
        wait["params"]["_meta"]["padding"] = "x".repeat(1024 * 1024).into();
        pipe.line(wait).await;
    }
    let mut refused = HashSet::new();
    for _ in 0..9 {
        let answer = pipe.next().await.unwrap();
        assert_eq!(answer["error"]["code"], -31002, "{answer}");
        refused.insert(answer["id"].as_i64().unwrap());
    }
    assert!(
        !refused.contains(&0),
        "what came first is served: {refused:?}"
    );
    gate.open();
    for _ in 0..40 - refused.len() {
        let answer = pipe.next().await.unwrap();
        assert_eq!(answer["result"]["content"][0]["text"], "went", "{answer}");
    }
    let answer = pipe.ask(modern("after", "tools/list", json!({}))).await;
    assert_eq!(answer["id"], "after", "{answer}");
    pipe.end();
    ends_within_a_second(server).await;
}

#[tokio::test]
async fn a_batch_for_which_there_is_no_room_is_answered() {
    let (gate, mut pipe, _) = start();
    let client = json!({"name": "test", "version": "0"});
    let opening =
        json!({"protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": client});
    pipe.ask(request(0, "initialize", opening)).await;
    for id in 0..9 {
        let mut wait = request(id, "tools/call", call("wait", json!({})));
        wait["params"]["_meta"] = json!({"padding": "x".repeat(4_000_000)});
        pipe.line(wait).await;
    }
    assert_eq!(pipe.next().await.unwrap()["error"]["code"], -31002);
    let padding = json!({"_meta": {"padding": "x".repeat(3_000_000)}});
    let batch = json!([
        request("a", "tools/list", padding.clone()),
        {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 0}},
        request("b", "tools/list", json!({})),
    ]);
    let answers = pipe.ask(batch).await;
    assert_eq!(answers[0]["error"]["code"], -31002, "{answers}");
    assert_eq!(answers[1]["id"], "b", "{answers}");
    // The notification in the batch was heard.
    gate.dropped(1).await;
}

/// Guards against small requests that cost as little as one because they come on one line.
#[tokio::test]
async fn a_batch_costs_what_its_requests_cost() {
    let (gate, mut pipe, _) = start();
    let client = json!({"name": "test", "version": "0"});
    let opening =
        json!({"protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": client});
    pipe.ask(request("open", "initialize", opening)).await;
    let wait = |id: i64| request(id, "tools/call", call("wait", json!({})));
    for first in 0..200 {
        let of = first * 100..(first + 1) * 100;
        pipe.line(Value::from_iter(of.map(wait))).await;
    }
    let refused = pipe.next().await.unwrap();
    for answer in refused.as_array().unwrap() {
        assert_eq!(answer["error"]["code"], -31002, "{answer}");
    }
    gate.open();
    for _ in 1..200 {
        assert_eq!(pipe.next().await.unwrap().as_array().unwrap().len(), 100);
    }
    let answer = pipe.ask(request("after", "ping", json!({}))).await;
    assert_eq!(answer["id"], "after", "{answer}");
}

#[tokio::test]
async fn who_asks_whether_anybody_is_there_is_answered_while_all_are_busy() {
    let (gate, mut pipe, _) = start();
    let client = json!({"name": "test", "version": "0"});
    let opening =
        json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client});
    pipe.ask(request("open", "initialize", opening)).await;
    for id in 0..600 {
        pipe.line(request(id, "tools/call", call("wait", json!({}))))
            .await;
    }
    gate.started(512).await;
    let answer = pipe.ask(request("ping", "ping", json!({}))).await;
    assert_eq!(answer["id"], "ping", "{answer}");
}

/// Guards against subscriptions that take the places of calls, and never give them back.
#[tokio::test]
async fn a_client_may_have_as_many_subscriptions_as_it_is_granted_and_calls_beside_them() {
    let (_, mut pipe, server) = start();
    let filter = json!({"notifications": {"toolsListChanged": true}});
    let mut refused = Vec::new();
    for id in 0..520 {
        let said = pipe
            .ask(modern(id, "subscriptions/listen", filter.clone()))
            .await;
        if said["method"] != "notifications/subscriptions/acknowledged" {
            assert_eq!(said["error"]["code"], -31017, "{said}");
            refused.push(said["id"].as_i64().unwrap());
        }
    }
    assert_eq!(refused, Vec::from_iter(512..520));
    let answer = pipe.ask(modern("list", "tools/list", json!({}))).await;
    assert_eq!(answer["id"], "list", "{answer}");
    // One that is cancelled makes room for another.
    let params = json!({"requestId": 3});
    pipe.line(json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}))
        .await;
    pipe.ask(modern("list", "tools/list", json!({}))).await;
    let said = pipe
        .ask(modern(3, "subscriptions/listen", filter.clone()))
        .await;
    assert!(said["params"]["notifications"].is_object(), "{said}");
    pipe.end();
    ends_within_a_second(server).await;
}

/// Guards against subscriptions that name much, and fill the room for requests for ever.
#[tokio::test]
async fn large_subscriptions_leave_room_for_calls() {
    let (_, mut pipe, _) = start();
    let uris: Vec<String> = (0..400)
        .map(|n| format!("x:{n}{}", "x".repeat(8000)))
        .collect();
    let filter = json!({"notifications": {"resourceSubscriptions": uris}});
    let mut refused = 0;
    for id in 0..12 {
        let said = pipe
            .ask(modern(id, "subscriptions/listen", filter.clone()))
            .await;
        if said["error"].is_object() {
            assert_eq!(said["error"]["code"], -31017, "{said}");
            refused += 1;
        }
    }
    assert_eq!(refused, 2, "of what holds 3.2 MB each");
    let answer = pipe.ask(modern("list", "tools/list", json!({}))).await;
    assert!(answer["result"].is_object(), "{answer}");
}

#[tokio::test]
async fn a_client_that_reads_slowly_is_given_every_answer() {
    let (_, mut pipe, server) = start();
    for id in 0..1500 {
        pipe.line(modern(id, "tools/list", json!({}))).await;
    }
    pipe.end();
    let mut read = 0;
    let start = Instant::now();
    while pipe.next().await.is_some() {
        read += 1;
        if read % 100 == 0 {
            // It is the slowness that is tested.
            tokio::time::sleep(Duration::from_millis(80)).await;
        }
    }
    assert_eq!(read, 1500);
    assert!(start.elapsed() > Duration::from_secs(1), "not slow enough");
    ends_within_a_second(server).await;
}

#[toolsmith::tool]
async fn answers_early(context: Context, gate: State<Arc<Gate>>) -> &'static str {
    tokio::spawn(async move {
        gate.started(1).await;
        for step in 1..=3 {
            context.progress(Progress::new(step.into()));
        }
        gate.open();
    });
    "answered"
}

#[tokio::test]
async fn nothing_is_reported_of_a_call_after_its_answer() {
    let gate = Arc::new(Gate::default());
    let (to, input) = tokio::io::duplex(64 * 1024);
    let (output, from) = tokio::io::duplex(64 * 1024);
    let server = crate::wire::server(&gate)
        .tool::<answers_early>()
        .state(Arc::clone(&gate));
    let engine = server.build().unwrap();
    tokio::spawn(Stdio::new().serve_streams(engine, input, output));
    let mut pipe = Pipe::new(Box::new(to), Box::new(from));
    let mut early = modern("early", "tools/call", call("answers_early", json!({})));
    early["params"]["_meta"]["progressToken"] = "t".into();
    let answer = pipe.ask(early).await;
    assert_eq!(answer["id"], "early", "{answer}");
    // Starts the reports, and is itself let go when they were made.
    let answer = pipe
        .ask(modern("wait", "tools/call", call("wait", json!({}))))
        .await;
    assert_eq!(
        answer["id"], "wait",
        "a report came after the answer: {answer}"
    );
}

#[tokio::test]
async fn a_request_with_the_id_of_one_that_was_cancelled_can_be_cancelled_as_well() {
    let (gate, mut pipe, _) = start();
    let params = json!({"requestId": 1});
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params});
    for calls in 1..=3 {
        pipe.line(modern(1, "tools/call", call("wait", json!({}))))
            .await;
        gate.started(calls).await;
        pipe.line(&cancel).await;
    }
    gate.dropped(3).await;
}

#[tokio::test]
async fn a_client_that_closes_the_output_ends_the_server() {
    let gate = Arc::new(Gate::default());
    let (to, input) = tokio::io::duplex(64 * 1024);
    let (output, from) = tokio::io::duplex(64);
    let engine = crate::wire::server(&gate).build().unwrap();
    let server = tokio::spawn(Stdio::new().serve_streams(engine, input, output));
    let mut pipe = Pipe::new(Box::new(to), Box::new(tokio::io::empty()));
    drop(from);
    pipe.line(modern(1, "tools/list", json!({}))).await;
    ends_within_a_second(server).await;
}

#[tokio::test]
async fn nothing_is_said_of_a_request_that_was_cancelled() {
    let (gate, mut pipe, _) = start();
    let client = json!({"name": "test", "version": "0"});
    let opening =
        json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client});
    pipe.ask(request(0, "initialize", opening)).await;
    let wait = call("wait", json!({}));
    pipe.line(request("legacy", "tools/call", wait.clone()))
        .await;
    pipe.line(modern("modern", "tools/call", wait)).await;
    gate.started(2).await;
    for id in ["legacy", "modern"] {
        let params = json!({"requestId": id, "reason": "no longer wanted"});
        let method = "notifications/cancelled";
        pipe.line(json!({"jsonrpc": "2.0", "method": method, "params": params}))
            .await;
    }
    gate.dropped(2).await;
    gate.open();
    let answer = pipe.ask(modern("after", "tools/list", json!({}))).await;
    assert_eq!(answer["id"], "after", "{answer}");
}

#[tokio::test]
async fn why_a_request_was_cancelled_is_in_the_log_and_is_cut_off() {
    let log = crate::support::Log::capture();
    let (gate, mut pipe, _) = start();
    pipe.line(modern(1, "tools/call", call("wait", json!({}))))
        .await;
    gate.started(1).await;
    let reason = format!("no longer\nwanted{}", "x".repeat(1000));
    let params = json!({"requestId": 1, "reason": reason});
    pipe.line(json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}))
        .await;
    gate.dropped(1).await;
    let text = log.text();
    let line = text.lines().find(|line| line.contains("wanted"));
    let line = line.unwrap_or_else(|| panic!("no reason in {text}"));
    assert!(line.contains("cancelled a request"), "{line}");
    assert!(line.contains(r"no longer\nwanted"), "{line}");
    assert!(line.len() < 500, "{line}");
}

#[tokio::test]
async fn a_notification_that_does_not_fit_is_not_answered() {
    let (_, mut pipe, _) = start();
    for params in [json!([1]), json!({"name": 1}), json!(5)] {
        pipe.line(json!({"jsonrpc": "2.0", "method": "notifications/x", "params": params}))
            .await;
    }
    let answer = pipe.ask(modern("after", "tools/list", json!({}))).await;
    assert_eq!(answer["id"], "after", "{answer}");
}

#[tokio::test]
async fn a_client_may_ping_before_it_says_who_it_is() {
    let (_, mut pipe, _) = start();
    let answer = pipe.ask(request(1, "ping", json!({}))).await;
    assert_eq!(answer["result"], json!({}), "{answer}");
    let answer = pipe.ask(request(2, "tools/list", json!({}))).await;
    assert_eq!(answer["error"]["code"], -31003, "{answer}");
}

#[tokio::test]
async fn a_method_that_is_not_served_is_that_first_whatever_its_parameters_are() {
    let (_, mut pipe, _) = start();
    let mut odd = modern(1, "no/such", json!({}));
    odd["params"]["name"] = 5.into();
    let answer = pipe.ask(odd).await;
    assert_eq!(answer["error"]["code"], -32601, "{answer}");
}
