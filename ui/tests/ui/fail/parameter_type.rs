use toolsmith::prelude::*;

struct Point {
    x: i64,
}

#[tool]
fn neither(point: Point, points: Vec<Point>, #[default(1)] limit: u8) -> i64 {
    point.x + points.len() as i64 + i64::from(limit)
}

fn main() {}
