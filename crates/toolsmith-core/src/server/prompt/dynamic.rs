//! Prompts that are made while the program runs.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::{IntoPromptOutput, PromptResult, Registered};
use crate::protocol::{PromptArgument, PromptDefinition};
use crate::server::Context;
use crate::server::completion::{CompleteWith, Completer};
use crate::server::handler::{Call, Closure, Problems, ToolError};

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
#[derive(Clone, Debug)]
pub struct DynamicPrompt {
    definition: PromptDefinition,
    handler: Closure<BTreeMap<String, String>, PromptResult>,
    completers: Vec<Completer>,
}

impl DynamicPrompt {
    /// A prompt with a name and what fills it in.
    pub fn new<H, F>(name: impl Into<String>, handler: H) -> Self
    where
        H: Fn(BTreeMap<String, String>, Context) -> F + Send + Sync + 'static,
        F: Future<Output: IntoPromptOutput> + Send + 'static,
    {
        Self {
            definition: PromptDefinition::new(name),
            handler: Closure::new(handler, IntoPromptOutput::into_prompt_output),
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

    /// With scopes that a caller needs to fill it in, all of them; `files:write` or the like.
    #[must_use]
    pub fn scopes<S: Into<String>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.define(|it| it.scopes.extend(scopes.into_iter().map(Into::into)))
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
    fn problems(&self, given: &BTreeMap<String, String>) -> Problems {
        let mut problems = Problems::default();
        let arguments = &self.definition.arguments;
        for name in given.keys() {
            if !arguments.iter().any(|it| it.name == *name) {
                let known = arguments.iter().map(|it| it.name.as_str());
                problems.unknown(name, "it", known);
            }
        }
        for argument in arguments.iter().filter(|it| it.required) {
            if !given.contains_key(&argument.name) {
                problems.missing(&argument.name);
            }
        }
        problems
    }
}

impl Registered for DynamicPrompt {
    fn get(&self, call: Call) -> Pin<Box<dyn Future<Output = PromptResult> + Send>> {
        let given: BTreeMap<_, _> = call.texts().iter().cloned().collect();
        let problems = self.problems(&given);
        if !problems.is_empty() {
            let refused = ToolError::invalid(problems.to_string());
            return Box::pin(std::future::ready(Err(refused)));
        }
        self.handler.run(call, given)
    }
}
