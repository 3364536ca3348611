//! Legacy sessions in the stores of their tenants.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;
use rusqlite::{OptionalExtension as _, params};

use super::{milliseconds, now};
use crate::Caller;
use crate::ports::{
    Answer, SessionAnswer, SessionChange, SessionId, SessionRecord, SessionStore, SessionStoreError,
};
use crate::store::connection::Connection;
use crate::store::work::Lane;
use crate::store::{StoreError, Stores};

/// How often the last use of a session is written, at least, as a part of the time for which
/// one may go unused.
const PART: u32 = 8;
/// The same, at most.
const SELDOM: Duration = Duration::from_secs(60);

/// Legacy sessions in the stores of their tenants: there when the process is started again.
///
/// Those that are used are in memory, too, so that the common request asks no store. There
/// and on disk, one that is not used for too long is gone.
pub(crate) struct StoredSessions {
    stores: Stores,
    idle: Duration,
    most_of_tenant: usize,
    used: Mutex<LruCache<SessionId, Used>>,
    /// How often one was changed or removed: what was read before such a moment is not kept.
    changes: AtomicU64,
}

/// A session that is used.
struct Used {
    record: Arc<SessionRecord>,
    at: Instant,
    /// When its last use was written.
    written: Instant,
}

impl StoredSessions {
    /// At most so many of one tenant, and so many in memory.
    pub(crate) fn new(
        stores: Stores,
        idle: Duration,
        most_of_tenant: usize,
        in_memory: usize,
    ) -> Self {
        let room = NonZeroUsize::new(in_memory).unwrap_or(NonZeroUsize::MIN);
        Self {
            stores,
            idle,
            most_of_tenant,
            used: Mutex::new(LruCache::new(room)),
            changes: AtomicU64::new(0),
        }
    }

