//! Tools that become tasks.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::sleep;
use toolsmith::prelude::*;

pub(crate) fn add_to(server: Server) -> Server {
    server
        .tool::<greet>()
        .tool::<slow_compute>()
        .tool::<failing_job>()
        .tool::<protocol_error_job>()
        .tool::<confirm_delete>()
        .tool::<multi_input>()
        .tool::<test_tool_with_task>()
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Answer {
    #[serde(default)]
    name: String,
    #[serde(default)]
    confirm: bool,
}

/// Greets somebody at once.
#[tool(inline)]
fn greet(name: String) -> String {
    format!("Hello, {name}!")
}

/// Computes for a while.
#[tool(task)]
async fn slow_compute(
    /// For how long.
    #[default(1)]
    seconds: u64,
    /// What it is called.
    label: Option<String>,
) -> String {
    sleep(Duration::from_secs(seconds)).await;
    let label = label.unwrap_or_else(|| "the computation".to_owned());
    format!("After {seconds} s, {label} is done.")
}

/// Works for a while and fails.
#[tool(task = "required")]
async fn failing_job() -> Result<&'static str, ToolError> {
    sleep(Duration::from_millis(500)).await;
    Err(ToolError::user("The job failed, as it should."))
}

/// Ends with an error of the protocol.
#[tool(task)]
async fn protocol_error_job() -> Result<&'static str, ToolError> {
    sleep(Duration::from_millis(100)).await;
    Err(ToolError::invalid("The job cannot be done like this."))
}

/// Deletes nothing, once the user has confirmed it.
#[tool(task)]
async fn confirm_delete(
    ctx: Context,
    /// What is not deleted.
    filename: String,
) -> Result<String, ToolError> {
    let question = format!("Shall {filename} be deleted?");
    let Answer { confirm, .. } = ctx.elicit(question).key("confirm").await?.accepted()?;
    Ok(match confirm {
        true => format!("{filename} would be deleted."),
        false => format!("{filename} is kept."),
    })
}

/// Asks the user two things at once.
#[tool(task)]
async fn multi_input(ctx: Context) -> Result<String, ToolError> {
    let first = ctx.elicit::<Answer>("Who is the first?").key("first");
    let second = ctx.elicit::<Answer>("Who is the second?").key("second");
    let (first, second) = tokio::try_join!(first.into_future(), second.into_future())?;
    let (first, second) = (first.accepted()?.name, second.accepted()?.name);
    Ok(format!("{first} comes before {second}."))
}

/// Asks for a name first, and is a task from then on.
#[tool(task = "decided")]
async fn test_tool_with_task(ctx: Context) -> Result<String, ToolError> {
    #[derive(Deserialize, JsonSchema)]
    struct Name {
        name: String,
    }
    let asked = ctx.elicit::<Name>("What is your name?").key("user_name");
    let Name { name } = asked.await?.accepted()?;
    ctx.become_task().await?;
    sleep(Duration::from_millis(100)).await;
    Ok(format!("Hello, {name}!"))
}
