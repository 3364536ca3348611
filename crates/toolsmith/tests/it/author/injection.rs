//! Parameters that the server gives.

use serde_json::json;
use toolsmith::prelude::*;

use crate::support::{only, text};

struct Greeting(&'static str);

type Greetings = State<Greeting>;
type Asked = Context;

#[tool]
fn greet(greeting: State<Greeting>, name: String, context: Context) -> String {
    format!("{}, {name}, from {}!", greeting.0.0, context.name())
}

#[tool]
async fn greet_by_alias(asked: Asked, name: String, greeting: Greetings) -> String {
    format!("{}, {name}, from {}!", greeting.0.0, asked.name())
}

#[tokio::test]
async fn injected_parameters_are_found_by_trait_through_aliases_too() {
    let server = Server::new("s").state(Greeting("Hello"));
    let engine = server
        .tool::<greet>()
        .tool::<greet_by_alias>()
        .build()
        .unwrap();
    let name = || json!({"name": "Ada"});
    assert_eq!(
        text(&engine, "greet", name()).await.0,
        "Hello, Ada, from greet!"
    );
    let (said, _) = text(&engine, "greet_by_alias", name()).await;
    assert_eq!(said, "Hello, Ada, from greet_by_alias!");
}

#[tokio::test]
async fn injected_parameters_are_not_arguments() {
    let server = Server::new("s").state(Greeting("Hello"));
    let engine = server.tool::<greet>().build().unwrap();
    let tool = only(&engine).await;
    let schema = &tool["inputSchema"];
    assert_eq!(schema["required"], json!(["name"]));
    assert_eq!(
        schema["properties"].as_object().unwrap().len(),
        1,
        "{schema}"
    );
    let (said, is_error) = text(&engine, "greet", json!({"name": "A", "context": {}})).await;
    assert!(is_error && said.contains("`context` is unknown"), "{said}");
}

/// Both an argument and injected.
#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Caller {
    name: String,
}

impl FromContext for Caller {
    fn from_context(context: &Context) -> Result<Self, ToolError> {
        let name = format!("the caller of {}", context.name());
        Ok(Self { name })
    }
}

#[tool]
fn who(caller: Caller) -> String {
    caller.name
}

#[tokio::test]
async fn injection_wins_where_a_type_is_both() {
    let engine = Server::new("s").tool::<who>().build().unwrap();
    let tool = only(&engine).await;
    assert!(tool["inputSchema"].get("properties").is_none(), "{tool}");
    assert_eq!(text(&engine, "who", json!({})).await.0, "the caller of who");
    let (said, is_error) = text(&engine, "who", json!({"caller": {"name": "me"}})).await;
    assert!(is_error, "a client gave an injected parameter: {said}");
}

struct Nobody;

impl FromContext for Nobody {
    fn from_context(_: &Context) -> Result<Self, ToolError> {
        Err(ToolError::user("nobody may call this"))
    }
}

#[tool]
fn refused(_nobody: Nobody) {
    panic!("the tool ran");
}

#[tokio::test]
async fn an_injected_parameter_may_refuse_the_call() {
    let engine = Server::new("s").tool::<refused>().build().unwrap();
    let (said, is_error) = text(&engine, "refused", json!({})).await;
    assert_eq!((said.as_str(), is_error), ("nobody may call this", true));
}

#[test]
fn a_missing_state_is_named_with_its_tool_before_the_server_starts() {
    let server = Server::new("s")
        .tool::<greet>()
        .tool::<greet_by_alias>()
        .tool::<who>();
    let error = server.build().unwrap_err();
    let problems = error.problems();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].contains("`greet`"), "{problems:?}");
    assert!(problems[1].contains("`greet_by_alias`"), "{problems:?}");
    for problem in problems {
        assert!(problem.contains("injection::Greeting"), "{problem}");
    }
}
