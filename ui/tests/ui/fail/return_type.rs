use toolsmith::prelude::*;

struct Point;

#[tool]
fn returned() -> Point {
    Point
}

#[tool]
async fn inside() -> Option<Point> {
    None
}

fn main() {}
