//! An issuer and its keys, which are fetched when they are needed, kept, and fetched again
//! when they are old or a token names one that is not there.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::Algorithm;
use super::key::Key;
use super::key_set::KeySet;
use super::source::Source;
use crate::auth::clock::Clock;
use crate::auth::flights::Flights;

/// How long keys are kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ages {
    /// Older ones are fetched again before they decide, if that is possible.
    pub(super) most: Duration,
    /// Older ones decide nothing, even when no newer ones can be had.
    pub(super) hard: Duration,
    /// The time between two looks for a key that is not there, and after a failure.
    pub(super) retry: Duration,
}

/// An issuer.
pub(super) struct Issuer {
    pub(super) name: Arc<str>,
    /// Whose the subjects of all its tokens are, where that is one tenant.
    pub(super) tenant: Option<Arc<str>>,
    source: Source,
    ages: Ages,
    clock: Clock,
    state: Mutex<State>,
    flights: Arc<Flights<(), ()>>,
    /// How often keys went away. What was verified before is verified again.
    generation: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    kept: Option<Kept>,
    /// When the last attempt ended, if it failed.
    failed: Option<Instant>,
    /// When a key was last looked for that was not there.
    looked: Option<Instant>,
}

const SECOND: Duration = Duration::from_secs(1);

#[derive(Clone, Debug)]
struct Kept {
    keys: Arc<KeySet>,
    since: Instant,
    /// The same by the calendar, by which tokens are dated.
    dated: SystemTime,
}

/// What is known of a key.
#[derive(Debug)]
pub(super) enum Found {
    /// These may have signed.
    Keys(Vec<Arc<Key>>),
    /// The issuer has no such key.
    Nothing,
    /// Nobody can tell for so long.
    Unavailable(Duration),
}

impl Issuer {
    pub(super) fn new(name: &str, source: Source, ages: Ages, clock: Clock) -> Self {
        Self {
            name: name.into(),
            tenant: None,
            source,
            ages,
            clock,
            state: Mutex::default(),
            flights: Flights::new(1),
            generation: AtomicU64::new(0),
        }
    }

    /// How often keys went away.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The keys that may have signed a token that was issued then.
    pub(super) async fn find(
        self: &Arc<Self>,
        id: Option<&str>,
        algorithm: Algorithm,
        issued: Option<SystemTime>,
    ) -> Found {
        let fetched = self.be_fresh().await;
        match self.kept(id, algorithm) {
            keys if !keys.is_empty() => Found::Keys(keys),
            _ if fetched => self.not_found(issued, true),
            _ => self.look_again(id, algorithm, issued).await,
        }
    }

    /// Looks for a newer key, now that none of those that are kept has signed.
    pub(super) async fn look_again(
        self: &Arc<Self>,
        id: Option<&str>,
        algorithm: Algorithm,
        issued: Option<SystemTime>,
    ) -> Found {
        let looks = self.may_look();
        if looks {
            self.fetched().await;
            let keys = self.kept(id, algorithm);
            if !keys.is_empty() {
                return Found::Keys(keys);
            }
        }
        self.not_found(issued, looks)
    }

    /// Has keys fetched that are old, and says whether that was waited for.
    async fn be_fresh(self: &Arc<Self>) -> bool {
        let now = self.clock.instant();
        let (age, may) = {
            let state = self.state();
            let age = state
                .kept
                .as_ref()
                .map(|it| now.saturating_duration_since(it.since));
            (age, !self.has_just_failed(&state, now))
        };
        match age {
            // Some of the time is left to fetch them while the old ones decide.
            Some(age) if age < self.ages.most / 5 * 4 => false,
            Some(age) if age < self.ages.most => {
                if may {
                    // It goes on without anybody who waits for it.
                    drop(self.flights.join((), || Arc::clone(self).fetch()));
                }
                false
            }
            _ if may => {
                self.fetched().await;
                true
            }
            _ => false,
        }
    }

    async fn fetched(self: &Arc<Self>) {
        if let Some(flight) = self.flights.join((), || Arc::clone(self).fetch()) {
            flight.await;
        }
    }

    /// Fetches the keys and keeps them.
    async fn fetch(self: Arc<Self>) {
        let fetched = self.source.load(&self.name).await;
        let mut state = self.state();
        let now = self.clock.instant();
        match fetched {
            Ok(keys) => {
                if state.failed.take().is_some() {
                    tracing::info!(issuer = %self.name, "the keys of an issuer can be had again");
                }
                tracing::debug!(issuer = %self.name, keys = keys.len(), "fetched the keys of an issuer");
                if let Some(old) = &state.kept
                    && !keys.has_all_of(&old.keys)
                {
                    tracing::info!(issuer = %self.name, "a key of an issuer has gone");
                    self.generation.fetch_add(1, Ordering::AcqRel);
                }
                state.kept = Some(Kept {
                    keys: Arc::new(keys),
                    since: now,
                    dated: self.clock.now(),
                });
            }
            Err(why) => {
                if state.failed.replace(now).is_none() {
                    tracing::warn!(issuer = %self.name, %why, "the keys of an issuer cannot be had; those that are kept decide until they are too old");
                }
            }
        }
    }

    /// Whether a key that is not there may be looked for now: once in a while, however many
    /// tokens name such keys.
    fn may_look(&self) -> bool {
        let now = self.clock.instant();
        let mut state = self.state();
        let is_recent = |at: Instant| now.saturating_duration_since(at) < self.ages.retry;
        if state.looked.is_some_and(is_recent) || self.has_just_failed(&state, now) {
            return false;
        }
        state.looked = Some(now);
        true
    }

    /// What it means that no key was found, now that it was looked for or when it was not.
    fn not_found(&self, issued: Option<SystemTime>, looked: bool) -> Found {
        let now = self.clock.instant();
        let state = self.state();
        // Tokens are dated by whole seconds: one of the second of the last look may be newer.
        let slack = if looked { Duration::ZERO } else { SECOND };
        let rest = |at: Option<Instant>| {
            let gone = at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
            let rest = self.ages.retry.saturating_sub(gone);
            Found::Unavailable(rest.max(Duration::from_secs(1)))
        };
        match &state.kept {
            _ if state.failed.is_some() => rest(state.failed),
            None => rest(None),
            // Made after the last look, it may be of a key that is newer, too.
            Some(kept) if issued.is_some_and(|it| it + slack > kept.dated) => rest(state.looked),
            Some(_) => Found::Nothing,
        }
    }

    fn kept(&self, id: Option<&str>, algorithm: Algorithm) -> Vec<Arc<Key>> {
        let now = self.clock.instant();
        let state = self.state();
        let young = |it: &&Kept| now.saturating_duration_since(it.since) < self.ages.hard;
        let kept = state.kept.as_ref().filter(young);
        kept.map_or_else(Vec::new, |it| it.keys.candidates(id, algorithm))
    }

    fn has_just_failed(&self, state: &State, now: Instant) -> bool {
        let failed = state.failed;
        failed.is_some_and(|at| now.saturating_duration_since(at) < self.ages.retry)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer")
            .field("name", &self.name)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}
