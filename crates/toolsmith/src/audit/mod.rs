//! A record of every call, in a file of its own: who did what, when, and how it ended.

mod record;
mod writer;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use record::Record;
use writer::Writer;

use crate::protocol::{ErrorKind, Method, Outcome};
use crate::redact::Redaction;
use crate::server::middleware::{Ending, Middleware, Next, Operation};
use crate::{Error, Result};

/// How long the answer to a call waits for its record.
const PATIENCE: Duration = Duration::from_secs(10);

/// A file to which every call is written when it has ended, before it is answered: calls of
/// tools, reads, prompts, methods of extensions, and what is done with tasks.
///
/// A line is a JSON object with `time`, `tenant`, `principal`, `client`, `address`,
/// `transport`, `request_id`, `http_request_id`, `trace_id`, `method`, `name`, `arguments`,
/// `outcome`, `error`, `code` and `duration_ms`, as far as they are known. Results are never
/// written, arguments only where that is [wanted](Self::with_arguments), and then without
/// the values of members whose names sound like secrets.
///
/// The file is appended to, and made for its owner alone. Where it was moved away, as those
/// who rotate logs do, it is made anew within a second. While it cannot be written to, calls
/// are refused with [`ErrorKind::AuditUnavailable`]; what was done until then is written when
/// that is possible again.
///
/// ```
/// use toolsmith::audit::AuditLog;
/// use toolsmith::prelude::*;
///
/// # fn main() -> toolsmith::Result<()> {
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("audit.jsonl");
/// let log = AuditLog::open(path)?.with_arguments().redact("iban");
/// let server = Server::new("bank").observer(log);
/// # let _ = server;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AuditLog {
    writer: Arc<Writer>,
    /// What is left out of arguments; none where none are written.
    arguments: Option<Arc<Redaction>>,
    redaction: Arc<Redaction>,
}

impl fmt::Debug for AuditLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditLog")
            .field("path", &self.writer.path())
            .field("arguments", &self.arguments.is_some())
            .finish_non_exhaustive()
    }
}

impl AuditLog {
    /// Opens the file, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// When it cannot be opened.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let writer = Writer::open(path).map_err(|error| {
            let path = path.display();
            Error::setting(format!("--audit-log '{path}' cannot be opened: {error}"))
                .with_hint("name a file in a folder that the server may write to")
        })?;
        Ok(Self {
            writer: Arc::new(writer),
            arguments: None,
            redaction: Arc::default(),
        })
    }

    /// Writes the arguments of calls, too, without what sounds like a secret.
    #[must_use]
    pub fn with_arguments(mut self) -> Self {
        self.arguments = Some(Arc::clone(&self.redaction));
        self
    }

    /// Leaves out the value of members with this word in their name, beside those that are
    /// left out anyway: `password`, `secret`, `token`, `api_key` and the like. Case, `_` and
    /// `-` make no difference.
    #[must_use]
    pub fn redact(mut self, word: impl AsRef<str>) -> Self {
        Arc::make_mut(&mut self.redaction).add(word.as_ref());
        if self.arguments.is_some() {
            self.arguments = Some(Arc::clone(&self.redaction));
        }
        self
    }
}

/// Whether something is done that is to be remembered.
fn is_recorded(method: &Method) -> bool {
    matches!(
        method,
        Method::CallTool
            | Method::ReadResource
            | Method::GetPrompt
            | Method::UpdateTask
            | Method::CancelTask
            | Method::TaskResult
            | Method::Other(_)
    )
}

/// A record that is written also where its call is dropped, before it ends or while it waits
/// for room.
struct Kept<'a> {
    writer: &'a Writer,
    record: Option<Record>,
    ending: Ending,
}

impl Kept<'_> {
    /// The line of it, which is written by who has it.
    fn line(&mut self) -> Vec<u8> {
        let record = self.record.take();
        record.map_or_else(Vec::new, |it| it.line(self.ending))
    }

    /// Writes it, and waits until that is done. `false` where it is not within that time.
    async fn write(mut self) -> bool {
        let writer = self.writer;
        let written = async {
            match writer.room().await {
                Some(room) => room.write(self.line()).await,
                None => false,
            }
        };
        timeout(PATIENCE, written).await.unwrap_or(false)
    }
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        if self.record.is_some() {
            // Nobody waits for it any more.
            self.writer.write_soon(self.line());
        }
    }
}

impl Middleware for AuditLog {
    async fn handle(&self, operation: Operation, next: Next<'_>) -> Outcome {
        if !is_recorded(operation.method()) {
            return next.run(operation).await;
        }
        if self.writer.fails() {
            return unavailable(
                "calls are recorded, and cannot be at the moment; nothing was done",
            );
        }
        let record = Record::of(&operation, self.arguments.as_deref(), &self.redaction);
        let mut kept = Kept {
            writer: &self.writer,
            record: Some(record),
            ending: Ending::Cancelled,
        };
        let outcome = next.run(operation).await;
        kept.ending = Ending::of(&outcome);
        match kept.write().await {
            true => outcome,
            false => {
                unavailable("this was done, and could not be recorded; look before doing it again")
            }
        }
    }
}

fn unavailable(why: &'static str) -> Outcome {
    Outcome::failed(ErrorKind::AuditUnavailable, why)
}
