use toolsmith::prelude::*;

#[tool(timeout = "0s")]
fn zero() {}

#[tool(timeout = "30")]
fn without_unit() {}

#[tool(timeout = "1.5s")]
fn fraction() {}

#[tool(timeout = "2 days")]
fn unknown_unit() {}

#[tool(timeout = "99999999999999999999h")]
fn huge() {}

fn main() {}
