//! What a resource is to the server: a definition, and something to read.
//!
//! `#[resource]` writes an implementation of [`Resource`] for a function, at a URI or at a
//! URI template; a [`DynamicResource`] is made while the program runs; a
//! [`ResourceProvider`] has resources of its own, such as the files of a directory. What
//! reading may return is [`IntoResourceOutput`].

mod dynamic;
mod provider;
mod returns;
mod scoped;

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

pub use dynamic::DynamicResource;
pub use provider::ResourceProvider;
pub use returns::IntoResourceOutput;
pub use scoped::Scoped;

use super::completion::Completer;
use super::handler::{Call, ToolError, UriArgument, returning};
use super::state::{MissingState, StateMap};
use crate::protocol::{ResourceDefinition, ResourceOutput};

/// What reading a resource comes to.
pub type ResourceResult = Result<ResourceOutput, ToolError>;

/// A resource, as a type. `#[resource]` implements it for a type named like the function.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a resource",
    label = "not a resource",
    note = "put #[resource(\"…\")] on a function named `{Self}` and pass it as `.resource::<{Self}>()`"
)]
pub trait Resource: 'static {
    /// What clients are told of it.
    fn definition() -> ResourceDefinition;

    /// Which states it asks for and the server has not.
    fn missing_states(states: &StateMap) -> Vec<MissingState>;

    /// What it wants of the URI.
    fn variables() -> Vec<UriArgument>;

    /// What knows the values of its variables.
    fn completers() -> Vec<Completer>;

    /// Reads it. Dropping the future cancels it, as it does a call of a tool.
    fn read(call: Call) -> impl Future<Output = ResourceResult> + Send + 'static;
}

/// A resource in the registry.
pub(super) trait Registered: Send + Sync + 'static {
    fn read(&self, call: Call) -> Pin<Box<dyn Future<Output = ResourceResult> + Send>>;
}

/// A [`Resource`] in the registry.
pub(super) struct Static<R>(PhantomData<fn() -> R>);

impl<R> Static<R> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<R: Resource> Registered for Static<R> {
    fn read(&self, call: Call) -> Pin<Box<dyn Future<Output = ResourceResult> + Send>> {
        Box::pin(R::read(call))
    }
}

/// What the output of `#[resource]` names. Not for people, and not stable.
#[doc(hidden)]
pub mod private {
    use super::{IntoResourceOutput, ResourceResult, returning};

    returning! {
        probe: ResourceReturnProbe,
        kind: ResourceReturnKind,
        into: IntoResourceOutput::into_resource_output,
        result: ResourceResult,
        declared: DeclaredResourceReturn / DeclaredResource,
        masked: MaskedResourceReturn / MaskedResource,
        unusable: UnusableResource / UnusableResourceReturn,
    }
}
