//! The tools that the tests call, and the server that offers them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use toolsmith::prelude::*;
use toolsmith::server::tool::ToolError as Failure;

/// What holds the slow tools up until a test lets them go.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    started: watch::Sender<usize>,
    open: watch::Sender<bool>,
    dropped: watch::Sender<usize>,
}

impl Gate {
    /// Waits until so many slow calls have started.
    pub(crate) async fn started(&self, calls: usize) {
        let mut started = self.started.subscribe();
        let waited = started.wait_for(|now| *now >= calls);
        let _ = super::soon("a slow call", waited).await;
    }

    /// Waits until so many slow calls have ended or were dropped.
    pub(crate) async fn dropped(&self, calls: usize) {
        let mut dropped = self.dropped.subscribe();
        let waited = dropped.wait_for(|now| *now >= calls);
        let _ = super::soon("the end of a slow call", waited).await;
    }

    /// How many slow calls have ended or were dropped.
    pub(crate) fn ended(&self) -> usize {
        *self.dropped.borrow()
    }

    /// How many slow calls have started.
    pub(crate) fn begun(&self) -> usize {
        *self.started.borrow()
    }

    /// Lets the slow calls go.
    pub(crate) fn open(&self) {
        self.open.send_replace(true);
    }

    /// Holds up those that come from now on.
    pub(crate) fn close(&self) {
        self.open.send_replace(false);
    }

    pub(crate) async fn wait(&self) {
        struct Ended<'a>(&'a Gate);
        impl Drop for Ended<'_> {
            fn drop(&mut self) {
                self.0.dropped.send_modify(|calls| *calls += 1);
            }
        }
        let _ended = Ended(self);
        self.started.send_modify(|calls| *calls += 1);
        let _ = self.open.subscribe().wait_for(|open| *open).await;
    }
}

/// Add two integers and return the sum.
#[tool]
async fn add(
    /// The first addend.
    a: i64,
    /// The second addend.
    b: i64,
) -> i64 {
    a + b
}

/// Add two integers on a thread that may block.
#[tool]
fn add_blocking(a: i64, b: i64) -> i64 {
    a + b
}

/// Add two integers in place.
#[tool(inline, read_only, idempotent)]
fn add_inline(a: i64, b: i64) -> i64 {
    a + b
}

/// Repeat a text.
#[tool]
async fn echo(text: String) -> String {
    text
}

/// Count up to a number, and report each step.
#[tool(title = "Count", tags("slow"))]
async fn count(
    context: Context,
    /// How far to count.
    to: u32,
) -> String {
    for step in 1..=to {
        let step = f64::from(step);
        let message = format!("step {step}");
        context.progress(Progress::new(step).total(to.into()).message(message));
        tokio::task::yield_now().await;
    }
    format!("counted to {to}")
}

/// Report once, then wait to be let go.
#[tool]
async fn report_and_wait(context: Context, gate: State<Gate>) -> &'static str {
    context.progress(Progress::new(1.0));
    gate.wait().await;
    "went"
}

/// Ask for a capability.
#[tool]
async fn need(context: Context) -> Result<&'static str, Failure> {
    context.require(ClientCapability::Sampling)?;
    Ok("has it")
}

/// Report, then ask for a capability.
#[tool]
async fn report_and_need(context: Context) -> Result<&'static str, Failure> {
    context.progress(Progress::new(0.5));
    tokio::task::yield_now().await;
    context.require(ClientCapability::Sampling)?;
    Ok("has it")
}

/// Panic.
#[tool]
async fn explode() -> &'static str {
    panic!("the secret of the tool")
}

/// Fail with words for the model.
#[tool]
async fn refuse() -> Result<&'static str, String> {
    Err("there is no such city".to_owned())
}

/// Fail with words for nobody.
#[tool]
async fn fail() -> Result<&'static str, std::io::Error> {
    Err(std::io::Error::other("password=1234"))
}

/// A place on a plane.
#[derive(Debug, Deserialize, Serialize, schemars::JsonSchema)]
struct Point {
    /// How far to the right.
    x: i64,
    /// How far up.
    y: i64,
}

/// Mirror a point.
#[tool(read_only)]
async fn mirror(point: Point) -> Json<Point> {
    Json(Point {
        x: point.y,
        y: point.x,
    })
}

/// List the first numbers.
#[tool(read_only)]
async fn numbers(below: u8) -> Json<Vec<u8>> {
    Json((0..below).collect())
}

/// Wait to be let go.
#[tool]
async fn wait(gate: State<Gate>) -> &'static str {
    gate.wait().await;
    "went"
}

/// Say much.
#[tool]
async fn fill(bytes: usize) -> String {
    "x".repeat(bytes)
}

/// The server that offers all of them.
pub(crate) fn server(gate: &Arc<Gate>) -> Server {
    Server::new("wire")
        .version("1.0.0")
        .shared_state(Arc::clone(gate))
        .tool::<add>()
        .tool::<add_blocking>()
        .tool::<add_inline>()
        .tool::<echo>()
        .tool::<count>()
        .tool::<report_and_wait>()
        .tool::<need>()
        .tool::<report_and_need>()
        .tool::<explode>()
        .tool::<refuse>()
        .tool::<fail>()
        .tool::<mirror>()
        .tool::<numbers>()
        .tool::<wait>()
        .tool::<fill>()
}
