//! The server that `cargo xtask edge` stands before and behind everything.
//!
//! `stream` says one step and goes on when somebody says by `saw` that it arrived: what
//! holds a stream back between server and client is found without a clock.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;
use toolsmith::prelude::*;

/// How long a step may take to be seen.
const PATIENCE: Duration = Duration::from_secs(10);

/// The newest step of each stream that was seen.
static SEEN: LazyLock<watch::Sender<BTreeMap<String, u32>>> =
    LazyLock::new(|| watch::Sender::new(BTreeMap::new()));

/// Add two integers and return the sum.
#[tool]
async fn add(a: i64, b: i64) -> i64 {
    a + b
}

/// Report so many steps, each when the one before it was seen.
#[tool]
async fn stream(
    ctx: Context,
    /// By what name `saw` knows of it.
    name: String,
    steps: u32,
) -> Result<&'static str, ToolError> {
    let mut seen = SEEN.subscribe();
    for step in 1..=steps {
        ctx.progress(Progress::new(step.into()).total(steps.into()));
        let arrived = seen.wait_for(|seen| seen.get(&name).is_some_and(|newest| *newest >= step));
        if !matches!(timeout(PATIENCE, arrived).await, Ok(Ok(_))) {
            return Err(ToolError::user(format!(
                "step {step} was not seen within 10 s"
            )));
        }
    }
    Ok("done")
}

/// Say that a step of a stream arrived.
#[tool]
async fn saw(name: String, step: u32) -> &'static str {
    note(name, step);
    "noted"
}

/// The same, for who may write.
#[tool(scopes("files:write"))]
async fn write(name: String, step: u32) -> &'static str {
    note(name, step);
    "written"
}

/// The same, for who may write and share.
#[tool(scopes("files:write", "files:share"))]
async fn share(name: String, step: u32) -> &'static str {
    note(name, step);
    "shared"
}

/// Say which step of a stream was seen last; 0 for none.
#[tool]
async fn seen(name: String) -> u32 {
    SEEN.borrow().get(&name).copied().unwrap_or_default()
}

/// Say which process answers.
#[tool]
async fn process() -> u32 {
    std::process::id()
}

/// Wait for some milliseconds.
#[tool]
async fn wait(ms: u64) -> &'static str {
    tokio::time::sleep(Duration::from_millis(ms)).await;
    "waited"
}

fn note(name: String, step: u32) {
    SEEN.send_modify(|seen| {
        let newest = seen.entry(name).or_default();
        *newest = step.max(*newest);
    });
}

fn main() -> toolsmith::Result<()> {
    Server::new("edge")
        .tool::<add>()
        .tool::<stream>()
        .tool::<saw>()
        .tool::<write>()
        .tool::<share>()
        .tool::<seen>()
        .tool::<process>()
        .tool::<wait>()
        .run(Args::parse())
}
