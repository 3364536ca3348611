use toolsmith::prelude::*;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Choice {
    sure: bool,
}

// A plain function runs on a thread of the pool and cannot wait for the user.
#[tool]
fn delete(ctx: Context) -> Result<String, ToolError> {
    let _answer = ctx.elicit::<Choice>("Are you sure?").await;
    Ok("deleted".to_owned())
}

fn main() {}
