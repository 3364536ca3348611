//! A server that takes requests.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use super::admission::Admission;
use super::dependency::Dependencies;
use super::extension::CustomMethod;
use super::middleware::{EndedTask, Layers, Middleware};
use super::pool::BlockingPool;
use super::registry::{Home, Registry, View};
use super::seal::Sealer;
use super::tasks::Tasks;
use super::{Hub, Peer, StateMap};
use crate::caller::Scopes;
use crate::ports::{Change, Event, Listener};
use crate::protocol::{Caching, Outcome, RequestId, Revision, ServerIdentity, encode};

/// A server that takes decoded requests and gives outcomes. Cheap to clone.
///
/// Made by [`Server::build`](super::Server::build). It knows no transport.
#[derive(Clone)]
pub struct Engine(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) identity: ServerIdentity,
    pub(super) registry: Registry,
    pub(super) layers: Layers,
    pub(super) observers: Layers,
    pub(super) methods: HashMap<Box<str>, CustomMethod>,
    pub(super) pool: BlockingPool,
    pub(super) call_timeout: Option<Duration>,
    pub(super) page_size: usize,
    pub(super) max_response: usize,
    pub(super) list_caching: Caching,
    pub(super) admission: Arc<Admission>,
    /// What a caller needs for anything at all.
    pub(super) scopes: Scopes,
    pub(super) list_out_of_scope: bool,
    pub(super) heard: Arc<Heard>,
    pub(super) tasks: Arc<Tasks>,
    pub(super) sealer: Sealer,
    pub(super) dependencies: Dependencies,
    /// Whether only this process has the key.
    pub(super) has_lone_key: bool,
    pub(super) warns_of_lone_key: AtomicBool,
    pub(super) state_ttl: Duration,
    pub(super) question_timeout: Duration,
    /// Counts how often the streams were told to end.
    pub(super) closing: watch::Sender<u64>,
}

/// What the engine hears of changes.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) hub: Arc<Hub>,
    /// How often a list has changed.
    pub(super) lists: AtomicU64,
}

