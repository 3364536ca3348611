//! Writing what is known of a running task: one write after the other, each of all that is
//! known by then. What changes during a write waits for the next one, so that there is never
//! more than one waiting, and the end is written last.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;

use super::{Running, Tasks};
use crate::ports::TaskStoreError;
use crate::protocol::{TaskOutcome, ToolOutput};

/// How long to wait before the end of a task is written again.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

const NO_ROOM: &str = "The tool has finished, but its result is lost: the server holds as many results of tasks as it may. Call the tool again later.";

impl Tasks {
    /// Has what is known of a task written, by whoever writes already or by somebody new. It
    /// goes on when the caller is gone.
    pub(super) fn save(self: &Arc<Self>, running: &Arc<Running>) {
        if !running.begins_to_write() {
            return;
        }
        let mut writing = Box::pin(write(Arc::clone(self), Arc::clone(running)));
        // A store in memory has it at once.
        if (&mut writing).now_or_never().is_none()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(writing);
        }
    }
}

/// Writes until the store has everything.
async fn write(tasks: Arc<Tasks>, running: Arc<Running>) {
    let mut pause = FIRST_PAUSE;
    while let Some((view, version)) = running.unwritten() {
        let is_end = view.status.is_terminal();
        match tasks.store.update(&running.tenant, view).await {
            Ok(true) => {
                running.saved(version);
                tasks.tell(&running.tenant, &running.id);
                if is_end {
                    tasks.running().remove(&*running.id);
                }
            }
            Ok(false) => {
                // Another process has ended it, or its time is over.
                running.forget();
                tasks.running().remove(&*running.id);
            }
            Err(TaskStoreError::Full) if is_end && running.replace_result(no_room()) => {
                tracing::warn!(task = %short(&running.id), "the result of a task is lost, because the store has no room for it");
            }
            Err(error) => {
                tracing::error!(task = %short(&running.id), %error, "a task could not be written");
                if !running.not_saved(version) {
                    return;
                }
                if running.is_expired() {
                    running.forget();
                    tasks.running().remove(&*running.id);
                } else if is_end {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }
}

fn no_room() -> TaskOutcome {
    TaskOutcome::Output(ToolOutput::error(NO_ROOM))
}

/// The first digits: who has the whole identifier may have the task.
fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}
