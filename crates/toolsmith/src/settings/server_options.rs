//! What was said of every server. What was not stays as the author has it.

use std::time::Duration;

use super::kept::Kept;
use super::kinds::{Count, Delay, File, List, Size, Switch, Time};
use super::values::Values;
use crate::audit::AuditLog;
use crate::server::Server;
use crate::server::middleware::Log;
#[cfg(feature = "otel")]
use crate::traces::Traces;
use crate::{Error, Result};

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
    max_response: Option<usize>,
    subscriptions: Option<usize>,
    log_calls: bool,
    audit: Option<AuditLog>,
    traces: bool,
    kept: Kept,
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
            call_timeout: values.read_said::<Delay>("call_timeout")?,
            queue_timeout: values.read_said::<Time>("queue_timeout")?,
            calls: pair("max_calls", "max_queue", CALLS)?,
            functions: pair("blocking_threads", "blocking_queue", FUNCTIONS)?,
            max_response: values.read_said::<Size>("max_response")?,
            subscriptions: values.read_said::<Count>("max_subscriptions")?,
            log_calls: values.read::<Switch>("log_calls")?,
            audit: audit(values)?,
            traces: !values.one("otlp_endpoint").is_empty(),
            kept: Kept::read(values)?,
        })
    }

    /// Tells the server what was said.
    ///
    /// # Errors
    ///
    /// When what is said cannot be done: the data directory cannot be used.
    pub(super) fn apply(&self, server: Server) -> Result<Server> {
        let mut server = self.kept.apply(server)?;
        server = match self.call_timeout {
            Some(Duration::ZERO) => server.no_call_timeout(),
            Some(time) => server.call_timeout(time),
            None => server,
        };
        // Outermost, so that what the others write stands in the span of its request.
        #[cfg(feature = "otel")]
        if self.traces && !server.has_observer::<Traces>() {
            server = server.observer(Traces::default());
        }
        if self.log_calls && !server.has_observer::<Log>() {
            server = server.observer(Log);
        }
        if let Some(audit) = &self.audit {
            server = server.observer(audit.clone());
        }
        if let Some(bytes) = self.max_response {
            server = server.max_response(bytes);
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
        Ok(match self.subscriptions {
            Some(most) => server.max_subscriptions(most),
            None => server,
        })
    }
}

/// The file of records, where one is named.
fn audit(values: &Values) -> Result<Option<AuditLog>> {
    let arguments = values.read::<Switch>("audit_arguments")?;
    let words = values.read::<List>("audit_redact")?;
    let Some(path) = values.read::<File>("audit_log")? else {
        let flag = match (arguments, words.is_empty()) {
            (true, _) => "--audit-arguments",
            (_, false) => "--audit-redact",
            _ => return Ok(None),
        };
        return Err(Error::setting(format!(
            "{flag} says what is written to a file, and there is none"
        ))
        .with_hint("name one with --audit-log"));
    };
    let log = AuditLog::open(path)?;
    let log = words.iter().fold(log, AuditLog::redact);
    Ok(Some(match arguments {
        true => log.with_arguments(),
        false => log,
    }))
}
