//! A task that runs in this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::future::AbortHandle;
use serde_json::Value;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use crate::ports::{TaskOwner, TaskRecord};
use crate::protocol::{Question, TaskOutcome, TaskStatus, TaskView};
use crate::server::handler::ToolError;

/// How many questions of a task may wait at once.
const MAX_QUESTIONS: usize = 64;
/// How long what a task says of itself may be, in bytes.
const MAX_LINE: usize = 1024;

/// What a question comes to: an answer, or why there will be none.
pub(super) type Reply = Result<Value, ToolError>;

/// A task that runs in this process: what is known of it, which the store has a little
/// later.
#[derive(Debug)]
pub(in crate::server) struct Running {
    pub(super) id: Arc<str>,
    pub(super) tenant: Arc<str>,
    pub(super) owner: TaskOwner,
    /// When its time is over.
    end: Option<Instant>,
    work: OnceLock<AbortHandle>,
    state: Mutex<State>,
    /// Rung whenever the store has more of it, or never will have.
    written: watch::Sender<()>,
}

/// What is known of a task, and how much of it the store has.
#[derive(Debug)]
struct State {
    view: TaskView,
    /// Counts the changes.
    version: u64,
    /// The last change that the store has, and the last that it has refused.
    saved: u64,
    failed: u64,
    /// Somebody is writing.
    writing: bool,
    /// Nobody can look at it any more.
    forgotten: bool,
    /// The handler has said itself how far it is.
    has_status: bool,
    /// Who waits for the answer under each key.
    waiting: HashMap<Box<str>, oneshot::Sender<Reply>>,
    /// All keys that were ever used, each of which means one question for as long as the
    /// task lives, and the last number that made another key of it.
    used: HashMap<Box<str>, usize>,
}

impl State {
    fn is_over(&self) -> bool {
        self.forgotten || self.view.status.is_terminal()
    }

    fn changed(&mut self) -> u64 {
        // A clock that was set back does not take time back.
        self.view.updated = SystemTime::now().max(self.view.updated);
        self.version += 1;
        self.version
    }

    /// Takes a question away. `false` when it does not wait.
    fn settle(&mut self, key: &str) -> bool {
        let before = self.view.questions.len();
        self.view.questions.retain(|(it, _)| &**it != key);
        if self.view.questions.is_empty() {
            self.view.status = TaskStatus::Working;
        }
        self.view.questions.len() < before
    }

    /// A key that was not used yet.
    fn unused(&mut self, wanted: &str) -> Box<str> {
        let Some(last) = self.used.get(wanted).copied() else {
            return wanted.into();
        };
        let mut number = last + 1;
        let mut key = format!("{wanted}-{number}");
        while self.used.contains_key(&*key) {
            number += 1;
            key = format!("{wanted}-{number}");
        }
        self.used.insert(wanted.into(), number);
        key.into()
    }
}

/// Why the store does not have a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotSaved {
    /// It could not be written. What is known at the end will be tried again.
    Failed,
    /// The task was over, or is forgotten.
    Over,
}

/// Why a task asks no question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotAsked {
    /// The task is over.
    Over,
    /// Too many questions wait already.
    TooMany,
    /// With it, the task would hold so many bytes.
    TooLarge(usize),
}

/// A question that was put.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) key: Box<str>,
    pub(super) answer: oneshot::Receiver<Reply>,
    pub(super) version: u64,
}

