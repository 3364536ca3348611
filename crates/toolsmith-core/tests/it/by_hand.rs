//! A tool written by hand the way that `#[tool]` writes it, so that the contract between
//! the two crates is tested where it is defined.

#![expect(
    clippy::needless_borrow,
    clippy::unwrap_used,
    reason = "the probes need the references, and the helpers are parts of tests"
)]

use std::time::Duration;

use serde_json::{Value, json};
use toolsmith_core::protocol::ToolDefinition;
use toolsmith_core::server::handler::Call;
use toolsmith_core::server::handler::private::{
    ArgumentKind as _, InjectedKind as _, ParameterDoc, ParameterProbe, Slots as _, input_schema,
};
use toolsmith_core::server::tool::private::{MaskedKind as _, ReturnKind as _, ReturnProbe};
use toolsmith_core::server::tool::{Tool, ToolResult};
use toolsmith_core::server::{Context, MissingState, Server, State, StateMap};
#[expect(
    unused_imports,
    reason = "a tool imports every probe, whatever it needs"
)]
use toolsmith_core::server::{
    handler::private::UnusableParameter as _,
    tool::private::{DeclaredKind as _, UnusableReturn as _},
};
use toolsmith_core::testing::{CallResult, TestClient};

struct Base(i64);

type Maybe = Option<i64>;

fn sum(
    context: Context,
    base: State<Base>,
    a: i64,
    b: Maybe,
    c: i64,
) -> Result<i64, std::io::Error> {
    assert_eq!(context.name(), "sum");
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
        let doc = |name, description| ParameterDoc {
            name,
            description,
            header: None,
        };
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

    async fn call(call: Call) -> ToolResult {
        let (context, base, a, b, c) = call.parameters(NAMES, slots!())?;
        let value = call.blocking(move || sum(context, base, a, b, c)).await?;
        (&&&ReturnProbe::<Result<i64, std::io::Error>>::NEW)
            .kind()
            .result(value)
    }
}

async fn call(arguments: Value) -> CallResult {
    let server = Server::new("s").tool::<sum>().state(Base(1000));
    let client = TestClient::new(server).unwrap();
    client.call("sum", arguments).await.unwrap()
}

#[tokio::test]
async fn arguments_injection_defaults_and_masking_work() {
    assert_eq!(call(json!({"a": 1, "b": 2, "c": 3})).await.text(), "1006");
    assert_eq!(call(json!({"a": 1})).await.text(), "1101");
    assert_eq!(call(json!({"b": null, "a": 1})).await.text(), "1101");
    let answer = call(json!({"a": -1})).await;
    assert!(answer.is_error(), "{answer:?}");
    assert!(!answer.text().contains("secret"), "{answer:?}");
}

#[tokio::test]
async fn every_problem_with_the_arguments_is_named() {
    let answer = call(json!({"b": "x", "d": 1, "context": 2})).await;
    assert!(answer.is_error(), "{answer:?}");
    assert_eq!(
        answer.text(),
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
