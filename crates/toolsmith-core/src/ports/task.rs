//! Tasks: calls that go on after they were answered.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::{Answer, SessionId};
use crate::Caller;
use crate::protocol::TaskView;

/// Whose a task is. It is nobody else's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TaskOwner {
    /// Who called.
    pub caller: Caller,
    /// The session in which an unknown caller called, because nothing else tells one from
    /// another.
    pub session: Option<SessionId>,
}

/// What is kept of a task.
#[derive(Clone, Debug)]
pub struct TaskRecord {
    /// Whose it is.
    pub owner: TaskOwner,
    /// What is known of it.
    pub view: TaskView,
    /// The keys of all questions that it ever asked.
    pub asked: Vec<Box<str>>,
}

impl TaskRecord {
    /// Whether its time is over.
    pub fn is_expired(&self, now: SystemTime) -> bool {
        let end = self
            .view
            .ttl
            .and_then(|ttl| self.view.created.checked_add(ttl));
        end.is_some_and(|end| end <= now)
    }
}

/// There is no room for another task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TasksFull;

/// A change of a task, applied at once or not at all. `false` when nothing changed.
pub type TaskChange = Box<dyn FnOnce(&mut TaskRecord) -> bool + Send>;

/// Where tasks are kept.
pub trait TaskStore: Send + Sync + fmt::Debug {
    /// Keeps a new task. When it has answered, the task is there for whoever asks.
    fn create(&self, record: TaskRecord) -> Answer<'_, Result<(), TasksFull>>;

    /// Finds a task.
    fn find<'a>(&'a self, id: &'a str) -> Answer<'a, Option<TaskRecord>>;

    /// Changes a task, and gives it as it is then; `None` when there is none, or nothing
    /// changed.
    fn change<'a>(&'a self, id: &'a str, change: TaskChange) -> Answer<'a, Option<TaskRecord>>;

    /// The tasks of an owner, oldest first.
    fn list<'a>(&'a self, owner: &'a TaskOwner) -> Answer<'a, Vec<TaskRecord>>;

    /// Forgets the tasks whose time is over, and names them.
    fn expire(&self, now: SystemTime) -> Answer<'_, Vec<Box<str>>>;
}

/// Tasks in memory: gone when the process ends.
#[derive(Debug)]
pub struct MemoryTasks {
    tasks: Mutex<Kept>,
    capacity: usize,
    per_owner: usize,
}

#[derive(Debug, Default)]
struct Kept {
    records: HashMap<Box<str>, Arc<TaskRecord>>,
    /// The tasks of each owner, oldest first.
    owners: HashMap<TaskOwner, Vec<Box<str>>>,
}

