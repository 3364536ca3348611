//! In place of the count of requests, where this program was built without it: nobody is
//! counted, and a setting that says otherwise was refused.

use std::net::IpAddr;
use std::time::Duration;

use crate::Result;
use crate::server::Caller;

/// A rate that nobody can set.
#[derive(Clone, Copy, Debug)]
pub(in crate::http) enum Rate {}

impl Rate {
    /// Never gives one.
    pub(in crate::http) fn parse(_: &str) -> Result<Option<Self>> {
        Ok(None)
    }
}

/// What counts nobody.
#[derive(Debug)]
pub(super) enum RateLimit {}

impl RateLimit {
    pub(super) fn new(rate: Rate) -> Self {
        match rate {}
    }

    pub(super) fn count(&self, _: &Caller, _: Option<IpAddr>) -> std::result::Result<(), Duration> {
        match *self {}
    }
}
