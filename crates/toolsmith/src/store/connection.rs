//! One tenant's database, open: what it may grow to, what may be said in it, and how it is
//! stopped.

use std::fmt;
use std::ops::Deref;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{OpenFlags, Statement};

use super::StoreError;
use super::authority::Authority;
use super::durable;
use super::error::Kind;
use super::migrations;
use super::work::{Lane, Wanted};

/// The size of a page, in bytes.
const PAGE: u64 = 4096;
/// What the library itself may write once the room of the tenant is used up, so that its
/// sessions and tasks can still end: so many pages, 4 MiB.
const RESERVE: u64 = 1024;
/// What one connection may keep of its file in memory, in KiB.
pub(super) const CACHE_KIB: u64 = 512;
/// How many steps of a statement are done between two looks at whether it is still wanted:
/// about a tenth of a millisecond.
const STEPS: i32 = 10_000;
/// Pages in the log of a file beyond which they are moved into it: 4 MiB.
const CHECKPOINT: u64 = 1024;
/// How often what is over is forgotten.
const TIDY: Duration = Duration::from_secs(60);
/// How many statements are kept prepared.
const STATEMENTS: usize = 32;
/// The longest text or blob, in bytes.
const LONGEST: i32 = 16 << 20;
/// The longest statement, in bytes.
const LONGEST_SQL: i32 = 256 << 10;

/// Whose it is, and how much it may keep.
#[derive(Clone, Debug)]
pub(super) struct About {
    pub(super) tenant: Arc<str>,
    /// Which run of a process it is opened in.
    pub(super) run: Arc<str>,
    /// In bytes.
    pub(super) quota: u64,
}

/// A tenant's database, open.
pub(super) struct Connection {
    db: rusqlite::Connection,
    authority: Authority,
    running: Arc<Mutex<Option<Wanted>>>,
    run: Arc<str>,
    tidied: Mutex<Instant>,
    quota: u64,
    lane: Mutex<Option<Lane>>,
    logged: AtomicBool,
    in_file: bool,
}

