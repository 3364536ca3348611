//! Tools that fail, report while they work, and ask what the client can do.

use std::time::Duration;

use tokio::time::sleep;
use toolsmith::prelude::*;

/// How long a step of the work takes.
const STEP: Duration = Duration::from_millis(50);

pub(crate) fn add_to(server: Server) -> Server {
    server
        .tool::<test_error_handling>()
        .tool::<test_tool_with_progress>()
        .tool::<test_tool_with_logging>()
        .tool::<test_logging_tool>()
        .tool::<test_missing_capability>()
        .tool::<test_reconnection>()
}

/// Fails, and tells the model so.
#[tool(inline)]
fn test_error_handling() -> Result<&'static str, ToolError> {
    Err(ToolError::user(
        "This tool intentionally returns an error for testing",
    ))
}

/// Says three times how far it has come.
#[tool]
async fn test_tool_with_progress(ctx: Context) -> &'static str {
    ctx.progress(Progress::new(0.0).total(100.0));
    sleep(STEP).await;
    ctx.progress(Progress::new(50.0).total(100.0));
    sleep(STEP).await;
    ctx.progress(Progress::new(100.0).total(100.0));
    "All three steps are done."
}

/// Logs three times what it does.
#[tool]
async fn test_tool_with_logging(ctx: Context) -> &'static str {
    ctx.info("Tool execution started");
    sleep(STEP).await;
    ctx.info("Tool processing data");
    sleep(STEP).await;
    ctx.info("Tool execution completed");
    "Three messages were logged."
}

/// Logs, which only a client that asked for it is told.
#[tool]
async fn test_logging_tool(ctx: Context) -> &'static str {
    ctx.info("The tool was called");
    "A message was logged."
}

/// Works only for a client whose model can be asked.
#[tool]
async fn test_missing_capability(ctx: Context) -> Result<&'static str, ToolError> {
    ctx.require(ClientCapability::Sampling)?;
    Ok("The client can sample.")
}

/// Closes the connection while it works, and has the client come back for the answer.
#[tool]
async fn test_reconnection(ctx: Context) -> &'static str {
    ctx.close_stream(STEP);
    sleep(STEP * 4).await;
    "The client came back for this."
}
