//! The threads on which cells work: a bounded number at once, and none that many tenants have
//! to wait for.
//!
//! Whoever works holds a permit, of which there are a few for each core. A cell that holds one
//! for too long, with a statement that takes long or a transaction that waits for something,
//! goes on without it, so that the others go on, too. Cells take turns: one that has more to
//! do after its turn goes to the end of the line.

use std::cell::Cell;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a turn may hold a permit.
const LONG: Duration = Duration::from_millis(20);
/// How long the end is waited for.
const LAST: Duration = Duration::from_secs(5);
/// How long a thread waits for something to do before it ends.
const IDLE: Duration = Duration::from_secs(10);

thread_local! {
    /// Whether this thread gives somebody a turn.
    static HAS_TURN: Cell<bool> = const { Cell::new(false) };
}

/// Something that takes turns.
pub(super) trait Turns: Send + Sync + 'static {
    /// Takes a turn. `true` to have another.
    fn turn(self: &Arc<Self>) -> bool;
}

/// The threads, and who waits for a turn on one.
pub(super) struct Threads<C> {
    permits: usize,
    most: usize,
    state: Mutex<State<C>>,
    work: Condvar,
    /// Rung when a turn has ended after they were closed.
    done: Condvar,
}

struct State<C> {
    line: VecDeque<Arc<C>>,
    /// Since when those have worked who hold a permit.
    working: HashMap<u64, Instant>,
    next: u64,
    /// How many have a turn, with a permit or without.
    turns: usize,
    threads: usize,
    idle: usize,
    /// Somebody looks whether a permit is held too long.
    watched: bool,
    closed: bool,
}

impl<C: Turns> Threads<C> {
    /// At most so many threads.
    pub(super) fn new(most: usize) -> Arc<Self> {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Arc::new(Self {
            permits: (4 * cores).clamp(1, most.saturating_sub(1).max(1)),
            most: most.max(2),
            state: Mutex::new(State {
                line: VecDeque::new(),
                working: HashMap::new(),
                next: 0,
                turns: 0,
                threads: 0,
                idle: 0,
                watched: false,
                closed: false,
            }),
            work: Condvar::new(),
            done: Condvar::new(),
        })
    }

    /// Puts somebody at the end of the line. `false` when there is no thread to come to it,
    /// and none can be started.
    pub(super) fn add(this: &Arc<Self>, who: Arc<C>) -> bool {
        let mut state = this.state();
        state.line.push_back(who);
        this.call(&mut state) || {
            state.line.pop_back();
            false
        }
    }

    /// Lets the threads end once the line is empty, and waits for that, for a while; a thread
    /// of these does not wait for itself.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        self.work.notify_all();
        if HAS_TURN.get() {
            return;
        }
        let until = Instant::now() + LAST;
        while state.turns > 0 || !state.line.is_empty() {
            let Some(time) = until.checked_duration_since(Instant::now()) else {
                tracing::warn!("work on stores goes on though the server has ended");
                return;
            };
            let waited = self.done.wait_timeout(state, time);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Has somebody come for what waits.
    fn call(self: &Arc<Self>, state: &mut State<C>) -> bool {
        if state.idle > 0 {
            self.work.notify_one();
            return true;
        }
        if state.threads >= self.most {
            return true;
        }
        let threads = Arc::clone(self);
        let named = thread::Builder::new().name("toolsmith-store".to_owned());
        match named.spawn(move || threads.look()) {
            Ok(_) => {
                state.threads += 1;
                true
            }
            Err(error) => {
                tracing::warn!(%error, threads = state.threads, "a thread for stores could not be started; allow the process more threads or more memory");
                state.threads > 0
            }
        }
    }

    /// What a thread does from its beginning to its end.
    fn look(self: Arc<Self>) {
        let mut state = self.state();
        loop {
            let has_permit = state.working.len() < self.permits;
            if has_permit && let Some(who) = state.line.pop_front() {
                let number = state.next;
                state.next += 1;
                state.turns += 1;
                state.working.insert(number, Instant::now());
                if !state.line.is_empty() {
                    self.call(&mut state);
                }
                drop(state);
                HAS_TURN.set(true);
                let again = who.turn().then_some(who);
                HAS_TURN.set(false);
                state = self.state();
                state.turns -= 1;
                state.working.remove(&number);
                state.line.extend(again);
                if state.closed {
                    self.done.notify_all();
                }
                continue;
            }
            if state.line.is_empty() && state.closed {
                break;
            }
            let watches = !state.line.is_empty() && !std::mem::replace(&mut state.watched, true);
            state.idle += 1;
            let time = if watches { LONG / 2 } else { IDLE };
            let waited = self.work.wait_timeout(state, time);
            let (woken, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.idle -= 1;
            if watches {
                state.watched = false;
                let now = Instant::now();
                state
                    .working
                    .retain(|_, since| now.duration_since(*since) < LONG);
            } else if timeout.timed_out() && state.line.is_empty() {
                break;
            }
        }
        state.threads -= 1;
    }

    fn state(&self) -> MutexGuard<'_, State<C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C> fmt::Debug for Threads<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("Threads")
            .field("threads", &state.threads)
            .field("working", &state.working.len())
            .field("waiting", &state.line.len())
            .finish_non_exhaustive()
    }
}
