//! What can go wrong, for a person (message and hint) and for a script (exit code).

use std::fmt;
use std::io;

/// The exit codes, as `--help` and the README list them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The tool ran and said that it failed.
    Tool = 1,
    /// The command line does not make sense.
    Usage = 2,
    /// No server was reached, or it refused to talk.
    Connect = 3,
    /// The server was reached and the protocol went wrong.
    Protocol = 4,
    /// A file or the output could not be written.
    Files = 5,
    /// The time was up.
    Timeout = 124,
}

pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// Why the command ends with something else than success.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What scripts see. `None`: whoever read our output has gone, which is no failure.
    pub(crate) exit: Option<Exit>,
    message: String,
    hint: Option<String>,
    /// The last words of a server that was started, if it said any.
    server_log: Option<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit: Some(exit),
            message: message.into(),
            hint: None,
            server_log: None,
        }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// A failed write to stdout; a closed pipe ends the command quietly, as `head` expects.
    pub(crate) fn stdout(error: &io::Error) -> Self {
        let mut failure = Self::new(Exit::Files, format!("cannot write the output: {error}"));
        if error.kind() == io::ErrorKind::BrokenPipe {
            failure.exit = None;
        }
        failure
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn server_log(mut self, log: String) -> Self {
        self.server_log = (!log.is_empty()).then_some(log);
        self
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    pub(crate) fn server_log_text(&self) -> Option<&str> {
        self.server_log.as_deref()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
