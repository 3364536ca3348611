//! Threads that take jobs from one queue.
//!
//! Where there are jobs, somebody looks at the queue: a thread that is on its way, or, once
//! all of them run, whichever is done first. So at most one thread is woken at a time, and
//! it wakes the next if it leaves something behind.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How long a thread waits for something to do before it ends.
const IDLE: Duration = Duration::from_secs(10);

/// What a thread does.
pub(super) trait Job: Send {
    /// Does it.
    fn run(&mut self);

    /// Says that it is done. By then it does not count any more.
    fn tell(self: Box<Self>);
}

/// Where a job waits.
pub(super) type Place = u64;

/// The threads, and what they are to do.
pub(super) struct Threads {
    max: usize,
    queue: usize,
    state: Mutex<State>,
    /// Rung for a thread that is idle.
    work: Condvar,
}

#[derive(Default)]
struct State {
    /// In the order in which they came.
    jobs: BTreeMap<Place, Box<dyn Job>>,
    next: Place,
    /// How many threads there are, how many of them do nothing, and how many do a job.
    threads: usize,
    idle: usize,
    running: usize,
    /// A thread was woken or started, or is about to look again.
    on_its_way: bool,
    /// No more jobs come.
    closed: bool,
}

impl Threads {
    pub(super) fn new(max: usize, queue: usize) -> Self {
        Self {
            max,
            queue,
            state: Mutex::default(),
            work: Condvar::new(),
        }
    }

    /// Adds a job, if there is room for it.
    pub(super) fn add(this: &Arc<Self>, job: Box<dyn Job>) -> Option<Place> {
        let mut state = this.state();
        if state.running + state.jobs.len() >= this.max + this.queue {
            return None;
        }
        let place = state.next;
        state.next += 1;
        state.jobs.insert(place, job);
        let rejected = match Self::wake(this, &mut state) {
            true => None,
            false => state.jobs.remove(&place),
        };
        drop(state);
        match rejected {
            None => Some(place),
            Some(_) => None,
        }
    }

    /// Takes a job out that nobody has begun.
    pub(super) fn leave(&self, place: Place) {
        let job = self.state().jobs.remove(&place);
        drop(job);
    }

    /// Lets the threads end when everything is done.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.work.notify_all();
    }

    /// Has a thread come for what waits. `false` when there is none and none can be
    /// started.
    fn wake(this: &Arc<Self>, state: &mut State) -> bool {
        if state.on_its_way || state.jobs.is_empty() {
            return true;
        }
        if state.idle > 0 {
            state.on_its_way = true;
            this.work.notify_one();
        } else if state.threads < this.max {
            let threads = Arc::clone(this);
            let named = thread::Builder::new().name("toolsmith-pool".to_owned());
            if let Err(error) = named.spawn(move || Self::look(&threads)) {
                tracing::warn!(%error, threads = state.threads, "a thread for plain functions could not be started; allow the process more threads or more memory");
                return state.threads > 0;
            }
            state.threads += 1;
            state.on_its_way = true;
        }
        true
    }

    /// What a thread does from its beginning to its end.
    fn look(this: &Arc<Self>) {
        let mut state = this.state();
        state.on_its_way = false;
        let mut done: Option<Box<dyn Job>> = None;
        loop {
            if let Some((_, mut job)) = state.jobs.pop_first() {
                state.running += 1;
                Self::wake(this, &mut state);
                drop(state);
                tell(&mut done);
                // A job catches its own panics; this is for what it leaves to be dropped.
                let _ = catch_unwind(AssertUnwindSafe(|| job.run()));
                done = Some(job);
                state = this.state();
                state.running -= 1;
                continue;
            }
            if done.is_some() {
                let nobody = !std::mem::replace(&mut state.on_its_way, true);
                drop(state);
                tell(&mut done);
                state = this.state();
                state.on_its_way &= !nobody;
                continue;
            }
            if state.closed {
                break;
            }
            state.idle += 1;
            let waited = this.work.wait_timeout(state, IDLE);
            let (woken, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.idle -= 1;
            if timeout.timed_out() && state.jobs.is_empty() && !state.on_its_way {
                break;
            }
            state.on_its_way = false;
        }
        state.threads -= 1;
    }

    #[cfg(test)]
    pub(super) fn threads(&self) -> usize {
        self.state().threads
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tell(done: &mut Option<Box<dyn Job>>) {
    if let Some(done) = done.take() {
        let _ = catch_unwind(AssertUnwindSafe(|| done.tell()));
    }
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Threads")
            .field("threads", &state.threads)
            .field("running", &state.running)
            .field("waiting", &state.jobs.len())
            .finish_non_exhaustive()
    }
}
