//! `toolsmith call`: one call, and its result.

use rmcp::model::{CallToolRequestParams, CallToolResult, ContentBlock, ResourceContents};

use crate::connect::Client;
use crate::error::{Exit, Failure, Result};
use crate::output::Output;
use crate::schema::Schema;
use crate::values::{self, Arguments, Pair};

pub(crate) async fn run(
    client: &Client,
    tool: String,
    arguments: Arguments,
    as_json: bool,
    out: &mut Output,
) -> Result<()> {
    let arguments = match arguments {
        Arguments::Object(object) => object,
        Arguments::Pairs(pairs) if pairs.is_empty() => serde_json::Map::new(),
        Arguments::Pairs(pairs) => by_schema(client, &tool, pairs).await?,
    };
    let request = CallToolRequestParams::new(tool.clone()).with_arguments(arguments);
    let result = client.call(request).await?;
    let failed = result.is_error == Some(true);
    if as_json {
        out.json(&result)?;
    } else if !failed {
        for text in texts(&result) {
            out.foreign(&text)?;
        }
    }
    match failed {
        false => Ok(()),
        true => Err(tool_failure(&tool, &result)),
    }
}

/// Reads the pairs by the schema that the server has for the tool.
async fn by_schema(
    client: &Client,
    tool: &str,
    pairs: Vec<Pair>,
) -> Result<serde_json::Map<String, serde_json::Value>> {
    let tools = client.tools().await?;
    let Some(found) = tools.iter().find(|found| found.name == tool) else {
        let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_ref()).collect();
        let failure = Failure::new(Exit::Protocol, format!("the server has no tool {tool}"));
        return Err(failure.hint(match names.is_empty() {
            true => "it has no tools at all".to_owned(),
            false => format!("it has: {}", names.join(", ")),
        }));
    };
    values::resolve(tool, Schema::new(&found.input_schema), pairs)
}

fn tool_failure(tool: &str, result: &CallToolResult) -> Failure {
    let text = texts(result).join("\n");
    let message = match text.trim() {
        "" => format!("{tool} failed and did not say why"),
        text => text.to_owned(),
    };
    Failure::new(Exit::Tool, message)
}

/// The content for people; structured content only where there is no other.
fn texts(result: &CallToolResult) -> Vec<String> {
    let texts: Vec<String> = result.content.iter().map(text).collect();
    match &result.structured_content {
        Some(value) if texts.is_empty() => vec![format!("{value:#}")],
        _ => texts,
    }
}

fn text(block: &ContentBlock) -> String {
    match block {
        ContentBlock::Text(text) => text.text.clone(),
        ContentBlock::Image(image) => binary("image", &image.mime_type, &image.data),
        ContentBlock::Audio(audio) => binary("audio", &audio.mime_type, &audio.data),
        ContentBlock::ResourceLink(link) => format!("[resource {}: {}]", link.name, link.uri),
        ContentBlock::Resource(embedded) => match &embedded.resource {
            ResourceContents::TextResourceContents { text, .. } => text.clone(),
            ResourceContents::BlobResourceContents {
                uri,
                mime_type,
                blob,
                ..
            } => binary(uri, mime_type.as_deref().unwrap_or("of no type"), blob),
            _ => "[a resource of an unknown kind; --json shows it]".to_owned(),
        },
        _ => "[content of an unknown kind; --json shows it]".to_owned(),
    }
}

/// A terminal has no use for base64; `--json` has all of it.
fn binary(what: &str, kind: &str, base64: &str) -> String {
    let padding = base64
        .bytes()
        .rev()
        .take_while(|byte| *byte == b'=')
        .count();
    let bytes = (base64.len() / 4 * 3).saturating_sub(padding);
    format!("[{what} {kind}, {bytes} bytes; --json shows it]")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn shown(result: Value) -> Vec<String> {
        texts(&serde_json::from_value(result).unwrap())
    }

    #[test]
    fn text_is_shown_and_binary_content_described() {
        let result = json!({"content": [
            {"type": "text", "text": "two\nlines"},
            {"type": "image", "mimeType": "image/png", "data": "QUJDRA=="},
            {"type": "resource", "resource": {"uri": "a:b", "text": "inner"}},
            {"type": "resource_link", "name": "n", "uri": "a:c"},
        ]});
        assert_eq!(
            shown(result),
            [
                "two\nlines",
                "[image image/png, 4 bytes; --json shows it]",
                "inner",
                "[resource n: a:c]",
            ]
        );
    }

    #[test]
    fn structured_content_is_shown_when_there_is_no_other() {
        assert_eq!(
            shown(json!({"content": [], "structuredContent": {"a": 1}})),
            ["{\n  \"a\": 1\n}"]
        );
        let both = json!({
            "content": [{"type": "text", "text": "5"}], "structuredContent": {"result": 5},
        });
        assert_eq!(shown(both), ["5"]);
    }
}
