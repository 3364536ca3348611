//! Prompts and resources may stand in the body of a function, beside what they use.
#![deny(warnings)]
use toolsmith::prelude::*;

fn main() {
    #[derive(serde::Serialize, schemars::JsonSchema)]
    struct Point {
        x: i64,
    }

    fn numbers(typed: Completion) -> Completions {
        typed.matching(["1", "2"])
    }

    #[resource("points://{x}")]
    async fn point(#[complete(numbers)] x: i64) -> Json<Point> {
        Json(Point { x })
    }

    #[prompt]
    fn local(#[complete(numbers)] x: i64) -> String {
        x.to_string()
    }

    assert!(Server::new("s").resource::<point>().prompt::<local>().build().is_ok());
}
