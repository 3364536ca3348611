//! Tasks: calls that go on after they were answered.

mod memory;

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub use memory::{MemoryTasks, TaskLimits};

use super::{Answer, SessionId};
use crate::protocol::TaskView;
use crate::{Caller, Scopes};

/// How long a task is kept unless told otherwise.
pub const TASK_TTL: Duration = Duration::from_secs(60 * 60);

/// Whose a task is. It is nobody else's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TaskOwner {
    /// Somebody who is known: a principal, which is an issuer and a subject, of a tenant.
    Known(Caller),
    /// Whoever has this legacy session. Nothing else tells one unknown caller from another.
    Session(SessionId),
    /// Whoever was given its identifier, which nobody can guess: unknown callers of the
    /// modern era, where every request stands alone. Such tasks are never listed.
    Holder,
}

/// What is kept of a task.
#[derive(Clone, Debug)]
pub struct TaskRecord {
    /// The tenant, to whom alone it is there.
    pub tenant: Arc<str>,
    /// Whose it is.
    pub owner: TaskOwner,
    /// What a caller needs to ask for it: the scopes of the tool that it is a call of.
    pub scopes: Scopes,
    /// What is known of it.
    pub view: TaskView,
}

/// Where a task stands among those of its owner: by its beginning and then by its
/// identifier.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TaskPlace {
    /// When it began.
    pub created: SystemTime,
    /// Its identifier.
    pub id: Box<str>,
}

impl From<&TaskView> for TaskPlace {
    fn from(view: &TaskView) -> Self {
        Self {
            created: view.created,
            id: view.id.clone(),
        }
    }
}

/// Why a store did not do what it was to do.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TaskStoreError {
    /// There is no room for another task, or for what is to be kept of one.
    Full,
    /// It failed, which the log is told.
    Failed(Arc<dyn Error + Send + Sync>),
}

impl TaskStoreError {
    /// The store failed, for this reason.
    pub fn failed(why: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        TaskStoreError::Failed(why.into().into())
    }
}

impl fmt::Display for TaskStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TaskStoreError::Full => f.write_str("there is no room"),
            TaskStoreError::Failed(why) => write!(f, "the store of tasks failed: {why}"),
        }
    }
}

impl Error for TaskStoreError {}

/// What a store of tasks answers.
pub type TaskAnswer<'a, T> = Answer<'a, Result<T, TaskStoreError>>;

/// Where tasks are kept. Each operation is done at once or not at all, as one transaction.
/// A task is looked for among those of a tenant: that of another is there no more than one
/// that never was.
///
/// A task is written by the process that runs it, one write after the other; other processes
/// may only end it. So [`update`](Self::update) takes what is known of it now, whole.
///
/// An operation that is dropped while it is waited for may have been done, or not.
pub trait TaskStore: Send + Sync + fmt::Debug {
    /// Keeps a new task. When it has answered, the task is there for whoever asks.
    ///
    /// Makes no room by forgetting what is somebody else's; nor what belongs to a
    /// [`TaskOwner::Holder`], any of whom is somebody else. [`TaskStoreError::Full`] when
    /// there is none.
    fn create(&self, record: TaskRecord) -> TaskAnswer<'_, ()>;

    /// Finds a task.
    fn find<'a>(&'a self, tenant: &'a str, id: &'a str) -> TaskAnswer<'a, Option<TaskRecord>>;

    /// Writes what is known of a task now. `false` when there is none, or it was over
    /// already: then it stays as it is.
    ///
    /// [`TaskStoreError::Full`] when there is no room for its questions or its result; never
    /// when those have less than 2 KiB.
    fn update<'a>(&'a self, tenant: &'a str, view: TaskView) -> TaskAnswer<'a, bool>;

    /// The tasks of an owner, in the order of their [`TaskPlace`], from after a place on and
    /// at most so many. What is only in a [`TaskView`] and not in its
    /// [`summary`](TaskView::summary) may be left out.
    fn list<'a>(
        &'a self,
        tenant: &'a str,
        owner: &'a TaskOwner,
        after: Option<&'a TaskPlace>,
        most: usize,
    ) -> TaskAnswer<'a, Vec<TaskView>>;

    /// Forgets the tasks of an owner who is no more, and names them.
    fn remove<'a>(&'a self, tenant: &'a str, owner: &'a TaskOwner)
    -> TaskAnswer<'a, Vec<Box<str>>>;

    /// Forgets the tasks whose time is over, and names them.
    fn expire(&self, now: SystemTime) -> TaskAnswer<'_, Vec<Box<str>>>;
}
