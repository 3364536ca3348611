//! How much of everything there may be.

use std::time::Duration;

use super::Server;
use crate::protocol::Caching;
use crate::server::admission;

/// How much of everything there may be, and how long it may take.
#[derive(Debug)]
pub(super) struct Limits {
    pub(super) call_timeout: Option<Duration>,
    pub(super) calls: admission::Limits,
    pub(super) blocking_threads: usize,
    pub(super) blocking_queue: usize,
    pub(super) page_size: usize,
    pub(super) response: usize,
    pub(super) list_caching: Caching,
    pub(super) subscriptions: usize,
    pub(super) tasks: usize,
    pub(super) tasks_per_owner: usize,
    pub(super) task_bytes: usize,
    pub(super) bytes_of_tasks: usize,
    pub(super) task_ttl: Option<Duration>,
    pub(super) state_ttl: Duration,
    pub(super) question_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            call_timeout: None,
            calls: admission::Limits {
                places: 4096,
                queue: 4096,
                patience: Duration::from_secs(10),
            },
            blocking_threads: 64,
            blocking_queue: 1024,
            page_size: 1000,
            response: 32 << 20,
            list_caching: Caching::default(),
            subscriptions: 100_000,
            tasks: 10_000,
            tasks_per_owner: 1000,
            task_bytes: 16 << 20,
            bytes_of_tasks: 256 << 20,
            task_ttl: None,
            state_ttl: Duration::from_secs(60 * 60),
            question_timeout: Duration::from_secs(10 * 60),
        }
    }
}

impl Server {
    /// How long a call may take where the tool does not say. Without it, as long as it
    /// likes. The same holds for reading and listing resources, for filling in prompts and
    /// for methods of extensions.
    ///
    /// The client is answered on time. An `async fn` is then dropped; a plain `fn` goes on
    /// to its end on the pool, and can look at
    /// [`Context::is_cancelled`](crate::server::Context::is_cancelled).
    #[must_use]
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.limits.call_timeout = Some(timeout);
        self
    }

    /// How many calls may be worked on at once, 4096 unless told otherwise and at least one,
    /// and how many may wait for their turn, 4096 unless told otherwise: calls of tools and of
    /// methods of extensions, reads, gets and completions. They wait in the order in which they
    /// came, for the time of [`queue_timeout`](Self::queue_timeout). One for which there is no
    /// room even to wait is refused with code -31002 and status 503.
    ///
    /// A call that waits for its client's answer keeps its place; a task that goes on after
    /// its call was answered has none.
    #[must_use]
    pub fn max_calls(mut self, calls: usize, queue: usize) -> Self {
        let at_most = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        self.limits.calls.places = at_most(calls).max(1);
        self.limits.calls.queue = at_most(queue);
        self
    }

    /// How long a call may wait for its turn, ten seconds unless told otherwise. Over it, it
    /// is refused with code -31002 and status 503.
    #[must_use]
    pub fn queue_timeout(mut self, time: Duration) -> Self {
        self.limits.calls.patience = time;
        self
    }

    /// How many bytes one message to a client may have, 32 MiB unless told otherwise: an
    /// answer (of a batch, each), and what is said before it.
    ///
    /// In the place of a result of a tool that is larger is one that tells the model to ask
    /// for less, and in the place of any other answer an error with code -31019. A question
    /// that is larger fails, and a report or a log message is dropped; the log says so. To
    /// hold results to what a model can read, see
    /// [`LimitResponse`](crate::server::middleware::LimitResponse).
    #[must_use]
    pub fn max_response(mut self, bytes: usize) -> Self {
        self.limits.response = bytes;
        self
    }

    /// How many plain functions may run at once, 64 unless told otherwise, and how many
    /// calls may wait for one of them to end, 1024 unless told otherwise. A call over
    /// both is refused with code -31002.
    #[must_use]
    pub fn blocking_pool(mut self, threads: usize, queue: usize) -> Self {
        self.limits.blocking_threads = threads.max(1);
        self.limits.blocking_queue = queue;
        self
    }

    /// How many primitives a page of a list shows, 1000 unless told otherwise.
    #[must_use]
    pub fn page_size(mut self, primitives: usize) -> Self {
        self.limits.page_size = primitives.max(1);
        self
    }

    /// How long modern clients may keep lists, and for whom; for no time unless told
    /// otherwise. Lists that one tenant alone sees are never public.
    #[must_use]
    pub fn list_caching(mut self, caching: Caching) -> Self {
        self.limits.list_caching = caching;
        self
    }

    /// How many clients may listen for changes, 100,000 unless told otherwise.
    #[must_use]
    pub fn max_subscriptions(mut self, subscriptions: usize) -> Self {
        self.limits.subscriptions = subscriptions;
        self
    }

    /// How many tasks may be kept in memory, 10,000 unless told otherwise, and how many of
    /// one known caller or of one legacy session, 1000 unless told otherwise. Over it, the
    /// oldest task of the same caller or session that is over is forgotten, or the call is
    /// refused with code -31002. A tenth of the places is for known callers alone.
    #[must_use]
    pub fn max_tasks(mut self, tasks: usize, per_owner: usize) -> Self {
        self.limits.tasks = tasks;
        self.limits.tasks_per_owner = per_owner;
        self
    }

    /// How many bytes of JSON the result of one task may have, 16 MiB unless told otherwise,
    /// and how many the tasks in memory may hold in all, 256 MiB unless told otherwise, of
    /// which a quarter may be one known caller's or one legacy session's. In the place of a
    /// result that is too large, or for which there is no room, is one that says so.
    #[must_use]
    pub fn max_task_bytes(mut self, of_one: usize, in_all: usize) -> Self {
        self.limits.task_bytes = of_one;
        self.limits.bytes_of_tasks = in_all;
        self
    }

    /// How long a task is kept from its beginning, an hour unless told otherwise. A client
    /// may ask for less, down to a second.
    #[must_use]
    pub fn task_ttl(mut self, time: Duration) -> Self {
        self.limits.task_ttl = Some(time);
        self
    }

    /// How long a modern client may take to come back with answers, an hour unless told
    /// otherwise.
    #[must_use]
    pub fn state_ttl(mut self, time: Duration) -> Self {
        self.limits.state_ttl = time;
        self
    }

    /// How long a handler waits for the answer of a legacy client where the question does
    /// not say, ten minutes unless told otherwise: see
    /// [`Elicit::timeout`](crate::server::Elicit::timeout).
    #[must_use]
    pub fn question_timeout(mut self, time: Duration) -> Self {
        self.limits.question_timeout = time;
        self
    }
}
