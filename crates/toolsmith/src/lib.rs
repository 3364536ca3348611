//! Write a tool once; serve it to any MCP client.
//!
//! ```no_run
//! use toolsmith::prelude::*;
//!
//! /// Add two integers and return the sum.
//! #[tool]
//! fn add(
//!     /// The first addend.
//!     a: i64,
//!     /// The second addend.
//!     b: i64,
//! ) -> i64 {
//!     a + b
//! }
//!
//! fn main() -> toolsmith::Result<()> {
//!     Server::new("hello-toolsmith").tool::<add>().run(Args::parse())
//! }
//! ```
//!
//! The argument of [`run`](ServerExt::run) is the transport: `Stdio::new()` for one client
//! over a pipe, `Http::new()` for Streamable HTTP at `http://127.0.0.1:8000/mcp`, and
//! [`Args::parse()`](Args::parse) to leave it to the command line. Every revision of the
//! protocol is served on each, 2024-11-05 to 2026-07-28.
//!
//! # Features
//!
//! - `stdio` and `http`, on by default: the transports.
//! - `full`: everything.

#![cfg_attr(
    not(feature = "http"),
    expect(
        dead_code,
        reason = "settings and errors of an address that nobody has"
    )
)]

mod error;
#[cfg(feature = "http")]
pub mod http;
mod log;
mod settings;
mod startup;
#[cfg(feature = "stdio")]
pub mod stdio;
mod transport;

pub mod prelude;

pub use error::{Error, Result};
#[cfg(feature = "http")]
pub use http::{Http, ServerHttpExt};
pub use log::LogFormat;
pub use settings::Args;
#[cfg(feature = "stdio")]
pub use stdio::Stdio;
pub use toolsmith_core::server::Server;
pub use toolsmith_core::{ports, protocol, server};
pub use toolsmith_macros::tool;
pub use transport::{ServerExt, Transport};

/// What the output of `#[tool]` names. Not for people, and not stable.
#[doc(hidden)]
pub mod __private {
    pub use serde_json::json;
    pub use toolsmith_core::protocol::{Icon, IconTheme, ToolAnnotations, ToolDefinition};
    pub use toolsmith_core::server::tool::private::*;
    pub use toolsmith_core::server::tool::{Tool, ToolCall, ToolResult};
    pub use toolsmith_core::server::{MissingState, StateMap};
}
