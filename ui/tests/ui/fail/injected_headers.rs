#![expect(unused_variables, reason = "only the errors matter")]

use toolsmith::prelude::*;

#[tool]
fn given(#[header("Region")] context: Context, #[header("Zone")] zone: String) {}

fn main() {}
