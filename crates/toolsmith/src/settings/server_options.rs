//! What was said of every server. What was not stays as the author has it.

use std::time::Duration;

use super::kinds::{Count, Time};
use super::values::Values;
use crate::Result;
use crate::server::Server;

/// How many calls, and how many may wait, unless somebody says otherwise.
const CALLS: (usize, usize) = (4096, 4096);
/// How many plain functions, and how many may wait.
const FUNCTIONS: (usize, usize) = (64, 1024);

/// The settings of the server itself.
#[derive(Clone, Debug)]
pub(super) struct ServerOptions {
    call_timeout: Option<Duration>,
    queue_timeout: Option<Duration>,
    calls: Option<(usize, usize)>,
    functions: Option<(usize, usize)>,
    subscriptions: Option<usize>,
}

impl ServerOptions {
    pub(super) fn read(values: &Values) -> Result<Self> {
        let pair = |one, other, (first, second): (usize, usize)| {
            let said = (
                values.read_said::<Count>(one)?,
                values.read_said::<Count>(other)?,
            );
            Ok::<_, crate::Error>(match said {
                (None, None) => None,
                (one, other) => Some((one.unwrap_or(first), other.unwrap_or(second))),
            })
        };
        Ok(Self {
            call_timeout: values.read_said::<Time>("call_timeout")?,
            queue_timeout: values.read_said::<Time>("queue_timeout")?,
            calls: pair("max_calls", "max_queue", CALLS)?,
            functions: pair("blocking_threads", "blocking_queue", FUNCTIONS)?,
            subscriptions: values.read_said::<Count>("max_subscriptions")?,
        })
    }

    /// Tells the server what was said.
    pub(super) fn apply(&self, mut server: Server) -> Server {
        if let Some(time) = self.call_timeout {
            server = server.call_timeout(time);
        }
        if let Some(time) = self.queue_timeout {
            server = server.queue_timeout(time);
        }
        if let Some((calls, queue)) = self.calls {
            server = server.max_calls(calls, queue);
        }
        if let Some((threads, queue)) = self.functions {
            server = server.blocking_pool(threads, queue);
        }
        match self.subscriptions {
            Some(most) => server.max_subscriptions(most),
            None => server,
        }
    }
}
