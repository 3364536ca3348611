//! Meaning: what a server offers, and what a request comes to.
//!
//! A [`Server`] is what an author builds. [`Server::build`] checks it and turns it into an
//! [`Engine`], which takes decoded requests and gives outcomes, knowing no transport.

mod admission;
mod answer;
mod asking;
mod batch;
mod builder;
pub mod completion;
mod context;
mod dependency;
mod dispatch;
mod engine;
mod error;
mod extension;
pub mod handler;
mod limit;
pub mod middleware;
mod peer;
mod pool;
pub mod prompt;
mod registry;
pub mod resource;
mod running;
mod scopes;
mod seal;
mod sessions;
mod state;
mod subscriptions;
mod tasks;
mod text_value;
pub mod tool;

pub use crate::caller::{Caller, Scopes};
pub use answer::Answer;
pub use batch::Batch;
pub use builder::Server;
pub use context::{
    Cancellation, Context, Elicit, ElicitUrl, Elicitations, Elicited, ListRoots, LogMessage,
    Progress, Root, Sample, Sampled, Sampling, SamplingContent, SamplingMessage, StopReason,
    ToolChoice,
};
pub use engine::Engine;
pub use error::StartError;
pub(crate) use middleware::Operation;
pub use peer::{Arrival, Peer, ReplySink};
pub use registry::{Registry, RegistryError, TenantRegistry};
pub use seal::{StateKey, StateKeyError};
pub use sessions::{
    DetachedCall, Listening, Notices, RunningCall, SessionRef, Sessions, StreamEvent, StreamReader,
    StreamWriter,
};
pub use state::{MissingState, State, StateMap};
pub use subscriptions::{Hub, Interest, Subscription, SubscriptionsFull};
