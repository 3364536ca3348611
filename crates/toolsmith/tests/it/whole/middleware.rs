//! What stands around calls, reads, gets and lists.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use toolsmith::prelude::*;
use toolsmith::protocol::{ErrorKind, Outcome, Revision};
use toolsmith::server::middleware::{
    LimitResponse, Log, MaskErrors, Middleware, Next, Operation, Time,
};
use toolsmith::server::{Engine, Registry};

use super::{BOTH, client, code};

/// What was seen, in order.
type Seen = Arc<Mutex<Vec<String>>>;

fn take(seen: &Seen) -> Vec<String> {
    std::mem::take(&mut *seen.lock().unwrap())
}

/// Notes everything that passes, on its way in and out.
struct Notes(&'static str, Seen);

impl Middleware for Notes {
    async fn handle(&self, operation: Operation, next: Next<'_>) -> Outcome {
        let note = |what: &str, operation: &str| {
            self.1
                .lock()
                .unwrap()
                .push(format!("{} {what} {operation}", self.0));
        };
        let target = operation.target().unwrap_or("-").to_owned();
        let shown = format!("{} {target}", operation.method());
        note("in", &shown);
        let outcome = next.run(operation).await;
        note("out", &shown);
        outcome
    }
}

#[tool]
fn echo(text: String) -> String {
    text
}

#[tool]
fn fails() -> Result<String, ToolError> {
    Err(ToolError::user("the reason"))
}

#[tool]
async fn asks(context: Context) -> Result<String, ToolError> {
    context.require(ClientCapability::Sampling)?;
    Ok("asked".to_owned())
}

#[prompt]
fn greet(#[complete(names)] name: String) -> String {
    format!("Hello, {name}!")
}

fn names(typed: Completion) -> Completions {
    typed.matching(["Ada"])
}

#[resource("text:x")]
fn text() -> &'static str {
    "0123456789"
}

fn offering(server: Server) -> Server {
    let server = server.tool::<echo>().tool::<fails>().tool::<asks>();
    server.prompt::<greet>().resource::<text>()
}

fn with(middleware: impl Middleware) -> Engine {
    offering(Server::new("s").middleware(middleware))
        .build()
        .unwrap()
}

#[tokio::test]
async fn the_first_is_the_outermost_and_every_operation_passes_all_of_them() {
    let seen = Seen::default();
    let server = Server::new("s")
        .middleware(Notes("outer", Arc::clone(&seen)))
        .middleware(Notes("inner", Arc::clone(&seen)));
    let engine = offering(server).build().unwrap();
    for revision in BOTH {
        let client = client(&engine, revision);
        let complete = json!({
            "ref": {"type": "ref/prompt", "name": "greet"},
            "argument": {"name": "name", "value": ""},
        });
        for (method, params, target) in [
            (
                "tools/call",
                json!({"name": "echo", "arguments": {"text": "x"}}),
                "echo",
            ),
            (
                "prompts/get",
                json!({"name": "greet", "arguments": {"name": "x"}}),
                "greet",
            ),
            ("resources/read", json!({"uri": "text:x"}), "text:x"),
            ("tools/list", json!({}), "-"),
            ("prompts/list", json!({}), "-"),
            ("resources/list", json!({}), "-"),
            ("resources/templates/list", json!({}), "-"),
            ("completion/complete", complete, "-"),
        ] {
            client.request(method, params).await.unwrap();
            let expected = ["outer in", "inner in", "inner out", "outer out"]
                .map(|it| format!("{it} {method} {target}"));
            assert_eq!(take(&seen), expected, "{revision}");
        }
    }
}

/// Changes arguments, answers by itself, and changes results.
struct Meddles;

