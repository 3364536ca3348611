//! Tasks in the stores of their tenants.

use std::fmt;
use std::time::SystemTime;

use rusqlite::{OptionalExtension as _, params};

use super::{milliseconds, now, since_1970};
use crate::Caller;
use crate::ports::{
    Answer, SessionId, TaskAnswer, TaskLimits, TaskOwner, TaskPlace, TaskRecord, TaskStore,
    TaskStoreError,
};
use crate::protocol::TaskView;
use crate::store::connection::Connection;
use crate::store::work::Lane;
use crate::store::{StoreError, StoreFuture, Stores};

/// What a task may always hold, in bytes, so that the end of one can be written at least.
const ALWAYS: i64 = 2048;

/// Tasks in the stores of their tenants: there when the process is started again.
///
/// The limits are those of one tenant. Over one, the oldest tasks of the same owner that are
/// over make room; where they cannot, there is none.
pub(crate) struct StoredTasks {
    stores: Stores,
    limits: TaskLimits,
}

impl StoredTasks {
    pub(crate) fn new(stores: Stores, limits: TaskLimits) -> Self {
        Self { stores, limits }
    }

    fn ask<'a, T, F>(&self, tenant: &str, function: F) -> TaskAnswer<'a, T>
    where
        T: Send + 'static,
        F: FnMut(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let asked: StoreFuture<T> = self.stores.ask(tenant, Lane::System, None, function);
        Answer::later(async move {
            asked.await.map_err(|error| match error.is_full() {
                true => TaskStoreError::Full,
                false => TaskStoreError::failed(error),
            })
        })
    }
}

/// An owner as a row has it: what kind, and which.
pub(super) fn written(owner: &TaskOwner) -> String {
    match owner {
        TaskOwner::Known(caller) => format!("k{}", caller.principal().unwrap_or_default()),
        TaskOwner::Session(session) => format!("s{session}"),
        TaskOwner::Holder => "h".to_owned(),
    }
}

pub(super) fn read(tenant: &str, owner: &str) -> Option<TaskOwner> {
    match owner.split_at_checked(1)? {
        ("k", principal) => {
            let caller = Caller::new(tenant).with_principal(principal);
            Some(TaskOwner::Known(caller))
        }
        ("s", session) => SessionId::parse(session.as_bytes()).map(TaskOwner::Session),
        ("h", "") => Some(TaskOwner::Holder),
        _ => None,
    }
}

/// When a task is over its time.
fn expires(view: &TaskView) -> Option<i64> {
    let ttl = view.ttl?;
    Some(since_1970(view.created).saturating_add(milliseconds(ttl)))
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Whether there is room for so many more tasks and bytes of an owner, once the oldest of the
/// owner that are over made room.
fn make_room(
    connection: &Connection,
    owner: &str,
    (tasks, bytes): (i64, i64),
    limits: &TaskLimits,
) -> Result<bool, StoreError> {
    loop {
        let mut held = connection.own(
            "SELECT count(*), coalesce(sum(bytes), 0),
                 count(*) FILTER (WHERE owner = ?1), coalesce(sum(bytes) FILTER (WHERE owner = ?1), 0)
             FROM toolsmith_tasks",
        )?;
        let held: [i64; 4] = held.query_row([owner], |row| {
            Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])
        })?;
        // Whoever holds an identifier is somebody else than those who hold others.
        let own = owner != "h";
        let fits = |more: i64, held: i64, most: usize| more <= 0 || held + more <= count(most);
        let has_room = fits(tasks, held[0], limits.tasks)
            && fits(bytes, held[1], limits.bytes)
            && (!own || fits(tasks, held[2], limits.tasks_per_owner))
            && (!own || fits(bytes, held[3], limits.bytes_per_owner));
        if has_room {
            return Ok(true);
        }
        let mut oldest = connection.own(
            "DELETE FROM toolsmith_tasks WHERE id =
                 (SELECT id FROM toolsmith_tasks WHERE owner = ?1 AND over = 1 ORDER BY created, id LIMIT 1)",
        )?;
        if !own || oldest.execute([owner])? == 0 {
            return Ok(false);
        }
    }
}

/// A task that is kept.
struct Kept {
    record: TaskRecord,
    owner: String,
    bytes: i64,
    is_over: bool,
}

fn find(connection: &Connection, tenant: &str, id: &str) -> Result<Option<Kept>, StoreError> {
    let mut select =
        connection.own("SELECT owner, record, bytes, over FROM toolsmith_tasks WHERE id = ?1")?;
    let found = select.query_row([id], |row| {
        let owner: String = row.get(0)?;
        Ok((owner, row.get::<_, Vec<u8>>(1)?, row.get(2)?, row.get(3)?))
    });
    let Some((owner, bytes_of_record, bytes, is_over)) = found.optional()? else {
        return Ok(None);
    };
    let record = decode(tenant, &owner, &bytes_of_record)?;
    Ok(Some(Kept {
        record,
        owner,
        bytes,
        is_over,
    }))
}

