//! A server that takes requests.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::StateMap;
use super::pool::BlockingPool;
use super::registry::Registry;
use crate::protocol::{Outcome, RequestId, Revision, ServerIdentity, encode};

/// A server that takes decoded requests and gives outcomes. Cheap to clone.
///
/// Made by [`Server::build`](super::Server::build). It knows no transport and holds
/// nothing of any client.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    identity: ServerIdentity,
    registry: Registry,
    states: Arc<StateMap>,
    pool: BlockingPool,
    call_timeout: Option<Duration>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("server", &self.0.identity.implementation.name)
            .finish_non_exhaustive()
    }
}

impl Engine {
    pub(super) fn new(
        identity: ServerIdentity,
        registry: Registry,
        states: StateMap,
        pool: BlockingPool,
        call_timeout: Option<Duration>,
    ) -> Self {
        Self(Arc::new(Inner {
            identity,
            registry,
            states: Arc::new(states),
            pool,
            call_timeout,
        }))
    }

    /// Who the server is.
    pub fn identity(&self) -> &ServerIdentity {
        &self.0.identity
    }

    /// Writes an outcome as the answer to a request, for the revision of its client.
    pub fn encode(&self, outcome: &Outcome, id: &RequestId, revision: Revision) -> Vec<u8> {
        encode(outcome, id, revision, &self.0.identity)
    }

    pub(super) fn registry(&self) -> &Registry {
        &self.0.registry
    }

    pub(super) fn states(&self) -> Arc<StateMap> {
        Arc::clone(&self.0.states)
    }

    pub(super) fn pool(&self) -> &BlockingPool {
        &self.0.pool
    }

    pub(super) fn call_timeout(&self) -> Option<Duration> {
        self.0.call_timeout
    }
}
