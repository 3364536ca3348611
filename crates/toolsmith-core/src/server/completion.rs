//! What knows the values that an argument may have.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::Context;
use super::handler::{IntoToolError, ToolError};
use crate::protocol::Completions;

/// What was typed of an argument, and what is known of the others.
///
/// ```
/// use toolsmith_core::protocol::Completions;
/// use toolsmith_core::server::completion::Completion;
///
/// fn frameworks(typed: Completion) -> Completions {
///     match typed.other("language") {
///         Some("python") => typed.matching(["django", "flask"]),
///         _ => typed.matching(["axum", "actix"]),
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Completion {
    pub(super) argument: Box<str>,
    pub(super) value: String,
    pub(super) others: BTreeMap<String, String>,
    pub(super) context: Context,
}

impl Completion {
    /// The argument.
    pub fn argument(&self) -> &str {
        &self.argument
    }

    /// What was typed of it.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The value of another argument, where it is known.
    pub fn other(&self, name: &str) -> Option<&str> {
        self.others.get(name).map(String::as_str)
    }

    /// The request: who asks, and what the server was given.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Those of some values that begin with what was typed.
    pub fn matching<I>(&self, values: I) -> Completions
    where
        I: IntoIterator<Item: Into<String>>,
    {
        Completions::matching(&self.value, values)
    }
}

/// What becomes the answer of a completer: [`Completions`], or a list of texts, which is
/// taken as it is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of values for an argument",
    note = "return `Completions`, `Vec<String>`, `Vec<&'static str>`, or a `Result` of one of these"
)]
pub trait IntoCompletions {
    /// The values.
    ///
    /// # Errors
    ///
    /// The completer's own failure.
    fn into_completions(self) -> Result<Completions, ToolError>;
}

impl IntoCompletions for Completions {
    fn into_completions(self) -> Result<Completions, ToolError> {
        Ok(self)
    }
}

impl<T: Into<String>> IntoCompletions for Vec<T> {
    fn into_completions(self) -> Result<Completions, ToolError> {
        Ok(Completions::new(self))
    }
}

impl<T: Into<String>, const N: usize> IntoCompletions for [T; N] {
    fn into_completions(self) -> Result<Completions, ToolError> {
        Ok(Completions::new(self))
    }
}

impl<T: IntoCompletions, E: IntoToolError> IntoCompletions for Result<T, E> {
    fn into_completions(self) -> Result<Completions, ToolError> {
        self.map_err(E::into_tool_error)
            .and_then(T::into_completions)
    }
}

type Completing = Pin<Box<dyn Future<Output = Result<Completions, ToolError>> + Send>>;

/// A function that knows the values of an argument: of a [`Completion`], sync or async.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot complete an argument",
    label = "not a completer",
    note = "write a function of `Completion` that returns `Completions` or a list of texts, sync or async"
)]
pub trait CompleteWith<How>: Send + Sync + 'static {
    /// The values.
    fn complete(&self, typed: Completion) -> Completing;
}

/// How a completer answers: at once.
#[derive(Debug)]
pub enum AtOnce {}

/// How a completer answers: later.
#[derive(Debug)]
pub enum Later {}

impl<F, R> CompleteWith<(AtOnce, R)> for F
where
    F: Fn(Completion) -> R + Send + Sync + 'static,
    R: IntoCompletions,
{
    fn complete(&self, typed: Completion) -> Completing {
        Box::pin(std::future::ready(self(typed).into_completions()))
    }
}

impl<F, Fut> CompleteWith<(Later, Fut)> for F
where
    F: Fn(Completion) -> Fut + Send + Sync + 'static,
    Fut: Future<Output: IntoCompletions> + Send + 'static,
{
    fn complete(&self, typed: Completion) -> Completing {
        let work = self(typed);
        Box::pin(async move { work.await.into_completions() })
    }
}

/// What knows the values of one argument of a prompt or a template.
#[derive(Clone)]
pub struct Completer {
    argument: Box<str>,
    function: Arc<dyn Fn(Completion) -> Completing + Send + Sync>,
}

impl Completer {
    /// An argument, and the function that knows its values.
    pub fn new<How>(argument: &str, with: impl CompleteWith<How>) -> Self {
        Self {
            argument: argument.into(),
            function: Arc::new(move |typed| with.complete(typed)),
        }
    }

    /// An argument all of whose values are known.
    pub fn choices(argument: &str, choices: Vec<String>) -> Self {
        Self::new(argument, move |typed: Completion| {
            typed.matching(choices.iter().cloned())
        })
    }

    /// The argument.
    pub fn argument(&self) -> &str {
        &self.argument
    }

    pub(super) fn complete(&self, typed: Completion) -> Completing {
        (self.function)(typed)
    }
}

impl fmt::Debug for Completer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Completer").field(&self.argument).finish()
    }
}
