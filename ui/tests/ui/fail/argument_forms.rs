use toolsmith::prelude::*;

#[tool(name("add"), title = 3, description, read_only = "yes", destructive(true), idempotent = 1)]
fn first() {}

#[tool(icons = "https://example.com/a.png", tags = "a", meta, timeout = 30, inline = true, crate = "x")]
fn second() {}

#[tool(name = add, title(), tags("a", b), icons(), timeout)]
fn third() {}

#[tool(name + "x", 5, title = "x" read_only, tags("a") inline)]
fn fourth() {}

fn main() {}
