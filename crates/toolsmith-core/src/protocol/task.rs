//! Tasks as clients see them, in both eras.

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Content, ProtocolError, Question, ToolOutput};

/// The identifier of the extension that the modern era has tasks by.
pub const TASKS_EXTENSION: &str = "io.modelcontextprotocol/tasks";

/// Where a task is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskStatus {
    /// It is being worked on.
    Working,
    /// It waits for answers of the client.
    InputRequired,
    /// It came to a result.
    Completed,
    /// It ended with an error of the protocol.
    Failed,
    /// It was ended before it came to anything.
    Cancelled,
}

impl TaskStatus {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            TaskStatus::Working => "working",
            TaskStatus::InputRequired => "input_required",
            TaskStatus::Completed => "completed",
            TaskStatus::Failed => "failed",
            TaskStatus::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more will come of it.
    pub const fn is_terminal(self) -> bool {
        matches!(
            self,
            TaskStatus::Completed | TaskStatus::Failed | TaskStatus::Cancelled
        )
    }
}

/// What is known of a task, era-free. A clone shares the questions and the result.
#[derive(Clone, Debug)]
pub struct TaskView {
    /// Its identifier.
    pub id: Box<str>,
    /// Where it is.
    pub status: TaskStatus,
    /// One line on where it is.
    pub message: Option<String>,
    /// When it began.
    pub created: SystemTime,
    /// When it last changed.
    pub updated: SystemTime,
    /// How long it is kept from its beginning; without end when there is none.
    pub ttl: Option<Duration>,
    /// How long to wait between two looks at it.
    pub poll_interval: Option<Duration>,
    /// The tool says that it failed, which a legacy client is told as the status.
    pub is_error: bool,
    /// What it waits for, by key.
    pub questions: Vec<(Box<str>, Arc<Question>)>,
    /// What it came to.
    pub result: Option<Arc<TaskOutcome>>,
}

/// What a task came to.
#[derive(Clone, Debug)]
pub enum TaskOutcome {
    /// A result of the tool, which may be one that says what went wrong.
    Output(ToolOutput),
    /// An error of the protocol.
    Error(ProtocolError),
}

impl TaskOutcome {
    /// How much there is of it, in bytes of JSON.
    pub fn bytes(&self) -> usize {
        match self {
            TaskOutcome::Output(output) => {
                let structured = output.structured.as_ref().map_or(0, |it| it.get().len());
                let meta = output.meta.as_ref().map_or(0, length);
                length(&output.content) + structured + meta
            }
            TaskOutcome::Error(error) => {
                error.message.len() + error.data.as_ref().map_or(0, length)
            }
        }
    }

    /// What it says of why the tool has failed, where it has.
    pub(crate) fn why_failed(&self) -> Option<&str> {
        match self {
            TaskOutcome::Error(error) => Some(&error.message),
            TaskOutcome::Output(output) if output.is_error => {
                output.content.iter().find_map(|it| match it {
                    Content::Text { text, .. } => Some(&**text),
                    _ => None,
                })
            }
            TaskOutcome::Output(_) => None,
        }
    }
}

/// How long a value is as JSON.
fn length(value: &impl Serialize) -> usize {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // What cannot be written is not sent either.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}

impl TaskView {
    /// Whether its time is over.
    pub fn is_expired(&self, now: SystemTime) -> bool {
        let end = self.ttl.and_then(|ttl| self.created.checked_add(ttl));
        end.is_some_and(|end| end <= now)
    }

    /// How much it holds that has no fixed size: its message, its questions and its result,
    /// in bytes of JSON.
    pub fn bytes(&self) -> usize {
        let questions = self.questions.iter();
        let asked: usize = questions
            .map(|(key, it)| key.len() + length(&it.params))
            .sum();
        let message = self.message.as_ref().map_or(0, String::len);
        message + asked + self.result.as_ref().map_or(0, |it| it.bytes())
    }

    /// What a list shows of it: everything but its questions and its result.
    #[must_use]
    pub fn summary(&self) -> Self {
        Self {
            id: self.id.clone(),
            message: self.message.clone(),
            questions: Vec::new(),
            result: None,
            ..*self
        }
    }

    /// Where it is, in the words of an era.
    pub(crate) fn shown_status(&self, modern: bool) -> TaskStatus {
        // A legacy task has failed when the tool says that it has.
        match self.is_error && !modern {
            true => TaskStatus::Failed,
            false => self.status,
        }
    }

    /// The members that every form of a task has, in the words of an era.
    pub(super) fn members(&self, modern: bool) -> Map<String, Value> {
        let (ttl, poll) = if modern {
            ("ttlMs", "pollIntervalMs")
        } else {
            ("ttl", "pollInterval")
        };
        let mut task = Map::new();
        let mut put = |key: &str, value: Value| task.insert(key.to_owned(), value);
        put("taskId", json!(self.id));
        put("status", json!(self.shown_status(modern).as_str()));
        if let Some(message) = &self.message {
            put("statusMessage", json!(message));
        }
        put("createdAt", json!(timestamp(self.created)));
        put("lastUpdatedAt", json!(timestamp(self.updated)));
        put(ttl, json!(self.ttl.map(milliseconds)));
        if let Some(interval) = self.poll_interval {
            put(poll, json!(milliseconds(interval)));
        }
        task
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A moment as ISO 8601, to the millisecond, in UTC.
fn timestamp(at: SystemTime) -> String {
    humantime::format_rfc3339_millis(at.max(SystemTime::UNIX_EPOCH)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_iso_8601() {
        let at = |seconds: u64, millis: u32| {
            timestamp(SystemTime::UNIX_EPOCH + Duration::new(seconds, millis * 1_000_000))
        };
        assert_eq!(at(0, 0), "1970-01-01T00:00:00.000Z");
        assert_eq!(at(951_782_400, 5), "2000-02-29T00:00:00.005Z");
        assert_eq!(at(1_735_689_599, 999), "2024-12-31T23:59:59.999Z");
    }
}
