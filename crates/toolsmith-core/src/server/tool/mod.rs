//! What a tool is to the server: a definition, and something to call.
//!
//! `#[tool]` writes an implementation of [`Tool`] for a function; a [`DynamicTool`] is made
//! while the program runs. What a tool may return is [`IntoToolOutput`]; its parameters and
//! its errors are those of every handler, see [`handler`](super::handler).

mod dynamic;
mod returns;

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

pub use super::handler::{
    Argument, Call, FromContext, IntoToolError, Parameter, ToolError, ToolResultExt,
};
pub use dynamic::DynamicTool;
pub use returns::{IntoToolOutput, Json};

use super::handler::returning;
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
    fn call(call: Call) -> impl Future<Output = ToolResult> + Send + 'static;
}

/// A tool in the registry.
pub(super) trait Registered: Send + Sync + 'static {
    /// Calls it. Nothing of the author's runs until the future is polled.
    fn call(&self, call: Call) -> Pin<Box<dyn Future<Output = ToolResult> + Send>>;
}

/// A [`Tool`] in the registry.
pub(super) struct Static<T>(PhantomData<fn() -> T>);

impl<T> Static<T> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: Tool> Registered for Static<T> {
    fn call(&self, call: Call) -> Pin<Box<dyn Future<Output = ToolResult> + Send>> {
        // In a block, so that what a tool of an author's own making does before it gives its
        // future does not run before it is polled, either.
        Box::pin(async move { T::call(call).await })
    }
}

/// What the output of `#[tool]` names. Not for people, and not stable.
#[doc(hidden)]
pub mod private {
    use super::{IntoToolOutput, ToolResult, returning};

    returning! {
        probe: ReturnProbe,
        kind: ReturnKind,
        into: IntoToolOutput::into_tool_output,
        result: ToolResult,
        declared: Declared / DeclaredKind,
        masked: Masked / MaskedKind,
        unusable: Unusable / UnusableReturn,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::server::Server;
    use crate::testing::TestClient;

    /// A tool of an author's own making, which does something before it gives its future.
    struct Eager;

    impl Tool for Eager {
        fn definition() -> ToolDefinition {
            ToolDefinition::new("eager")
        }

        fn missing_states(_: &StateMap) -> Vec<MissingState> {
            Vec::new()
        }

        fn call(call: Call) -> impl Future<Output = ToolResult> + Send + 'static {
            assert!(call.arguments().is_empty(), "no future comes of this");
            async { Ok(ToolOutput::text("done")) }
        }
    }

    #[tokio::test]
    async fn a_panic_before_there_is_a_future_is_caught() {
        let client = TestClient::new(Server::new("s").tool::<Eager>()).unwrap();
        let answer = client.call("eager", json!({"a": 1})).await;
        let told = format!("{answer:?}");
        assert!(
            told.contains("error id") && !told.contains("no future"),
            "{told}"
        );
    }
}
