//! `toolsmith list`: the tools of a server, one a line.

use rmcp::model::Tool;
use serde_json::json;

use crate::connect::Client;
use crate::error::Result;
use crate::output::{Output, Paint, clean, first_line};
use crate::schema::Schema;

/// Descriptions line up behind signatures of up to this width.
const MAX_COLUMN: usize = 48;

pub(crate) async fn run(client: &Client, as_json: bool, out: &mut Output) -> Result<()> {
    let tools = client.tools().await?;
    if as_json {
        return out.json(&json!({ "tools": tools }));
    }
    let widths = tools
        .iter()
        .map(|tool| signature(tool, Paint::OFF).chars().count());
    let column = widths
        .filter(|width| *width <= MAX_COLUMN)
        .max()
        .unwrap_or(0);
    for tool in &tools {
        out.line(line(tool, column, out.paint()))?;
    }
    Ok(())
}

fn line(tool: &Tool, column: usize, paint: Paint) -> String {
    let summary = summary(tool);
    let width = signature(tool, Paint::OFF).chars().count();
    let signature = signature(tool, paint);
    if summary.is_empty() {
        return signature;
    }
    let gap = column.saturating_sub(width) + 2;
    format!("{signature}{:gap$}{summary}", "")
}

/// The title, where it says more than the name, and the first line of the description.
pub(crate) fn summary(tool: &Tool) -> String {
    let annotated = tool.annotations.as_ref().and_then(|a| a.title.as_deref());
    let title = first_line(tool.title.as_deref().or(annotated).unwrap_or_default());
    let description = first_line(tool.description.as_deref().unwrap_or_default());
    let letters = |text: &str| -> String {
        let letters = text.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    match (
        title.is_empty() || letters(&title) == letters(&tool.name),
        description.is_empty(),
    ) {
        (true, _) => description,
        (false, true) => title,
        (false, false) => format!("{title}: {description}"),
    }
}

/// `add <a: integer> [b: integer = 3]`.
fn signature(tool: &Tool, paint: Paint) -> String {
    let mut text = paint.name(&one_line(&tool.name));
    for argument in Schema::new(&tool.input_schema).arguments() {
        text.push(' ');
        text.push_str(&paint.faint(&one_line(&argument.signature())));
    }
    text
}

fn one_line(text: &str) -> String {
    clean(text).replace(['\n', '\t'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(value: serde_json::Value) -> Tool {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_line_has_name_arguments_and_summary() {
        let add = tool(json!({
            "name": "add",
            "description": "Add two integers.\nAnd more.",
            "inputSchema": {
                "type": "object",
                "properties": {
                    "a": {"type": "integer"},
                    "b": {"type": "integer", "default": 3},
                    "c": {"type": ["string", "null"], "default": null},
                },
                "required": ["a"],
            },
        }));
        assert_eq!(
            line(&add, 50, Paint::OFF),
            "add <a: integer> [b: integer = 3] [c: string]       Add two integers."
        );
    }

    #[test]
    fn a_title_that_says_more_than_the_name_is_shown() {
        for (title, description, shown) in [
            ("Get time", "Tells it.", "Tells it."),
            ("Clock", "Tells it.", "Clock: Tells it."),
            ("Clock", "", "Clock"),
            ("", "", ""),
        ] {
            let tool = tool(json!({
                "name": "get_time", "title": title, "description": description, "inputSchema": {},
            }));
            assert_eq!(summary(&tool), shown, "{title} {description}");
        }
    }

    #[test]
    fn a_line_stays_one_line() {
        let tool = tool(json!({"name": "a\nb", "inputSchema": {"properties": {"c\td": {}}}}));
        assert_eq!(line(&tool, 0, Paint::OFF), "a b [c d: any]");
    }
}
