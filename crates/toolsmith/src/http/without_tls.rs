//! In place of TLS, which this program was built without.

use super::options::Options;
use crate::Result;

/// Has nothing to check.
#[expect(
    clippy::unnecessary_wraps,
    reason = "it stands for one that finds mistakes"
)]
pub(super) fn check(_: &Options) -> Result<()> {
    Ok(())
}

/// TLS that nobody has.
#[derive(Debug)]
pub(super) enum Tls {}

impl Tls {
    /// Gives none: settings of it are refused before.
    #[expect(
        clippy::unnecessary_wraps,
        reason = "it stands for one that finds mistakes"
    )]
    pub(super) fn of(_: &Options) -> Result<Option<Self>> {
        Ok(None)
    }

    /// What shakes hands with clients.
    pub(super) fn handshakes(&self) -> Handshakes {
        match *self {}
    }

    /// Keeps the certificate new.
    pub(super) async fn look_after(self) {
        match self {}
    }
}

/// Handshakes that nobody makes.
#[derive(Clone, Debug)]
pub(super) enum Handshakes {}
