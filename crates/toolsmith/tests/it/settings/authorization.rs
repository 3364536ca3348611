//! Authorization is a matter of HTTP: a server on a pipe knows its client already.

use serde_json::json;

use super::refused::refused;
use crate::wire::{Program, call, modern_meta, request};

#[tokio::test]
async fn on_a_pipe_nobody_is_asked_for_a_token() {
    // Were they read, the file that is not there would stop the server.
    let environment = [
        ("TOOLSMITH_AUTH_ISSUER", "https://login.example"),
        ("TOOLSMITH_AUTH_SCOPE", "mcp"),
        ("TOOLSMITH_API_KEYS", "/no/such/file"),
        ("TOOLSMITH_PUBLIC_URL", "https://mcp.example/mcp"),
    ];
    let mut program = Program::hello(&[], &environment).await;
    let mut pipe = program.pipe();
    let mut sum = call("add", json!({"a": 2, "b": 3}));
    sum["_meta"] = modern_meta().into();
    let answer = pipe.ask(request(1, "tools/call", sum)).await;
    assert_eq!(answer["result"]["content"][0]["text"], "5", "{answer}");
    pipe.end();
    let (code, _, log) = program.output().await;
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("token"), "{log}");
}

#[tokio::test]
async fn a_flag_of_authorization_on_a_pipe_is_refused() {
    for (flag, value) in [
        ("--auth-issuer", "https://login.example"),
        ("--auth-introspection", "https://login.example/ask"),
        ("--auth-scope", "mcp"),
        ("--api-keys", "/etc/server/api-keys"),
    ] {
        let words = [flag, "hint: add --transport http"];
        refused(&[flag, value], &[], &words).await;
    }
}
