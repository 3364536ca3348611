//! The JSON-RPC messages of an answer, whatever form it has.

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::client::Answer;

/// Every message of an answer: its body, or the data of each event.
pub(crate) fn all(answer: &Answer) -> Result<Vec<Value>> {
    if !is_stream(answer) {
        let message = serde_json::from_str(&answer.body);
        return Ok(vec![message.context("the answer is no JSON")?]);
    }
    let data = answer.body.lines().filter_map(|line| {
        let data = line.strip_prefix("data:")?;
        Some(data.trim_start()).filter(|data| !data.is_empty())
    });
    data.map(|data| serde_json::from_str(data).context("an event is no JSON"))
        .collect()
}

/// The body with the ids of its events made alike, which may differ from server to server.
pub(super) fn without_event_ids(answer: &Answer) -> String {
    if !is_stream(answer) {
        return answer.body.clone();
    }
    let lines = answer
        .body
        .split('\n')
        .map(|line| match line.strip_prefix("id:") {
            Some(id) => format!("id:{}", "x".repeat(id.len())),
            None => line.to_owned(),
        });
    lines.collect::<Vec<_>>().join("\n")
}

fn is_stream(answer: &Answer) -> bool {
    let kind = answer.field("content-type").unwrap_or_default();
    kind.starts_with("text/event-stream")
}
