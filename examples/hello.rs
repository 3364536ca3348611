//! One tool, every transport.
//!
//! `cargo run --bin hello` serves one client over standard input and output;
//! `cargo run --bin hello -- --transport http` serves Streamable HTTP.

use toolsmith::prelude::*;

/// Add two integers and return the sum.
#[tool]
fn add(
    /// The first addend.
    a: i64,
    /// The second addend.
    b: i64,
) -> i64 {
    a + b
}

fn main() -> toolsmith::Result<()> {
    Server::new("hello-toolsmith")
        .tool::<add>()
        .run(Args::parse())
}
