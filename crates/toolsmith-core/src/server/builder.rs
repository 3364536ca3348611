//! What an author builds.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::engine::Engine;
use super::pool::BlockingPool;
use super::registry::Registry;
use super::tool::{DynamicTool, Registered, Static, Tool};
use super::{MissingState, StartError, StateMap};
use crate::protocol::{Icon, Implementation, ServerIdentity, ToolDefinition};

/// How many plain functions run at once unless told otherwise.
const BLOCKING_THREADS: usize = 64;
/// How many calls of plain functions wait for a thread unless told otherwise.
const BLOCKING_QUEUE: usize = 1024;

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
    tools: Vec<(ToolDefinition, Arc<dyn Registered>)>,
    checks: Vec<StateCheck>,
    states: StateMap,
    call_timeout: Option<Duration>,
    blocking_threads: usize,
    blocking_queue: usize,
}

/// Finds the states that a tool needs, once all of them were given.
struct StateCheck {
    tool: String,
    missing: fn(&StateMap) -> Vec<MissingState>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tools = self.tools.iter().map(|(definition, _)| &definition.name);
        f.debug_struct("Server")
            .field("identity", &self.identity)
            .field("tools", &tools.collect::<Vec<_>>())
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
            tools: Vec::new(),
            checks: Vec::new(),
            states: StateMap::default(),
            call_timeout: None,
            blocking_threads: BLOCKING_THREADS,
            blocking_queue: BLOCKING_QUEUE,
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
        let definition = T::definition();
        self.checks.push(StateCheck {
            tool: definition.name.clone(),
            missing: T::missing_states,
        });
        self.tools.push((definition, Arc::new(Static::<T>::new())));
        self
    }

    /// A tool that is made while the program runs.
    #[must_use]
    pub fn dynamic_tool(mut self, tool: DynamicTool) -> Self {
        self.tools.push(tool.into_parts());
        self
    }

    /// A value that tools may ask for as [`State<T>`](super::State), one for each type.
    #[must_use]
    pub fn state<T: Send + Sync + 'static>(self, value: T) -> Self {
        self.shared_state(Arc::new(value))
    }

    /// A value that tools may ask for, and that others share.
    #[must_use]
    pub fn shared_state<T: Send + Sync + 'static>(mut self, value: Arc<T>) -> Self {
        self.states.insert(value);
        self
    }

    /// How long a call may take where the tool does not say. Without it, as long as it
    /// likes.
    ///
    /// The client is answered on time. An `async fn` is then dropped; a plain `fn` goes on
    /// to its end on the pool.
    #[must_use]
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.call_timeout = Some(timeout);
        self
    }

    /// How many plain functions may run at once, 64 unless told otherwise, and how many
    /// calls may wait for one of them to end, 1024 unless told otherwise. A call over
    /// both is refused with code -31002.
    #[must_use]
    pub fn blocking_pool(mut self, threads: usize, queue: usize) -> Self {
        self.blocking_threads = threads.max(1);
        self.blocking_queue = queue;
        self
    }

    /// The name of the server.
    pub fn name(&self) -> &str {
        &self.identity.implementation.name
    }

    /// Checks the server and makes it ready to take requests.
    ///
    /// # Errors
    ///
    /// Every problem at once: names that two tools share, names that the protocol does not
    /// allow, states that a tool asks for and that were not given.
    pub fn build(self) -> Result<Engine, StartError> {
        let mut problems = Vec::new();
        if self.name().is_empty() {
            problems.push("the name of the server is empty".to_owned());
        }
        for check in &self.checks {
            let missing = (check.missing)(&self.states).into_iter();
            problems.extend(missing.map(|m| format!("tool `{}` {m}", check.tool)));
        }
        let registry = Registry::new(self.tools, &mut problems);
        if !problems.is_empty() {
            return Err(StartError::new(problems));
        }
        Ok(Engine::new(
            self.identity,
            registry,
            self.states,
            BlockingPool::new(self.blocking_threads, self.blocking_queue),
            self.call_timeout,
        ))
    }
}
