//! What standard error has of a tool that panics.

use serde_json::{Value, json};

use crate::wire::{Program, call, example, modern_meta, request};

/// What a client sends, line breaks and all.
const SAID: &str = "first line\nsecond line\rthird";

/// Starts an example over stdio, calls tools, and gives what came on standard error.
async fn log_of(name: &str, arguments: &[&str], env: &[(&str, &str)], tools: &[&str]) -> String {
    let mut program = Program::start(example(name, None).await, arguments, env);
    let mut pipe = program.pipe();
    for (id, tool) in tools.iter().enumerate() {
        let mut params = call(tool, json!({"message": SAID}));
        params["_meta"] = modern_meta().into();
        let answer = pipe.ask(request(id, "tools/call", params)).await;
        if *tool == "panic" {
            assert_eq!(answer["error"]["code"], -32603, "{answer}");
        }
    }
    pipe.end();
    let (code, _, log) = program.output().await;
    assert_eq!(code, Some(0), "{log}");
    log
}

const BACKTRACE: [(&str, &str); 1] = [("RUST_BACKTRACE", "1")];
const NO_BACKTRACE: [(&str, &str); 1] = [("RUST_BACKTRACE", "0")];

#[tokio::test]
async fn a_panic_is_lines_of_json_in_a_json_log() {
    for env in [BACKTRACE, NO_BACKTRACE] {
        let tools = ["panic", "panic_elsewhere"];
        let log = log_of("failing", &["--log", "json"], &env, &tools).await;
        let lines = log.lines().map(|line| {
            serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line:?} in {log}"))
        });
        let panics: Vec<Value> = lines
            .filter(|line: &Value| line["target"] == "toolsmith::panic")
            .collect();
        assert_eq!(panics.len(), 2, "one line for a panic: {log}");
        for panic in &panics {
            assert_eq!(panic["panic"], SAID, "{panic}");
            let location = panic["location"].as_str().unwrap();
            assert!(location.contains("failing.rs:"), "{panic}");
            let backtrace = panic["backtrace"].as_str().unwrap_or_default();
            assert_eq!(backtrace.contains("failing"), env == BACKTRACE, "{panic}");
        }
        assert_eq!(panics[1]["thread"], "elsewhere", "{log}");
        assert_eq!(log.matches("error_id").count(), 1, "{log}");
    }
}

#[tokio::test]
async fn a_panic_breaks_no_line_of_a_text_log() {
    for env in [BACKTRACE, NO_BACKTRACE] {
        // Whatever else is left out of the log, a panic is not.
        for level in ["info", "my_server=debug"] {
            let tools = ["panic", "panic_elsewhere"];
            let arguments = ["--log-level", level];
            let log = log_of("failing", &arguments, &env, &tools).await;
            let panics: Vec<&str> = log
                .lines()
                .filter(|line| line.contains("toolsmith::panic"))
                .collect();
            assert_eq!(panics.len(), 2, "one line for a panic: {log}");
            for panic in panics {
                assert!(panic.contains("failing.rs:"), "{panic}");
                assert!(panic.contains(r"first line\nsecond line\rthird"), "{panic}");
                assert_eq!(panic.contains("backtrace="), env == BACKTRACE, "{panic}");
            }
            let strange = |line: &&str| !line.contains("ERROR") && !line.contains("Starting");
            let strange: Vec<&str> = log.lines().filter(strange).collect();
            assert!(strange.is_empty(), "broken lines {strange:?} in {log}");
        }
    }
}

#[tokio::test]
async fn a_panic_says_nothing_when_the_log_is_off() {
    for arguments in [["--log", "off"], ["--log-level", "off"]] {
        let tools = ["panic", "panic_elsewhere"];
        let log = log_of("failing", &arguments, &BACKTRACE, &tools).await;
        let lines: Vec<&str> = log.lines().filter(|l| !l.contains("Starting")).collect();
        assert!(lines.is_empty(), "{arguments:?}: {lines:?}");
    }
}

#[tokio::test]
async fn a_hook_of_the_programs_own_is_left_alone() {
    for arguments in [["--log", "text"], ["--log", "json"], ["--log", "off"]] {
        let log = log_of("own_hook", &arguments, &NO_BACKTRACE, &["panic"]).await;
        assert!(log.contains("our own hook: panicked at"), "{log}");
        assert!(!log.contains("toolsmith::panic"), "{log}");
    }
}

#[tokio::test]
async fn a_panic_is_answered_where_the_log_cannot_be_written() {
    let failing = example("failing", None).await;
    let script = r#"exec "$0" 2>/dev/full"#;
    let arguments = ["-c", script, failing.to_str().unwrap()];
    let mut program = Program::start("sh".into(), &arguments, &[]);
    let mut pipe = program.pipe();
    for id in 0..2 {
        let mut params = call("panic", json!({"message": SAID}));
        params["_meta"] = modern_meta().into();
        let answer = pipe.ask(request(id, "tools/call", params)).await;
        assert_eq!(answer["error"]["code"], -32603, "{answer}");
    }
}
