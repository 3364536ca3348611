//! What a tool is to the server: a definition, and something to call.
//!
//! `#[tool]` writes an implementation of [`Tool`] for a function. Its parts are here:
//! parameters that are arguments and parameters that are injected ([`Argument`],
//! [`FromContext`]), what a tool may return ([`IntoToolOutput`]), and what its errors say
//! to the model ([`IntoToolError`]).

mod arguments;
mod call;
mod dynamic;
mod error;
mod explain;
mod parameter;
mod probe;
mod returns;
mod schema;
mod slots;

use std::future::Future;
use std::pin::Pin;

pub use call::ToolCall;
pub use dynamic::DynamicTool;
pub(super) use error::Verdict;
pub use error::{IntoToolError, ToolError, ToolResultExt};
pub use parameter::{Argument, FromContext, Parameter, ViaArgument, ViaContext};
pub use returns::{IntoToolOutput, Json};

use super::state::{MissingState, StateMap};
use crate::protocol::{ToolDefinition, ToolOutput};

/// What a call of a tool comes to.
pub type ToolResult = Result<ToolOutput, ToolError>;

/// A tool, as a type. `#[tool]` implements it for a type named like the function.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tool",
    label = "not a tool",
    note = "put #[tool] on a function named `{Self}` and pass it as `.tool::<{Self}>()`"
)]
pub trait Tool: 'static {
    /// What clients are told of it.
    fn definition() -> ToolDefinition;

    /// Which states it asks for and the server has not.
    fn missing_states(states: &StateMap) -> Vec<MissingState>;

    /// Calls it. Dropping the future cancels an `async fn` at its next await; a plain
    /// `fn` that runs on the pool goes on, and its result is lost.
    fn call(call: ToolCall) -> impl Future<Output = ToolResult> + Send + 'static;
}

/// A tool in the registry.
pub(super) trait Registered: Send + Sync + 'static {
    fn call(&self, call: ToolCall) -> Pin<Box<dyn Future<Output = ToolResult> + Send>>;
}

/// A [`Tool`] in the registry.
pub(super) struct Static<T>(std::marker::PhantomData<fn() -> T>);

impl<T> Static<T> {
    pub(super) fn new() -> Self {
        Self(std::marker::PhantomData)
    }
}

impl<T: Tool> Registered for Static<T> {
    fn call(&self, call: ToolCall) -> Pin<Box<dyn Future<Output = ToolResult> + Send>> {
        Box::pin(T::call(call))
    }
}

/// What the output of `#[tool]` names. Not for people, and not stable.
#[doc(hidden)]
pub mod private {
    pub use super::probe::{
        ArgumentKind, Declared, DeclaredKind, InjectedKind, Masked, MaskedKind, ParameterProbe,
        ReturnKind, ReturnProbe, Unusable, UnusableParameter, UnusableReturn,
    };
    pub use super::schema::{ParameterDoc, input_schema};
    pub use super::slots::{
        ArgumentSlot, InjectedSlot, MayDefault, Slots, UnusableSlot, WithDefault,
    };
}
