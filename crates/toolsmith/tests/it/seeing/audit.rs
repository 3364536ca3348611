//! The record of every call.

use std::path::Path;

use serde_json::{Value, json};
use toolsmith::audit::AuditLog;

use super::{TRACE, calls, sum, traced};
use crate::wire::{Connection, Gate, Program, TestServer, modern, server, soon};

fn recorded(log: AuditLog) -> TestServer {
    let gate = std::sync::Arc::new(Gate::default());
    TestServer::of(server(&gate).observer(log), gate, |http| http)
}

/// The records in a file.
fn records(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

/// Waits until something holds.
async fn until(what: &str, holds: impl Fn() -> bool) {
    let waits = async {
        while !holds() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    soon(what, waits).await;
}

#[tokio::test]
async fn a_call_is_recorded_before_it_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let server = recorded(AuditLog::open(&path).unwrap());
    let ask = traced("a").field("X-Request-Id", "p-1");
    server.send(&ask).await;
    let all = records(&path);
    let record = &all[0];
    for (name, value) in [
        ("tenant", json!("default")),
        ("client", json!("test")),
        ("address", json!("127.0.0.1")),
        ("transport", json!("tcp")),
        ("request_id", json!("a")),
        ("http_request_id", json!("p-1")),
        ("trace_id", json!(TRACE)),
        ("method", json!("tools/call")),
        ("name", json!("add")),
        ("outcome", json!("complete")),
    ] {
        assert_eq!(record[name], value, "{name} of {record}");
    }
    assert!(record["duration_ms"].as_f64().unwrap() > 0.0, "{record}");
    assert!(record["time"].as_str().unwrap().ends_with('Z'), "{record}");
    assert!(record.get("arguments").is_none(), "{record}");
    server.send(&calls(2, "none", json!({}))).await;
    server.send(&modern(3, "tools/list", json!({}))).await;
    let all = records(&path);
    assert_eq!(all.len(), 2, "lists are not recorded: {all:?}");
    assert_eq!(
        (&all[1]["error"], &all[1]["code"]),
        (&json!("invalid_params"), &json!(-32602))
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{mode:o}");
    }
}

#[tokio::test]
async fn arguments_are_recorded_on_request_and_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let log = AuditLog::open(&path)
        .unwrap()
        .with_arguments()
        .redact("iban");
    let server = recorded(log);
    let arguments =
        json!({"text": "hi", "api_key": "k-1", "deep": [{"Password": "p-1"}], "IBAN": "i-1"});
    server.send(&calls(1, "echo", arguments)).await;
    let large = json!({"text": "x".repeat(20_000)});
    server.send(&calls(2, "echo", large)).await;
    let all = records(&path);
    let expected = json!({"text": "hi", "api_key": "[redacted]", "deep": [{"Password": "[redacted]"}], "IBAN": "[redacted]"});
    assert_eq!(all[0]["arguments"], expected);
    let large = all[1]["arguments"].as_str().unwrap();
    assert!(large.contains("bytes"), "{large}");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(
        !["k-1", "p-1", "i-1"].iter().any(|it| text.contains(it)),
        "{text}"
    );
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_any_more_is_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let server = recorded(AuditLog::open(&path).unwrap());
    let mut connection = Connection::open(server.address).await;
    let ask = calls(1, "wait", json!({}));
    connection.write(&server.bytes(&ask)).await.unwrap();
    server.gate.started(1).await;
    drop(connection);
    until("the record", || !records(&path).is_empty()).await;
    assert_eq!(records(&path)[0]["outcome"], "cancelled");
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_was_moved_away_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let [path, moved] = ["audit.jsonl", "audit.jsonl.1"].map(|name| folder.path().join(name));
    let server = recorded(AuditLog::open(&path).unwrap());
    server.send(&sum(1)).await;
    std::fs::rename(&path, &moved).unwrap();
    let mut calls = 1;
    let waits = async {
        while !path.exists() {
            calls += 1;
            server.send(&sum(calls)).await;
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    soon("a new file", waits).await;
    let ids: Vec<Value> = [records(&moved), records(&path)]
        .concat()
        .iter()
        .map(|it| it["request_id"].clone())
        .collect();
    let expected: Vec<Value> = (1..=calls).map(Value::from).collect();
    assert_eq!(ids, expected, "each once, in order");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn while_records_cannot_be_written_nothing_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    // A disk that is full.
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    let server = recorded(AuditLog::open(&path).unwrap());
    let first = async { server.send(&sum("done")).await };
    let second = async {
        let mut reply = server.send(&modern(1, "tools/list", json!({}))).await;
        assert_eq!(reply.status, 200, "lists are served: {reply:?}");
        let waits = async {
            while reply.status != 503 {
                // One that is not refused yet waits for its record, so it is not waited for.
                let ask = calls(2, "fail", json!({}));
                let sent =
                    tokio::time::timeout(std::time::Duration::from_millis(200), server.send(&ask));
                if let Ok(answered) = sent.await {
                    reply = answered;
                }
            }
        };
        soon("a refusal", waits).await;
        assert_eq!(reply.message()["error"]["code"], -31026, "{reply:?}");
        assert_eq!(reply.field("retry-after"), Some("1"), "{reply:?}");
        // There is room again.
        let real = folder.path().join("real.jsonl");
        std::fs::write(&real, "").unwrap();
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(&real, &path).unwrap();
    };
    let (first, ()) = tokio::join!(first, second);
    assert_eq!(first.said(), "5", "it was waited for");
    let served = async { while server.send(&sum("after")).await.status != 200 {} };
    soon("a call that is served", served).await;
    let ids: Vec<Value> = records(&path)
        .iter()
        .map(|it| it["request_id"].clone())
        .collect();
    assert!(
        ids.contains(&json!("done")) && ids.contains(&json!("after")),
        "{ids:?}"
    );
}

#[tokio::test]
async fn flags_name_the_file_and_what_was_answered_outlives_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let file = path.to_str().unwrap();
    let flags = [
        "--audit-log",
        file,
        "--audit-arguments",
        "--audit-redact",
        "b",
    ];
    let (mut program, endpoint) = Program::hello_http(&flags).await;
    endpoint.send(&sum(1)).await;
    program.signal("-KILL").await;
    program.ended().await;
    let record = &records(&path)[0];
    assert_eq!(
        record["arguments"],
        json!({"a": 2, "b": "[redacted]"}),
        "{record}"
    );
    for (arguments, said) in [
        (
            ["--audit-log", "/nowhere/audit.jsonl"].as_slice(),
            "/nowhere/audit.jsonl",
        ),
        (&["--audit-arguments"], "--audit-log"),
    ] {
        let (code, _, log) = Program::hello(arguments, &[]).await.output().await;
        assert_eq!(code, Some(2), "{log}");
        assert!(log.contains(said), "{log}");
    }
}