impl Listener for Heard {
    fn heard(&self, event: &Event) {
        let is_list = matches!(
            event.change,
            Change::ToolsChanged | Change::PromptsChanged | Change::ResourcesChanged
        );
        if is_list {
            self.lists.fetch_add(1, Ordering::Relaxed);
        }
        self.hub.heard(event);
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("server", &self.0.identity.implementation.name)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Who the server is.
    pub fn identity(&self) -> &ServerIdentity {
        &self.0.identity
    }

    /// What it offers, which may change.
    pub fn registry(&self) -> &Registry {
        &self.0.registry
    }

    /// The values that the server was given.
    pub fn states(&self) -> Arc<StateMap> {
        let states = self.0.registry.home().states.get();
        // It was settled when it was built.
        states.cloned().unwrap_or_default()
    }

    /// Writes an outcome as the answer to a request, for the revision of its client.
    pub fn encode(&self, outcome: &Outcome, id: &RequestId, revision: Revision) -> Vec<u8> {
        encode(outcome, id, revision, &self.0.identity)
    }

    /// Ends the streams of changes, so that nobody waits for them: those of the modern era
    /// with the answer that tells the client that this was no accident.
    pub fn close_streams(&self) {
        self.0.closing.send_modify(|times| *times += 1);
    }

    /// Has the log warn, once, when a question is sealed with a key that only this process
    /// has. For transports whose clients may come back to another process, or to this one
    /// after it was started again.
    pub fn warn_of_lone_key(&self) {
        let warns = &self.0.warns_of_lone_key;
        warns.store(self.0.has_lone_key, Ordering::Relaxed);
    }

    /// Says what it is about a key that nobody shares, where that matters.
    pub(super) fn sealed_with_own_key(&self) {
        if self.0.warns_of_lone_key.swap(false, Ordering::Relaxed) {
            tracing::warn!(
                "a client was asked something, and what it brings back with the answer can be opened by this process alone; give all processes one --state-key (TOOLSMITH_STATE_KEY), and keep it over restarts"
            );
        }
    }

    /// How many calls are worked on, see [`Server::max_calls`](super::Server::max_calls).
    pub fn calls_in_flight(&self) -> usize {
        self.0.admission.working()
    }

    /// How many calls wait until there is room for them.
    pub fn calls_queued(&self) -> usize {
        self.0.admission.waiting()
    }

    /// How many streams of changes there are.
    pub fn subscriptions(&self) -> usize {
        self.hub().len()
    }

    pub(super) fn closing(&self) -> watch::Receiver<u64> {
        self.0.closing.subscribe()
    }

    pub(super) fn layers(&self) -> &Layers {
        &self.0.layers
    }

    pub(super) fn observers(&self) -> &Layers {
        &self.0.observers
    }

    /// What a caller needs for anything at all, see [`Server::scopes`](super::Server::scopes).
    pub fn base_scopes(&self) -> &Scopes {
        &self.0.scopes
    }

    /// Whether anybody looks on, see [`Server::observer`](super::Server::observer).
    pub fn is_observed(&self) -> bool {
        !self.0.observers.is_empty()
    }

    /// The observer of a type, for a transport that shows what it saw; the first, where there
    /// are several.
    pub fn observer<M: Middleware>(&self) -> Option<&M> {
        let mut observers = self.0.observers.iter();
        observers.find_map(|it| (&**it as &dyn Any).downcast_ref())
    }

    /// Tells whoever looks on that a client of the legacy era has opened a conversation.
    /// Transports say so when they have answered `initialize`.
    pub fn opened(&self, peer: &Peer) {
        self.0.layers.iter().for_each(|it| it.opened(peer));
        self.0.observers.iter().for_each(|it| it.opened(peer));
    }

    pub(super) fn task_done(&self, task: &EndedTask<'_>) {
        self.0.layers.iter().for_each(|it| it.task_done(task));
        self.0.observers.iter().for_each(|it| it.task_done(task));
    }

    /// The middleware of a server that is mounted in this one; nothing for this one's own
    /// primitives, which have passed it already.
    pub(super) fn layers_within(&self, home: &Arc<Home>) -> Option<Layers> {
        if Arc::ptr_eq(home, self.0.registry.home()) {
            return None;
        }
        home.layers
            .get()
            .filter(|layers| !layers.is_empty())
            .cloned()
    }

    pub(super) fn custom(&self, method: &str) -> Option<&CustomMethod> {
        self.0.methods.get(method)
    }

    pub(super) fn pool(&self) -> &BlockingPool {
        &self.0.pool
    }

    pub(super) fn call_timeout(&self) -> Option<Duration> {
        self.0.call_timeout
    }

    pub(super) fn admission(&self) -> &Arc<Admission> {
        &self.0.admission
    }

    /// Whether a message may go out that has so many bytes. One that may not is said to the
    /// log, with what it is.
    pub(super) fn may_send(&self, what: &str, bytes: usize) -> bool {
        let most = self.0.max_response;
        if bytes > most {
            tracing::warn!(
                what,
                bytes,
                most,
                "a message is too large, and is not sent; allow more with Server::max_response"
            );
        }
        bytes <= most
    }

    pub(super) fn max_response(&self) -> usize {
        self.0.max_response
    }

    pub(super) fn page_size(&self) -> usize {
        self.0.page_size
    }

    pub(super) fn lists_out_of_scope(&self) -> bool {
        self.0.list_out_of_scope
    }

    /// How long lists stay fresh. What one tenant sees beside what everybody sees is
    /// nobody else's, and so is what one caller sees and another one may not.
    pub(super) fn list_caching(&self, view: &View) -> Caching {
        let by_scope = view.has_scopes() && !self.lists_out_of_scope();
        match view.is_shared() && self.0.registry.is_same_for_all() && !by_scope {
            true => self.0.list_caching,
            false => self.0.list_caching.private(),
        }
    }

    pub(super) fn hub(&self) -> &Arc<Hub> {
        &self.0.heard.hub
    }

    pub(super) fn list_changes(&self) -> u64 {
        self.0.heard.lists.load(Ordering::Relaxed)
    }

    pub(super) fn tasks(&self) -> &Arc<Tasks> {
        &self.0.tasks
    }

    pub(super) fn sealer(&self) -> &Sealer {
        &self.0.sealer
    }

    pub(super) fn state_ttl(&self) -> Duration {
        self.0.state_ttl
    }

    pub(super) fn question_timeout(&self) -> Duration {
        self.0.question_timeout
    }
}
