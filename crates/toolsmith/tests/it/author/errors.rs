//! What a failure tells the model, and what only the log has.

use std::error::Error;
use std::fmt;

use serde_json::json;
use toolsmith::prelude::*;
use toolsmith::protocol::Revision;
use toolsmith::server::Engine;

use crate::support::{Log, call, text};

#[derive(Debug)]
struct Saving(std::io::Error);

impl fmt::Display for Saving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot save to db.internal")
    }
}

impl Error for Saving {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

fn disk() -> Saving {
    Saving(std::io::Error::other("disk 7 is on fire"))
}

enum BookingError {
    Full,
    Broken(Saving),
}

impl IntoToolError for BookingError {
    fn into_tool_error(self) -> ToolError {
        match self {
            Self::Full => ToolError::user("no seats are left"),
            Self::Broken(error) => ToolError::internal(error),
        }
    }
}

#[tool]
fn user_error() -> Result<(), ToolError> {
    Err(ToolError::user("b must not be zero").with_cause(disk()))
}

#[tool]
async fn string_error() -> Result<i64, String> {
    Err("told as a string".to_owned())
}

#[tool]
fn str_error() -> Result<(), &'static str> {
    Err("told as a str")
}

#[tool]
async fn booking(full: bool) -> Result<String, BookingError> {
    Err(if full {
        BookingError::Full
    } else {
        BookingError::Broken(disk())
    })
}

#[tool]
fn std_error() -> Result<(), Saving> {
    Err(disk())
}

#[tool]
async fn boxed_error() -> Result<Json<i64>, Box<dyn Error + Send + Sync>> {
    Err(disk().into())
}

#[tool(inline)]
fn anyhow_told() -> anyhow::Result<String> {
    Err(disk()).user("try again later")?;
    Ok(String::new())
}

#[tool]
async fn anyhow_told_with_context() -> anyhow::Result<()> {
    let failed: anyhow::Result<()> = Err(disk()).user("try again later").map_err(Into::into);
    anyhow::Context::context(failed, "while booking")
}

#[tool]
async fn anyhow_masked() -> anyhow::Result<String> {
    Err(anyhow::Error::new(disk()).context("while booking"))
}

fn engine() -> Engine {
    Server::new("s")
        .tool::<user_error>()
        .tool::<string_error>()
        .tool::<str_error>()
        .tool::<booking>()
        .tool::<std_error>()
        .tool::<boxed_error>()
        .tool::<anyhow_told>()
        .tool::<anyhow_told_with_context>()
        .tool::<anyhow_masked>()
        .build()
        .unwrap()
}

#[tokio::test]
async fn an_error_that_is_meant_for_the_model_is_told() {
    let engine = engine();
    for (name, arguments, message) in [
        ("user_error", json!({}), "b must not be zero"),
        ("string_error", json!({}), "told as a string"),
        ("str_error", json!({}), "told as a str"),
        ("booking", json!({"full": true}), "no seats are left"),
        ("anyhow_told", json!({}), "try again later"),
        ("anyhow_told_with_context", json!({}), "try again later"),
    ] {
        for revision in [
            Revision::V2024_11_05,
            Revision::LATEST_LEGACY,
            Revision::LATEST,
        ] {
            let result = &call(&engine, revision, name, arguments.clone()).await["result"];
            assert_eq!(result["isError"], true, "{name} in {revision}");
            let content = json!([{"type": "text", "text": message}]);
            assert_eq!(result["content"], content, "{name} in {revision}");
        }
    }
}

