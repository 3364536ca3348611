//! A task as its own handler knows it.

use std::sync::Arc;

use futures_util::FutureExt as _;
use serde_json::Value;

use super::{Running, Tasks};
use crate::protocol::{Question, TaskStatus, TaskView};
use crate::server::handler::ToolError;

/// A task as its own handler knows it. Cheap to clone.
#[derive(Clone, Debug)]
pub(in crate::server) struct TaskHandle {
    pub(in crate::server) tasks: Arc<Tasks>,
    pub(in crate::server) id: Arc<str>,
    pub(in crate::server) running: Arc<Running>,
}

impl TaskHandle {
    /// Asks the client, who comes by and answers when it likes.
    pub(in crate::server) async fn ask(
        &self,
        key: Option<Box<str>>,
        question: Question,
    ) -> Result<Value, ToolError> {
        let wanted = key.unwrap_or_else(|| question.kind.method().into());
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let running = Arc::clone(&self.running);
        let asked = self.tasks.change_record(&self.id, move |record| {
            let key = unused(&wanted, &record.asked);
            record.asked.push(key.clone());
            record.view.questions.push((key.clone(), question));
            record.view.status = TaskStatus::InputRequired;
            // Before anybody can see the key, so that no answer comes too early.
            let answer = running.waits_for(key.clone());
            sender.send((key, answer)).is_ok()
        });
        let over = || ToolError::user("the task is over, and nobody can be asked any more");
        if !asked.await {
            return Err(over());
        }
        let (key, answer) = receiver.await.map_err(|_| over())?;
        let waiting = Withdraw {
            handle: self.clone(),
            key: Some(key),
        };
        let answer = answer.await.map_err(|_| {
            ToolError::user("the client refused to answer, took too long, or the task is over")
        })?;
        waiting.done();
        Ok(answer)
    }

    /// Says in one line how far the task has come.
    pub(in crate::server) fn say(&self, message: String) {
        let handle = self.clone();
        let mut saying = Box::pin(async move {
            let say = move |view: &mut TaskView| view.message = Some(message);
            handle.tasks.change(&handle.id, say).await;
        });
        // A store in memory has it at once, and in order.
        if (&mut saying).now_or_never().is_none() {
            tokio::spawn(saying);
        }
    }
}

/// A key that the task has not used, because a key means one question for as long as the
/// task lives.
fn unused(wanted: &str, used: &[Box<str>]) -> Box<str> {
    let is_used = |key: &str| used.iter().any(|it| &**it == key);
    if !is_used(wanted) {
        return wanted.into();
    }
    let numbered = (2usize..).map(|n| format!("{wanted}-{n}"));
    let free = numbered.into_iter().find(|key| !is_used(key));
    free.unwrap_or_default().into()
}

/// Takes a question back that nobody waits for any more.
struct Withdraw {
    handle: TaskHandle,
    key: Option<Box<str>>,
}

impl Withdraw {
    fn done(mut self) {
        self.key = None;
    }
}

impl Drop for Withdraw {
    fn drop(&mut self) {
        let Some(key) = self.key.take() else { return };
        let handle = self.handle.clone();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { handle.tasks.settle(&handle.id, vec![key]).await });
        }
    }
}
