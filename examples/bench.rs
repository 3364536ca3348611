//! The server that `cargo xtask bench` measures.
//!
//! It takes the flags of every server, and `--tools N`: so many tools more, for a list of
//! a length that is known.

use std::ffi::OsString;

use anyhow::Context as _;
use serde_json::json;
use toolsmith::prelude::*;

/// How many steps `progress` has.
const STEPS: u8 = 10;

/// Add two integers and return the sum.
#[tool]
async fn add(a: i64, b: i64) -> i64 {
    a + b
}

/// Add two integers on the pool for functions that may block.
#[tool]
fn add_blocking(a: i64, b: i64) -> i64 {
    a + b
}

/// Return the text that was given.
#[tool]
async fn echo(text: String) -> String {
    text
}

/// Work in ten steps, and report each.
#[tool]
async fn progress(ctx: Context) -> &'static str {
    for step in 1..=STEPS {
        ctx.progress(Progress::new(step.into()).total(STEPS.into()));
        // Where the work would be waited for.
        tokio::task::yield_now().await;
    }
    "done"
}

/// One of many tools that are there to be listed.
fn another(number: usize) -> DynamicTool {
    let schema = json!({
        "type": "object",
        "properties": {
            "city": {
                "type": "string",
                "description": "The city whose weather is looked up, with its country"
            },
            "days": {
                "type": "integer",
                "minimum": 1,
                "maximum": 14,
                "description": "How many days the forecast covers"
            },
            "units": {
                "type": "string",
                "enum": ["metric", "imperial"],
                "description": "The units of the temperatures and of the wind"
            }
        },
        "required": ["city", "days"]
    });
    let answer = |_, _| async { "sunny" };
    DynamicTool::new(format!("forecast_{number}"), schema, answer)
        .description(format!("Look up the weather forecast of station {number}."))
}

fn main() -> anyhow::Result<()> {
    let (tools, words) = own_flag(std::env::args_os().collect())?;
    let mut server = Server::new("bench")
        .version("1")
        .tool::<add>()
        .tool::<add_blocking>()
        .tool::<echo>()
        .tool::<progress>();
    for number in 1..=tools {
        server = server.dynamic_tool(another(number));
    }
    Ok(server.run(Args::try_parse_from(words)?)?)
}

/// Takes `--tools N` out of the words of the command; what is left is for [`Args`].
fn own_flag(mut words: Vec<OsString>) -> anyhow::Result<(usize, Vec<OsString>)> {
    let Some(flag) = words.iter().position(|word| word == "--tools") else {
        return Ok((0, words));
    };
    let value = words.get(flag + 1).and_then(|value| value.to_str());
    let tools = value.context("--tools needs a number")?;
    let tools = tools.parse().context("--tools needs a number")?;
    words.drain(flag..=flag + 1);
    Ok((tools, words))
}
