//! What the servers of these tests offer.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use toolsmith::prelude::*;

use crate::wire::{Gate, TestServer};

/// What a person is asked for.
#[derive(Debug, Deserialize, Serialize, schemars::JsonSchema)]
struct Trip {
    /// Where to.
    city: String,
    /// How many nights.
    #[serde(default = "two")]
    nights: u32,
}

fn two() -> u32 {
    2
}

/// Ask for a trip, and book it.
#[tool]
async fn book(ctx: Context) -> Result<String, ToolError> {
    match ctx.elicit::<Trip>("Where to?").await? {
        Elicited::Accepted(trip) => Ok(format!("{} nights in {}", trip.nights, trip.city)),
        _ => Ok("nothing booked".to_owned()),
    }
}

/// Ask, and be quick about everything else.
#[tool(timeout = "300ms")]
async fn hurried(ctx: Context, gate: State<Gate>) -> Result<String, ToolError> {
    let trip = ctx.elicit::<Trip>("Where to?").await?.accepted()?;
    if trip.city == "Nowhere" {
        gate.wait().await;
    }
    Ok(format!("off to {}", trip.city))
}

/// Ask the model and the client's folders at once.
#[tool]
async fn survey(ctx: Context) -> Result<String, ToolError> {
    let sampled = ctx.sample(Sampling::new("What is new?").max_tokens(10));
    let roots = ctx.list_roots();
    let (sampled, roots) = tokio::join!(sampled, roots);
    Ok(format!("{} in {} folders", sampled?.text(), roots?.len()))
}

/// Say one thing before and one after being let go.
#[tool]
async fn two_parts(ctx: Context, gate: State<Gate>) -> &'static str {
    ctx.info("first");
    gate.wait().await;
    ctx.info("second");
    "done"
}

/// Report before and after being let go.
#[tool]
async fn measured(ctx: Context, gate: State<Gate>) -> &'static str {
    ctx.progress(Progress::new(1.0));
    gate.wait().await;
    ctx.progress(Progress::new(2.0));
    "measured"
}

/// Say one thing, and be done.
#[tool]
async fn say(ctx: Context) -> &'static str {
    ctx.info("something");
    "said"
}

/// Say many things.
#[tool]
async fn chatter(ctx: Context, lines: u32) -> String {
    for line in 0..lines {
        ctx.info(format!("line {line}"));
        ctx.debug("detail");
        tokio::task::yield_now().await;
    }
    format!("{lines} lines")
}

/// Close the stream, and answer when let go.
#[tool]
async fn polled(ctx: Context, gate: State<Gate>) -> String {
    let closed = ctx.close_stream(Duration::from_millis(20));
    gate.wait().await;
    format!("closed: {closed}")
}

/// Work for as long as it takes.
#[tool(task)]
async fn render(ctx: Context, gate: State<Gate>) -> &'static str {
    ctx.task_status("halfway");
    gate.wait().await;
    "rendered"
}

/// Ask while it works.
#[tool(task = "required")]
async fn confirm(ctx: Context) -> Result<String, ToolError> {
    let trip = ctx.elicit::<Trip>("Where to?").await?.accepted()?;
    Ok(format!("off to {}", trip.city))
}

/// A page that changes.
#[resource("test://page", mime_type = "text/plain")]
async fn page() -> &'static str {
    "the page"
}

/// A page that changes, too.
#[resource("test://other")]
async fn other() -> &'static str {
    "the other page"
}

/// A prompt.
#[prompt]
async fn greet(name: String) -> String {
    format!("Greet {name}.")
}

/// A tool that comes and goes.
pub(crate) fn visitor() -> DynamicTool {
    let schema = json!({"type": "object"});
    DynamicTool::new("visitor", schema, |_, _| async { "here" })
}

pub(crate) fn offers(gate: &Arc<Gate>) -> Server {
    Server::new("conversation")
        .version("1.0.0")
        .shared_state(Arc::clone(gate))
        .tool::<book>()
        .tool::<hurried>()
        .tool::<survey>()
        .tool::<two_parts>()
        .tool::<measured>()
        .tool::<say>()
        .tool::<chatter>()
        .tool::<polled>()
        .tool::<render>()
        .tool::<confirm>()
        .resource::<page>()
        .resource::<other>()
        .prompt::<greet>()
}

/// A server, and the handle by which what it offers is changed.
pub(crate) fn start() -> (TestServer, Registry) {
    let gate = Arc::new(Gate::default());
    let server = offers(&gate);
    let registry = server.registry();
    (TestServer::of(server, gate, |http| http), registry)
}

/// What a client can do that can do everything.
pub(crate) fn able() -> Value {
    json!({
        "elicitation": {}, "sampling": {}, "roots": {},
        "extensions": {"io.modelcontextprotocol/tasks": {}},
    })
}

/// The same, as a legacy revision writes it.
pub(crate) fn able_in(revision: &str) -> Value {
    match revision {
        "2025-11-25" => json!({
            "elicitation": {"form": {}, "url": {}}, "sampling": {}, "roots": {},
        }),
        "2025-06-18" => json!({"elicitation": {}, "sampling": {}, "roots": {}}),
        _ => json!({"sampling": {}, "roots": {}}),
    }
}
