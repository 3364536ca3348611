//! What a server needs to be up before clients are sent to it.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use tokio::time::Instant;

use super::{Engine, Server};

/// How long a look may take. What says nothing by then is down.
const TIME: Duration = Duration::from_secs(2);
/// How long what was seen holds, so that nobody who asks often can make the server look
/// often.
const HOLDS: Duration = Duration::from_secs(1);

type Looking = Pin<Box<dyn Future<Output = bool> + Send>>;

/// Something that must be up.
#[derive(Clone)]
pub(super) struct Dependency {
    name: Arc<str>,
    look: Arc<dyn Fn() -> Looking + Send + Sync>,
}

/// All that must be up, and when it was looked at last.
#[derive(Default)]
pub(super) struct Dependencies {
    all: Vec<Dependency>,
    seen: Mutex<Seen>,
    /// Held by whoever looks.
    looks: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Seen {
    at: Option<Instant>,
    down: Vec<Arc<str>>,
}

impl fmt::Debug for Dependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dependency({})", self.name)
    }
}

impl Server {
    /// Something that must be up before clients are sent to this server, such as a database:
    /// while `check` gives false, `/ready` says so. It is asked when somebody looks there, at
    /// most once a second, and has two seconds.
    ///
    /// ```
    /// use toolsmith_core::server::Server;
    ///
    /// let server = Server::new("notes").depends_on("database", || async { true });
    /// # let _ = server;
    /// ```
    #[must_use]
    pub fn depends_on<F, Looks>(mut self, name: impl Into<Arc<str>>, check: F) -> Self
    where
        F: Fn() -> Looks + Send + Sync + 'static,
        Looks: Future<Output = bool> + Send + 'static,
    {
        self.dependencies.push(Dependency {
            name: name.into(),
            look: Arc::new(move || Box::pin(check())),
        });
        self
    }
}

impl Engine {
    /// What is down of all that the server depends on, by name; see
    /// [`Server::depends_on`].
    ///
    /// Dropping the future stops looking.
    pub async fn dependencies_down(&self) -> Vec<Arc<str>> {
        self.0.dependencies.down().await
    }
}

impl Dependencies {
    pub(super) fn new(all: Vec<Dependency>) -> Self {
        Self {
            all,
            ..Self::default()
        }
    }

    async fn down(&self) -> Vec<Arc<str>> {
        if self.all.is_empty() {
            return Vec::new();
        }
        let _looks = self.looks.lock().await;
        if let Some(down) = self.seen_lately() {
            return down;
        }
        let looks = self.all.iter().map(|it| async move {
            let is_up = tokio::time::timeout(TIME, AssertUnwindSafe((it.look)()).catch_unwind());
            // One that panics is not up; the log has the panic.
            (!matches!(is_up.await, Ok(Ok(true)))).then(|| Arc::clone(&it.name))
        });
        let down: Vec<_> = join_all(looks).await.into_iter().flatten().collect();
        self.note(down.clone());
        down
    }

    fn seen_lately(&self) -> Option<Vec<Arc<str>>> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = seen.at.is_some_and(|at| at.elapsed() < HOLDS);
        is_new.then(|| seen.down.clone())
    }

    /// Keeps what was seen, and says in the log what has changed.
    fn note(&self, down: Vec<Arc<str>>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.at = Some(Instant::now());
        let before = std::mem::replace(&mut seen.down, down.clone());
        drop(seen);
        for name in down.iter().filter(|name| !before.contains(name)) {
            tracing::warn!(
                dependency = &**name,
                "a dependency is down; the server is not ready"
            );
        }
        for name in before.iter().filter(|name| !down.contains(name)) {
            tracing::info!(dependency = &**name, "a dependency is up again");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_down_is_named_and_looked_at_once_a_second() {
        let (is_up, looks) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU32::new(0)),
        );
        let (up, count) = (Arc::clone(&is_up), Arc::clone(&looks));
        let server = Server::new("s")
            .depends_on("database", move || {
                count.fetch_add(1, Ordering::Relaxed);
                std::future::ready(up.load(Ordering::Relaxed))
            })
            .depends_on("silent", std::future::pending)
            .depends_on("broken", || async { panic!("on purpose") })
            .depends_on("fine", || async { true });
        let engine = server.build().unwrap();
        let names = ["database", "silent", "broken"].map(Arc::from);
        assert_eq!(engine.dependencies_down().await, names);
        is_up.store(true, Ordering::Relaxed);
        assert_eq!(
            engine.dependencies_down().await,
            names,
            "it was looked at just now"
        );
        tokio::time::advance(HOLDS).await;
        assert_eq!(engine.dependencies_down().await, names[1..]);
        assert_eq!(looks.load(Ordering::Relaxed), 2);
        let none = Server::new("s").build().unwrap();
        assert!(none.dependencies_down().await.is_empty());
    }
}
