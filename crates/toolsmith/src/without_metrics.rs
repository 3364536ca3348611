//! Metrics in a program that was built without them: there are none.

use std::net::SocketAddr;

use crate::Result;
use crate::http::McpService;
use crate::protocol::ErrorKind;
use crate::server::Engine;

/// What is counted: nothing.
#[derive(Clone, Debug)]
pub(crate) enum Metrics {}

/// Something that is counted.
#[derive(Debug)]
pub(crate) enum Counted {}

impl Metrics {
    pub(crate) fn of(_: &Engine) -> Option<Self> {
        None
    }

    pub(crate) fn refused(&self, _: ErrorKind) {
        match *self {}
    }

    pub(crate) fn stream(&self) -> Option<Counted> {
        match *self {}
    }

    pub(crate) fn connection(&self) -> Option<Counted> {
        match *self {}
    }
}

/// The listener for those who operate the server.
#[derive(Debug)]
pub(crate) enum Admin {}

impl Admin {
    /// There is none: that an address is set was refused before.
    pub(crate) fn bind(_: &str) -> Result<Option<Self>> {
        Ok(None)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        match *self {}
    }

    pub(crate) async fn serve(self, _: McpService) {
        match self {}
    }
}
