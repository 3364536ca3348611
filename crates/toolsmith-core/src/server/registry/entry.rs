//! One thing that a server offers.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Home;
use crate::caller::Scopes;
use crate::protocol::{
    Definition, Listed, MirroredParameter, PromptDefinition, ResourceDefinition, TaskSupport,
    ToolDefinition, UriTemplate, as_objects, is_wrapped,
};
use crate::server::completion::Completer;
use crate::server::handler::UriArgument;
use crate::server::resource::ResourceProvider;
use crate::server::{prompt, resource, tool};

/// One thing that a server offers. Cheap to clone.
#[derive(Clone)]
pub(in crate::server) struct Entry {
    pub(in crate::server) primitive: Primitive,
    /// The server that it was registered with.
    pub(in crate::server) home: Arc<Home>,
    /// What a caller needs to use it: where it shows in a view, with what the servers need
    /// through which it shows.
    pub(in crate::server) scopes: Scopes,
    /// Whether it is offered now.
    pub(in crate::server) enabled: bool,
    /// What is wrong with it.
    pub(in crate::server) problem: Option<Arc<str>>,
}

/// What it is.
#[derive(Clone)]
pub(in crate::server) enum Primitive {
    Tool(Arc<Tool>),
    Prompt(Arc<Prompt>),
    Resource(Arc<Resource>),
    Provider(Arc<dyn ResourceProvider>),
}

/// A tool that can be called.
pub(in crate::server) struct Tool {
    pub(in crate::server) name: Arc<str>,
    pub(in crate::server) listed: Listed,
    pub(in crate::server) timeout: Option<Duration>,
    pub(in crate::server) task: TaskSupport,
    /// Whether a legacy client is sent its structured results in `{"result": …}`; nothing
    /// where it need not have any.
    pub(in crate::server) wraps: Option<bool>,
    /// The arguments that modern clients repeat in header fields.
    pub(in crate::server) mirrored: Vec<MirroredParameter>,
    pub(in crate::server) handler: Arc<dyn tool::Registered>,
}

/// A prompt that can be filled in.
pub(in crate::server) struct Prompt {
    pub(in crate::server) name: Arc<str>,
    pub(in crate::server) listed: Listed,
    pub(in crate::server) timeout: Option<Duration>,
    pub(in crate::server) completers: Vec<Completer>,
    pub(in crate::server) handler: Arc<dyn prompt::Registered>,
}

/// A resource, or the resources of a template.
pub(in crate::server) struct Resource {
    pub(in crate::server) listed: Listed,
    pub(in crate::server) template: UriTemplate,
    /// For a template, what it has in common with every other that matches the same URIs.
    pub(super) shape: Option<Box<str>>,
    pub(in crate::server) completers: Vec<Completer>,
    pub(in crate::server) handler: Arc<dyn resource::Registered>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("key", &self.key())
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}

impl Entry {
    pub(super) fn tool(
        mut definition: ToolDefinition,
        handler: Arc<dyn tool::Registered>,
        home: &Arc<Home>,
    ) -> Self {
        as_objects(&mut definition.input_schema);
        definition.output_schema.iter_mut().for_each(as_objects);
        let scopes = definition.scopes.iter().collect();
        let checked = super::check::tool(&definition);
        let (mirrored, problem) = match checked {
            Ok(mirrored) => (mirrored, None),
            Err(problem) => (Vec::new(), Some(problem)),
        };
        let tool = Tool {
            name: definition.name.as_str().into(),
            timeout: definition.timeout,
            task: definition.task,
            wraps: definition.output_schema.as_ref().map(is_wrapped),
            mirrored,
            handler,
            listed: Listed::new(Definition::Tool(definition)),
        };
        Self::new(Primitive::Tool(Arc::new(tool)), home, scopes, problem)
    }

