//! What a conversation with a model must be like, so that every model can go on with it.
//!
//! Implements "Message Content Constraints" of `client/sampling`.

use super::{SamplingContent, SamplingMessage};
use crate::protocol::Role;

/// Whether a tool was used in a conversation, which only a client takes that knows tools.
pub(super) fn is_about_tools(messages: &[SamplingMessage]) -> bool {
    let mut parts = messages.iter().flat_map(|message| &message.content);
    parts.any(is_of_tool)
}

/// Checks that whoever speaks says what they may, and that each use of a tool is answered
/// by the next message.
pub(super) fn check(messages: &[SamplingMessage]) -> Result<(), String> {
    let mut open: Vec<&str> = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        let wrong = |why: String| format!("message {} of the conversation {why}", at + 1);
        let results = results(message).map_err(wrong)?;
        for id in &results {
            let asked = open.iter().position(|it| it == id);
            let Some(asked) = asked else {
                return Err(wrong(format!(
                    "has a result for `{id}`, which the message before does not ask for"
                )));
            };
            open.swap_remove(asked);
        }
        if let Some(id) = open.first() {
            return Err(wrong(format!(
                "has no result for `{id}`, which the message before asks for"
            )));
        }
        open = uses(message).map_err(wrong)?;
    }
    match open.first() {
        Some(id) => Err(format!(
            "the last message of the conversation asks for `{id}`; add a message of results"
        )),
        None => Ok(()),
    }
}

/// Which uses of tools a message has the results of.
fn results(message: &SamplingMessage) -> Result<Vec<&str>, String> {
    let mut ids = Vec::new();
    for part in &message.content {
        if let SamplingContent::ToolResult {
            tool_use_id,
            content,
            ..
        } = part
        {
            if content.iter().any(is_of_tool) {
                return Err(format!(
                    "has a result for `{tool_use_id}` that is no text, picture or sound"
                ));
            }
            ids.push(tool_use_id.as_str());
        }
    }
    if !ids.is_empty() && message.role != Role::User {
        return Err("has results of tools, which the user brings".to_owned());
    }
    if !ids.is_empty() && ids.len() < message.content.len() {
        return Err("has results of tools, and something else beside them".to_owned());
    }
    Ok(ids)
}

/// Which tools a message wants to use.
fn uses(message: &SamplingMessage) -> Result<Vec<&str>, String> {
    let uses = message.content.iter().filter_map(|part| match part {
        SamplingContent::ToolUse { id, .. } => Some(id.as_str()),
        _ => None,
    });
    let ids: Vec<&str> = uses.collect();
    if !ids.is_empty() && message.role != Role::Assistant {
        return Err("wants to use a tool, which only the model does".to_owned());
    }
    Ok(ids)
}

fn is_of_tool(part: &SamplingContent) -> bool {
    matches!(
        part,
        SamplingContent::ToolUse { .. } | SamplingContent::ToolResult { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(ids: &[&str]) -> SamplingMessage {
        let parts = ids.iter().map(|id| SamplingContent::ToolUse {
            id: (*id).to_owned(),
            name: "t".to_owned(),
            input: serde_json::Map::new(),
        });
        SamplingMessage {
            role: Role::Assistant,
            content: parts.collect(),
        }
    }

    fn results(ids: &[&str]) -> SamplingMessage {
        SamplingMessage::results(ids.iter().map(|id| SamplingContent::tool_result(*id, "r")))
    }

    #[test]
    fn every_use_of_a_tool_is_answered_by_the_next_message() {
        let user = || SamplingMessage::user("?");
        let mut mixed = results(&["a"]);
        mixed.content.push(SamplingContent::text("and"));
        let by_model = SamplingMessage {
            role: Role::Assistant,
            ..results(&["a"])
        };
        let by_user = SamplingMessage {
            role: Role::User,
            ..uses(&["a"])
        };
        let nested = SamplingMessage::results([SamplingContent::ToolResult {
            tool_use_id: "a".to_owned(),
            content: results(&["b"]).content,
            is_error: false,
        }]);
        for (messages, why) in [
            (vec![user(), uses(&["a", "b"]), results(&["b", "a"])], ""),
            (vec![user(), uses(&["a"]), results(&["a"]), user()], ""),
            (vec![], ""),
            (vec![uses(&["a", "b"]), results(&["a"])], "message 2"),
            (vec![uses(&["a"]), results(&["a", "a"])], "message 2"),
            (
                vec![uses(&["a"]), user(), results(&["a"])],
                "no result for `a`",
            ),
            (vec![user(), results(&["a"])], "a result for `a`"),
            (vec![user(), uses(&["a"])], "the last message"),
            (vec![uses(&["a"]), mixed], "something else"),
            (vec![uses(&["a"]), by_model], "which the user brings"),
            (vec![by_user, results(&["a"])], "which only the model does"),
            (vec![uses(&["a"]), nested], "no text, picture or sound"),
        ] {
            let said = check(&messages).err().unwrap_or_default();
            let fits = said.contains(why) && said.is_empty() == why.is_empty();
            assert!(fits, "{messages:?}: {said}");
        }
    }
}
