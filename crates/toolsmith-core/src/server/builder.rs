//! What an author builds.

mod limits;
mod scopes;

use std::any::Any;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use serde_json::{Map, Value};
use tokio::sync::watch;

use self::limits::Limits;
use super::admission::Admission;
use super::dependency::{Dependencies, Dependency};
use super::engine::{Engine, Heard, Inner};
use super::extension::{CustomMethod, unfit};
use super::handler::ToolError;
use super::middleware::{Layer, Middleware};
use super::pool::BlockingPool;
use super::prompt::{DynamicPrompt, Prompt};
use super::registry::Registry;
use super::resource::{DynamicResource, Resource, ResourceProvider};
use super::seal::Sealer;
use super::tasks::Tasks;
use super::tool::{DynamicTool, Tool};
use super::{Context, Hub, MissingState, StartError, StateKey, StateMap};
use crate::caller::Scopes;
use crate::ports::{Bus, MemoryBus, MemoryTasks, TaskLimits, TaskStore};
use crate::protocol::{Icon, Implementation, ListKind, Method, Params, ServerIdentity};

/// An MCP server in the making: who it is and what it offers.
///
/// ```
/// use toolsmith_core::server::Server;
///
/// let server = Server::new("weather")
///     .version("1.2.0")
///     .title("Weather")
///     .instructions("Ask for one city at a time.");
/// assert!(server.build().is_ok());
/// ```
pub struct Server {
    identity: ServerIdentity,
    registry: Registry,
    checks: Vec<StateCheck>,
    states: StateMap,
    layers: Vec<Arc<dyn Layer>>,
    observers: Vec<Arc<dyn Layer>>,
    methods: HashMap<Box<str>, CustomMethod>,
    /// What is wrong with what was said of the server so far.
    problems: Vec<String>,
    mounted: Vec<(String, Server)>,
    limits: Limits,
    scopes: Scopes,
    list_out_of_scope: bool,
    bus: Arc<dyn Bus>,
    task_store: Option<Arc<dyn TaskStore>>,
    state_keys: Vec<StateKey>,
    pub(super) dependencies: Vec<Dependency>,
}

