use toolsmith::prelude::*;

struct Point;

#[resource("points://origin")]
fn returned() -> Point {
    Point
}

#[resource("points://{id}")]
async fn inside(id: u64) -> Result<Point, ToolError> {
    let _ = id;
    Ok(Point)
}

#[resource("points://nothing")]
fn nothing() {}

fn main() {}
