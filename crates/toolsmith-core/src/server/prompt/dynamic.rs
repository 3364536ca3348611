//! Prompts that are made while the program runs.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::{IntoPromptOutput, PromptResult, Registered};
use crate::protocol::{PromptArgument, PromptDefinition};
use crate::server::Context;
use crate::server::completion::{CompleteWith, Completer};
use crate::server::handler::{Call, ToolError};

type Handler = dyn Fn(BTreeMap<String, String>, Context) -> Pin<Box<dyn Future<Output = PromptResult> + Send>>
    + Send
    + Sync;

/// A prompt made while the program runs: a definition, and a closure that is called with
/// the arguments and the context.
///
/// Arguments that must be given are there; those that the definition does not name are
/// refused before the closure is called.
///
/// ```
/// use toolsmith_core::server::prompt::DynamicPrompt;
///
/// let review = DynamicPrompt::new("review", |arguments, _context| async move {
///     format!("Please review this code:\n{}", arguments["code"])
/// })
/// .required_argument("code", "The code to review.");
/// # let _ = review;
/// ```
#[derive(Clone)]
pub struct DynamicPrompt {
    definition: PromptDefinition,
    handler: Arc<Handler>,
    completers: Vec<Completer>,
}

impl fmt::Debug for DynamicPrompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DynamicPrompt")
            .field(&self.definition)
            .finish()
    }
}

impl DynamicPrompt {
    /// A prompt with a name and what fills it in.
    pub fn new<H, F>(name: impl Into<String>, handler: H) -> Self
    where
        H: Fn(BTreeMap<String, String>, Context) -> F + Send + Sync + 'static,
        F: Future<Output: IntoPromptOutput> + Send + 'static,
    {
        let handler = move |arguments, context| {
            let work = handler(arguments, context);
            let work = async move { work.await.into_prompt_output() };
            Box::pin(work) as Pin<Box<dyn Future<Output = PromptResult> + Send>>
        };
        Self {
            definition: PromptDefinition::new(name),
            handler: Arc::new(handler),
            completers: Vec::new(),
        }
    }

    /// With what it is for.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.definition.description = Some(description.into());
        self
    }

    /// With one more argument, which may be left out.
    #[must_use]
    pub fn argument(self, name: impl Into<String>, description: impl Into<String>) -> Self {
        let argument = PromptArgument::new(name).description(description);
        self.define(|it| it.arguments.push(argument))
    }

    /// With one more argument, which must be given.
    #[must_use]
    pub fn required_argument(
        self,
        name: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        let argument = PromptArgument::new(name).description(description);
        self.define(|it| it.arguments.push(argument.required()))
    }

    /// With what knows the values of an argument.
    #[must_use]
    pub fn complete<How>(mut self, argument: &'static str, with: impl CompleteWith<How>) -> Self {
        self.completers.push(Completer::new(argument, with));
        self
    }

    /// With anything else that its definition may say.
    #[must_use]
    pub fn define(mut self, change: impl FnOnce(&mut PromptDefinition)) -> Self {
        change(&mut self.definition);
        self
    }

    pub(in crate::server) fn into_parts(
        self,
    ) -> (PromptDefinition, Arc<dyn Registered>, Vec<Completer>) {
        let (definition, completers) = (self.definition.clone(), self.completers.clone());
        (definition, Arc::new(self), completers)
    }

    /// What is wrong with the arguments of a call.
    fn problem(&self, given: &BTreeMap<String, String>) -> Option<String> {
        let arguments = &self.definition.arguments;
        let missing = arguments
            .iter()
            .find(|it| it.required && !given.contains_key(&it.name));
        if let Some(missing) = missing {
            return Some(format!("the argument `{}` is missing", missing.name));
        }
        let unknown = given
            .keys()
            .find(|name| !arguments.iter().any(|it| it.name == **name))?;
        let unknown: String = unknown.chars().take(64).collect();
        Some(format!("the argument `{unknown}` is unknown"))
    }
}

impl Registered for DynamicPrompt {
    fn get(&self, call: Call) -> Pin<Box<dyn Future<Output = PromptResult> + Send>> {
        let given: BTreeMap<_, _> = call.texts().iter().cloned().collect();
        if let Some(problem) = self.problem(&given) {
            return Box::pin(std::future::ready(Err(ToolError::invalid(problem))));
        }
        let work = (self.handler)(given, call.context().clone());
        Box::pin(async move {
            // Kept until the work has ended or was dropped, which its context tells of.
            let _call = call;
            work.await
        })
    }
}
