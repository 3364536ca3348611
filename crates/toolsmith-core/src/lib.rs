//! The protocol and the server of Toolsmith, with no sockets, files or HTTP in it.
//!
//! Most people depend on the `toolsmith` crate, which re-exports what an author needs
//! and adds the transports. This crate is for those who bring a transport, a session
//! store or a tool table of their own.
//!
//! - [`protocol`] is pure: bytes and header fields in, a typed message or a typed error
//!   out. It knows every revision of the Model Context Protocol and does no IO.
//! - [`server`] is meaning: the registry of tools, the context that a handler is given,
//!   and the dispatch from a request to an outcome.
//! - [`ports`] are the traits through which the outside comes in, each with an
//!   in-memory version.
//! - [`Caller`] is who asks and what they may do, by [`Scopes`], which all of them know.

mod caller;
mod pause;
pub mod ports;
pub mod protocol;
pub mod server;
pub mod testing;

pub use caller::{Caller, Scopes};
#[doc(hidden)]
pub use pause::pause;
