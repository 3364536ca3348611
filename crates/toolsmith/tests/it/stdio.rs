//! One client over a pipe.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::OnceCell;
use toolsmith::Stdio;

use crate::wire::{Gate, Pipe, Program, call, example, modern_meta, request, soon};

fn modern(id: impl Into<Value>, method: &str, mut params: Value) -> Value {
    let mut meta = modern_meta();
    if let Some(more) = params["_meta"].as_object() {
        meta.extend(more.clone());
    }
    params["_meta"] = meta.into();
    request(id, method, params)
}

fn opening(revision: &str) -> Value {
    let client = json!({"name": "test", "version": "0"});
    let params = json!({"protocolVersion": revision, "capabilities": {}, "clientInfo": client});
    request(0, "initialize", params)
}

fn said(answer: &Value) -> &str {
    let text = answer.pointer("/result/content/0/text");
    let text = text.and_then(Value::as_str);
    text.unwrap_or_else(|| panic!("no text in {answer}"))
}

/// The example whose tools sleep.
async fn blocking(arguments: &[&str]) -> Program {
    static BLOCKING: OnceCell<std::path::PathBuf> = OnceCell::const_new();
    let program = BLOCKING.get_or_init(|| example("blocking", None)).await;
    Program::start(program.clone(), arguments, &[])
}

#[tokio::test]
async fn a_slow_call_does_not_hold_up_a_fast_one() {
    let gate = Arc::new(Gate::default());
    let (mut pipe, _) = Pipe::to_server(Stdio::new(), &gate);
    for id in 0..50 {
        pipe.line(modern(id, "tools/call", call("wait", json!({}))))
            .await;
    }
    gate.started(50).await;
    let sum = call("add_blocking", json!({"a": 2, "b": 3}));
    let answer = pipe.ask(modern("fast", "tools/call", sum)).await;
    assert_eq!((&answer["id"], said(&answer)), (&json!("fast"), "5"));
    gate.open();
    let mut ids = Vec::new();
    for _ in 0..50 {
        let answer = pipe.next().await.unwrap();
        assert_eq!(said(&answer), "went");
        ids.push(answer["id"].as_i64().unwrap());
    }
    ids.sort_unstable();
    assert_eq!(ids, Vec::from_iter(0..50));
}

#[tokio::test]
async fn both_eras_are_served_on_one_pipe() {
    let (mut pipe, _) = Pipe::to_server(Stdio::new(), &Arc::new(Gate::default()));
    let numbers = call("numbers", json!({"below": 2}));
    let discovered = pipe.ask(modern(1, "server/discover", json!({}))).await;
    assert!(
        discovered["result"]["supportedVersions"].is_array(),
        "{discovered}"
    );
    pipe.ask(opening("2025-06-18")).await;
    pipe.line(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))
        .await;
    for turn in 0..5 {
        let legacy = pipe.ask(request(turn, "tools/call", numbers.clone())).await;
        assert_eq!(
            legacy["result"]["structuredContent"],
            json!({"result": [0, 1]})
        );
        let new = pipe.ask(modern(turn, "tools/call", numbers.clone())).await;
        assert_eq!(new["result"]["structuredContent"], json!([0, 1]));
        assert_eq!(new["result"]["resultType"], "complete");
    }
    assert_eq!(
        pipe.ask(request(9, "ping", json!({}))).await["result"],
        json!({})
    );
}

#[tokio::test]
async fn reports_come_before_the_answer() {
    let (mut pipe, _) = Pipe::to_server(Stdio::new(), &Arc::new(Gate::default()));
    pipe.ask(opening("2025-11-25")).await;
    let mut params = call("count", json!({"to": 3}));
    params["_meta"] = json!({"progressToken": "t"});
    for line in [
        modern(1, "tools/call", params.clone()),
        request(1, "tools/call", params),
    ] {
        pipe.line(line).await;
        for step in 1..=3 {
            let report = pipe.next().await.unwrap();
            assert_eq!(report["params"]["progress"], step, "{report}");
            assert_eq!(report["params"]["progressToken"], "t", "{report}");
        }
        assert_eq!(said(&pipe.next().await.unwrap()), "counted to 3");
    }
}

#[tokio::test]
async fn notifications_and_responses_are_not_answered() {
    let (mut pipe, _) = Pipe::to_server(Stdio::new(), &Arc::new(Gate::default()));
    for line in [
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}),
        json!({"jsonrpc": "2.0", "method": "no/such"}),
        json!({"jsonrpc": "2.0", "id": 1, "result": {}}),
    ] {
        pipe.line(line).await;
    }
    let answer = pipe.ask(modern(7, "tools/list", json!({}))).await;
    assert_eq!(answer["id"], 7, "the first answer: {answer}");
}

