//! Who is at the other end of a request, and how to reach them before the answer.

use std::fmt;
use std::sync::Arc;

use crate::protocol::{ClientCapabilities, ClientInfo, ModernMeta, Revision};

/// The client at the other end of a request.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The revision that it speaks.
    pub revision: Revision,
    /// What it can do.
    pub capabilities: ClientCapabilities,
    /// Who it says it is.
    pub client: Option<Arc<ClientInfo>>,
}

impl From<ModernMeta> for Peer {
    fn from(meta: ModernMeta) -> Self {
        Self {
            revision: meta.revision,
            capabilities: meta.capabilities,
            client: meta.client.map(Arc::new),
        }
    }
}

/// Takes messages about a request while it is being worked on.
///
/// A transport gives one with a request when the client asked to be told of progress.
/// It never waits: what it cannot take, it drops.
pub trait ReplySink: Send + Sync + fmt::Debug {
    /// Sends one JSON-RPC notification. `false` when it could not be taken.
    fn send(&self, message: Vec<u8>) -> bool;
}