    fn used(&self) -> MutexGuard<'_, LruCache<SessionId, Used>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pause(&self) -> Duration {
        (self.idle / PART).min(SELDOM)
    }

    /// Until when a session is kept that is used now. Later uses may not be written for a
    /// while, and so it is longer than it has to be.
    fn expires(&self) -> i64 {
        now().saturating_add(milliseconds(self.idle + self.pause()))
    }

    /// A session of the caller that is in memory, which is used by that.
    fn find_used(&self, caller: &Caller, id: SessionId) -> Option<Arc<SessionRecord>> {
        let at = Instant::now();
        let mut all = self.used();
        let used = all.get_mut(&id)?;
        let is_stale = at.duration_since(used.at) >= self.idle;
        if used.record.caller != *caller || is_stale {
            return None;
        }
        used.at = at;
        let writes = at.duration_since(used.written) >= self.pause();
        if writes {
            used.written = at;
        }
        let record = Arc::clone(&used.record);
        drop(all);
        if writes {
            self.write_use(caller.tenant(), id);
        }
        Some(record)
    }

    /// Writes that a session is used, and waits for nothing: what was written before it holds
    /// for a while still.
    fn write_use(&self, tenant: &str, id: SessionId) {
        let (id, expires) = (id.to_string(), self.expires());
        let written = self
            .stores
            .ask(tenant, Lane::System, None, move |connection| {
                let mut update =
                    connection.own("UPDATE toolsmith_sessions SET expires = ?2 WHERE id = ?1")?;
                update.execute(params![id, expires])?;
                Ok(())
            });
        written.detach();
    }

    fn keep(&self, id: SessionId, record: &Arc<SessionRecord>, since: u64) {
        let at = Instant::now();
        let mut used = self.used();
        if self.changes.load(Ordering::Acquire) == since {
            let record = Arc::clone(record);
            used.put(
                id,
                Used {
                    record,
                    at,
                    written: at,
                },
            );
        }
    }

    /// Notes that what was read of sessions before may be old, and forgets one.
    fn has_changed(&self, id: SessionId) {
        let mut used = self.used();
        self.changes.fetch_add(1, Ordering::AcqRel);
        used.pop(&id);
    }

    async fn create(&self, record: SessionRecord) -> Result<SessionId, SessionStoreError> {
        let id = SessionId::random().map_err(|it| SessionStoreError::failed(it.to_string()))?;
        let since = self.changes.load(Ordering::Acquire);
        let (name, bytes, expires) = (id.to_string(), record.to_bytes(), self.expires());
        let most = i64::try_from(self.most_of_tenant).unwrap_or(i64::MAX);
        let (tenant, principal) = (record.caller.tenant(), record.caller.principal());
        let principal = principal.map(str::to_owned);
        let created = self.stores.ask(tenant, Lane::System, None, move |connection| {
            let mut count = connection
                .own("SELECT count(*) FROM toolsmith_sessions WHERE expires > ?1")?;
            let count: i64 = count.query_row([now()], |row| row.get(0))?;
            if count >= most {
                return Ok(false);
            }
            let mut insert = connection.own(
                "INSERT INTO toolsmith_sessions (id, principal, record, expires) VALUES (?1, ?2, ?3, ?4)",
            )?;
            insert.execute(params![name, principal, bytes, expires])?;
            Ok(true)
        });
        match created.await {
            Ok(true) => {
                self.keep(id, &Arc::new(record), since);
                Ok(id)
            }
            Ok(false) => Err(SessionStoreError::Full),
            Err(error) if error.is_full() => Err(SessionStoreError::Full),
            Err(error) => Err(SessionStoreError::failed(error)),
        }
    }

    async fn load(
        &self,
        caller: &Caller,
        id: SessionId,
    ) -> Result<Option<Arc<SessionRecord>>, SessionStoreError> {
        let since = self.changes.load(Ordering::Acquire);
        let (name, expires) = (id.to_string(), self.expires());
        let (tenant, principal) = (caller.tenant(), caller.principal().map(str::to_owned));
        let found = self
            .stores
            .ask(tenant, Lane::System, None, move |connection| {
                let mut update = connection.own(
                    "UPDATE toolsmith_sessions SET expires = ?4
                 WHERE id = ?1 AND principal IS ?2 AND expires > ?3 RETURNING record",
                )?;
                let found = params![name, principal, now(), expires];
                let found = update.query_row(found, |row| row.get(0));
                Ok::<Option<Vec<u8>>, _>(found.optional()?)
            });
        let Some(bytes) = found.await.map_err(SessionStoreError::failed)? else {
            return Ok(None);
        };
        let record = SessionRecord::from_bytes(tenant, &bytes);
        let record = Arc::new(record.map_err(SessionStoreError::failed)?);
        self.keep(id, &record, since);
        Ok(Some(record))
    }

    async fn write(
        &self,
        tenant: &str,
        id: SessionId,
        change: SessionChange,
    ) -> Result<bool, SessionStoreError> {
        let (name, whose) = (id.to_string(), tenant.to_owned());
        let changed = self
            .stores
            .ask(tenant, Lane::System, None, move |connection| {
                let mut select = connection
                    .own("SELECT record FROM toolsmith_sessions WHERE id = ?1 AND expires > ?2")?;
                let found = select.query_row(params![name, now()], |row| row.get::<_, Vec<u8>>(0));
                let Some(bytes) = found.optional()? else {
                    return Ok(false);
                };
                let mut record =
                    SessionRecord::from_bytes(&whose, &bytes).map_err(StoreError::unreadable)?;
                record.apply(change.clone());
                let mut update =
                    connection.own("UPDATE toolsmith_sessions SET record = ?2 WHERE id = ?1")?;
                update.execute(params![name, record.to_bytes()])?;
                Ok(true)
            });
        let changed = changed.await.map_err(SessionStoreError::failed)?;
        // The next one to look reads it anew.
        self.has_changed(id);
        Ok(changed)
    }

    async fn delete(&self, tenant: &str, id: SessionId) -> Result<bool, SessionStoreError> {
        let name = id.to_string();
        let removed = self
            .stores
            .ask(tenant, Lane::System, None, move |connection| {
                let mut delete = connection
                    .own("DELETE FROM toolsmith_sessions WHERE id = ?1 RETURNING expires > ?2")?;
                let had = delete.query_row(params![name, now()], |row| row.get::<_, bool>(0));
                let had = had.optional()?;
                forget_streams(connection, &name)?;
                Ok(had.unwrap_or(false))
            });
        let removed = removed.await.map_err(SessionStoreError::failed)?;
        self.has_changed(id);
        Ok(removed)
    }

    /// Takes those out of memory that nobody uses. On disk they are found to be over.
    fn forget_unused(&self) -> Vec<(Arc<str>, SessionId)> {
        let now = Instant::now();
        let mut all = self.used();
        let mut gone = Vec::new();
        while let Some((_, used)) = all.peek_lru()
            && now.duration_since(used.at) >= self.idle
            && let Some((id, used)) = all.pop_lru()
        {
            gone.push((used.record.caller.tenant().into(), id));
        }
        gone
    }
}

/// Forgets what was sent on the streams of a session.
pub(super) fn forget_streams(connection: &Connection, session: &str) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM toolsmith_events WHERE session = ?1",
        "DELETE FROM toolsmith_streams WHERE session = ?1",
    ] {
        connection.own(sql)?.execute([session])?;
    }
    Ok(())
}

impl SessionStore for StoredSessions {
    fn create(&self, record: SessionRecord) -> SessionAnswer<'_, SessionId> {
        Answer::later(self.create(record))
    }

    fn find<'a>(
        &'a self,
        caller: &'a Caller,
        id: SessionId,
    ) -> SessionAnswer<'a, Option<Arc<SessionRecord>>> {
        match self.find_used(caller, id) {
            Some(record) => Answer::now(Ok(Some(record))),
            None => Answer::later(self.load(caller, id)),
        }
    }

    fn change<'a>(
        &'a self,
        tenant: &'a str,
        id: SessionId,
        change: SessionChange,
    ) -> SessionAnswer<'a, bool> {
        Answer::later(self.write(tenant, id, change))
    }

    fn remove<'a>(&'a self, tenant: &'a str, id: SessionId) -> SessionAnswer<'a, bool> {
        Answer::later(self.delete(tenant, id))
    }

    fn expire(&self) -> SessionAnswer<'_, Vec<(Arc<str>, SessionId)>> {
        Answer::now(Ok(self.forget_unused()))
    }

    /// Those that are used.
    fn len(&self) -> usize {
        self.used().len()
    }
}

impl fmt::Debug for StoredSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredSessions")
            .field("used", &self.len())
            .finish_non_exhaustive()
    }
}
