//! What the crate promises, seen from outside.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what a test cannot go on without fails it"
)]

mod admission;
mod by_hand;
mod callers;
mod decided_tasks;
mod declared_tasks;
mod error_table;
mod failed_tasks;
mod response_size;
mod resumed_streams;
mod scopes;
mod session_tasks;
mod session_use;
mod slow_tasks;
mod told_of_changes;
mod updated_tasks;