    pub(super) fn prompt(
        definition: PromptDefinition,
        handler: Arc<dyn prompt::Registered>,
        completers: Vec<Completer>,
        home: &Arc<Home>,
    ) -> Self {
        let scopes = definition.scopes.iter().collect();
        let problem = super::check::prompt(&definition, &completers);
        let prompt = Prompt {
            name: definition.name.as_str().into(),
            timeout: definition.timeout,
            completers,
            handler,
            listed: Listed::new(Definition::Prompt(definition)),
        };
        Self::new(Primitive::Prompt(Arc::new(prompt)), home, scopes, problem)
    }

    pub(super) fn resource(
        definition: ResourceDefinition,
        handler: Arc<dyn resource::Registered>,
        variables: Option<&[UriArgument]>,
        completers: Vec<Completer>,
        home: &Arc<Home>,
    ) -> Self {
        let scopes = definition.scopes.iter().collect();
        let (template, problem) = super::check::resource(&definition, variables, &completers);
        let definition = match template.is_exact() {
            true => Definition::Resource(definition),
            false => Definition::Template(definition),
        };
        let resource = Resource {
            listed: Listed::new(definition),
            shape: shape(&template),
            template,
            completers,
            handler,
        };
        Self::new(
            Primitive::Resource(Arc::new(resource)),
            home,
            scopes,
            problem,
        )
    }

    pub(super) fn provider(provider: Arc<dyn ResourceProvider>, home: &Arc<Home>) -> Self {
        let problems = provider.problems().join("\n");
        let problem = Some(problems).filter(|it| !it.is_empty());
        let scopes = provider.scopes();
        Self::new(Primitive::Provider(provider), home, scopes, problem)
    }

    fn new(
        primitive: Primitive,
        home: &Arc<Home>,
        scopes: Scopes,
        problem: Option<String>,
    ) -> Self {
        let mut entry = Self {
            primitive,
            home: Arc::clone(home),
            scopes,
            enabled: true,
            problem: None,
        };
        let problem = problem.or_else(|| super::check::scopes(entry.key(), &entry.scopes));
        entry.problem = problem.map(Into::into);
        entry
    }

    /// What it is known by, with a word for what it is.
    pub(in crate::server) fn key(&self) -> (&'static str, &str) {
        match &self.primitive {
            Primitive::Tool(tool) => ("tool", &tool.name),
            Primitive::Prompt(prompt) => ("prompt", &prompt.name),
            Primitive::Resource(resource) => ("resource", resource.uri()),
            Primitive::Provider(_) => ("provider", ""),
        }
    }

    /// What a template matches, see [`UriTemplate::shape`].
    pub(super) fn shape(&self) -> Option<&str> {
        match &self.primitive {
            Primitive::Resource(resource) => resource.shape.as_deref(),
            _ => None,
        }
    }

    /// The same, for callers that have these scopes, too.
    pub(super) fn needing(mut self, scopes: &Scopes) -> Self {
        self.scopes = self.scopes.and(scopes);
        self
    }

    /// The same, as it shows where its registry is mounted.
    pub(super) fn under(&self, prefix: &str) -> Self {
        let primitive = match &self.primitive {
            Primitive::Tool(tool) => Primitive::Tool(Arc::new(tool.under(prefix))),
            Primitive::Prompt(prompt) => Primitive::Prompt(Arc::new(prompt.under(prefix))),
            Primitive::Resource(it) => Primitive::Resource(Arc::new(it.under(prefix))),
            Primitive::Provider(provider) => Primitive::Provider(Arc::new(Prefixed {
                prefix: prefix.into(),
                inner: Arc::clone(provider),
            })),
        };
        let mut shown = Self {
            primitive,
            ..self.clone()
        };
        if shown.problem.is_none() {
            let (what, key) = shown.key();
            let problem = super::check::shown(what, key).err();
            shown.problem = problem.map(Into::into);
        }
        shown
    }
}

impl Tool {
    fn under(&self, prefix: &str) -> Self {
        let mut definition = self.listed.definition().clone();
        if let Definition::Tool(definition) = &mut definition {
            definition.name = prefixed_name(prefix, &definition.name);
        }
        Self {
            name: definition.key().into(),
            listed: Listed::new(definition),
            timeout: self.timeout,
            task: self.task,
            wraps: self.wraps,
            mirrored: self.mirrored.clone(),
            handler: Arc::clone(&self.handler),
        }
    }
}