pub(super) fn decode(tenant: &str, owner: &str, bytes: &[u8]) -> Result<TaskRecord, StoreError> {
    let owner = read(tenant, owner).ok_or_else(|| StoreError::unreadable("an unknown owner"))?;
    TaskRecord::from_bytes(tenant, owner, bytes).map_err(StoreError::unreadable)
}

/// Writes what is known of a task that is kept already.
pub(super) fn write(connection: &Connection, record: &TaskRecord) -> Result<(), StoreError> {
    let view = &record.view;
    let mut update = connection.own(
        "UPDATE toolsmith_tasks SET expires = ?2, over = ?3, bytes = ?4, record = ?5 WHERE id = ?1",
    )?;
    update.execute(params![
        &*view.id,
        expires(view),
        view.status.is_terminal(),
        count(view.bytes()),
        record.to_bytes()
    ])?;
    Ok(())
}

impl TaskStore for StoredTasks {
    fn create(&self, record: TaskRecord) -> TaskAnswer<'_, ()> {
        let (tenant, limits, run) = (record.tenant.clone(), self.limits, self.stores.run());
        let owner = written(&record.owner);
        let created = self.ask(&tenant, move |connection| {
            let view = &record.view;
            if !make_room(connection, &owner, (1, count(view.bytes())), &limits)? {
                return Ok(false);
            }
            let mut insert = connection.own(
                "INSERT INTO toolsmith_tasks (id, owner, created, expires, over, bytes, run, record)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?;
            insert.execute(params![
                &*view.id,
                owner,
                since_1970(view.created),
                expires(view),
                view.status.is_terminal(),
                count(view.bytes()),
                run,
                record.to_bytes()
            ])?;
            Ok(true)
        });
        Answer::later(async move {
            match created.await? {
                true => Ok(()),
                false => Err(TaskStoreError::Full),
            }
        })
    }

    fn find<'a>(&'a self, tenant: &'a str, id: &'a str) -> TaskAnswer<'a, Option<TaskRecord>> {
        let (whose, id) = (tenant.to_owned(), id.to_owned());
        self.ask(tenant, move |connection| {
            Ok(find(connection, &whose, &id)?.map(|it| it.record))
        })
    }

    fn update<'a>(&'a self, tenant: &'a str, view: TaskView) -> TaskAnswer<'a, bool> {
        let (whose, limits) = (tenant.to_owned(), self.limits);
        let updated = self.ask(tenant, move |connection| {
            let Some(kept) = find(connection, &whose, &view.id)?.filter(|it| !it.is_over) else {
                return Ok(Some(false));
            };
            let bytes = count(view.bytes());
            let has_room = make_room(connection, &kept.owner, (0, bytes - kept.bytes), &limits)?;
            if !has_room && bytes > ALWAYS {
                return Ok(None);
            }
            let view = view.clone();
            write(
                connection,
                &TaskRecord {
                    view,
                    ..kept.record
                },
            )?;
            Ok(Some(true))
        });
        Answer::later(async move { updated.await?.ok_or(TaskStoreError::Full) })
    }

    fn list<'a>(
        &'a self,
        tenant: &'a str,
        owner: &'a TaskOwner,
        after: Option<&'a TaskPlace>,
        most: usize,
    ) -> TaskAnswer<'a, Vec<TaskView>> {
        let (whose, owner) = (tenant.to_owned(), written(owner));
        let (created, id) = match after {
            Some(place) => (since_1970(place.created), place.id.to_string()),
            None => (-1, String::new()),
        };
        let most = count(most);
        self.ask(tenant, move |connection| {
            let mut select = connection.own(
                "SELECT record FROM toolsmith_tasks
                 WHERE owner = ?1 AND (created, id) > (?2, ?3) ORDER BY created, id LIMIT ?4",
            )?;
            let mut rows = select.query(params![owner, created, id, most])?;
            let mut views = Vec::new();
            while let Some(row) = rows.next()? {
                let bytes: Vec<u8> = row.get(0)?;
                views.push(decode(&whose, &owner, &bytes)?.view.summary());
            }
            Ok(views)
        })
    }

    fn remove<'a>(
        &'a self,
        tenant: &'a str,
        owner: &'a TaskOwner,
    ) -> TaskAnswer<'a, Vec<Box<str>>> {
        let owner = written(owner);
        self.ask(tenant, move |connection| {
            let mut delete =
                connection.own("DELETE FROM toolsmith_tasks WHERE owner = ?1 RETURNING id")?;
            let rows = delete.query_map([&owner], |row| Ok(row.get::<_, String>(0)?.into()))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Those of stores that are closed go when these are opened.
    fn expire(&self, now: SystemTime) -> TaskAnswer<'_, Vec<Box<str>>> {
        let _ = now;
        Answer::now(Ok(Vec::new()))
    }
}

/// Forgets the tasks whose time is over.
pub(super) fn forget_expired(connection: &Connection) -> Result<(), StoreError> {
    connection
        .own("DELETE FROM toolsmith_tasks WHERE expires <= ?1")?
        .execute([now()])?;
    Ok(())
}

impl fmt::Debug for StoredTasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredTasks")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
