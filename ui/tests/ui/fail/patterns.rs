#![expect(unused_variables, reason = "only the errors matter")]

use toolsmith::prelude::*;

struct Point {
    x: i64,
}

#[tool]
fn tuple((a, b): (i64, i64)) -> i64 {
    a + b
}

#[tool]
fn nameless(_: i64) {}

#[tool]
fn parts(Point { x }: Point, State(state): State<String>) {}

#[tool]
fn reference(ref a: i64) {}

fn main() {}
