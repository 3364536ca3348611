//! Seeing every message that a client in memory sends and is sent.

use std::fmt;
use std::sync::OnceLock;

use serde_json::Value;

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// From the client to the server.
    Client,
    /// From the server to the client.
    Server,
}

type See = Box<dyn Fn(Sender, &Value) + Send + Sync>;

/// Who looks at the messages, if anybody does.
#[derive(Default)]
pub(super) struct Watch(OnceLock<See>);

impl Watch {
    /// The first who looks is the only one.
    pub(super) fn set(&self, see: See) {
        let _ = self.0.set(see);
    }

    pub(super) fn see(&self, sender: Sender, message: &Value) {
        if let Some(see) = self.0.get() {
            see(sender, message);
        }
    }

    /// Looks at a message that is written already.
    pub(super) fn see_bytes(&self, sender: Sender, message: &[u8]) {
        if let (Some(see), Ok(message)) = (self.0.get(), serde_json::from_slice(message)) {
            see(sender, &message);
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}
