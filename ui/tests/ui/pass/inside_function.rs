//! A tool may stand in the body of a function, beside the types that it uses.
#![deny(warnings)]
use toolsmith::prelude::*;

fn main() {
    #[derive(serde::Deserialize, schemars::JsonSchema)]
    struct Point {
        x: i64,
    }

    #[tool]
    async fn local(point: Point) -> i64 {
        point.x
    }

    assert!(Server::new("s").tool::<local>().build().is_ok());
}
