//! What no honest client does, and what the server does about it.

mod case;
mod crowd;
mod judge;
mod sender;
mod shapes;
mod slow;
mod soak;

use anyhow::{Context as _, Result};

use super::Notes;
use super::kit::Kit;

pub(super) fn check(kit: &Kit<'_>) -> Result<Notes> {
    slow::allow_descriptors()?;
    if kit.soak {
        return soak::check(kit).map(|note| vec![note]);
    }
    Ok(vec![
        shapes::check(kit).context("shapes")?,
        crowd::check(kit).context("a crowd")?,
    ])
}
