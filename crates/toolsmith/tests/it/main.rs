//! What the crate promises, seen from outside.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what a test cannot go on without fails it"
)]

mod answered_once;
mod answered_over_http;
mod author;
mod bad_input;
mod conversation;
mod edge;
mod eras;
mod golden;
mod http;
mod identity;
mod legacy_sessions;
mod seeing;
mod settings;
mod stdio;
mod stdio_limits;
#[cfg(feature = "store")]
mod store;
mod support;
#[cfg(feature = "tls")]
mod tls;
mod whole;
mod wire;
