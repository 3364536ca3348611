//! The server that `cargo xtask bench` measures.

use toolsmith::prelude::*;

/// Add two integers and return the sum.
#[tool]
async fn add(a: i64, b: i64) -> i64 {
    a + b
}

/// Add two integers on the pool for functions that may block.
#[tool]
fn add_blocking(a: i64, b: i64) -> i64 {
    a + b
}

fn main() -> toolsmith::Result<()> {
    Server::new("bench")
        .version("1")
        .tool::<add>()
        .tool::<add_blocking>()
        .run(Args::parse())
}
