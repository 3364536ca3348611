//! Resources that are made while the program runs.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::{IntoResourceOutput, Registered, ResourceResult};
use crate::protocol::{Captures, ResourceDefinition};
use crate::server::Context;
use crate::server::completion::{CompleteWith, Completer};
use crate::server::handler::{Call, Closure};

/// A resource made while the program runs: a definition, and a closure that is called with
/// what the template found in the URI and with the context.
///
/// ```
/// use toolsmith_core::server::resource::DynamicResource;
///
/// let motd = DynamicResource::text("motd://today", "Be kind.");
/// let page = DynamicResource::new("wiki://{title}", |found, _context| async move {
///     format!("The page on {}.", found.first("title").unwrap_or_default())
/// })
/// .mime_type("text/plain");
/// # let _ = (motd, page);
/// ```
#[derive(Clone, Debug)]
pub struct DynamicResource {
    definition: ResourceDefinition,
    handler: Closure<Captures, ResourceResult>,
    completers: Vec<Completer>,
}

impl DynamicResource {
    /// A resource at a URI, or resources at a URI template, and what reads them.
    pub fn new<H, F>(uri: impl Into<String>, handler: H) -> Self
    where
        H: Fn(Captures, Context) -> F + Send + Sync + 'static,
        F: Future<Output: IntoResourceOutput> + Send + 'static,
    {
        Self {
            definition: ResourceDefinition::new(uri),
            handler: Closure::new(handler, IntoResourceOutput::into_resource_output),
            completers: Vec::new(),
        }
    }

    /// A text that does not change.
    pub fn text(uri: impl Into<String>, text: impl Into<String>) -> Self {
        let text: Arc<str> = text.into().into();
        let size = text.len() as u64;
        Self::new(uri, move |_, _| std::future::ready(text.to_string()))
            .mime_type("text/plain")
            .define(|it| it.size = Some(size))
    }

    /// Bytes that do not change.
    pub fn blob(uri: impl Into<String>, bytes: impl Into<bytes::Bytes>) -> Self {
        let bytes: bytes::Bytes = bytes.into();
        let size = bytes.len() as u64;
        Self::new(uri, move |_, _| std::future::ready(bytes.clone()))
            .mime_type("application/octet-stream")
            .define(|it| it.size = Some(size))
    }

    /// With a name for programs.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.definition.name = name.into();
        self
    }

    /// With what it is.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.definition.description = Some(description.into());
        self
    }

    /// With its media type.
    #[must_use]
    pub fn mime_type(mut self, mime_type: impl Into<String>) -> Self {
        self.definition.mime_type = Some(mime_type.into());
        self
    }

    /// With what knows the values of a variable.
    #[must_use]
    pub fn complete<How>(mut self, variable: &'static str, with: impl CompleteWith<How>) -> Self {
        self.completers.push(Completer::new(variable, with));
        self
    }

    /// With scopes that a caller needs to read it, all of them; `files:write` or the like.
    #[must_use]
    pub fn scopes<S: Into<String>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.define(|it| it.scopes.extend(scopes.into_iter().map(Into::into)))
    }

    /// With anything else that its definition may say.
    #[must_use]
    pub fn define(mut self, change: impl FnOnce(&mut ResourceDefinition)) -> Self {
        change(&mut self.definition);
        self
    }

    pub(in crate::server) fn into_parts(
        self,
    ) -> (ResourceDefinition, Arc<dyn Registered>, Vec<Completer>) {
        let (definition, completers) = (self.definition.clone(), self.completers.clone());
        (definition, Arc::new(self), completers)
    }
}

impl Registered for DynamicResource {
    fn read(&self, call: Call) -> Pin<Box<dyn Future<Output = ResourceResult> + Send>> {
        let captures = call.captures().cloned().unwrap_or_default();
        self.handler.run(call, captures)
    }
}
