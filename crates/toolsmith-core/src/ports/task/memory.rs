//! Tasks in memory, within bounds.

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::{TaskAnswer, TaskOwner, TaskPlace, TaskRecord, TaskStore, TaskStoreError};
use crate::ports::Answer;
use crate::protocol::TaskView;

/// What a task may always hold, in bytes, so that the end of one can be written at least.
const ALWAYS: usize = 2048;

/// How much [`MemoryTasks`] keeps.
///
/// Bytes are those of messages, questions and results, as JSON. A tenth of the places and of
/// the bytes is for known callers alone, so that callers whom nobody knows cannot lock them
/// out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskLimits {
    /// Tasks in all; 10,000 by default.
    pub tasks: usize,
    /// Tasks of one known caller, or of one session; 1,000 by default.
    pub tasks_per_owner: usize,
    /// Bytes in all; 256 MiB by default. 2 KiB of each task are kept even so.
    pub bytes: usize,
    /// Bytes of one known caller, or of one session; 64 MiB by default.
    pub bytes_per_owner: usize,
}

impl Default for TaskLimits {
    fn default() -> Self {
        Self {
            tasks: 10_000,
            tasks_per_owner: 1000,
            bytes: 256 << 20,
            bytes_per_owner: 64 << 20,
        }
    }
}

/// Tasks in memory: gone when the process ends.
///
/// Over a limit, the oldest tasks of the same owner that are over make room. Where they
/// cannot, and for callers whom nothing tells from one another, there is none.
#[derive(Debug)]
pub struct MemoryTasks {
    kept: Mutex<Kept>,
    limits: TaskLimits,
}

/// So many tasks, and so many bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Amount {
    tasks: usize,
    bytes: usize,
}

impl Amount {
    fn of(bytes: usize) -> Self {
        Self { tasks: 1, bytes }
    }

    fn add(&mut self, more: Self) {
        self.tasks += more.tasks;
        self.bytes += more.bytes;
    }

    fn take(&mut self, less: Self) {
        self.tasks = self.tasks.saturating_sub(less.tasks);
        self.bytes = self.bytes.saturating_sub(less.bytes);
    }

    /// Whether so much more fits within a limit, once some was taken away.
    fn fits(mut self, more: Self, freed: Self, limit: Self) -> bool {
        self.take(freed);
        let tasks = more.tasks == 0 || self.tasks + more.tasks <= limit.tasks;
        let bytes = more.bytes == 0 || self.bytes + more.bytes <= limit.bytes;
        tasks && bytes
    }
}

#[derive(Debug)]
struct Entry {
    record: TaskRecord,
    bytes: usize,
}

/// What one known caller has, or one session.
#[derive(Debug, Default)]
struct Owned {
    places: BTreeSet<TaskPlace>,
    amount: Amount,
}

#[derive(Debug, Default)]
struct Kept {
    entries: HashMap<Box<str>, Entry>,
    owners: HashMap<TaskOwner, Owned>,
    all: Amount,
    /// What of it belongs to callers whom nobody knows.
    unknown: Amount,
}

