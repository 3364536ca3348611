//! State that travels through a client and comes back unread and unchanged.
//!
//! A modern request that needs an answer first is dropped, and what it had so far goes out
//! as `requestState` (revision 2026-07-28, `basic/patterns/mrtr`). The client holds it, so
//! it is an attacker's input when it comes back: [`Sealer`] encrypts it, ties it to who was
//! asked about what ([`Binding`]), and lets it expire.
//!
//! Sealing does not make state single-use: until it expires, it can be sent again.

mod binding;
mod key;
mod sealer;

pub(super) use binding::Binding;
pub use key::{StateKey, StateKeyError};
pub(super) use sealer::{SealError, Sealer};