/// Finds the states that a handler needs, once all of them were given.
struct StateCheck {
    what: &'static str,
    name: String,
    missing: fn(&StateMap) -> Vec<MissingState>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("identity", &self.identity)
            .field("registry", &self.registry)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// A server with a name for programs, and nothing to offer yet.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            identity: ServerIdentity::new(Implementation {
                name: name.into(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                title: None,
                website_url: None,
                icons: Vec::new(),
            }),
            registry: Registry::default(),
            checks: Vec::new(),
            states: StateMap::default(),
            layers: Vec::new(),
            observers: Vec::new(),
            methods: HashMap::new(),
            problems: Vec::new(),
            mounted: Vec::new(),
            limits: Limits::default(),
            scopes: Scopes::default(),
            list_out_of_scope: false,
            bus: Arc::new(MemoryBus::new()),
            task_store: None,
            state_keys: Vec::new(),
            dependencies: Vec::new(),
        }
    }

    /// The version of the server. Without it, the version of this library is sent.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.identity.implementation.version = version.into();
        self
    }

    /// The name for people. Sent since revision 2025-06-18.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.identity.implementation.title = Some(title.into());
        self
    }

    /// How a model should use the server.
    #[must_use]
    pub fn instructions(mut self, instructions: impl Into<String>) -> Self {
        self.identity.instructions = Some(instructions.into());
        self
    }

    /// Where to read more. Sent since revision 2025-11-25.
    #[must_use]
    pub fn website(mut self, url: impl Into<String>) -> Self {
        self.identity.implementation.website_url = Some(url.into());
        self
    }

    /// One more picture to show. Sent since revision 2025-11-25.
    #[must_use]
    pub fn icon(mut self, icon: Icon) -> Self {
        self.identity.implementation.icons.push(icon);
        self
    }

    /// A tool, by the type that `#[tool]` made of its function.
    #[must_use]
    pub fn tool<T: Tool>(mut self) -> Self {
        self.check("tool", T::definition().name, T::missing_states);
        self.registry.register_tool::<T>();
        self
    }

    /// A tool that is made while the program runs.
    #[must_use]
    pub fn dynamic_tool(self, tool: DynamicTool) -> Self {
        self.registry.register_dynamic_tool(tool);
        self
    }

    /// A prompt, by the type that `#[prompt]` made of its function.
    #[must_use]
    pub fn prompt<P: Prompt>(mut self) -> Self {
        self.check("prompt", P::definition().name, P::missing_states);
        self.registry.register_prompt::<P>();
        self
    }

    /// A prompt that is made while the program runs.
    #[must_use]
    pub fn dynamic_prompt(self, prompt: DynamicPrompt) -> Self {
        self.registry.register_dynamic_prompt(prompt);
        self
    }

    /// A resource or a template of resources, by the type that `#[resource]` made of its
    /// function.
    ///
    /// What is read at a URI is the resource of that very URI, or else the template that
    /// matches it: of several, the one with the most characters outside of its variables,
    /// and of those with as many the one that was registered first; or else what a
    /// provider has there, see [`resources`](Self::resources). Two templates that differ in
    /// the names of their variables alone match the same URIs, so that the second one would
    /// never be read, and stop the server from starting.
    #[must_use]
    pub fn resource<R: Resource>(mut self) -> Self {
        self.check("resource", R::definition().uri, R::missing_states);
        self.registry.register_resource::<R>();
        self
    }

    /// A resource or a template of resources that is made while the program runs. Which of
    /// several is read at a URI is said at [`resource`](Self::resource).
    #[must_use]
    pub fn dynamic_resource(self, resource: DynamicResource) -> Self {
        self.registry.register_dynamic_resource(resource);
        self
    }

    /// Resources that somebody else keeps, such as the files of a directory. For its list, a
    /// provider has the time of a call.
    #[must_use]
    pub fn resources(self, provider: impl ResourceProvider) -> Self {
        self.registry.register_provider(Arc::new(provider));
        self
    }

    /// Everything that another server offers, under a prefix: its tools and prompts as
    /// `prefix_name`, its resources as `scheme://prefix/…`.
    ///
    /// What the other server was given stays its own: its states (those that it lacks are
    /// taken from this one), the scopes that its primitives need, and its middleware, which stands around its own primitives,
    /// inside this one's. What it is called, its limits and its extensions do not matter
    /// any more. Changes of its registry show here.
    ///
    /// ```
    /// use toolsmith_core::server::Server;
    /// use toolsmith_core::server::resource::DynamicResource;
    ///
    /// let weather = Server::new("weather")
    ///     .dynamic_resource(DynamicResource::text("data://cities", "Oslo"));
    /// // Read as data://weather/cities.
    /// let all = Server::new("all").mount("weather", weather);
    /// assert!(all.build().is_ok());
    /// ```
    #[must_use]
    pub fn mount(mut self, prefix: impl Into<String>, server: Server) -> Self {
        self.mounted.push((prefix.into(), server));
        self
    }

    /// What stands around calls, reads, gets and lists. Of several, the first is the
    /// outermost.
    #[must_use]
    pub fn middleware(mut self, middleware: impl Middleware) -> Self {
        self.layers.push(Arc::new(middleware));
        self
    }

    /// Somebody who looks on: middleware that stands outside of all else, around every request
    /// of a client, the limits on calls included. The first is the outermost.
    ///
    /// It sees what [`middleware`](Self::middleware) does not: requests of other methods than
    /// calls, reads, gets, completions and lists, how long a call waited for its turn, and
    /// that there was no room for it. Observers of a server that is mounted in another one
    /// are not asked.
    ///
    /// ```
    /// use toolsmith_core::server::Server;
    /// use toolsmith_core::server::middleware::Log;
    ///
    /// let server = Server::new("watched").observer(Log);
    /// assert!(server.build().unwrap().is_observed());
    /// ```
    #[must_use]
    pub fn observer(mut self, observer: impl Middleware) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// Whether there is an observer of a type already.
    pub fn has_observer<M: Middleware>(&self) -> bool {
        let mut observers = self.observers.iter();
        observers.any(|it| (&**it as &dyn Any).is::<M>())
    }

    /// An extension that the server has, with its settings, such as
    /// `io.modelcontextprotocol/ui`.
    ///
    /// The identifier has a prefix, such as `com.example/`, and the settings are an object.
    ///
    /// Implements "Extension Negotiation" of revision 2026-07-28, `basic/versioning`.
    #[must_use]
    pub fn extension(mut self, identifier: impl Into<String>, settings: Value) -> Self {
        let extensions = &mut self.identity.capabilities.extensions;
        extensions.insert(identifier.into(), settings);
        self
    }

    /// A method of an extension, in both eras. What it gives are the members of the
    /// result. A failure that is meant to be told is answered with code -32602, any other
    /// is masked. It has the time of a call, see [`call_timeout`](Self::call_timeout).
    #[must_use]
    pub fn method<H, F>(mut self, name: impl Into<Box<str>>, handler: H) -> Self
    where
        H: Fn(Params, Context) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Map<String, Value>, ToolError>> + Send + 'static,
    {
        let (name, home) = (name.into(), Arc::clone(self.registry.home()));
        if !matches!(Method::from(&*name), Method::Other(_)) {
            self.problems.push(format!(
                "`{name}` is a method of the protocol, and never one of an extension; give it another name"
            ));
        }
        let method = CustomMethod::new(home, handler);
        if self.methods.insert(name.clone(), method).is_some() {
            self.problems
                .push(format!("there are two methods `{name}`; rename one"));
        }
        self
    }

    /// A value that handlers may ask for as [`State<T>`](super::State), one for each type.
    #[must_use]
    pub fn state<T: Send + Sync + 'static>(self, value: T) -> Self {
        self.shared_state(Arc::new(value))
    }

    /// A value that handlers may ask for, and that others share.
    #[must_use]
    pub fn shared_state<T: Send + Sync + 'static>(mut self, value: Arc<T>) -> Self {
        self.states.insert(value);
        self
    }

    /// Where changes are told, for servers that run in several processes.
    #[must_use]
    pub fn bus(mut self, bus: Arc<dyn Bus>) -> Self {
        self.bus = bus;
        self
    }

    /// Where tasks are kept; in memory unless told otherwise.
    #[must_use]
    pub fn task_store(mut self, store: Arc<dyn TaskStore>) -> Self {
        self.task_store = Some(store);
        self
    }

    /// The same, unless it was said already: made of how much may be kept.
    #[must_use]
    pub fn task_store_or(mut self, make: impl FnOnce(TaskLimits) -> Arc<dyn TaskStore>) -> Self {
        if self.task_store.is_none() {
            self.task_store = Some(make(self.task_limits()));
        }
        self
    }

    fn task_limits(&self) -> TaskLimits {
        TaskLimits {
            tasks: self.limits.tasks,
            tasks_per_owner: self.limits.tasks_per_owner,
            bytes: self.limits.bytes_of_tasks,
            bytes_per_owner: self.limits.bytes_of_tasks / 4,
        }
    }

    /// Whether it was given a key for what travels through its clients.
    pub fn has_state_key(&self) -> bool {
        !self.state_keys.is_empty()
    }

    /// A key that seals what travels through modern clients between two runs of a handler
    /// that asks. Of several, the first seals and all of them open, so that a key can be
    /// replaced. Processes that serve the same clients share them; without any, each
    /// process has a random one, and what it sealed is lost when it ends.
    #[must_use]
    pub fn state_key(mut self, key: StateKey) -> Self {
        self.state_keys.push(key);
        self
    }

    /// By which the server is changed while it serves. Taking it lets the server say that
    /// it has tools, prompts, resources and tasks, whether or not it has any yet.
    pub fn registry(&self) -> Registry {
        self.registry.hand_out()
    }

    /// The name of the server.
    pub fn name(&self) -> &str {
        &self.identity.implementation.name
    }

    fn check(
        &mut self,
        what: &'static str,
        name: String,
        missing: fn(&StateMap) -> Vec<MissingState>,
    ) {
        self.checks.push(StateCheck {
            what,
            name,
            missing,
        });
    }

    /// Checks the server and makes it ready to take requests.
    ///
    /// # Errors
    ///
    /// Every problem at once: names that two tools share, templates that match the same
    /// URIs, names that the protocol does not allow or has itself, templates that do not fit
    /// their functions, states that a handler asks for and that were not given.
    pub fn build(mut self) -> Result<Engine, StartError> {
        let mut problems = std::mem::take(&mut self.problems);
        if self.name().is_empty() {
            problems.push("the name of the server is empty".to_owned());
        }
        self.settle(&StateMap::default(), &mut problems);
        problems.extend(self.registry.problems());
        let extensions = &self.identity.capabilities.extensions;
        problems.extend(extensions.iter().filter_map(|(name, it)| unfit(name, it)));
        let has_lone_key = self.state_keys.is_empty();
        let sealer = self.sealer(&mut problems);
        let (Some(sealer), true) = (sealer, problems.is_empty()) else {
            return Err(StartError::new(problems));
        };
        self.identity.capabilities = self.capabilities();
        let heard = Arc::new(Heard {
            hub: Arc::new(Hub::with_capacity(
                self.limits.subscriptions,
                self.limits.subscriptions,
            )),
            lists: AtomicU64::new(0),
        });
        self.bus.subscribe(Arc::clone(&heard) as _);
        self.registry.announce_on(Arc::clone(&self.bus));
        let store = self.task_store.take();
        let store = store.unwrap_or_else(|| Arc::new(MemoryTasks::new(self.task_limits())));
        let tasks = Tasks::new(
            store,
            Arc::clone(&self.bus),
            self.limits.task_ttl,
            self.limits.task_bytes,
        );
        Ok(Engine(Arc::new(Inner {
            layers: self.layers.into(),
            observers: self.observers.into(),
            methods: self.methods,
            pool: BlockingPool::new(self.limits.blocking_threads, self.limits.blocking_queue),
            call_timeout: self.limits.call_timeout,
            page_size: self.limits.page_size,
            max_response: self.limits.response,
            list_caching: self.limits.list_caching,
            admission: Admission::new(self.limits.calls),
            scopes: self.scopes,
            list_out_of_scope: self.list_out_of_scope,
            tasks: Arc::new(tasks),
            dependencies: Dependencies::new(self.dependencies),
            state_ttl: self.limits.state_ttl,
            question_timeout: self.limits.question_timeout,
            closing: watch::Sender::default(),
            identity: self.identity,
            registry: self.registry,
            heard,
            sealer,
            has_lone_key,
            warns_of_lone_key: AtomicBool::new(false),
        })))
    }

    /// Gives everything what it needs of its server, here and in whatever is mounted.
    fn settle(&mut self, outer: &StateMap, problems: &mut Vec<String>) {
        let states = self.states.or(outer);
        for check in &self.checks {
            let missing = (check.missing)(&states).into_iter();
            problems.extend(missing.map(|m| format!("{} `{}` {m}", check.what, check.name)));
        }
        problems.extend(self.scope_problems());
        let mut prefixes = HashSet::new();
        for (prefix, mut server) in std::mem::take(&mut self.mounted) {
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
            if prefix.is_empty() || !prefix.chars().all(fits) {
                problems.push(format!(
                    "`{prefix}` cannot be a prefix; write one of A-Z a-z 0-9 _ - ."
                ));
            }
            if !prefixes.insert(prefix.clone()) {
                problems.push(format!("two servers are mounted under `{prefix}`"));
            }
            server.settle(&states, problems);
            self.registry.mount(&prefix, &server.registry);
            if server.registry.may_change() {
                self.registry.hand_out();
            }
        }
        let home = self.registry.home();
        // A server is settled once, because building takes it.
        let _ = home.states.set(Arc::new(states));
        let _ = home.layers.set(self.layers.clone().into());
        let _ = home.scopes.set(self.scopes.clone());
        self.registry.refresh();
    }

    /// What the server says that it can do.
    fn capabilities(&self) -> crate::protocol::ServerCapabilities {
        let view = self.registry.view("");
        let may_change = self.registry.may_change();
        crate::protocol::ServerCapabilities {
            tools: may_change || view.has(ListKind::Tools),
            prompts: may_change || view.has(ListKind::Prompts),
            resources: may_change || view.has(ListKind::Resources),
            completions: may_change || view.completes(),
            // Of a store that lasts, tasks may be asked for whose tools are gone.
            tasks: may_change || self.task_store.is_some() || view.has_tasks(),
            extensions: self.identity.capabilities.extensions.clone(),
        }
    }

    fn sealer(&mut self, problems: &mut Vec<String>) -> Option<Sealer> {
        let mut keys = std::mem::take(&mut self.state_keys).into_iter();
        let first = match keys.next() {
            Some(key) => Ok(key),
            None => StateKey::random(),
        };
        match first {
            Ok(first) => Some(Sealer::new(first, keys.collect())),
            Err(error) => {
                problems.push(format!("the system gives no random bytes: {error}"));
                None
            }
        }
    }
}
