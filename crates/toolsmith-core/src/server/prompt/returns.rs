//! What a prompt may return.

use std::borrow::Cow;

use serde_json::Value;

use super::PromptResult;
use crate::protocol::{Content, EmbeddedResource, PromptMessage, PromptOutput};
use crate::server::handler::IntoToolError;

/// What becomes the messages of a prompt.
///
/// Text and [`Content`] become one message of the user; a [`PromptMessage`] says who speaks;
/// a `Vec` of them is a conversation.
#[diagnostic::on_unimplemented(
    message = "a prompt cannot return `{Self}`",
    label = "not a result of a prompt",
    note = "return text, `Content`, `PromptMessage`, `Vec<PromptMessage>`, `PromptOutput`, or a `Result` of one of these"
)]
pub trait IntoPromptOutput {
    /// The messages.
    ///
    /// # Errors
    ///
    /// The prompt's own failure.
    fn into_prompt_output(self) -> PromptResult;

    /// Prompts have no structured results.
    #[doc(hidden)]
    fn output_schema() -> Option<Value>
    where
        Self: Sized,
    {
        None
    }
}

impl IntoPromptOutput for PromptOutput {
    fn into_prompt_output(self) -> PromptResult {
        Ok(self)
    }
}

impl IntoPromptOutput for Vec<PromptMessage> {
    fn into_prompt_output(self) -> PromptResult {
        Ok(PromptOutput {
            messages: self,
            ..PromptOutput::default()
        })
    }
}

impl<const N: usize> IntoPromptOutput for [PromptMessage; N] {
    fn into_prompt_output(self) -> PromptResult {
        Vec::from(self).into_prompt_output()
    }
}

impl IntoPromptOutput for PromptMessage {
    fn into_prompt_output(self) -> PromptResult {
        vec![self].into_prompt_output()
    }
}

impl<T: IntoPromptOutput, E: IntoToolError> IntoPromptOutput for Result<T, E> {
    fn into_prompt_output(self) -> PromptResult {
        self.map_err(E::into_tool_error)
            .and_then(T::into_prompt_output)
    }
}

macro_rules! said_by_the_user {
    ($($type:ty),*) => {
        // The notes on the trait say it in fewer words than a list of all of these.
        $(#[diagnostic::do_not_recommend]
        impl IntoPromptOutput for $type {
            fn into_prompt_output(self) -> PromptResult {
                PromptMessage::user(self).into_prompt_output()
            }
        })*
    };
}

said_by_the_user!(String, &'static str, Content, EmbeddedResource);

#[diagnostic::do_not_recommend]
impl IntoPromptOutput for Cow<'static, str> {
    fn into_prompt_output(self) -> PromptResult {
        self.into_owned().into_prompt_output()
    }
}
