//! Who asks, and how the request came.

use std::sync::Arc;

use crate::server::{Arrival, Caller, Peer};

/// Who asks, and how the request came where somebody looks on.
#[derive(Clone, Debug, Default)]
pub(super) struct Asker {
    pub(super) caller: Caller,
    pub(super) arrival: Option<Arc<Arrival>>,
}

impl Asker {
    /// The client of a request of this one.
    pub(super) fn is(self, mut peer: Peer) -> Peer {
        peer.caller = self.caller;
        peer.arrival = self.arrival;
        peer
    }
}
