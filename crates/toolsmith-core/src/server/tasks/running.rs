//! A task that runs in this process.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use futures_util::future::AbortHandle;
use serde_json::Value;
use tokio::sync::{oneshot, watch};

/// A task that runs in this process.
#[derive(Debug, Default)]
pub(in crate::server) struct Running {
    work: OnceLock<AbortHandle>,
    /// Who waits for the answer under each key.
    waiting: Mutex<HashMap<Box<str>, oneshot::Sender<Value>>>,
    changes: watch::Sender<u64>,
}

impl Running {
    /// Notes what to stop when the task is to end.
    pub(in crate::server) fn works(&self, work: AbortHandle) {
        // A task is begun once.
        let _ = self.work.set(work);
    }

    /// Stops the work at its next await.
    pub(in crate::server) fn abort(&self) {
        if let Some(work) = self.work.get() {
            work.abort();
        }
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        self.changed();
    }

    /// Tells when the task changes from here on.
    pub(in crate::server) fn watch(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(super) fn changed(&self) {
        self.changes.send_modify(|times| *times += 1);
    }

    pub(super) fn waits_for(&self, key: Box<str>) -> oneshot::Receiver<Value> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.insert(key, sender);
        receiver
    }

    /// Tells whoever waits for an answer that none will come.
    pub(super) fn refuse(&self, key: &str) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.remove(key);
    }

    /// Hands an answer to whoever waits for it.
    pub(super) fn answer(&self, key: &str, answer: Value) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = waiting.remove(key) {
            // Whoever asked may have stopped waiting just now.
            let _ = sender.send(answer);
        }
    }
}