#[tokio::test]
async fn an_error_that_is_not_is_masked_with_an_id_that_the_log_has_with_the_whole_chain() {
    let engine = engine();
    let mut ids = Vec::new();
    for (name, arguments) in [
        ("std_error", json!({})),
        ("boxed_error", json!({})),
        ("anyhow_masked", json!({})),
        ("booking", json!({"full": false})),
    ] {
        let log = Log::capture();
        let (said, is_error) = text(&engine, name, arguments).await;
        assert!(is_error, "{name}: {said}");
        for secret in ["db.internal", "disk 7", "booking"] {
            assert!(!said.contains(secret), "{name} leaks {secret:?}: {said}");
        }
        let id = error_id(&said);
        let log = log.text();
        let line = log.lines().find(|line| line.contains(&id));
        let line = line.unwrap_or_else(|| panic!("{name}: {id} is not in the log: {log}"));
        assert!(line.contains("ERROR"), "{line}");
        assert!(
            line.contains("cannot save to db.internal: disk 7 is on fire"),
            "{line}"
        );
        assert!(line.contains(name), "{line}");
        ids.push(id);
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4, "ids repeat: {ids:?}");
}

#[tokio::test]
async fn the_cause_behind_a_told_error_is_in_the_log_only() {
    let engine = engine();
    let log = Log::capture();
    let (said, _) = text(&engine, "anyhow_told", json!({})).await;
    assert_eq!(said, "try again later");
    assert!(log.text().contains("disk 7 is on fire"), "{}", log.text());
}

#[tool]
async fn panics_in_async(say: String) -> String {
    std::future::ready(()).await;
    panic!("secret of {say}");
}

#[tool]
fn panics_in_the_pool(say: String) -> String {
    panic!("secret of {say}");
}

#[tool(inline)]
fn panics_in_place(say: String) -> String {
    panic!("secret of {say}");
}

#[tokio::test]
async fn a_panic_is_an_internal_error_with_an_id_that_the_log_has_and_the_server_goes_on() {
    let engine = Server::new("s")
        .tool::<panics_in_async>()
        .tool::<panics_in_the_pool>()
        .tool::<panics_in_place>()
        .tool::<str_error>()
        .blocking_pool(1, 0)
        .build()
        .unwrap();
    for name in ["panics_in_async", "panics_in_the_pool", "panics_in_place"] {
        for revision in [Revision::LATEST_LEGACY, Revision::LATEST] {
            let log = Log::capture();
            let answer = call(&engine, revision, name, json!({"say": "Ada"})).await;
            assert_eq!(answer["error"]["code"], -32603, "{name}: {answer}");
            let message = answer["error"]["message"].as_str().unwrap();
            assert!(!message.contains("secret"), "{name}: {message}");
            let id = error_id(message);
            let log = log.text();
            let line = log.lines().find(|line| line.contains(&id));
            let line = line.unwrap_or_else(|| panic!("{name}: {id} is not in the log: {log}"));
            assert!(
                line.contains("secret of Ada") && line.contains(name),
                "{line}"
            );

            // The only place in the pool is free again.
            let after = text(&engine, "str_error", json!({})).await;
            assert_eq!(after.0, "told as a str", "after {name}");
        }
    }
}

/// The id at the end of a message.
fn error_id(message: &str) -> String {
    let last = message.rsplit(' ').next().unwrap_or_default();
    let id = last.trim_end_matches('.');
    let is_id = id.len() == 12 && id.bytes().all(|b| b.is_ascii_hexdigit());
    assert!(is_id, "no id in {message:?}");
    id.to_owned()
}

#[tool]
async fn forging(text: String) -> Result<(), std::io::Error> {
    Err(std::io::Error::other(text))
}

#[tool]
async fn panicking_with(text: String) {
    panic!("{text}");
}

#[tokio::test]
async fn a_client_cannot_write_a_line_of_its_own_into_the_log() {
    let log = Log::capture();
    let engine = Server::new("s")
        .tool::<forging>()
        .tool::<panicking_with>()
        .build()
        .unwrap();
    let forged = "x\n2026-01-01T00:00:00Z  INFO forged line";
    for name in ["forging", "panicking_with"] {
        call(&engine, Revision::LATEST, name, json!({"text": forged})).await;
    }
    let text = log.text();
    let forgeries = text.lines().filter(|line| line.starts_with("2026-01-01"));
    assert_eq!(forgeries.count(), 0, "{text}");
    assert_eq!(text.matches("x\\n2026-01-01").count(), 2, "{text}");
}
