//! The servers that are asked, without sockets.

use serde_json::json;
use toolsmith::prelude::*;
use toolsmith::server::tool::DynamicTool;

/// Add two integers and return the sum.
#[tool]
async fn add(a: i64, b: i64) -> i64 {
    a + b
}

/// Say the same.
#[tool]
async fn echo(text: String) -> String {
    text
}

/// Say ten times how far it is.
#[tool]
async fn progress(ctx: Context) -> &'static str {
    for step in 1..=10 {
        ctx.progress(Progress::new(f64::from(step)).total(10.0));
        tokio::task::yield_now().await;
    }
    "done"
}

/// A server with a few tools.
pub(crate) fn small() -> Server {
    Server::new("bench")
        .version("1")
        .tool::<add>()
        .tool::<echo>()
        .tool::<progress>()
}

/// A server with a hundred.
pub(crate) fn large() -> Server {
    let schema = json!({
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
    });
    let tools = (0..100).map(|number| {
        let name = format!("tool_{number:02}");
        DynamicTool::new(name, schema.clone(), |_, _: Context| async { "done" })
            .description("Do one of a hundred things.")
    });
    tools.fold(Server::new("bench").version("1"), Server::dynamic_tool)
}
