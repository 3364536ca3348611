//! Tools that fail, report, and ask what the client can do.

use toolsmith::prelude::*;

/// Fails, and tells the model so.
#[tool(inline)]
pub(crate) fn test_error_handling() -> Result<&'static str, ToolError> {
    Err(ToolError::user(
        "This tool intentionally returns an error for testing",
    ))
}

/// Says three times how far it has come.
#[tool]
pub(crate) async fn test_tool_with_progress(ctx: Context) -> &'static str {
    for done in [0.0, 50.0, 100.0] {
        ctx.progress(Progress::new(done).total(100.0));
    }
    "All three steps are done."
}

/// Works only for a client whose model can be asked.
#[tool]
pub(crate) async fn test_missing_capability(ctx: Context) -> Result<&'static str, ToolError> {
    ctx.require(ClientCapability::Sampling)?;
    Ok("The client can sample.")
}
