//! In place of a transport that this program was built without.

use super::values::Values;
use crate::server::Engine;
use crate::startup::Announce;
use crate::transport::{Transport, sealed::Sealed};
use crate::{Error, Result};

/// A transport that nobody has.
#[derive(Clone, Debug)]
pub(super) enum Chosen {}

/// Never gives one.
pub(super) fn read(values: &Values) -> Result<Chosen> {
    Err(Error::setting(format!(
        "--transport {} needs a feature that this program was built without",
        values.one("transport")
    )))
}

impl Sealed for Chosen {}

impl Transport for Chosen {
    async fn serve_engine(self, _: Engine, _: Announce) -> Result<()> {
        match self {}
    }
}