impl Middleware for Meddles {
    async fn handle(&self, mut operation: Operation, next: Next<'_>) -> Outcome {
        match operation.target() {
            Some("fails") => return Outcome::Call(ToolOutput::text("it did not run")),
            Some("text:x") => return Outcome::failed(ErrorKind::InvalidParams, "not for you"),
            _ => {}
        }
        if operation.caller().tenant() == "shouting" {
            operation.set_arguments(r#"{"text": "HEY"}"#);
        }
        match next.run(operation).await {
            Outcome::Call(output) => Outcome::Call(output.meta("vendor.example/seen", true)),
            outcome => outcome,
        }
    }
}

#[tokio::test]
async fn a_middleware_may_change_answer_or_refuse_an_operation() {
    let engine = with(Meddles);
    for revision in BOTH {
        let quiet = client(&engine, revision);
        let said = quiet.call("echo", json!({"text": "hey"})).await.unwrap();
        assert_eq!(said.text(), "hey");
        assert_eq!(said.json()["_meta"]["vendor.example/seen"], true);
        let shouting = client(&engine, revision).caller(Caller::new("shouting"));
        let said = shouting.call("echo", json!({"text": "hey"})).await.unwrap();
        assert_eq!(said.text(), "HEY");
        let said = quiet.call("fails", json!({})).await.unwrap();
        assert_eq!(
            (said.text().as_str(), said.is_error()),
            ("it did not run", false)
        );
        let failure = quiet.read("text:x").await.unwrap_err();
        assert_eq!((failure.code, &*failure.message), (-32602, "not for you"));
    }
}

#[tokio::test(flavor = "current_thread")]
async fn log_says_what_was_done_for_whom_and_how_it_ended() {
    let log = crate::support::Log::capture();
    let client = client(&with(Log), Revision::LATEST).caller(Caller::new("acme"));
    let said = client
        .call("echo", json!({"text": "a secret"}))
        .await
        .unwrap();
    assert_eq!(said.text(), "a secret");
    client.call("fails", json!({})).await.unwrap();
    client.read("none:x").await.unwrap_err();
    let text = log.text();
    let lines: Vec<&str> = text
        .lines()
        .filter(|it| it.contains("an operation has ended"))
        .collect();
    assert_eq!(lines.len(), 3, "{text}");
    for (line, target, ended) in [
        (lines[0], "echo", "complete"),
        (lines[1], "fails", "tool_error"),
        (lines[2], "none:x", "error"),
    ] {
        for part in [target, ended, "acme", "duration_ms="] {
            assert!(line.contains(part), "no {part} in {line}");
        }
    }
    assert!(!lines.concat().contains("a secret"), "{text}");
}

#[tokio::test]
async fn time_tells_how_long_each_operation_took() {
    let seen = Seen::default();
    let told = Arc::clone(&seen);
    let engine = with(Time::new(move |method, target, took| {
        assert!(took < super::PATIENCE);
        told.lock().unwrap().push(format!("{method} {target:?}"));
    }));
    let client = client(&engine, Revision::LATEST);
    client.read("text:x").await.unwrap();
    client.tools().await.unwrap();
    client.call("none", json!({})).await.unwrap_err();
    assert_eq!(
        take(&seen),
        [
            r#"resources/read Some("text:x")"#,
            "tools/list None",
            r#"tools/call Some("none")"#
        ]
    );
}

#[tokio::test]
async fn limit_response_refuses_what_is_too_large_and_passes_the_rest() {
    let engine = with(LimitResponse::new(9));
    for revision in BOTH {
        let client = client(&engine, revision);
        let fits = client
            .call("echo", json!({"text": "123456789"}))
            .await
            .unwrap();
        assert_eq!(fits.text(), "123456789");
        let large = client
            .call("echo", json!({"text": "1234567890"}))
            .await
            .unwrap();
        assert!(large.is_error(), "{}", large.text());
        assert!(large.text().contains("10 bytes"), "{}", large.text());
        assert_eq!(code(client.read("text:x").await), -32603);
        assert_eq!(
            code(client.prompt("greet", json!({"name": "Ada"})).await),
            -32603
        );
    }
}

#[tokio::test]
async fn mask_errors_says_nothing_but_that_there_was_one() {
    let engine = with(MaskErrors);
    for revision in BOTH {
        let client = client(&engine, revision);
        let failed = client.call("fails", json!({})).await.unwrap();
        assert!(failed.is_error());
        assert_eq!(failed.text(), "The request failed.");
        let failure = client.call("secret-name", json!({})).await.unwrap_err();
        assert_eq!(
            (failure.code, &*failure.message),
            (-32602, "The request failed.")
        );
        let fine = client.call("echo", json!({"text": "x"})).await.unwrap();
        assert_eq!(fine.text(), "x");
        if revision.is_modern() {
            let lacking = client.call("asks", json!({})).await.unwrap_err();
            assert_eq!(lacking.code, -32021);
            let required = json!({"requiredCapabilities": {"sampling": {}}});
            assert_eq!(lacking.data, Some(required), "a client needs it to go on");
        }
    }
}

/// Takes a tool away while it is on its way.
struct TakesAway(Registry);

impl Middleware for TakesAway {
    async fn handle(&self, operation: Operation, next: Next<'_>) -> Outcome {
        self.0.remove_tool("fleeting");
        next.run(operation).await
    }
}

#[tokio::test]
async fn what_a_middleware_changes_is_seen_by_what_comes_after_it() {
    let schema = json!({"type": "object"});
    let fleeting = DynamicTool::new("fleeting", schema, |_, _| async { "here" });
    let server = Server::new("s").dynamic_tool(fleeting);
    let registry = server.registry();
    let engine = server.middleware(TakesAway(registry)).build().unwrap();
    let client = client(&engine, Revision::LATEST);
    let called = client
        .call("fleeting", Value::Object(Default::default()))
        .await;
    assert_eq!(code(called), -32602);
}

/// Fails in a way that nobody thought of.
#[derive(Debug)]
struct Careless;

impl Middleware for Careless {
    async fn handle(&self, operation: Operation, next: Next<'_>) -> Outcome {
        assert_ne!(operation.target(), Some("explosive"), "boom");
        next.run(operation).await
    }
}

#[tool]
async fn explosive() -> &'static str {
    "never"
}

