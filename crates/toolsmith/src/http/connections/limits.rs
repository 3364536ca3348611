//! How many connections there may be, and how long each may take.

use std::time::Duration;

use super::watched::Patience;
use crate::http::options::Options;

/// The limits of all connections and of each.
#[derive(Clone, Copy, Debug)]
pub(in crate::http) struct ConnectionLimits {
    /// How many there may be in all.
    pub(super) most: usize,
    /// How many one address may have.
    pub(super) most_of_address: usize,
    pub(super) patience: Patience,
    /// How long a client may take nothing of what is written to it. One that reads at all,
    /// however slowly, is waited for.
    pub(super) write_time: Duration,
    /// The largest head of a request, in bytes.
    pub(super) head: usize,
    /// How long new connections are taken after the server was told to stop.
    pub(super) drain_delay: Duration,
    /// How long calls may go on after that.
    pub(super) drain_time: Duration,
}

impl ConnectionLimits {
    /// How long calls may go on after the server was told to stop.
    pub(in crate::http) fn drain_time(&self) -> Duration {
        self.drain_time
    }
}

impl From<&Options> for ConnectionLimits {
    fn from(options: &Options) -> Self {
        Self {
            most: options.max_connections,
            most_of_address: options.max_connections_per_address,
            patience: Patience {
                head: options.header_timeout,
                idle: options.idle_timeout,
            },
            write_time: options.write_timeout,
            head: options.max_header,
            drain_delay: options.drain_delay,
            drain_time: options.drain_timeout,
        }
    }
}
