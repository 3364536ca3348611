use toolsmith::prelude::*;

struct Point {
    x: i64,
}

#[prompt]
fn neither(point: Point, #[default(1)] limit: u8) -> String {
    format!("{} {limit}", point.x)
}

#[prompt]
fn injected(#[default(3)] _context: Context) -> String {
    String::new()
}

fn main() {}
