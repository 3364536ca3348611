//! The ways in which a tool can fail, and what the client and the log are told.
//!
//! `cargo run --bin failing -- --transport http --log json`, and see the log while you
//! call them. `RUST_BACKTRACE=1` adds where a panic came from.

use toolsmith::prelude::*;

/// Divide, and tell the model what was wrong.
#[tool]
fn divide(a: i64, b: i64) -> Result<i64, ToolError> {
    a.checked_div(b)
        .ok_or_else(|| ToolError::user("b must not be zero"))
}

/// Fail in a way that is nobody's business: the model is told an id, the log has the cause.
#[tool]
fn connect() -> Result<(), ToolError> {
    Err(ToolError::internal(std::io::Error::other("db-7 is down")))
}

/// Panic: the client is told an id, the log has the rest, and the server serves on.
#[tool]
fn panic(
    /// What to say.
    message: String,
) {
    panic!("{message}")
}

/// Panic on a thread of the tool's own, about which no client is told.
#[tool]
fn panic_elsewhere(
    /// What to say.
    message: String,
) {
    let thread = std::thread::Builder::new().name("elsewhere".to_owned());
    if let Ok(running) = thread.spawn(move || panic!("{message}")) {
        // That it panicked is what it is for.
        let _ = running.join();
    }
}

fn main() -> toolsmith::Result<()> {
    Server::new("failing")
        .tool::<divide>()
        .tool::<connect>()
        .tool::<panic>()
        .tool::<panic_elsewhere>()
        .run(Args::parse())
}
