//! What the crate promises, seen from outside.

mod by_hand;
mod decided_tasks;
mod error_table;
