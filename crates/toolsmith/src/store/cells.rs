//! The stores of all tenants: which are open, and which is closed to make room.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lru::LruCache;

use super::budget::Budget;
use super::cell::{Cell, NotTaken};
use super::connection::{About, Connection};
use super::directory::DataDirectory;
use super::error::Kind;
use super::handle::Handle;
use super::threads::Threads;
use super::work::{self, Lane};
use super::{Db, Kv, StoreError, StoreFuture};
use crate::server::{Cancellation, StateKey};

/// How many threads work on stores, at most.
const THREADS: usize = 64;

/// The stores of a server's tenants, one for each: a SQLite file, or a database in memory
/// where there is no data directory.
///
/// A store is opened when it is first used. It is closed when it was not used for a while, or
/// when another needs its place; those in memory stay.
///
/// Cheap to clone. When the last one is dropped, the stores are closed.
#[derive(Clone)]
pub struct Stores(Arc<Owned>);

/// What is shared by all who use the stores, and ends the threads.
struct Owned {
    inner: Arc<Inner>,
    _stop: SyncSender<()>,
}

/// The stores themselves.
pub(super) struct Inner {
    directory: Option<DataDirectory>,
    budget: Budget,
    quota: u64,
    /// Names this run of the process.
    run: Arc<str>,
    table: Mutex<LruCache<Arc<str>, Arc<Cell>>>,
    /// How many connections there are.
    open: AtomicUsize,
    threads: Arc<Threads<Cell>>,
}

/// How stores are kept.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// What one tenant may keep, in bytes; 256 MiB by default.
    pub quota: u64,
    /// What all open stores together may take of memory, in bytes; 512 MiB by default.
    pub memory: u64,
    /// How long a store stays open that nobody uses; a minute by default.
    pub idle: Duration,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            quota: 256 << 20,
            memory: 512 << 20,
            idle: Duration::from_secs(60),
        }
    }
}

impl Stores {
    /// Stores in memory: gone when the process ends.
    pub fn in_memory(options: &StoreOptions) -> Self {
        Self::new(None, options)
    }

    /// Stores in a data directory, which is made when there is none. One process at a time
    /// has it.
    ///
    /// # Errors
    ///
    /// When the directory cannot be made or written to, or another process has it.
    pub fn open(directory: impl Into<PathBuf>, options: &StoreOptions) -> crate::Result<Self> {
        let directory = DataDirectory::open(directory.into())?;
        Ok(Self::new(Some(directory), options))
    }

    fn new(directory: Option<DataDirectory>, options: &StoreOptions) -> Self {
        let budget = Budget::new(options.memory);
        let inner = Arc::new(Inner {
            threads: Threads::new(THREADS.min(budget.stores())),
            directory,
            budget,
            quota: options.quota,
            run: run(),
            table: Mutex::new(LruCache::unbounded()),
            open: AtomicUsize::new(0),
        });
        let (stop, stopped) = sync_channel(0);
        if inner.directory.is_some() {
            keep(&inner, options.idle, stopped);
        }
        Self(Arc::new(Owned { inner, _stop: stop }))
    }

    /// The keys and values of a tenant, for what is done outside a call.
    pub fn kv(&self, tenant: &str) -> Kv {
        Kv::new(Handle::outside(self.clone(), tenant))
    }

    /// The SQL database of a tenant, for what is done outside a call.
    pub fn db(&self, tenant: &str) -> Db {
        Db::new(Handle::outside(self.clone(), tenant))
    }

    /// The key that the data directory has for what travels through clients, so that what was
    /// sealed before the process was started again can be opened after it. None in memory.
    ///
    /// # Errors
    ///
    /// When its file cannot be read or written.
    pub(crate) fn state_key(&self) -> crate::Result<Option<StateKey>> {
        let directory = self.0.inner.directory.as_ref();
        directory.map(DataDirectory::state_key).transpose()
    }

    /// Names this run of the process: what another has begun is worked on no more.
    pub(crate) fn run(&self) -> Arc<str> {
        Arc::clone(&self.0.inner.run)
    }

    /// Whether what is kept is on disk.
    pub(crate) fn are_on_disk(&self) -> bool {
        self.0.inner.directory.is_some()
    }

    /// How many stores are open.
    pub fn open_stores(&self) -> usize {
        self.0.inner.open.load(Ordering::Relaxed)
    }

    /// How many may be open: what the limit of file descriptors and the memory allow.
    pub fn most_open(&self) -> usize {
        self.0.inner.budget.stores()
    }

