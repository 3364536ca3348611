//! What a subscriber asked for, and what of it waits to be read.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::{Change, Interest};

/// A mailbox that merges: at most one entry waits for each thing that was asked for.
#[derive(Debug)]
pub(super) struct Mailbox {
    contents: Mutex<Contents>,
    /// Rung for each entry that is put in, and again by who takes one and leaves others:
    /// while anything waits, one ring is stored or on its way to a reader.
    bell: Notify,
}

#[derive(Debug)]
struct Contents {
    /// What is asked for, and the place of its entry when one waits.
    asked: HashMap<Change, Option<u64>>,
    uris: usize,
    tasks: usize,
    pages: usize,
    waiting: BTreeMap<u64, Change>,
    /// The place of the next update.
    next_place: u64,
}

/// The places below are those of the lists.
const FIRST_UPDATE: u64 = 3;

/// A mailbox names as many resources as it may.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooManyUris;

impl Mailbox {
    pub(super) fn new(asked: impl Iterator<Item = Change>) -> Self {
        let asked: HashMap<_, _> = asked.map(|change| (change, None)).collect();
        let uris = asked.keys().filter(|change| is_uri(change)).count();
        let tasks = asked.keys().filter(|change| is_task(change)).count();
        let pages = asked.keys().filter(|change| is_page(change)).count();
        Self {
            contents: Mutex::new(Contents {
                asked,
                uris,
                tasks,
                pages,
                waiting: BTreeMap::new(),
                next_place: FIRST_UPDATE,
            }),
            bell: Notify::new(),
        }
    }

    /// Asks for one more change. `false` when it was asked for already.
    pub(super) fn ask(&self, change: Change) -> Result<bool, TooManyUris> {
        let mut contents = self.contents();
        if contents.asked.contains_key(&change) {
            return Ok(false);
        }
        if is_uri(&change) {
            if contents.uris >= Interest::MAX {
                return Err(TooManyUris);
            }
            contents.uris += 1;
        }
        if is_task(&change) {
            if contents.tasks >= Interest::MAX {
                return Err(TooManyUris);
            }
            contents.tasks += 1;
        }
        if is_page(&change) {
            if contents.pages >= Interest::MAX {
                return Err(TooManyUris);
            }
            contents.pages += 1;
        }
        contents.asked.insert(change, None);
        Ok(true)
    }

    /// Asks for a change no more, and takes out what waits of it. `false` when it was not
    /// asked for.
    pub(super) fn unask(&self, change: &Change) -> bool {
        let mut contents = self.contents();
        let Some(place) = contents.asked.remove(change) else {
            return false;
        };
        if let Some(place) = place {
            contents.waiting.remove(&place);
        }
        if is_uri(change) {
            contents.uris -= 1;
        }
        if is_task(change) {
            contents.tasks -= 1;
        }
        if is_page(change) {
            contents.pages -= 1;
        }
        true
    }

    /// Asks for nothing any more, and says what it asked for.
    pub(super) fn close(&self) -> Vec<Change> {
        let mut contents = self.contents();
        contents.waiting.clear();
        contents.uris = 0;
        contents.tasks = 0;
        contents.pages = 0;
        std::mem::take(&mut contents.asked).into_keys().collect()
    }

    /// Puts a change in, when it is asked for and does not wait already.
    pub(super) fn post(&self, change: &Change) {
        let is_new = self.contents().put(change);
        // No lock is held here: what a waker does is not ours to know.
        if is_new {
            self.bell.notify_one();
        }
    }

    /// Takes the first change out.
    pub(super) fn try_next(&self) -> Option<Change> {
        let (change, others) = self.contents().take()?;
        // Two entries may have been put in with one ring between them.
        if others {
            self.bell.notify_one();
        }
        Some(change)
    }

    /// Takes the first change out, and waits for one when there is none.
    ///
    /// A change is taken only by the poll that returns it. A reader that is dropped after
    /// it was rung hands the ring on, which is what [`Notify`] does.
    pub(super) async fn next(&self) -> Change {
        loop {
            if let Some(change) = self.try_next() {
                return change;
            }
            self.bell.notified().await;
        }
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How much is asked for, and how much of it waits.
    #[cfg(test)]
    pub(super) fn sizes(&self) -> (usize, usize) {
        let contents = self.contents();
        (contents.asked.len(), contents.waiting.len())
    }
}

impl Contents {
    /// `false` when there is nothing to put in.
    fn put(&mut self, change: &Change) -> bool {
        let Some(entry @ None) = self.asked.get_mut(change) else {
            return false;
        };
        let place = match change {
            Change::ToolsChanged => 0,
            Change::PromptsChanged => 1,
            Change::ResourcesChanged => 2,
            Change::ResourceUpdated(_)
            | Change::TaskChanged(_)
            | Change::ElicitationCompleted(_) => {
                self.next_place += 1;
                self.next_place - 1
            }
        };
        *entry = Some(place);
        self.waiting.insert(place, change.clone());
        true
    }

    /// The first change, and whether others wait behind it.
    fn take(&mut self) -> Option<(Change, bool)> {
        let (_, change) = self.waiting.pop_first()?;
        if let Some(place) = self.asked.get_mut(&change) {
            *place = None;
        }
        Some((change, !self.waiting.is_empty()))
    }
}

fn is_task(change: &Change) -> bool {
    matches!(change, Change::TaskChanged(_))
}

fn is_page(change: &Change) -> bool {
    matches!(change, Change::ElicitationCompleted(_))
}

fn is_uri(change: &Change) -> bool {
    matches!(change, Change::ResourceUpdated(_))
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn updated(uri: &str) -> Change {
        Change::ResourceUpdated(uri.into())
    }

    /// Guards against a reader that looks, finds nothing, and comes to the bell when it has
    /// rung: what [`Mailbox::next`] does in two steps, with others between them.
    #[test]
    fn readers_that_come_late_to_the_bell_are_rung_all_the_same() {
        let mailbox = Mailbox::new([updated("a"), updated("b")].into_iter());
        let look = || mailbox.try_next();
        let rung = || mailbox.bell.notified().now_or_never().is_some();
        assert_eq!((look(), look()), (None, None));
        mailbox.post(&updated("a"));
        mailbox.post(&updated("b"));
        assert!(rung(), "the first reader");
        assert_eq!(look(), Some(updated("a")));
        assert!(rung(), "the second reader");
        assert_eq!(look(), Some(updated("b")));
        assert!(!rung(), "nothing is left");
    }
}