impl MemoryTasks {
    /// Room for so many tasks, and for so many of one owner.
    pub fn new(capacity: usize, per_owner: usize) -> Self {
        Self {
            tasks: Mutex::default(),
            capacity,
            per_owner,
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn remove(&mut self, id: &str) {
        let Some(record) = self.records.remove(id) else {
            return;
        };
        if let Some(ids) = self.owners.get_mut(&record.owner) {
            ids.retain(|it| &**it != id);
            if ids.is_empty() {
                self.owners.remove(&record.owner);
            }
        }
    }

    /// Makes room by forgetting an owner's oldest task that is over.
    fn forget_oldest_ended(&mut self, owner: &TaskOwner) -> bool {
        let mut ids = self.owners.get(owner).into_iter().flatten();
        let ended = ids.find(|id| {
            let record = self.records.get(*id);
            record.is_some_and(|record| record.view.status.is_terminal())
        });
        let ended = ended.cloned();
        ended.map(|id| self.remove(&id)).is_some()
    }
}

impl TaskStore for MemoryTasks {
    fn create(&self, record: TaskRecord) -> Answer<'_, Result<(), TasksFull>> {
        let mut kept = self.kept();
        let of_owner = kept.owners.get(&record.owner).map_or(0, Vec::len);
        let full = of_owner >= self.per_owner || kept.records.len() >= self.capacity;
        if full && !kept.forget_oldest_ended(&record.owner) {
            return Answer::now(Err(TasksFull));
        }
        let id = record.view.id.clone();
        kept.owners
            .entry(record.owner.clone())
            .or_default()
            .push(id.clone());
        kept.records.insert(id, Arc::new(record));
        Answer::now(Ok(()))
    }

    fn find<'a>(&'a self, id: &'a str) -> Answer<'a, Option<TaskRecord>> {
        Answer::now(self.kept().records.get(id).map(|it| TaskRecord::clone(it)))
    }

    fn change<'a>(&'a self, id: &'a str, change: TaskChange) -> Answer<'a, Option<TaskRecord>> {
        let mut kept = self.kept();
        let Some(record) = kept.records.get_mut(id) else {
            return Answer::now(None);
        };
        let changed = change(Arc::make_mut(record));
        Answer::now(changed.then(|| TaskRecord::clone(record)))
    }

    fn list<'a>(&'a self, owner: &'a TaskOwner) -> Answer<'a, Vec<TaskRecord>> {
        let kept = self.kept();
        let ids = kept.owners.get(owner).into_iter().flatten();
        let records = ids.filter_map(|id| kept.records.get(id));
        Answer::now(records.map(|it| TaskRecord::clone(it)).collect())
    }

    fn expire(&self, now: SystemTime) -> Answer<'_, Vec<Box<str>>> {
        let mut kept = self.kept();
        let expired = kept.records.iter().filter(|(_, it)| it.is_expired(now));
        let expired: Vec<Box<str>> = expired.map(|(id, _)| id.clone()).collect();
        expired.iter().for_each(|id| kept.remove(id));
        Answer::now(expired)
    }
}

/// How long a task is kept unless told otherwise.
pub const TASK_TTL: Duration = Duration::from_secs(60 * 60);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::TaskStatus;

    fn record(id: &str, tenant: &str, status: TaskStatus) -> TaskRecord {
        let now = SystemTime::now();
        TaskRecord {
            owner: TaskOwner {
                caller: Caller::new(tenant),
                session: None,
            },
            view: TaskView {
                id: id.into(),
                status,
                message: None,
                created: now,
                updated: now,
                ttl: Some(Duration::from_secs(10)),
                poll_interval: None,
                questions: Vec::new(),
                result: None,
            },
            asked: Vec::new(),
        }
    }

    #[tokio::test]
    async fn an_owner_at_the_limit_loses_the_oldest_that_is_over_and_nobody_else_does() {
        let store = MemoryTasks::new(10, 2);
        let working = |id, tenant| record(id, tenant, TaskStatus::Working);
        store
            .create(record("a", "x", TaskStatus::Completed))
            .await
            .unwrap();
        store.create(working("b", "x")).await.unwrap();
        store.create(working("c", "y")).await.unwrap();
        store.create(working("d", "x")).await.unwrap();
        assert!(store.find("a").await.is_none());
        assert!(store.find("c").await.is_some());
        assert_eq!(store.create(working("e", "x")).await, Err(TasksFull));
        let owner = working("", "x").owner;
        let listed = store.list(&owner).await;
        let ids: Vec<_> = listed.iter().map(|it| &*it.view.id).collect();
        assert_eq!(ids, ["b", "d"]);
    }

    #[tokio::test]
    async fn what_is_over_its_time_is_forgotten() {
        let store = MemoryTasks::new(10, 10);
        store
            .create(record("a", "x", TaskStatus::Working))
            .await
            .unwrap();
        let now = SystemTime::now();
        assert!(store.expire(now).await.is_empty());
        let later = now + Duration::from_secs(11);
        assert_eq!(store.expire(later).await, ["a".into()] as [Box<str>; 1]);
        assert!(store.find("a").await.is_none());
        let owner = record("", "x", TaskStatus::Working).owner;
        assert!(store.list(&owner).await.is_empty());
    }
}
