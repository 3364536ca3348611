//! Ends: told to stop under load, with a successor at the same socket, and killed.

mod alone;
mod handed;
mod killed;
mod successor;

use anyhow::{Context as _, Result};

use super::Notes;
use super::kit::Kit;

pub(super) use handed::Handed;

/// Calls a second while a server ends.
const RATE: u32 = 500;
const WORKERS: u32 = 64;

pub(super) fn check(kit: &Kit<'_>) -> Result<Notes> {
    let mut notes = Vec::new();
    if !kit.soak {
        notes.push(alone::check(kit).context("told to stop under load")?);
        notes.push(killed::check(kit).context("killed, and started again")?);
    }
    notes.push(successor::check(kit).context("with a successor")?);
    Ok(notes)
}
