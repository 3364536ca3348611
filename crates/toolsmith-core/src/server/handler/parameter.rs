//! What a parameter of a tool, prompt or resource may be.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::ToolError;
use crate::server::{Context, MissingState, StateMap};

/// A parameter that a client gives: anything that deserialises and has a schema.
///
/// Implemented for every `T: Deserialize + JsonSchema + Send + 'static`.
pub trait Argument: DeserializeOwned + JsonSchema + Send + 'static {}

impl<T: DeserializeOwned + JsonSchema + Send + 'static> Argument for T {}

/// A parameter that the server gives: [`Context`], [`State`](crate::server::State), and
/// whatever an author implements it for.
///
/// It wins over [`Argument`] where a type is both, and does not show in the schema.
///
/// ```
/// use toolsmith_core::server::Context;
/// use toolsmith_core::server::handler::{FromContext, ToolError};
///
/// struct ClientName(String);
///
/// impl FromContext for ClientName {
///     fn from_context(context: &Context) -> Result<Self, ToolError> {
///         match context.client() {
///             Some(client) => Ok(Self(client.name.to_string())),
///             None => Err(ToolError::user("this tool is for clients that say who they are")),
///         }
///     }
/// }
/// ```
pub trait FromContext: Sized + Send + 'static {
    /// Makes the value for one call.
    ///
    /// # Errors
    ///
    /// Ends the call; the tool does not run.
    fn from_context(context: &Context) -> Result<Self, ToolError>;

    /// Checks, before the server starts, that the value can be made at all.
    ///
    /// # Errors
    ///
    /// The state that is missing.
    fn check(states: &StateMap) -> Result<(), MissingState> {
        let _ = states;
        Ok(())
    }
}

/// How a parameter comes in: from the client.
#[derive(Debug)]
pub enum ViaArgument {}

/// How a parameter comes in: from the server.
#[derive(Debug)]
pub enum ViaContext {}

/// A type that can be a parameter of a tool, prompt or resource, one way or the other.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a tool, prompt or resource",
    label = "neither an argument nor injected",
    note = "to take it from the client, derive `serde::Deserialize` and `schemars::JsonSchema` for it",
    note = "to have the server give it, implement `FromContext` for it, or wrap it in `State<…>`"
)]
pub trait Parameter<Via> {}

impl<T: Argument> Parameter<ViaArgument> for T {}
impl<T: FromContext> Parameter<ViaContext> for T {}