impl Running {
    pub(super) fn new(record: &TaskRecord) -> Self {
        let view = record.view.clone();
        let state = State {
            version: 0,
            saved: 0,
            failed: 0,
            writing: false,
            forgotten: false,
            has_status: false,
            waiting: HashMap::new(),
            used: HashMap::new(),
            view,
        };
        Self {
            id: record.view.id.clone().into(),
            tenant: Arc::clone(&record.tenant),
            owner: record.owner.clone(),
            end: record
                .view
                .ttl
                .and_then(|ttl| Instant::now().checked_add(ttl)),
            work: OnceLock::new(),
            state: Mutex::new(state),
            written: watch::Sender::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what to stop when the task is to end, which may be now.
    pub(super) fn works(&self, work: AbortHandle) {
        // A task is begun once.
        let _ = self.work.set(work);
        if self.state().is_over() {
            self.stop();
        }
    }

    /// Stops the work at its next await.
    pub(super) fn stop(&self) {
        self.state().waiting.clear();
        if let Some(work) = self.work.get() {
            work.abort();
        }
    }

    /// Stops the work of a task that nobody can look at any more.
    pub(super) fn forget(&self) {
        self.state().forgotten = true;
        self.stop();
        self.written.send_replace(());
    }

    /// Whether its time is over.
    pub(super) fn is_expired(&self) -> bool {
        self.end.is_some_and(|end| end <= Instant::now())
    }

    /// Tells whenever the store has more of it.
    pub(super) fn watch(&self) -> watch::Receiver<()> {
        self.written.subscribe()
    }

    /// Says in one line how far the task is. What the handler says itself stands before what
    /// its progress says. `false` when it is over, or this is not shown.
    pub(super) fn say(&self, mut line: String, by_itself: bool) -> bool {
        let mut state = self.state();
        if state.is_over() || (state.has_status && !by_itself) {
            return false;
        }
        cut(&mut line, MAX_LINE);
        state.has_status |= by_itself;
        state.view.message = Some(line);
        state.changed();
        true
    }

    /// Puts a question, unless the task would hold more than so many bytes.
    pub(super) fn ask(
        &self,
        wanted: &str,
        question: Question,
        most: usize,
    ) -> Result<Asked, NotAsked> {
        let mut state = self.state();
        if state.is_over() {
            return Err(NotAsked::Over);
        }
        if state.view.questions.len() >= MAX_QUESTIONS {
            return Err(NotAsked::TooMany);
        }
        let key = state.unused(wanted);
        state.view.questions.push((key.clone(), Arc::new(question)));
        let bytes = state.view.bytes();
        if bytes > most {
            state.view.questions.pop();
            return Err(NotAsked::TooLarge(bytes));
        }
        state.used.insert(key.clone(), 1);
        state.view.status = TaskStatus::InputRequired;
        // Before anybody can see the key, so that no answer comes too early.
        let (sender, answer) = oneshot::channel();
        state.waiting.insert(key.clone(), sender);
        let version = state.changed();
        Ok(Asked {
            key,
            answer,
            version,
        })
    }

    /// Hands an answer to whoever waits for it, once. The change by which the question is
    /// gone; nothing when nobody waits.
    pub(super) fn answer(&self, key: &str, answer: Reply) -> Option<u64> {
        let mut state = self.state();
        let sender = state.waiting.remove(key)?;
        state.settle(key);
        // Whoever asked may have stopped waiting just now.
        let _ = sender.send(answer);
        (!state.is_over()).then(|| state.changed())
    }

    /// Takes a question back, whose answer nobody waits for any more. `false` when it is gone already.
    pub(super) fn withdraw(&self, key: &str) -> bool {
        let mut state = self.state();
        state.waiting.remove(key);
        let is_over = state.is_over();
        let withdrawn = !is_over && state.settle(key);
        if withdrawn {
            state.changed();
        }
        withdrawn
    }

    /// Ends the task, if it is not over. The first end is the one that counts.
    pub(super) fn end(
        &self,
        status: TaskStatus,
        message: Option<String>,
        result: Option<TaskOutcome>,
    ) -> Option<u64> {
        let mut state = self.state();
        if state.is_over() {
            return None;
        }
        let view = &mut state.view;
        view.status = status;
        if let Some(mut message) = message {
            cut(&mut message, MAX_LINE);
            view.message = Some(message);
        }
        view.questions.clear();
        view.is_error = matches!(&result, Some(TaskOutcome::Output(it)) if it.is_error);
        view.result = result.map(Arc::new);
        Some(state.changed())
    }

    /// Ends the task as one that nobody was told of, so that the next sweep takes it.
    pub(super) fn abandon(&self) {
        self.state().view.ttl = Some(Duration::ZERO);
        self.end(TaskStatus::Cancelled, None, None);
        self.stop();
    }

    /// Puts something smaller in the place of a result for which there is no room. `false`
    /// when there is none.
    pub(super) fn replace_result(&self, small: TaskOutcome) -> bool {
        let mut state = self.state();
        let is_larger = state.view.result.as_ref().map(|it| it.bytes()) > Some(small.bytes());
        if is_larger {
            let most = state.view.bytes();
            let message = small.why_failed().map(str::to_owned);
            state.view.is_error = matches!(&small, TaskOutcome::Output(it) if it.is_error);
            state.view.result = Some(Arc::new(small));
            let before = std::mem::replace(&mut state.view.message, message);
            // What is to take less room does not take more for what it says of itself.
            if state.view.bytes() > most {
                state.view.message = before;
            }
            state.changed();
        }
        is_larger
    }
}

/// How it is written.
impl Running {
    /// Whether the caller is to write, because there is something to write and nobody does.
    pub(super) fn begins_to_write(&self) -> bool {
        let mut state = self.state();
        let begins = !state.writing && state.saved < state.version;
        state.writing |= begins;
        begins
    }

    /// What is to be written; with nothing left, the writing is over.
    pub(super) fn unwritten(&self) -> Option<(TaskView, u64)> {
        let mut state = self.state();
        if state.forgotten || state.saved >= state.version {
            state.writing = false;
            return None;
        }
        Some((state.view.clone(), state.version))
    }

    /// The store has it up to a change.
    pub(super) fn saved(&self, version: u64) {
        let mut state = self.state();
        state.saved = state.saved.max(version);
        drop(state);
        self.written.send_replace(());
    }

    /// The store does not have a change. Whether the writing goes on: because more has
    /// changed, or because it was the end.
    pub(super) fn not_saved(&self, version: u64) -> bool {
        let mut state = self.state();
        state.failed = state.failed.max(version);
        let goes_on = state.version > version || state.view.status.is_terminal();
        state.writing = goes_on;
        drop(state);
        self.written.send_replace(());
        goes_on
    }

    /// Waits until the store has a change.
    pub(super) async fn until_saved(&self, version: u64) -> Result<(), NotSaved> {
        let mut written = self.watch();
        loop {
            {
                let state = self.state();
                if state.saved >= version {
                    return Ok(());
                }
                if state.forgotten {
                    return Err(NotSaved::Over);
                }
                if state.failed >= version {
                    return Err(NotSaved::Failed);
                }
            }
            if written.changed().await.is_err() {
                return Err(NotSaved::Over);
            }
        }
    }

    /// Waits until the store has all that is known now.
    pub(super) async fn until_all_saved(&self) -> Result<(), NotSaved> {
        let version = self.state().version;
        self.until_saved(version).await
    }
}

/// Cuts a text off, within a character of so many bytes.
fn cut(text: &mut String, most: usize) {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
        text.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_between_characters() {
        for (text, cut_off) in [
            ("abc", "abc"),
            ("abcd", "abc…"),
            ("aéé", "aé…"),
            ("éé", "é…"),
        ] {
            let mut line = text.to_owned();
            cut(&mut line, 3);
            assert_eq!(line, cut_off);
        }
    }
}
