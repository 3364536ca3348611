//! Plain functions may block: they run on a pool and hold up nobody else.
//!
//! `cargo run --bin blocking -- --transport http --call-timeout 2s`, and ask it to
//! sleep for longer than that.

use std::time::Duration;

use toolsmith::prelude::*;

/// Sleep, as code does that waits for a disk or a database.
#[tool]
fn sleep(
    /// For how many milliseconds.
    milliseconds: u64,
) -> String {
    std::thread::sleep(Duration::from_millis(milliseconds));
    format!("slept for {milliseconds} ms")
}

/// Sleep without blocking.
#[tool(read_only)]
async fn doze(
    /// For how many milliseconds.
    milliseconds: u64,
) -> String {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    format!("dozed for {milliseconds} ms")
}

fn main() -> toolsmith::Result<()> {
    Server::new("blocking")
        .tool::<sleep>()
        .tool::<doze>()
        .run(Args::parse())
}