#[tokio::test]
async fn the_end_of_the_input_ends_the_server_and_cuts_slow_calls_off() {
    let gate = Arc::new(Gate::default());
    let (mut pipe, server) = Pipe::to_server(Stdio::new(), &gate);
    pipe.line(modern(1, "tools/call", call("wait", json!({}))))
        .await;
    gate.started(1).await;
    let sum = call("add", json!({"a": 1, "b": 1}));
    pipe.line(modern(2, "tools/call", sum)).await;
    pipe.end();
    let start = Instant::now();
    assert_eq!(said(&pipe.next().await.unwrap()), "2");
    assert_eq!(pipe.next().await, None);
    soon("the end", server).await.unwrap().unwrap();
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    gate.dropped(1).await;
}

#[tokio::test]
async fn what_is_piped_in_at_once_is_answered_before_the_end() {
    let mut program = Program::hello(&[], &[]).await;
    let mut pipe = program.pipe();
    let start = Instant::now();
    for id in 0..100 {
        let sum = call("add", json!({"a": id, "b": 1}));
        pipe.line(modern(id, "tools/call", sum)).await;
    }
    pipe.end();
    let mut answers = Vec::new();
    while let Some(answer) = pipe.next().await {
        answers.push(answer);
    }
    assert_eq!(answers.len(), 100);
    for answer in answers {
        let id = answer["id"].as_i64().unwrap();
        assert_eq!(said(&answer), (id + 1).to_string());
    }
    assert_eq!(program.ended().await.code(), Some(0));
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn a_last_line_without_an_end_is_answered() {
    let mut program = Program::hello(&[], &[]).await;
    let mut pipe = program.pipe();
    pipe.ask(opening("2025-06-18")).await;
    pipe.unfinished(request(5, "ping", json!({}))).await;
    pipe.end();
    assert_eq!(pipe.next().await.unwrap()["id"], 5);
    assert_eq!(pipe.next().await, None);
}

#[tokio::test]
async fn a_program_ends_within_a_second_of_its_input_while_a_plain_function_runs() {
    let mut program = blocking(&[]).await;
    let mut pipe = program.pipe();
    let sleep = call("sleep", json!({"milliseconds": 60_000}));
    pipe.line(modern(1, "tools/call", sleep)).await;
    // Answered only after the line before was read.
    let doze = call("doze", json!({"milliseconds": 0}));
    let answer = pipe.ask(modern(2, "tools/call", doze)).await;
    assert_eq!(answer["id"], 2, "{answer}");
    let start = Instant::now();
    pipe.end();
    assert_eq!(pipe.next().await, None);
    let status = program.ended().await;
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(status.code(), Some(0), "{status}");
}

#[tokio::test]
async fn a_plain_function_that_takes_too_long_is_answered_on_time() {
    let mut program = blocking(&["--call-timeout", "50ms"]).await;
    let mut pipe = program.pipe();
    for tool in ["sleep", "doze"] {
        let slow = call(tool, json!({"milliseconds": 60_000}));
        let start = Instant::now();
        let answer = pipe.ask(modern(1, "tools/call", slow)).await;
        assert_eq!(answer["error"]["code"], -31001, "{answer}");
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "{:?}",
            start.elapsed()
        );
    }
}

#[tokio::test]
async fn only_messages_are_on_the_output_and_the_log_is_on_standard_error() {
    for format in ["text", "json"] {
        let arguments = [
            "--log",
            format,
            "--log-level",
            "debug",
            "--call-timeout",
            "20ms",
        ];
        let mut program = blocking(&arguments).await;
        let mut pipe = program.pipe();
        pipe.ask("not json").await;
        let slow = call("doze", json!({"milliseconds": 60_000}));
        // What is no message on the output fails here.
        pipe.ask(modern(1, "tools/call", slow)).await;
        pipe.end();
        assert_eq!(pipe.next().await, None);
        let (code, _, log) = program.output().await;
        assert_eq!(code, Some(0));
        assert!(log.contains("did not finish within its time"), "{log}");
        assert!(!log.contains('\u{1b}'), "colours for a program: {log}");
        for line in log.lines() {
            let json = serde_json::from_str::<Value>(line);
            match format {
                "json" => assert!(json.is_ok_and(|l| l["level"].is_string()), "{line}"),
                _ => assert!(json.is_err(), "{line}"),
            }
        }
    }
}
