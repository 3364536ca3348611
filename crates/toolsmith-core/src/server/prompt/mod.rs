//! What a prompt is to the server: a definition, and something that fills it in.
//!
//! `#[prompt]` writes an implementation of [`Prompt`] for a function; a [`DynamicPrompt`] is
//! made while the program runs. What a prompt may return is [`IntoPromptOutput`].

mod dynamic;
mod returns;

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

pub use dynamic::DynamicPrompt;
pub use returns::IntoPromptOutput;

use super::completion::Completer;
use super::handler::{Call, ToolError, returning};
use super::state::{MissingState, StateMap};
use crate::protocol::{PromptDefinition, PromptOutput};

/// What filling in a prompt comes to.
pub type PromptResult = Result<PromptOutput, ToolError>;

/// A prompt, as a type. `#[prompt]` implements it for a type named like the function.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a prompt",
    label = "not a prompt",
    note = "put #[prompt] on a function named `{Self}` and pass it as `.prompt::<{Self}>()`"
)]
pub trait Prompt: 'static {
    /// What clients are told of it.
    fn definition() -> PromptDefinition;

    /// Which states it asks for and the server has not.
    fn missing_states(states: &StateMap) -> Vec<MissingState>;

    /// What knows the values of its arguments.
    fn completers() -> Vec<Completer>;

    /// Fills it in. Dropping the future cancels it, as it does a call of a tool.
    fn get(call: Call) -> impl Future<Output = PromptResult> + Send + 'static;
}

/// A prompt in the registry.
pub(super) trait Registered: Send + Sync + 'static {
    fn get(&self, call: Call) -> Pin<Box<dyn Future<Output = PromptResult> + Send>>;
}

/// A [`Prompt`] in the registry.
pub(super) struct Static<P>(PhantomData<fn() -> P>);

impl<P> Static<P> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<P: Prompt> Registered for Static<P> {
    fn get(&self, call: Call) -> Pin<Box<dyn Future<Output = PromptResult> + Send>> {
        Box::pin(P::get(call))
    }
}

/// What the output of `#[prompt]` names. Not for people, and not stable.
#[doc(hidden)]
pub mod private {
    use super::{IntoPromptOutput, PromptResult, returning};

    returning! {
        probe: PromptReturnProbe,
        kind: PromptReturnKind,
        into: IntoPromptOutput::into_prompt_output,
        result: PromptResult,
        declared: DeclaredPromptReturn / DeclaredPrompt,
        masked: MaskedPromptReturn / MaskedPrompt,
        unusable: UnusablePrompt / UnusablePromptReturn,
    }
}
