//! Tools that change what the server offers.

use serde_json::json;
use toolsmith::prelude::*;

pub(crate) fn add_to(server: Server) -> Server {
    server
        .tool::<test_trigger_tool_change>()
        .tool::<test_trigger_prompt_change>()
}

/// Offers a tool more, and takes it away again.
#[tool(inline)]
fn test_trigger_tool_change(ctx: Context) -> Result<&'static str, ToolError> {
    let name = "test_short_lived";
    let schema = json!({"type": "object"});
    let tool = DynamicTool::new(name, schema, |_, _| async { "It was there." });
    let tool = tool.description("Is there for a moment");
    ctx.registry().add_tool(tool).user("it is there already")?;
    ctx.registry().remove_tool(name);
    Ok("The list of tools has changed.")
}

/// Offers a prompt more, and takes it away again.
#[tool(inline)]
fn test_trigger_prompt_change(ctx: Context) -> Result<&'static str, ToolError> {
    let name = "test_short_lived";
    let prompt = DynamicPrompt::new(name, |_, _| async { "It was there." });
    let prompt = prompt.description("Is there for a moment");
    ctx.registry()
        .add_prompt(prompt)
        .user("it is there already")?;
    ctx.registry().remove_prompt(name);
    Ok("The list of prompts has changed.")
}
