use toolsmith::prelude::*;

#[tool(inline)]
async fn polled() {}

#[tool(inline, timeout = "1s")]
fn in_place() {}

fn main() {}
