#![expect(unused_variables, reason = "only the errors matter")]

use toolsmith::prelude::*;

#[tool]
fn seventeen(
    a: i8, b: i8, c: i8, d: i8, e: i8, f: i8, g: i8, h: i8,
    i: i8, j: i8, k: i8, l: i8, m: i8, n: i8, o: i8, p: i8,
    q: i8,
) {
}

fn main() {}
