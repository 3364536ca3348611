//! How many calls are worked on at once, and how many wait for a place.
//!
//! A call takes a [`Place`] and gives it back when it is answered. Where all places are
//! taken it waits in a queue, first come first served, for a while. What room there is
//! stands in one word: while nobody waits, a place is taken and given back by changing it
//! once, without a lock.

mod gate;
mod place;
mod queue;
mod waiting;

pub(super) use gate::{Admission, Limits};
pub(super) use place::Place;
pub(super) use waiting::Waiting;

#[cfg(test)]
mod tests;
