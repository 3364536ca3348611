//! Meaning: what a server offers, and what a request comes to.
//!
//! A [`Server`] is what an author builds. [`Server::build`] checks it and turns it into an
//! [`Engine`], which takes decoded requests and gives outcomes, knowing no transport.

mod answer;
mod builder;
mod context;
mod dispatch;
mod engine;
mod error;
mod peer;
mod pool;
mod registry;
mod state;
pub mod tool;

pub use answer::Answer;
pub use builder::Server;
pub use context::{Context, Progress};
pub use engine::Engine;
pub use error::StartError;
pub use peer::{Peer, ReplySink};
pub use state::{MissingState, State, StateMap};
