#![expect(unused_variables, reason = "only the errors matter")]

use toolsmith::prelude::*;

struct Point {
    x: i64,
}

#[resource("points://{id}")]
fn neither_in_the_uri_nor_injected(id: u64, limit: u32, point: Point) -> String {
    String::new()
}

#[resource("points://all")]
fn nothing_is_in_the_uri(limit: Option<u32>) -> String {
    String::new()
}

#[resource("points://{point}")]
fn in_the_uri_but_not_readable(point: Point) -> String {
    String::new()
}

fn main() {}
