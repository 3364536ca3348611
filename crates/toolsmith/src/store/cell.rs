//! A tenant's store while it is open: what waits for it, done in turns by one thread at a
//! time.

use std::collections::VecDeque;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use super::cells::Inner;
use super::connection::{About, Connection};
use super::directory::make_folder_of;
use super::error::Kind;
use super::threads::Turns;
use super::work::{Lane, Work};
use super::{StoreError, batch};

/// How much work of tools may wait for one tenant's store.
const WAITING: usize = 1024;
/// How much of the library's own may.
const WAITING_OF_OURS: usize = 8192;
/// How many pieces of work a turn takes on, at most.
const BATCH: usize = 256;

/// A tenant's store.
pub(super) struct Cell {
    about: About,
    /// In memory where there is none.
    file: Option<PathBuf>,
    cells: Weak<Inner>,
    state: Mutex<State>,
}

struct State {
    ours: VecDeque<Box<dyn Work>>,
    tools: VecDeque<Box<dyn Work>>,
    connection: Option<Connection>,
    /// It is in line for a turn, or has one.
    busy: bool,
    /// It is in the table no more.
    gone: bool,
    used: Instant,
}

/// Why a piece of work was not taken.
pub(super) enum NotTaken {
    /// Too much waits.
    Busy,
    /// The cell has gone; there may be another.
    Gone(Box<dyn Work>),
}

impl Cell {
    pub(super) fn new(about: About, file: Option<PathBuf>, cells: Weak<Inner>) -> Self {
        Self {
            about,
            file,
            cells,
            state: Mutex::new(State {
                ours: VecDeque::new(),
                tools: VecDeque::new(),
                connection: None,
                busy: false,
                gone: false,
                used: Instant::now(),
            }),
        }
    }

    pub(super) fn tenant(&self) -> &Arc<str> {
        &self.about.tenant
    }

    /// Takes on a piece of work. `true` when it is to be put in line for a turn.
    pub(super) fn push(&self, work: Box<dyn Work>) -> Result<bool, NotTaken> {
        let mut state = self.state();
        if state.gone {
            return Err(NotTaken::Gone(work));
        }
        let (queue, most) = match work.lane() {
            Lane::System => (&mut state.ours, WAITING_OF_OURS),
            Lane::Tools => (&mut state.tools, WAITING),
        };
        if queue.len() >= most {
            return Err(NotTaken::Busy);
        }
        queue.push_back(work);
        state.used = Instant::now();
        Ok(!std::mem::replace(&mut state.busy, true))
    }

    /// Takes it out of use so that it can be closed, if nobody uses it now or has since then.
    pub(super) fn retire(&self, then: Instant) -> Option<Retired> {
        let mut state = self.state();
        if state.busy || state.used > then || state.connection.is_none() {
            return None;
        }
        state.busy = true;
        Some(Retired {
            _connection: state.connection.take(),
        })
    }

    /// Ends what was retired or failed to open: it has gone, unless there is work again.
    /// Called with the table locked, so that nobody finds it meanwhile.
    pub(super) fn leave(&self) -> bool {
        let mut state = self.state();
        state.gone = !state.has_work();
        state.busy = !state.gone;
        state.gone
    }

    /// Gives up all that waits.
    fn fail_all(&self, error: &StoreError) {
        let waiting: Vec<_> = {
            let mut state = self.state();
            let State { ours, tools, .. } = &mut *state;
            ours.drain(..).chain(tools.drain(..)).collect()
        };
        for work in waiting {
            work.end(Err(error.clone()));
        }
    }

    fn open(&self, cells: &Inner) -> Result<Connection, StoreError> {
        cells.make_room()?;
        let folder = self.file.as_deref().map_or(Ok(()), make_folder_of);
        let opened = folder
            .map_err(|error| StoreError::new(Kind::Disk, error.to_string()))
            .and_then(|()| Connection::open(self.file.as_deref(), &self.about));
        if let Err(error) = &opened {
            cells.has_closed();
            tracing::error!(%error, file = ?self.file, "the store of a tenant could not be opened");
        }
        opened
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_work(&self) -> bool {
        !self.ours.is_empty() || !self.tools.is_empty()
    }
}

/// A connection that is about to be closed.
pub(super) struct Retired {
    _connection: Option<Connection>,
}

impl Turns for Cell {
    fn turn(self: &Arc<Self>) -> bool {
        let Some(cells) = self.cells.upgrade() else {
            self.fail_all(&StoreError::busy());
            return false;
        };
        let (connection, work) = {
            let mut state = self.state();
            let State {
                ours,
                tools,
                connection,
                ..
            } = &mut *state;
            let first = ours.len().min(BATCH);
            let then = tools.len().min(BATCH - first);
            let work: Vec<_> = ours.drain(..first).chain(tools.drain(..then)).collect();
            (connection.take(), work)
        };
        let connection = match connection.map_or_else(|| self.open(&cells), Ok) {
            Ok(connection) => connection,
            Err(error) => {
                for work in work {
                    work.end(Err(error.clone()));
                }
                self.fail_all(&error);
                return !cells.forget(self);
            }
        };
        let rest = batch::run(&connection, work);
        if let Err(error) = connection.tidy().and_then(|()| connection.checkpoint()) {
            tracing::warn!(%error, file = ?self.file, "the store of a tenant could not be tidied; it is tried again");
        }
        let mut state = self.state();
        for work in rest.into_iter().rev() {
            match work.lane() {
                Lane::System => state.ours.push_front(work),
                Lane::Tools => state.tools.push_front(work),
            }
        }
        state.connection = Some(connection);
        state.used = Instant::now();
        state.busy = state.has_work();
        state.busy
    }
}

impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cell").finish_non_exhaustive()
    }
}
