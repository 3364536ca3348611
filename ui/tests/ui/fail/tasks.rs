use toolsmith::prelude::*;

#[tool(task = "forbidden")]
async fn unknown() {}

#[tool(task = true)]
async fn flag() {}

#[tool(task("optional"))]
async fn list() {}

#[tool(task, task = "required")]
async fn twice() {}

#[tool(task, inline)]
fn in_place() {}

#[tool(task = "decided")]
fn decides_without_waiting() {}

fn main() {}
