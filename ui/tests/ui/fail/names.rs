use toolsmith::prelude::*;

#[tool(name = "")]
fn empty() {}

#[tool(name = "add numbers")]
fn spaced() {}

#[tool(name = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
fn long() {}

#[tool]
fn größe() {}

#[tool(name = "size.of_a-thing")]
fn länge() {}

fn main() {}
