//! Calls of the example's tools, in either era.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::bench::client::{Answer, Client};
use crate::bench::message;
use crate::bench::request::{MODERN, Request, message as body};

/// A call of a tool by a modern client.
pub(super) fn modern(tool: &str, arguments: &Value) -> Request {
    let params = format!(
        r#"{{"name":"{tool}","arguments":{arguments},"_meta":{{"io.modelcontextprotocol/protocolVersion":"{MODERN}","io.modelcontextprotocol/clientCapabilities":{{}}}}}}"#
    );
    Request::modern(1, "tools/call", Some(tool), &params)
}

/// A call of a tool in a legacy session.
pub(super) fn legacy(tool: &str, arguments: &Value, session: &str) -> Request {
    let params = format!(r#"{{"name":"{tool}","arguments":{arguments}}}"#);
    Request::legacy(body(1, "tools/call", &params), Some(session))
}

/// The text that a call came to.
///
/// # Errors
///
/// When it came to something else.
pub(super) fn text(answer: &Answer) -> Result<String> {
    let wrong = || format!("it answered {}: {}", answer.status, answer.body);
    ensure!(answer.status == 200, "{}", wrong());
    let messages = message::all(answer)?;
    let result = messages.last().map(|it| &it["result"]);
    let text = result.and_then(|it| it["content"][0]["text"].as_str());
    text.map(str::to_owned).with_context(wrong)
}

/// Calls a tool once, over a connection of its own.
pub(super) fn ask(url: &str, tool: &str, arguments: &Value) -> Result<String> {
    let answer = Client::connect(url)?.post(&modern(tool, arguments))?;
    text(&answer).with_context(|| format!("`{tool}`"))
}
