//! A tool written by hand the way that `#[tool]` writes it, so that the contract between
//! the two crates is tested where it is defined.

#![expect(
    clippy::needless_borrow,
    clippy::unwrap_used,
    reason = "the probes need the references, and the helpers are parts of tests"
)]

use std::time::Duration;

use serde_json::{Value, json};
use toolsmith_core::protocol::{
    Decoded, Message, Outcome, RequestHeaders, Revision, ToolDefinition, decode,
};
use toolsmith_core::server::tool::private::{
    ArgumentKind as _, InjectedKind as _, MaskedKind as _, ParameterDoc, ParameterProbe,
    ReturnKind as _, ReturnProbe, Slots as _, input_schema,
};
#[expect(
    unused_imports,
    reason = "a tool imports every probe, whatever it needs"
)]
use toolsmith_core::server::tool::private::{
    DeclaredKind as _, UnusableParameter as _, UnusableReturn as _,
};
use toolsmith_core::server::tool::{Tool, ToolCall, ToolResult};
use toolsmith_core::server::{Context, MissingState, Peer, Server, State, StateMap};

struct Base(i64);

type Maybe = Option<i64>;

fn sum(
    context: Context,
    base: State<Base>,
    a: i64,
    b: Maybe,
    c: i64,
) -> Result<i64, std::io::Error> {
    assert_eq!(context.tool_name(), "sum");
    if a < 0 {
        return Err(std::io::Error::other("a secret"));
    }
    Ok(base.0.0 + a + b.unwrap_or(0) + c)
}

#[expect(non_camel_case_types, reason = "named like the function")]
struct sum {}

const NAMES: &[&str] = &["context", "base", "a", "b", "c"];

macro_rules! slots {
    () => {
        (
            (&&&ParameterProbe::<Context>::NEW).slot(),
            (&&&ParameterProbe::<State<Base>>::NEW).slot(),
            (&&&ParameterProbe::<i64>::NEW).slot(),
            (&&&ParameterProbe::<Maybe>::NEW).slot(),
            (&&&ParameterProbe::<i64>::NEW).slot().with_default(|| 100),
        )
    };
}

impl Tool for sum {
    fn definition() -> ToolDefinition {
        let mut definition = ToolDefinition::new("sum");
        definition.timeout = Some(Duration::from_secs(5));
        let doc = |name, description| ParameterDoc { name, description };
        definition.input_schema = input_schema(
            &slots!(),
            &[
                doc("context", None),
                doc("base", None),
                doc("a", Some("The first.")),
                doc("b", None),
                doc("c", None),
            ],
        );
        definition.output_schema = (&&&ReturnProbe::<Result<i64, std::io::Error>>::NEW)
            .kind()
            .schema();
        definition
    }

    fn missing_states(states: &StateMap) -> Vec<MissingState> {
        slots!().missing_states(states)
    }

    async fn call(call: ToolCall) -> ToolResult {
        let (context, base, a, b, c) = call.parameters(NAMES, slots!())?;
        let value = call.blocking(move || sum(context, base, a, b, c)).await?;
        (&&&ReturnProbe::<Result<i64, std::io::Error>>::NEW)
            .kind()
            .result(value)
    }
}

async fn call(arguments: Value) -> (Value, Value) {
    let engine = Server::new("s")
        .tool::<sum>()
        .state(Base(1000))
        .build()
        .unwrap();
    let body = json!({"jsonrpc": "2.0", "id": "x", "method": "tools/call", "params": {
    "name": "sum", "arguments": arguments, "_meta": {
        "io.modelcontextprotocol/protocolVersion": Revision::LATEST.as_str(),
        "io.modelcontextprotocol/clientCapabilities": {},
    }}});
    let decoded = decode(&body.to_string().into(), None).unwrap();
    let Decoded::Modern(request, meta) = decoded else {
        panic!("not modern: {decoded:?}");
    };
    let id = request.id.clone();
    let outcome = engine
        .clone()
        .dispatch(request, Peer::from(meta), None)
        .await;
    let answer = engine.encode(&outcome, &id, Revision::LATEST);
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    (answer["result"]["content"][0]["text"].clone(), answer)
}

#[tokio::test]
async fn arguments_injection_defaults_and_masking_work() {
    assert_eq!(call(json!({"a": 1, "b": 2, "c": 3})).await.0, "1006");
    assert_eq!(call(json!({"a": 1})).await.0, "1101");
    assert_eq!(call(json!({"b": null, "a": 1})).await.0, "1101");
    let (text, answer) = call(json!({"a": -1})).await;
    assert_eq!(answer["result"]["isError"], true);
    assert!(!text.to_string().contains("secret"), "{text}");
}

#[tokio::test]
async fn every_problem_with_the_arguments_is_named() {
    let (text, answer) = call(json!({"b": "x", "d": 1, "context": 2})).await;
    assert_eq!(answer["result"]["isError"], true, "{answer}");
    assert_eq!(
        text,
        "Invalid arguments: `b`: expected an integer, got the string \"x\"; \
         `d` is unknown; the tool takes `a`, `b`, `c`; \
         `context` is unknown; the tool takes `a`, `b`, `c`; `a` is missing."
    );
}

#[test]
fn the_schema_has_arguments_only_and_shows_defaults() {
    let schema = sum::definition().input_schema;
    let names: Vec<_> = schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(schema["required"], json!(["a"]));
    assert_eq!(schema["properties"]["a"]["description"], "The first.");
    assert_eq!(schema["properties"]["c"]["default"], 100);
    assert_eq!(schema["additionalProperties"], false);
}

#[test]
fn a_missing_state_keeps_the_server_from_starting_and_names_both() {
    let error = Server::new("s")
        .tool::<sum>()
        .build()
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`sum`") && error.contains("by_hand::Base"),
        "{error}"
    );
}

#[test]
fn headers_that_disagree_are_refused() {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).to_string();
    let headers = RequestHeaders::default();
    let decoded = decode(&body.into(), Some(&headers)).unwrap();
    assert!(
        matches!(decoded, Decoded::Legacy(Message::Request(_))),
        "{decoded:?}"
    );
    assert!(matches!(Outcome::Empty, Outcome::Empty));
}
