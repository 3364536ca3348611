//! A task as its own handler knows it.

use std::sync::Arc;

use serde_json::Value;

use super::running::{NotAsked, NotSaved};
use super::{Running, Tasks};
use crate::protocol::Question;
use crate::server::handler::ToolError;

/// A task as its own handler knows it. Cheap to clone.
#[derive(Clone, Debug)]
pub(in crate::server) struct TaskHandle {
    pub(super) tasks: Arc<Tasks>,
    pub(super) running: Arc<Running>,
}

impl TaskHandle {
    /// Asks the client, who comes by and answers when it likes.
    pub(in crate::server) async fn ask(
        &self,
        key: Option<Box<str>>,
        question: Question,
    ) -> Result<Value, ToolError> {
        let wanted = key.unwrap_or_else(|| question.kind.method().into());
        let most = self.tasks.most_bytes;
        let asked = self.running.ask(&wanted, question, most);
        let asked = asked.map_err(|why| match why {
            NotAsked::Over => over(),
            NotAsked::TooMany => ToolError::user(
                "the client cannot be asked: too many questions of the task wait already",
            ),
            NotAsked::TooLarge(bytes) => ToolError::user(format!(
                "the client cannot be asked: the task would hold {bytes} bytes, and {most} are allowed"
            )),
        })?;
        let _withdraw = Withdraw {
            handle: self.clone(),
            key: asked.key,
        };
        self.tasks.save(&self.running);
        match self.running.until_saved(asked.version).await {
            Ok(()) => asked.answer.await.unwrap_or_else(|_| Err(over())),
            Err(NotSaved::Over) => Err(over()),
            Err(NotSaved::Failed) => Err(ToolError::internal(
                "the question of a task could not be written to the store",
            )),
        }
    }

    /// The author says in one line how far the task has come.
    pub(in crate::server) fn say(&self, line: String) {
        self.show(line, true);
    }

    /// The progress of the task, shown until the author says something.
    pub(in crate::server) fn say_progress(&self, line: String) {
        self.show(line, false);
    }

    fn show(&self, line: String, by_itself: bool) {
        if self.running.say(line, by_itself) {
            self.tasks.save(&self.running);
        }
    }
}

fn over() -> ToolError {
    ToolError::user("the task is over, and nobody can be asked any more")
}

/// Takes a question back that nobody waits for any more. One that was answered is gone.
struct Withdraw {
    handle: TaskHandle,
    key: Box<str>,
}

impl Drop for Withdraw {
    fn drop(&mut self) {
        let TaskHandle { tasks, running } = &self.handle;
        if running.withdraw(&self.key) {
            tasks.save(running);
        }
    }
}
