//! What a call's arguments become, and what is said of those that do not fit.

use serde_json::json;
use toolsmith::prelude::*;
use toolsmith::protocol::Revision;
use toolsmith::server::Engine;

use crate::support::{call, text};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Point {
    x: i64,
    tags: Vec<String>,
}

#[tool]
fn take(
    a: i64,
    maybe: Option<String>,
    #[default(7)] with_default: u8,
    point: Option<Point>,
    r#type: Option<bool>,
) -> String {
    let point = point.map(|point| (point.x, point.tags));
    format!("{a} {maybe:?} {with_default} {point:?} {type:?}")
}

#[tool]
async fn nothing() -> &'static str {
    "done"
}

fn engine() -> Engine {
    let server = Server::new("s").tool::<take>().tool::<nothing>();
    server.build().unwrap()
}

#[tokio::test]
async fn arguments_may_come_in_any_order_and_be_left_out_where_they_may() {
    let engine = engine();
    let all = json!({
        "type": true, "point": {"x": 1, "tags": ["t"]}, "with_default": 1, "maybe": "m", "a": -1,
    });
    let (said, _) = text(&engine, "take", all).await;
    assert_eq!(said, r#"-1 Some("m") 1 Some((1, ["t"])) Some(true)"#);
    let (said, _) = text(&engine, "take", json!({"a": 0})).await;
    assert_eq!(said, "0 None 7 None None");
    let (said, _) = text(
        &engine,
        "take",
        json!({"a": 0, "maybe": null, "point": null}),
    )
    .await;
    assert_eq!(said, "0 None 7 None None");
}

#[tokio::test]
async fn a_tool_without_parameters_takes_none_or_an_empty_object() {
    let engine = engine();
    assert_eq!(
        text(&engine, "nothing", json!({})).await,
        ("done".to_owned(), false)
    );
    let params = json!({"name": "nothing"});
    let answer = crate::support::ask(&engine, Revision::LATEST, "tools/call", params).await;
    assert_eq!(answer["result"]["content"][0]["text"], "done", "{answer}");
    let (said, is_error) = text(&engine, "nothing", json!({"a": 1})).await;
    assert!(is_error, "{said}");
    assert_eq!(
        said,
        "Invalid arguments: `a` is unknown; the tool takes no arguments."
    );
}

#[tokio::test]
async fn an_argument_that_does_not_fit_is_named_with_what_was_expected_and_what_came() {
    let engine = engine();
    for revision in [
        Revision::V2024_11_05,
        Revision::LATEST_LEGACY,
        Revision::LATEST,
    ] {
        let answer = call(&engine, revision, "take", json!({"a": "x"})).await;
        assert_eq!(answer["result"]["isError"], true, "{revision}: {answer}");
        assert_eq!(
            answer["result"]["content"][0]["text"],
            "Invalid arguments: `a`: expected an integer, got the string \"x\".",
            "{revision}"
        );
    }
    let (said, _) = text(&engine, "take", json!({"a": 1, "with_default": 256})).await;
    assert_eq!(
        said,
        "Invalid arguments: `with_default`: expected an integer from 0 to 255, got the integer 256."
    );
}

#[tokio::test]
async fn every_problem_is_named_at_once() {
    let arguments = json!({"maybe": 1, "extra": 2, "type": "yes"});
    let (said, is_error) = text(&engine(), "take", arguments).await;
    assert!(is_error, "{said}");
    for part in [
        "`maybe`: expected a string, got the integer 1",
        "`extra` is unknown; the tool takes `a`, `maybe`, `with_default`, `point`, `type`",
        "`type`: expected a boolean, got the string \"yes\"",
        "`a` is missing",
    ] {
        assert!(said.contains(part), "{part:?} is not in {said:?}");
    }
}

#[tokio::test]
async fn a_part_of_an_argument_is_named_by_its_path() {
    let engine = engine();
    let arguments = json!({"a": 1, "point": {"x": 1, "tags": ["t", 2]}});
    let (said, _) = text(&engine, "take", arguments).await;
    assert_eq!(
        said,
        "Invalid arguments: `point.tags[1]`: expected a string, got the integer 2."
    );
    let (said, _) = text(&engine, "take", json!({"a": 1, "point": {"x": 1}})).await;
    assert_eq!(said, "Invalid arguments: `point.tags` is missing.");
}

#[tokio::test]
async fn everything_that_is_wrong_within_an_argument_is_named() {
    let arguments = json!({"a": 1, "point": {"x": "1", "tags": "t"}});
    let (said, is_error) = text(&engine(), "take", arguments).await;
    assert!(is_error, "{said}");
    assert_eq!(
        said,
        "Invalid arguments: `point.x`: expected an integer, got the string \"1\"; \
         `point.tags`: expected an array, got the string \"t\"."
    );
    let (said, _) = text(&engine(), "take", json!({"a": 1, "point": {}})).await;
    assert_eq!(
        said,
        "Invalid arguments: `point.x` is missing; `point.tags` is missing."
    );
}

#[tokio::test]
async fn a_number_without_a_fraction_is_an_integer() {
    let engine = engine();
    let whole = json!({"a": -2.0, "with_default": 7e0, "point": {"x": 3.0, "tags": ["4.0"]}});
    assert_eq!(whole.to_string().matches(".0").count(), 4, "{whole}");
    let (said, is_error) = text(&engine, "take", whole).await;
    assert!(!is_error, "{said}");
    assert_eq!(said, r#"-2 None 7 Some((3, ["4.0"])) None"#);
    for (arguments, what) in [
        (
            json!({"a": 2.5}),
            "`a`: expected an integer, got the number 2.5",
        ),
        (
            json!({"a": 1e30}),
            "`a`: expected an integer from -9223372036854775808 to 9223372036854775807, \
             got the number 1e+30",
        ),
        (
            json!({"a": 1.0, "with_default": 256.0}),
            "`with_default`: expected an integer from 0 to 255, got the integer 256",
        ),
        (
            json!({"a": 1.0, "point": {"x": 0.5, "tags": []}}),
            "`point.x`: expected an integer, got the number 0.5",
        ),
    ] {
        let (said, is_error) = text(&engine, "take", arguments).await;
        assert!(is_error, "{said}");
        assert_eq!(said, format!("Invalid arguments: {what}."));
    }
}

#[tokio::test]
async fn an_argument_given_twice_is_refused() {
    let engine = engine();
    let body = r#"{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "take", "arguments": {"a": 1, "a": 2}, "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {}}}}"#;
    let answer = crate::support::send(&engine, Revision::LATEST, body.to_owned()).await;
    assert_eq!(
        answer["result"]["content"][0]["text"], "Invalid arguments: `a` is given twice.",
        "{answer}"
    );
    assert_eq!(answer["result"]["isError"], true);
}
