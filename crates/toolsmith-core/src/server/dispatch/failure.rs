//! What is told, and what is logged, of a handler that failed.

use std::any::Any;
use std::time::Duration;

use super::work::Ended;
use crate::protocol::{ErrorKind, Method, Outcome, ProtocolError, Revision, ToolOutput};
use crate::server::handler::{ToolError, Verdict};

/// What failed.
#[derive(Clone, Copy)]
pub(super) struct Failed<'a> {
    /// A word for what it is: `tool`.
    pub(super) what: &'static str,
    /// Its name or URI.
    pub(super) name: &'a str,
    pub(super) revision: Revision,
}

impl Failed<'_> {
    /// What a handler came to, or what is told of how it failed.
    pub(super) fn unless<T>(self, ended: Ended<T>) -> Result<T, Box<Outcome>> {
        match ended {
            Ok(Ok(output)) => Ok(output),
            Ok(Err(error)) => Err(Box::new(self.with(&error))),
            Err(panic) => Err(Box::new(self.panicked(panic.as_ref()))),
        }
    }

    /// An error that the handler returned.
    fn with(self, error: &ToolError) -> Outcome {
        let Failed {
            what,
            name,
            revision,
        } = self;
        match error.verdict() {
            Verdict::Tell(message) => {
                let chain = error.chain();
                tracing::debug!(
                    what,
                    name,
                    error = chain.as_str(),
                    "the handler failed and said why"
                );
                self.said(message.to_owned())
            }
            Verdict::Refuse(error) if knows(error.kind, revision) => Outcome::Error(error.clone()),
            Verdict::Refuse(error) => self.said(error.message.to_string()),
            Verdict::Missing if what == "resource" => {
                Outcome::Error(ProtocolError::resource_not_found(name, revision.era()))
            }
            Verdict::Missing => self.said("there is no such thing".to_owned()),
            Verdict::Mask => {
                let id = error_id();
                tracing::error!(what, name, error_id = %id, error = bounded(&error.chain()).as_str(), "the {what} failed");
                self.said(self.masked(&id))
            }
        }
    }

    /// A panic.
    pub(super) fn panicked(self, panic: &(dyn Any + Send)) -> Outcome {
        let Failed { what, name, .. } = self;
        let id = error_id();
        let said = panic
            .downcast_ref::<&'static str>()
            .copied()
            .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("something that is no text");
        tracing::error!(what, name, error_id = %id, panic = bounded(said).as_str(), "the {what} panicked");
        Outcome::failed(ErrorKind::Internal, self.masked(&id))
    }

    pub(super) fn timed_out(self, limit: Duration) -> Outcome {
        let Failed { what, name, .. } = self;
        tracing::warn!(
            what,
            name,
            ?limit,
            "the {what} did not finish within its time"
        );
        Outcome::failed(
            ErrorKind::CallTimeout,
            format!("the {what} `{name}` did not finish within {limit:?}"),
        )
    }

    /// What the model reads of a tool, and what the client does of everything else.
    fn said(self, message: String) -> Outcome {
        match self.what {
            "tool" => Outcome::Call(ToolOutput::error(message)),
            _ => Outcome::failed(ErrorKind::Internal, message),
        }
    }

    fn masked(self, id: &str) -> String {
        let what = self.what;
        format!("The {what} failed. The server's log says more under error id {id}.")
    }
}

/// A panic in what stands around handlers: middleware, providers, methods of extensions.
pub(in crate::server) fn panicked(method: &Method, panic: &(dyn Any + Send)) -> Outcome {
    let failed = Failed {
        what: "request",
        name: method.as_str(),
        revision: Revision::LATEST,
    };
    failed.panicked(panic)
}

/// Whether a revision defines an error; where it does not, the model is told in words.
fn knows(kind: ErrorKind, revision: Revision) -> bool {
    kind != ErrorKind::MissingCapability || revision.is_modern()
}

/// An id that joins what a client was told to what the log says.
fn error_id() -> String {
    let mut bytes = [0; 6];
    match getrandom::fill(&mut bytes) {
        Ok(()) => bytes.iter().map(|b| format!("{b:02x}")).collect(),
        Err(_) => "unknown".to_owned(),
    }
}

/// A text as it goes into the log: a client that sends megabytes is not to fill it.
fn bounded(text: &str) -> String {
    const MAX: usize = 8000;
    let mut kept: String = text.chars().take(MAX).collect();
    if kept.len() < text.len() {
        kept.push('…');
    }
    kept
}

/// A name from outside as it may be repeated: bounded.
pub(super) fn shown(name: &str) -> String {
    name.chars().take(100).collect()
}
