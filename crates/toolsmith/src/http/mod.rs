//! Streamable HTTP.
//!
//! [`Http`] binds an address and serves the MCP endpoint there, both eras at once;
//! [`ServerHttpExt`] mounts the same endpoint in somebody's own application. What stands
//! between the socket and the protocol is one list, in `service/mod.rs`.

mod accept;
mod asker;
mod batch;
mod body;
mod calls;
mod connections;
mod driven;
mod endpoint;
mod fields;

mod legacy;
mod listen;
mod modern;
mod options;
mod outlet;
mod refused;
pub(crate) mod respond;
#[cfg(feature = "axum")]
mod router;
mod sending;
mod service;
mod socket;
mod sse;
#[cfg(feature = "tls")]
mod tls;
#[cfg(not(feature = "tls"))]
#[path = "without_tls.rs"]
mod tls;

pub use body::ResponseBody;
pub use listen::{Http, Listening};
pub(crate) use options::Options;
#[cfg(feature = "axum")]
pub use router::ServerAxumExt;
pub use service::{McpService, ServerHttpExt};
