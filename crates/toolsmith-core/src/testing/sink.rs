//! What a client in memory hears while it waits for answers.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Notify;

use super::watch::{Sender, Watch};
use super::{Answers, Failure};
use crate::protocol::{RequestId, Response};
use crate::server::{ReplySink, SessionRef};

/// How long a test is patient.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// What a client in memory hears.
#[derive(Debug)]
pub(super) struct TestSink {
    heard: Mutex<VecDeque<Value>>,
    bell: Notify,
    answers: Arc<Answers>,
    session: Mutex<Option<SessionRef>>,
    pub(super) watch: Watch,
}

impl TestSink {
    pub(super) fn new(answers: Arc<Answers>) -> Self {
        Self {
            heard: Mutex::default(),
            bell: Notify::new(),
            answers,
            session: Mutex::default(),
            watch: Watch::default(),
        }
    }

    /// The session in which questions are answered.
    pub(super) fn in_session(&self, session: Option<SessionRef>) {
        *self.session.lock().unwrap_or_else(PoisonError::into_inner) = session;
    }

    pub(super) fn take(&self) -> Vec<Value> {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.drain(..).collect()
    }

    pub(super) async fn next(&self) -> Result<Value, Failure> {
        let next = async {
            loop {
                let rung = self.bell.notified();
                let first = {
                    let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
                    heard.pop_front()
                };
                match first {
                    Some(first) => return first,
                    None => rung.await,
                }
            }
        };
        let next = tokio::time::timeout(PATIENCE, next).await;
        next.map_err(|_| Failure::new(format!("the server said nothing for {PATIENCE:?}")))
    }
}

impl ReplySink for TestSink {
    fn notify(&self, message: Vec<u8>) -> bool {
        let message = serde_json::from_slice(&message).unwrap_or_default();
        self.watch.see(Sender::Server, &message);
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.push_back(message);
        drop(heard);
        self.bell.notify_one();
        true
    }

    fn ask(&self, message: Vec<u8>) -> bool {
        let question: Value = serde_json::from_slice(&message).unwrap_or_default();
        self.watch.see(Sender::Server, &question);
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(session) = session.clone() else {
            return false;
        };
        let answer = self.answers.answer(&question);
        let said = json!({"jsonrpc": "2.0", "id": question["id"], "result": answer});
        self.watch.see(Sender::Client, &said);
        session.answered(Response {
            id: RequestId::from_json(question["id"].to_string().into()),
            result: Ok(answer.to_string().into()),
        });
        true
    }

    fn ready(&self) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        Box::pin(std::future::ready(true))
    }
}
