#![expect(unused_variables, reason = "only the errors matter")]

use toolsmith::prelude::*;

#[tool]
fn forms(
    #[default = 3] a: i64,
    #[default()] b: i64,
    #[default(1, 2)] c: i64,
    #[default(1)]
    #[default(2)]
    d: i64,
) {
}

fn main() {}