impl MemoryTasks {
    /// Room for so much.
    pub fn new(limits: TaskLimits) -> Self {
        Self {
            kept: Mutex::default(),
            limits,
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes room for so much more of an owner, if that can be.
    fn make_room(&self, kept: &mut Kept, owner: &TaskOwner, more: Amount) -> bool {
        let mut freed = Amount::default();
        let mut forgotten = Vec::new();
        let owned = kept.owners.get(owner).map(|it| it.places.iter());
        let mut places = owned.into_iter().flatten();
        while !self.has_room(kept, owner, more, freed) {
            let ended = places.find_map(|place| {
                let entry = kept.entries.get(&place.id)?;
                let is_over = entry.record.view.status.is_terminal();
                is_over.then_some((&place.id, entry.bytes))
            });
            let Some((id, bytes)) = ended else {
                return false;
            };
            freed.add(Amount::of(bytes));
            forgotten.push(id.clone());
        }
        for id in forgotten {
            kept.remove(&id);
        }
        true
    }

    fn has_room(&self, kept: &Kept, owner: &TaskOwner, more: Amount, freed: Amount) -> bool {
        let limits = &self.limits;
        let all = Amount {
            tasks: limits.tasks,
            bytes: limits.bytes,
        };
        let unknown = Amount {
            tasks: limits.tasks - limits.tasks / 10,
            bytes: limits.bytes - limits.bytes / 10,
        };
        let of_owner = Amount {
            tasks: limits.tasks_per_owner,
            bytes: limits.bytes_per_owner,
        };
        let owned = kept
            .owners
            .get(owner)
            .map_or_else(Amount::default, |it| it.amount);
        kept.all.fits(more, freed, all)
            && (is_known(owner) || kept.unknown.fits(more, freed, unknown))
            && (*owner == TaskOwner::Holder || owned.fits(more, freed, of_owner))
    }
}

fn is_known(owner: &TaskOwner) -> bool {
    matches!(owner, TaskOwner::Known(_))
}

impl Kept {
    /// The task of this identifier, if it is one of the tenant's.
    fn of(&self, tenant: &str, id: &str) -> Option<&Entry> {
        let entry = self.entries.get(id);
        entry.filter(|it| *it.record.tenant == *tenant)
    }

    fn insert(&mut self, record: TaskRecord, bytes: usize) {
        let amount = Amount::of(bytes);
        self.all.add(amount);
        if !is_known(&record.owner) {
            self.unknown.add(amount);
        }
        if record.owner != TaskOwner::Holder {
            let owned = self.owners.entry(record.owner.clone()).or_default();
            owned.places.insert(TaskPlace::from(&record.view));
            owned.amount.add(amount);
        }
        let id = record.view.id.clone();
        self.entries.insert(id, Entry { record, bytes });
    }

    fn remove(&mut self, id: &str) -> Option<TaskRecord> {
        let Entry { record, bytes } = self.entries.remove(id)?;
        let amount = Amount::of(bytes);
        self.all.take(amount);
        if !is_known(&record.owner) {
            self.unknown.take(amount);
        }
        if let Some(owned) = self.owners.get_mut(&record.owner) {
            owned.places.remove(&TaskPlace::from(&record.view));
            owned.amount.take(amount);
            if owned.places.is_empty() {
                self.owners.remove(&record.owner);
            }
        }
        Some(record)
    }
}

impl TaskStore for MemoryTasks {
    fn create(&self, record: TaskRecord) -> TaskAnswer<'_, ()> {
        let mut kept = self.kept();
        let bytes = record.view.bytes();
        if !self.make_room(&mut kept, &record.owner, Amount::of(bytes)) {
            return Answer::now(Err(TaskStoreError::Full));
        }
        kept.insert(record, bytes);
        Answer::now(Ok(()))
    }

    fn find<'a>(&'a self, tenant: &'a str, id: &'a str) -> TaskAnswer<'a, Option<TaskRecord>> {
        let kept = self.kept();
        let found = kept.of(tenant, id);
        Answer::now(Ok(found.map(|it| it.record.clone())))
    }

    fn update<'a>(&'a self, tenant: &'a str, view: TaskView) -> TaskAnswer<'a, bool> {
        let bytes = view.bytes();
        let mut kept = self.kept();
        let found = kept.of(tenant, &view.id);
        let Some(entry) = found.filter(|it| !it.record.view.status.is_terminal()) else {
            return Answer::now(Ok(false));
        };
        let owner = entry.record.owner.clone();
        let more = Amount {
            tasks: 0,
            bytes: bytes.saturating_sub(entry.bytes),
        };
        // What is not over is not forgotten for it, so the task itself stays.
        if !self.make_room(&mut kept, &owner, more) && bytes > ALWAYS {
            return Answer::now(Err(TaskStoreError::Full));
        }
        if let Some(mut record) = kept.remove(&view.id) {
            record.view = view;
            kept.insert(record, bytes);
        }
        Answer::now(Ok(true))
    }

    fn list<'a>(
        &'a self,
        tenant: &'a str,
        owner: &'a TaskOwner,
        after: Option<&'a TaskPlace>,
        most: usize,
    ) -> TaskAnswer<'a, Vec<TaskView>> {
        let kept = self.kept();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let owned = kept.owners.get(owner).into_iter();
        let places = owned.flat_map(|it| it.places.range((from, Bound::Unbounded)));
        let entries = places.filter_map(|place| kept.of(tenant, &place.id));
        let views = entries.map(|it| it.record.view.summary()).take(most);
        Answer::now(Ok(views.collect()))
    }

    fn remove<'a>(
        &'a self,
        tenant: &'a str,
        owner: &'a TaskOwner,
    ) -> TaskAnswer<'a, Vec<Box<str>>> {
        let mut kept = self.kept();
        let owned = kept.owners.get(owner).into_iter();
        let ids: Vec<Box<str>> = owned
            .flat_map(|it| it.places.iter().map(|place| place.id.clone()))
            .filter(|id| kept.of(tenant, id).is_some())
            .collect();
        ids.iter().for_each(|id| drop(kept.remove(id)));
        Answer::now(Ok(ids))
    }

    fn expire(&self, now: SystemTime) -> TaskAnswer<'_, Vec<Box<str>>> {
        let mut kept = self.kept();
        let entries = kept.entries.iter();
        let expired = entries.filter(|(_, it)| it.record.view.is_expired(now));
        let expired: Vec<Box<str>> = expired.map(|(id, _)| id.clone()).collect();
        expired.iter().for_each(|id| drop(kept.remove(id)));
        Answer::now(Ok(expired))
    }
}

#[cfg(test)]
mod tests;
