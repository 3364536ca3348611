//! Who is told when something changes.
//!
//! A [`Hub`] hears of an [`Event`] and puts its [`Change`] into the mailbox of every
//! [`Subscription`] that asked for it. A mailbox merges: it never holds more than one entry
//! for each thing that was asked for, so that a slow reader costs bounded memory and is
//! never waited for.

mod hub;
mod interest;
mod mailbox;
mod subscription;
#[cfg(test)]
mod tests;

pub use hub::{Hub, SubscriptionsFull};
pub use interest::Interest;
pub use subscription::Subscription;

use crate::ports::{Audience, Change, Event};
