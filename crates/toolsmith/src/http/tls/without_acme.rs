//! In place of ACME, which this program was built without.

use std::sync::Arc;

use rustls::server::ResolvesServerCert;

use crate::Result;
use crate::http::options::Options;
use crate::settings::values::absent;

/// ACME that nobody has.
#[derive(Debug)]
pub(super) enum Acme {}

impl Acme {
    /// Gives none.
    pub(super) fn of(_: &Options) -> Result<Self> {
        Err(absent("--acme-domain", "acme"))
    }

    /// What shows the certificate.
    pub(super) fn resolver(&self) -> Arc<dyn ResolvesServerCert> {
        match *self {}
    }

    /// Keeps the certificate new.
    pub(super) async fn look_after(self: Box<Self>) {
        match *self {}
    }
}
