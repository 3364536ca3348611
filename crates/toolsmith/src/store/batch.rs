//! Many pieces of work in one transaction, so that a burst costs one write to the disk.
//!
//! Each is in a savepoint of its own: one that fails is undone and the others are not. SQLite
//! undoes the whole transaction when it stops a statement, or the disk is full; then the rest
//! is done again without the one that failed. Nobody is told anything before all of it is on
//! the disk.

use std::time::{Duration, Instant};

use super::StoreError;
use super::connection::Connection;
use super::work::Work;

/// How long a batch takes on more.
const TIME: Duration = Duration::from_millis(5);

/// A piece of work, and what it came to as far as that is known.
struct Entry {
    work: Box<dyn Work>,
    outcome: Result<(), StoreError>,
}

/// How one attempt at a batch ended.
enum Ended {
    Committed,
    /// All was undone, because of this one.
    UndoneBy(usize, StoreError),
    /// All was undone, whoever it was.
    Undone(StoreError),
}

/// Does pieces of work in order, as many of them as a batch takes, and gives those back that
/// were not begun.
pub(super) fn run(
    connection: &Connection,
    all: impl IntoIterator<Item = Box<dyn Work>>,
) -> Vec<Box<dyn Work>> {
    let begun = Instant::now();
    let mut waiting = all.into_iter();
    let mut batch: Vec<Entry> = Vec::new();
    let mut ended = attempt(connection, &mut batch, || match begun.elapsed() < TIME {
        true => next(&mut waiting),
        false => None,
    });
    loop {
        match ended {
            Ended::Committed => break,
            Ended::UndoneBy(which, error) => {
                let culprit = batch.remove(which);
                culprit.work.end(Err(error));
            }
            Ended::Undone(error) if batch.len() <= 1 => {
                for entry in &mut batch {
                    entry.outcome = entry.outcome.clone().and(Err(error.clone()));
                }
                break;
            }
            Ended::Undone(_) => {
                // One of them is more than there is room for: each for itself, then.
                for entry in batch.drain(..) {
                    let rest = run(connection, [entry.work]);
                    debug_assert!(rest.is_empty());
                }
                break;
            }
        }
        ended = attempt(connection, &mut batch, || None);
    }
    for entry in batch {
        entry.work.end(entry.outcome);
    }
    waiting.collect()
}

/// The next piece of work that somebody still wants.
fn next(waiting: &mut impl Iterator<Item = Box<dyn Work>>) -> Option<Box<dyn Work>> {
    loop {
        let work = waiting.next()?;
        if !work.wanted().is_over() {
            return Some(work);
        }
        work.end(Err(StoreError::over()));
    }
}

/// Does what is in the batch, and more as long as there is any, in one transaction.
fn attempt(
    connection: &Connection,
    batch: &mut Vec<Entry>,
    mut more: impl FnMut() -> Option<Box<dyn Work>>,
) -> Ended {
    if let Err(error) = connection.own_batch("BEGIN -- toolsmith_") {
        batch.extend(std::iter::from_fn(&mut more).take(1).map(fresh));
        return Ended::Undone(error);
    }
    let before = connection.total_changes();
    let mut which = 0;
    loop {
        if which == batch.len() {
            match more() {
                Some(work) => batch.push(fresh(work)),
                None => break,
            }
        }
        let entry = &mut batch[which];
        entry.outcome = one(connection, entry.work.as_mut());
        if connection.is_autocommit() {
            let outcome = std::mem::replace(&mut entry.outcome, Ok(()));
            return match outcome {
                Err(error) => Ended::UndoneBy(which, error),
                Ok(()) => Ended::Undone(StoreError::over()),
            };
        }
        which += 1;
    }
    if let Err(error) = connection.own_batch("COMMIT -- toolsmith_") {
        if !connection.is_autocommit() {
            // It cannot fail where there is something to undo.
            let _ = connection.own_batch("ROLLBACK -- toolsmith_");
        }
        return Ended::Undone(error);
    }
    if connection.total_changes() != before {
        connection.was_written();
    }
    Ended::Committed
}

fn fresh(work: Box<dyn Work>) -> Entry {
    Entry {
        work,
        outcome: Ok(()),
    }
}

/// Does one piece of work, and undoes it when it fails.
fn one(connection: &Connection, work: &mut dyn Work) -> Result<(), StoreError> {
    connection.used_by(work.lane())?;
    connection.own_batch("SAVEPOINT toolsmith_piece")?;
    let ran = {
        let _stopped = connection.while_wanted(work.wanted());
        work.run(connection)
    };
    let ended = match &ran {
        Ok(()) => connection.own_batch("RELEASE toolsmith_piece"),
        Err(_) if connection.is_autocommit() => Ok(()),
        Err(_) => connection
            .own_batch("ROLLBACK TO toolsmith_piece")
            .and_then(|()| connection.own_batch("RELEASE toolsmith_piece")),
    };
    ran.and(ended)
}
