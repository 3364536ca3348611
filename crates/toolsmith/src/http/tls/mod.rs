//! TLS: the certificate that is shown, the handshake, and who keeps the certificate new.

#[cfg(feature = "acme")]
mod acme;
#[cfg(not(feature = "acme"))]
#[path = "without_acme.rs"]
mod acme;
mod certificates;
mod check;
mod files;
mod handshake;
mod hangup;
mod pair;

use std::sync::Arc;

use self::acme::Acme;
use self::files::Files;
use super::options::Options;
use crate::Result;

pub(super) use check::check;
pub(super) use handshake::{Handshakes, Protocol};

/// What is needed to speak TLS at an address.
#[derive(Debug)]
pub(super) struct Tls {
    handshakes: Handshakes,
    keeper: Keeper,
}

/// Who keeps the certificate new.
#[derive(Debug)]
enum Keeper {
    Files(Files),
    Acme(Box<Acme>),
}

impl Tls {
    /// What the settings say, if they want TLS at all.
    ///
    /// # Errors
    ///
    /// When a file or a directory cannot be used; it is named.
    pub(super) fn of(options: &Options) -> Result<Option<Self>> {
        let (resolver, keeper, is_acme) = match (&options.tls_cert, &options.tls_key) {
            (Some(cert), Some(key)) => {
                let files = Files::read(cert, key)?;
                (files.resolver(), Keeper::Files(files), false)
            }
            _ if options.acme_domain.is_empty() => return Ok(None),
            _ => {
                let acme = Box::new(Acme::of(options)?);
                (acme.resolver(), Keeper::Acme(acme), true)
            }
        };
        let config = certificates::config(resolver, is_acme)?;
        let handshakes = Handshakes::new(Arc::new(config));
        Ok(Some(Self { handshakes, keeper }))
    }

    /// What shakes hands with clients.
    pub(super) fn handshakes(&self) -> Handshakes {
        self.handshakes.clone()
    }

    /// Keeps the certificate new, for as long as it is polled.
    pub(super) async fn look_after(self) {
        match self.keeper {
            Keeper::Files(files) => files.look_after().await,
            Keeper::Acme(acme) => acme.look_after().await,
        }
    }
}