impl Prompt {
    fn under(&self, prefix: &str) -> Self {
        let mut definition = self.listed.definition().clone();
        if let Definition::Prompt(definition) = &mut definition {
            definition.name = prefixed_name(prefix, &definition.name);
        }
        Self {
            name: definition.key().into(),
            listed: Listed::new(definition),
            timeout: self.timeout,
            completers: self.completers.clone(),
            handler: Arc::clone(&self.handler),
        }
    }
}

impl Resource {
    /// The URI, or the URI template.
    pub(in crate::server) fn uri(&self) -> &str {
        self.listed.definition().key()
    }

    pub(in crate::server) fn definition(&self) -> Option<&ResourceDefinition> {
        match self.listed.definition() {
            Definition::Resource(it) | Definition::Template(it) => Some(it),
            _ => None,
        }
    }

    fn under(&self, prefix: &str) -> Self {
        let mut definition = self.listed.definition().clone();
        if let Definition::Resource(it) | Definition::Template(it) = &mut definition {
            it.uri = prefixed_uri(prefix, &it.uri);
        }
        // One that is too long now has a problem, and is not offered.
        let template = UriTemplate::parse(definition.key());
        let template = template.unwrap_or_else(|_| UriTemplate::nothing());
        Self {
            shape: shape(&template),
            template,
            listed: Listed::new(definition),
            completers: self.completers.clone(),
            handler: Arc::clone(&self.handler),
        }
    }
}

/// `prefix_name`: a form that every model provider takes for the name of a tool.
pub(super) fn prefixed_name(prefix: &str, name: &str) -> String {
    format!("{prefix}_{name}")
}

/// `scheme://prefix/rest`.
pub(super) fn prefixed_uri(prefix: &str, uri: &str) -> String {
    match uri.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{prefix}/{rest}"),
        None => match uri.split_once(':') {
            Some((scheme, rest)) => format!("{scheme}:{prefix}/{rest}"),
            None => format!("{prefix}/{uri}"),
        },
    }
}

/// The URI that was prefixed, if it was.
pub(super) fn unprefixed_uri(prefix: &str, uri: &str) -> Option<String> {
    let between = if uri.contains("://") { "://" } else { ":" };
    let (scheme, rest) = uri.split_once(between)?;
    let rest = rest.strip_prefix(prefix)?.strip_prefix('/')?;
    Some(format!("{scheme}{between}{rest}"))
}

fn shape(template: &UriTemplate) -> Option<Box<str>> {
    (!template.is_exact()).then(|| template.shape().into())
}

/// A provider as it shows where its registry is mounted.
#[derive(Debug)]
struct Prefixed {
    prefix: Box<str>,
    inner: Arc<dyn ResourceProvider>,
}

impl Prefixed {
    fn prefixed(&self, mut definition: ResourceDefinition) -> ResourceDefinition {
        definition.uri = prefixed_uri(&self.prefix, &definition.uri);
        definition
    }
}

type Waiting<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl ResourceProvider for Prefixed {
    fn list<'a>(
        &'a self,
        context: &'a crate::server::Context,
    ) -> Waiting<'a, Vec<ResourceDefinition>> {
        Box::pin(async move {
            let all = self.inner.list(context).await.into_iter();
            all.map(|it| self.prefixed(it)).collect()
        })
    }

    fn templates(&self) -> Vec<ResourceDefinition> {
        let all = self.inner.templates().into_iter();
        all.map(|it| self.prefixed(it)).collect()
    }

    fn owns(&self, uri: &str) -> bool {
        unprefixed_uri(&self.prefix, uri).is_some_and(|uri| self.inner.owns(&uri))
    }

    fn read<'a>(
        &'a self,
        uri: &'a str,
        context: &'a crate::server::Context,
    ) -> Waiting<'a, resource::ResourceResult> {
        Box::pin(async move {
            match unprefixed_uri(&self.prefix, uri) {
                Some(uri) => self.inner.read(&uri, context).await,
                None => Err(crate::server::handler::ToolError::not_found()),
            }
        })
    }
}
