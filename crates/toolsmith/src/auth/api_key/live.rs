//! The keys of a file as it is now.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::super::cache::Digest;
use super::super::clock::Clock;
use super::super::scopes::ScopeHierarchy;
use super::file::{self, Document, Stamp};
use crate::ports::Verified;
use crate::{Error, Result};

/// How often it is looked at whether the file is another.
const LOOKED_AT: Duration = Duration::from_secs(1);

/// A key that requests may come with.
#[derive(Debug)]
pub(super) struct LiveKey {
    pub(super) digest: Digest,
    pub(super) verified: Arc<Verified>,
}

impl LiveKey {
    pub(super) fn has_ended(&self, now: SystemTime) -> bool {
        self.verified.expires.is_some_and(|at| at <= now)
    }
}

/// Keys by id.
pub(super) type Table = HashMap<String, LiveKey>;

/// A file of keys, which is read again when it has changed.
pub(super) struct LiveFile {
    path: Arc<Path>,
    hierarchy: Arc<ScopeHierarchy>,
    clock: Clock,
    state: Mutex<State>,
}

struct State {
    table: Arc<Table>,
    stamp: Stamp,
    looked: Instant,
    /// Whether it was said that the file is no good.
    warned: bool,
}

impl LiveFile {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// When it is no good.
    pub(super) fn open(path: &Path, hierarchy: Arc<ScopeHierarchy>, clock: &Clock) -> Result<Self> {
        let (document, stamp) = file::read(path).map_err(|why| {
            Error::setting(format!("the file of API keys '{}' {why}", path.display())).with_hint(
                format!(
                    "`toolsmith key create --file {} --name NAME` makes one",
                    path.display()
                ),
            )
        })?;
        let state = State {
            table: Arc::new(table(document, &hierarchy)),
            stamp,
            looked: clock.instant(),
            warned: false,
        };
        Ok(Self {
            path: path.into(),
            hierarchy,
            clock: clock.clone(),
            state: Mutex::new(state),
        })
    }

    /// The keys, of a file that was looked at in the last second. Of several who ask when it
    /// is time to look, one waits, and the others have the keys that were.
    pub(super) async fn table(&self) -> Arc<Table> {
        let known = {
            let (now, mut state) = (self.clock.instant(), self.state());
            if now.saturating_duration_since(state.looked) < LOOKED_AT {
                return Arc::clone(&state.table);
            }
            state.looked = now;
            state.stamp.clone()
        };
        let (path, hierarchy) = (Arc::clone(&self.path), Arc::clone(&self.hierarchy));
        let look = tokio::task::spawn_blocking(move || look(&path, &known, &hierarchy));
        let found = look.await.unwrap_or(Ok(None));
        let mut state = self.state();
        match found {
            Ok(Some((table, stamp))) => {
                tracing::info!(file = %self.path.display(), keys = table.len(), "read the API keys again");
                state.table = Arc::new(table);
                state.stamp = stamp;
                state.warned = false;
            }
            Ok(None) => state.warned = false,
            Err(why) => {
                if !state.warned {
                    tracing::warn!(file = %self.path.display(), %why, "the file of API keys is no good; the keys that were in it stay");
                }
                state.warned = true;
            }
        }
        Arc::clone(&state.table)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the file if it is another.
fn look(
    path: &Path,
    known: &Stamp,
    hierarchy: &ScopeHierarchy,
) -> Result<Option<(Table, Stamp)>, String> {
    if Stamp::now(path).as_ref() == Some(known) {
        return Ok(None);
    }
    let (document, stamp) = file::read(path)?;
    Ok(Some((table(document, hierarchy), stamp)))
}

fn table(document: Document, hierarchy: &ScopeHierarchy) -> Table {
    let keys = document.keys.into_iter().map(|record| {
        let mut verified = Verified::new(format!("api-key#{}", record.id));
        verified = verified.with_scopes(&record.scopes);
        verified.tenant = record.tenant.as_deref().map(Into::into);
        verified.expires = record.expires.map(|it| it.0);
        verified
            .claims
            .insert("name".to_owned(), record.name.into());
        hierarchy.expand(&mut verified);
        let key = LiveKey {
            digest: record.hash.0,
            verified: Arc::new(verified),
        };
        (record.id, key)
    });
    keys.collect()
}

impl fmt::Debug for LiveFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LiveFile").field(&self.path).finish()
    }
}
