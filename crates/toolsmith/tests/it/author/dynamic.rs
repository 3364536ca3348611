//! Tools that are made while the program runs.

use serde_json::{Value, json};
use toolsmith::prelude::*;
use toolsmith::protocol::Revision;

use crate::support::{call, only, text};

fn greet(name: &str, greeting: &'static str) -> DynamicTool {
    let schema = json!({
        "type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"],
    });
    DynamicTool::new(name, schema, move |arguments, context| async move {
        let name = arguments.get("name").and_then(Value::as_str);
        let name = name.ok_or_else(|| ToolError::user("`name` is a string"))?;
        Ok::<_, ToolError>(format!("{greeting}, {name}, from {}!", context.name()))
    })
}

#[tokio::test]
async fn a_name_a_schema_and_a_closure_make_a_tool() {
    let tool = greet("greet", "Hello")
        .description("Greet somebody.")
        .define(|definition| definition.annotations.read_only = Some(true));
    let engine = Server::new("s").dynamic_tool(tool).build().unwrap();
    let listed = only(&engine).await;
    assert_eq!(listed["name"], "greet");
    assert_eq!(listed["description"], "Greet somebody.");
    assert_eq!(listed["inputSchema"]["required"], json!(["name"]));
    assert_eq!(listed["annotations"], json!({"readOnlyHint": true}));
    let said = text(&engine, "greet", json!({"name": "Ada"})).await;
    assert_eq!(said, ("Hello, Ada, from greet!".to_owned(), false));
    let said = text(&engine, "greet", json!({})).await;
    assert_eq!(said, ("`name` is a string".to_owned(), true));
}

#[tokio::test]
async fn many_may_be_made_of_one_closure() {
    let server = ["Hello", "Servus"]
        .into_iter()
        .fold(Server::new("s"), |server, greeting| {
            server.dynamic_tool(greet(&greeting.to_lowercase(), greeting))
        });
    let engine = server.build().unwrap();
    for name in ["hello", "servus"] {
        let (said, _) = text(&engine, name, json!({"name": "Ada"})).await;
        assert!(said.to_lowercase().starts_with(name), "{said}");
    }
}

#[tokio::test]
async fn an_output_schema_goes_with_structured_results() {
    let schema = json!({"type": "object"});
    let tool = DynamicTool::new("now", schema.clone(), |_, _| async {
        Json(json!({"h": 12}))
    });
    let server = Server::new("s").dynamic_tool(tool.output_schema(schema.clone()));
    let engine = server.build().unwrap();
    assert_eq!(only(&engine).await["outputSchema"], schema);
    let answer = call(&engine, Revision::LATEST, "now", json!({})).await;
    assert_eq!(
        answer["result"]["structuredContent"],
        json!({"h": 12}),
        "{answer}"
    );
}

#[tokio::test]
async fn a_panic_is_caught() {
    let schema = json!({"type": "object"});
    let tool = DynamicTool::new("panics", schema, |_, _| -> std::future::Ready<String> {
        panic!("before there is a future")
    });
    let engine = Server::new("s").dynamic_tool(tool).build().unwrap();
    let answer = call(&engine, Revision::LATEST, "panics", json!({})).await;
    assert_eq!(answer["error"]["code"], -32603, "{answer}");
}

#[test]
fn names_and_schemas_that_the_protocol_does_not_allow_keep_the_server_from_starting() {
    let nothing = |name: &str, schema| DynamicTool::new(name, schema, |_, _| async {});
    let object = || json!({"type": "object"});
    let server = Server::new("s")
        .dynamic_tool(nothing("with space", object()))
        .dynamic_tool(nothing(&"x".repeat(129), object()))
        .dynamic_tool(nothing("twice", object()))
        .dynamic_tool(nothing("twice", object()))
        .dynamic_tool(nothing("array", json!({"type": "array"})));
    let error = server.build().unwrap_err();
    let problems = error.problems();
    assert_eq!(problems.len(), 4, "{problems:?}");
    for part in ["`with space`", "`xxx", "`twice`", "`array`"] {
        let named = problems.iter().any(|problem| problem.contains(part));
        assert!(named, "{part} is not in {problems:?}");
    }
}

#[test]
fn a_header_that_no_client_could_send_keeps_the_server_from_starting() {
    let region = || json!({"type": "string", "x-mcp-header": "Region"});
    let build = |rest: Value| {
        let mut schema = json!({"type": "object"});
        for (keyword, value) in rest.as_object().unwrap() {
            schema[keyword] = value.clone();
        }
        let tool = DynamicTool::new("query", schema, |_, _| async {});
        Server::new("s").dynamic_tool(tool).build()
    };
    for bad in [
        json!({"properties": {"r": {"type": "string", "x-mcp-header": "not a token"}}}),
        json!({"properties": {"r": {"type": "string", "x-mcp-header": ""}}}),
        json!({"properties": {"r": {"type": "string", "x-mcp-header": 5}}}),
        json!({"properties": {"r": {"type": "array", "x-mcp-header": "Region"}}}),
        json!({"properties": {"a": region(), "b": region()}}),
        json!({"properties": {"regions": {"type": "array", "items": region()}}}),
        json!({"anyOf": [{"properties": {"region": region()}}]}),
    ] {
        let error = build(bad.clone()).expect_err(&bad.to_string());
        let problems = error.problems();
        assert_eq!(problems.len(), 1, "{bad}: {problems:?}");
        for part in ["`query`", "`x-mcp-header`"] {
            assert!(problems[0].contains(part), "{part} is not in {problems:?}");
        }
    }
    for good in [
        json!({"properties": {"region": region()}}),
        json!({"properties": {"where": {"type": "object", "properties": {"region": region()}}}}),
        json!({"properties": {"x-mcp-header": {"type": "string"}}}),
        json!({"properties": {"any": {"default": {"x-mcp-header": "Region"}}}}),
    ] {
        assert!(build(good.clone()).is_ok(), "{good}");
    }
}
