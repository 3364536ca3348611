//! What the crate promises, seen from outside.

mod by_hand;
mod error_table;