#[tool]
async fn harmless() -> &'static str {
    "fine"
}

#[tokio::test]
async fn a_middleware_that_panics_fails_its_own_request_only() {
    let server = Server::new("s").middleware(Careless);
    let engine = server
        .tool::<explosive>()
        .tool::<harmless>()
        .build()
        .unwrap();
    for revision in super::BOTH {
        let client = super::client(&engine, revision);
        let failure = client.call("explosive", json!({})).await.unwrap_err();
        assert_eq!(failure.code, -32603, "{failure}");
        assert!(!failure.message.contains("boom"), "{failure}");
        let result = client.call("harmless", json!({})).await.unwrap();
        assert_eq!(result.text(), "fine");
    }
}

#[tool(task = "required")]
async fn leaks(much: bool) -> Result<String, String> {
    match much {
        true => Ok("x".repeat(1000)),
        false => Err("the secret".to_owned()),
    }
}

#[tokio::test]
async fn what_a_task_comes_to_passes_the_middleware_as_well() {
    let server = Server::new("s").middleware(MaskErrors);
    let server = server.middleware(LimitResponse::new(100));
    let engine = server.tool::<leaks>().build().unwrap();
    let client = super::client(&engine, Revision::LATEST);
    let client = client.extension("io.modelcontextprotocol/tasks", json!({}));
    for much in [true, false] {
        let begun = client.call("leaks", json!({"much": much})).await.unwrap();
        let task = begun.task_id().unwrap();
        let result = client.finish(task).await.unwrap();
        assert!(result.is_error(), "{result:?}");
        assert_eq!(result.text(), "The request failed.", "{result:?}");
        let task = json!({"taskId": task});
        let now = client.request("tasks/get", task).await.unwrap();
        assert!(!now.to_string().contains("secret"), "{now}");
    }
}