    /// Has something done in the store of a tenant.
    pub(super) fn ask<T, F>(
        &self,
        tenant: &str,
        lane: Lane,
        call: Option<Cancellation>,
        function: F,
    ) -> StoreFuture<T>
    where
        T: Send + 'static,
        F: FnMut(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (mut work, future) = work::asked(lane, call, function);
        let inner = &self.0.inner;
        loop {
            let cell = inner.cell(tenant);
            match cell.push(work) {
                Ok(false) => return future,
                Ok(true) if Threads::add(&inner.threads, cell) => return future,
                Ok(true) | Err(NotTaken::Busy) => return StoreFuture::failed(StoreError::busy()),
                Err(NotTaken::Gone(back)) => work = back,
            }
        }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        self.inner.threads.close();
    }
}

impl Inner {
    /// The cell of a tenant, the most recently used from now on.
    fn cell(self: &Arc<Self>, tenant: &str) -> Arc<Cell> {
        let mut table = self.table();
        if let Some(cell) = table.get(tenant) {
            return Arc::clone(cell);
        }
        let tenant = Arc::<str>::from(tenant);
        let file = self.directory.as_ref().map(|it| it.file_of(&tenant));
        let about = About {
            tenant: Arc::clone(&tenant),
            run: Arc::clone(&self.run),
            quota: self.quota,
        };
        let cell = Arc::new(Cell::new(about, file, Arc::downgrade(self)));
        table.put(tenant, Arc::clone(&cell));
        cell
    }

    /// Counts a connection that is about to be opened, and closes those for whom there is no
    /// room then.
    pub(super) fn make_room(&self) -> Result<(), StoreError> {
        let most = self.budget.stores();
        let now = self.open.fetch_add(1, Ordering::AcqRel) + 1;
        if now <= most {
            return Ok(());
        }
        if self.directory.is_none() {
            self.has_closed();
            return Err(StoreError::new(
                Kind::Busy,
                "there is no room in memory for the store of another tenant; give the server a data directory, with --data, or more memory for stores",
            ));
        }
        while self.open.load(Ordering::Acquire) > most && self.close_one(Instant::now()) {}
        // Those that all work at once are few, and the budget has room for them.
        Ok(())
    }

    /// Counts a connection no more.
    pub(super) fn has_closed(&self) {
        self.open.fetch_sub(1, Ordering::AcqRel);
    }

    /// Closes the store that was not used for the longest time, of those that nobody uses now
    /// or has used since then.
    fn close_one(&self, then: Instant) -> bool {
        let retired = {
            let table = self.table();
            let mut oldest = table.iter().rev();
            oldest.find_map(|(_, cell)| Some((Arc::clone(cell), cell.retire(then)?)))
        };
        let Some((cell, retired)) = retired else {
            return false;
        };
        drop(retired);
        self.has_closed();
        if !self.forget(&cell) && !Threads::add(&self.threads, cell) {
            tracing::warn!("work waits for a thread that cannot be started");
        }
        true
    }

    /// Takes a cell out of the table, unless there is work for it.
    pub(super) fn forget(&self, cell: &Arc<Cell>) -> bool {
        let mut table = self.table();
        let gone = cell.leave();
        if gone {
            table.pop(cell.tenant());
        }
        gone
    }

    fn table(&self) -> MutexGuard<'_, LruCache<Arc<str>, Arc<Cell>>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A name for a run of the process: its beginning and its number.
fn run() -> Arc<str> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let since = since.unwrap_or_default().as_nanos();
    format!("{since:x}-{:x}", std::process::id()).into()
}

/// Closes what nobody uses, for as long as somebody has the stores.
fn keep(inner: &Arc<Inner>, idle: Duration, stopped: Receiver<()>) {
    let inner: Weak<Inner> = Arc::downgrade(inner);
    let pause = (idle / 2).clamp(Duration::from_millis(10), Duration::from_secs(30));
    let named = thread::Builder::new().name("toolsmith-keep".to_owned());
    let started = named.spawn(move || {
        while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(pause) {
            let (Some(inner), Some(then)) = (inner.upgrade(), Instant::now().checked_sub(idle))
            else {
                continue;
            };
            while inner.close_one(then) {}
        }
    });
    if let Err(error) = started {
        tracing::warn!(%error, "stores that nobody uses stay open until others need their place: no thread could be started");
    }
}

impl fmt::Debug for Stores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stores")
            .field("open", &self.open_stores())
            .field("directory", &self.0.inner.directory)
            .finish_non_exhaustive()
    }
}