impl Connection {
    /// Opens the database of a tenant, in a file or in memory, and makes it what this
    /// version of the library expects.
    pub(super) fn open(file: Option<&Path>, about: &About) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = match file {
            Some(path) => rusqlite::Connection::open_with_flags(path, flags)?,
            None => rusqlite::Connection::open_in_memory_with_flags(flags)?,
        };
        let mut connection = Self {
            db,
            authority: Authority::default(),
            running: Arc::default(),
            run: Arc::clone(&about.run),
            tidied: Mutex::new(Instant::now()),
            quota: about.quota / PAGE,
            lane: Mutex::new(None),
            logged: AtomicBool::new(false),
            in_file: file.is_some(),
        };
        connection.set_up()?;
        migrations::run(&mut connection.db, &about.tenant)?;
        if connection.in_file {
            connection.own_batch("BEGIN -- toolsmith_")?;
            durable::recover(&connection, &about.tenant)?;
            durable::tidy(&connection)?;
            connection.own_batch("COMMIT -- toolsmith_")?;
        }
        connection.guard()?;
        Ok(connection)
    }

    /// How the file is kept.
    fn set_up(&self) -> Result<(), StoreError> {
        // Nobody else opens it, so its index of the log can be in memory, and a second
        // process is refused.
        self.db.execute_batch(&format!(
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA page_size = {PAGE}; PRAGMA cache_size = -{CACHE_KIB};"
        ))?;
        migrations::check(&self.db)?;
        // What was committed is on the disk before anybody is told.
        self.db.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA foreign_keys = ON;",
        )?;
        self.db.execute_batch(&format!(
            "PRAGMA journal_size_limit = {}; PRAGMA temp_store = FILE;",
            CHECKPOINT * PAGE
        ))?;
        Ok(())
    }

    /// What may be said in it, and how long.
    fn guard(&mut self) -> Result<(), StoreError> {
        self.db
            .set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        self.db
            .set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        self.db
            .set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
        self.db
            .set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
        self.db.set_limit(Limit::SQLITE_LIMIT_LENGTH, LONGEST)?;
        self.db
            .set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, LONGEST_SQL)?;
        self.db.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
        self.db.set_limit(Limit::SQLITE_LIMIT_WORKER_THREADS, 0)?;
        self.db.set_prepared_statement_cache_capacity(STATEMENTS);
        let running = Arc::clone(&self.running);
        self.db.progress_handler(
            STEPS,
            Some(move || lock(&running).as_ref().is_some_and(Wanted::is_over)),
        )?;
        self.db.authorizer(Some(self.authority.hook()))?;
        Ok(())
    }

    /// Stops what is done from here on once nobody wants it, until the guard is dropped.
    pub(super) fn while_wanted(&self, wanted: &Wanted) -> impl Drop + use<> {
        *lock(&self.running) = Some(wanted.clone());
        NoLonger(Arc::clone(&self.running))
    }

    /// Whose room is used from here on.
    pub(super) fn used_by(&self, lane: Lane) -> Result<(), StoreError> {
        let mut now = lock(&self.lane);
        if *now == Some(lane) {
            return Ok(());
        }
        let pages = match lane {
            Lane::System => self.quota + RESERVE,
            Lane::Tools => self.quota,
        };
        self.db.pragma_update(
            None,
            "max_page_count",
            i64::try_from(pages).unwrap_or(i64::MAX),
        )?;
        *now = Some(lane);
        Ok(())
    }

    /// Prepares a statement of the library's own. It has one of our names in it, by which no
    /// statement of a tool's is ever taken for it.
    pub(super) fn own(
        &self,
        sql: &'static str,
    ) -> Result<rusqlite::CachedStatement<'_>, StoreError> {
        debug_assert!(migrations::names_ours(sql), "{sql}");
        Ok(self.db.prepare_cached(sql)?)
    }

    /// Runs a statement of the library's own that takes nothing and gives nothing.
    pub(super) fn own_batch(&self, sql: &'static str) -> Result<(), StoreError> {
        self.own(sql)?.execute([])?;
        Ok(())
    }

    /// Does something with a statement of a tool's, which may do less.
    pub(super) fn of_tool<T>(
        &self,
        sql: &str,
        act: impl FnOnce(&mut Statement<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let _less = self.authority.of_tool();
        let done = if migrations::names_ours(sql) {
            // Never out of the cache, where one of our own may be under the same words.
            self.db
                .prepare(sql)
                .map_err(StoreError::from)
                .and_then(|mut it| act(&mut it))
        } else {
            self.db
                .prepare_cached(sql)
                .map_err(StoreError::from)
                .and_then(|mut it| act(&mut it))
        };
        done.map_err(|error| self.explained(error))
    }

    /// Does several statements of a tool's.
    pub(super) fn batch_of_tool(&self, sql: &str) -> Result<(), StoreError> {
        let _less = self.authority.of_tool();
        let done = self.db.execute_batch(sql).map_err(StoreError::from);
        done.map_err(|error| self.explained(error))
    }

    /// With what the statement was about to do, where it was refused.
    fn explained(&self, error: StoreError) -> StoreError {
        match self.authority.denied() {
            Some(what) => StoreError::new(Kind::Denied, what),
            None => error,
        }
    }

    /// Notes that something was written.
    pub(super) fn was_written(&self) {
        self.logged.store(true, Ordering::Relaxed);
    }

    /// Moves what is in the log into the file, once it is much.
    pub(super) fn checkpoint(&self) -> Result<(), StoreError> {
        if !self.in_file || !self.logged.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        let pages: i64 = self
            .db
            .query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| row.get(1))?;
        if u64::try_from(pages).unwrap_or(0) > CHECKPOINT {
            self.db
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        }
        Ok(())
    }

    /// Forgets what is over, once a minute.
    pub(super) fn tidy(&self) -> Result<(), StoreError> {
        let mut tidied = lock(&self.tidied);
        if !self.in_file || tidied.elapsed() < TIDY {
            return Ok(());
        }
        *tidied = Instant::now();
        drop(tidied);
        self.used_by(Lane::System)?;
        self.own_batch("BEGIN -- toolsmith_")?;
        let done = durable::tidy(self);
        let end = match done {
            Ok(()) => "COMMIT -- toolsmith_",
            Err(_) => "ROLLBACK -- toolsmith_",
        };
        done.and(self.own_batch(end))
    }

    /// Which run of a process it was opened in.
    pub(super) fn run(&self) -> Arc<str> {
        Arc::clone(&self.run)
    }
}

impl Deref for Connection {
    type Target = rusqlite::Connection;

    fn deref(&self) -> &rusqlite::Connection {
        &self.db
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

struct NoLonger(Arc<Mutex<Option<Wanted>>>);

impl Drop for NoLonger {
    fn drop(&mut self) {
        *lock(&self.0) = None;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
