#![expect(unused_variables, reason = "only the errors matter")]

use std::path::Path;

use toolsmith::prelude::*;

#[tool]
fn borrowed(name: &str, bytes: &[u8], path: &Path, values: &Vec<std::string::String>) {}

#[tool]
fn changed(count: &mut i64) {}

#[tool]
fn inside(name: Option<&str>, pair: (i64, &str)) {}

#[tool]
fn for_ever(name: &'static str) {}

#[tool]
async fn injected(context: &Context) {}

fn main() {}
