#![expect(unused_variables, reason = "only the errors matter")]

use toolsmith::prelude::*;

#[tool]
fn taken(name: impl Into<String>, names: Vec<impl Into<String>>) {}

#[tool]
fn returned() -> impl IntoToolOutput {
    "text"
}

#[tool]
async fn inside() -> Result<impl IntoToolOutput, ToolError> {
    Ok("text")
}

fn main() {}
