//! Why a server did not start or ended.

use std::fmt;
use std::time::Duration;

use crate::server::StartError;

/// What [`run`](crate::ServerExt::run) and [`serve`](crate::ServerExt::serve) give.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a server did not start, or why it ended.
///
/// Its `Debug` is written for people, because that is what `main` prints when it returns
/// one.
pub struct Error(Box<Kind>);

enum Kind {
    /// The server itself is wrong.
    Start(StartError),
    /// Something that was set is wrong.
    Setting {
        message: String,
        hint: Option<String>,
    },
    /// It brings its own runtime, and there is one around it.
    InsideRuntime,
    /// The address cannot be listened on.
    Bind {
        address: String,
        error: std::io::Error,
    },
    /// It was told to stop, and this many requests took too long.
    CutOff { requests: usize, time: Duration },
    /// It was told to stop a second time, by this signal.
    ToldTwice { signal: i32 },
    /// Reading, writing or the system failed.
    Io {
        doing: &'static str,
        error: std::io::Error,
    },
}

impl Error {
    pub(crate) fn setting(message: impl Into<String>) -> Self {
        let (message, hint) = (message.into(), None);
        Self(Box::new(Kind::Setting { message, hint }))
    }

    /// Says what to do about a setting that is wrong.
    pub(crate) fn with_hint(mut self, text: impl Into<String>) -> Self {
        if let Kind::Setting { hint, .. } = &mut *self.0 {
            *hint = Some(text.into());
        }
        self
    }

    /// Says it in other words, where a setting is wrong.
    pub(crate) fn reworded(mut self, words: impl FnOnce(&str) -> Option<String>) -> Self {
        if let Kind::Setting { message, .. } = &mut *self.0
            && let Some(other) = words(message)
        {
            *message = other;
        }
        self
    }

    pub(crate) fn inside_runtime() -> Self {
        Self(Box::new(Kind::InsideRuntime))
    }

    pub(crate) fn bind(address: impl Into<String>, error: std::io::Error) -> Self {
        let address = address.into();
        Self(Box::new(Kind::Bind { address, error }))
    }

    pub(crate) fn cut_off(requests: usize, time: Duration) -> Self {
        Self(Box::new(Kind::CutOff { requests, time }))
    }

    pub(crate) fn told_twice(signal: i32) -> Self {
        Self(Box::new(Kind::ToldTwice { signal }))
    }

    /// The status with which a process ends that was told twice, as shells count: 128 and
    /// the number of the signal.
    pub(crate) fn status_of_signal(&self) -> Option<i32> {
        match *self.0 {
            Kind::ToldTwice { signal } => Some(128 + signal),
            _ => None,
        }
    }

    pub(crate) fn io(doing: &'static str, error: std::io::Error) -> Self {
        Self(Box::new(Kind::Io { doing, error }))
    }

    /// The server itself is wrong: two tools of one name, a state that was not given.
    pub fn is_start(&self) -> bool {
        matches!(*self.0, Kind::Start(_))
    }

    /// A setting is wrong, or needs a feature that this program was built without.
    pub fn is_setting(&self) -> bool {
        matches!(*self.0, Kind::Setting { .. })
    }

    /// The address cannot be listened on, for example because it is in use.
    pub fn is_bind(&self) -> bool {
        matches!(*self.0, Kind::Bind { .. })
    }

    /// The server was told to stop, and had to cut off requests that took too long; or it
    /// was told so a second time, and ended at once.
    pub fn is_cut_off(&self) -> bool {
        matches!(*self.0, Kind::CutOff { .. } | Kind::ToldTwice { .. })
    }

    /// What to do next, where that is known.
    fn hint(&self) -> Option<&str> {
        match &*self.0 {
            Kind::Setting { hint, .. } => hint.as_deref(),
            Kind::InsideRuntime => Some(
                "call `run` from a `main` that is not async, or write `.serve(…).await` in its place: the log and, on stdio, signals are then the program's own",
            ),
            Kind::Bind { error, .. } => match error.kind() {
                std::io::ErrorKind::AddrInUse => Some(
                    "another program listens there; end it, or choose another port with --port (0 for any)",
                ),
                std::io::ErrorKind::PermissionDenied => {
                    Some("ports below 1024 need a privilege; choose another with --port")
                }
                std::io::ErrorKind::AddrNotAvailable => {
                    Some("this machine has no such address; choose another with --host")
                }
                std::io::ErrorKind::InvalidInput => {
                    Some("an address is a host and a port, such as 127.0.0.1:8000")
                }
                // What fails without the system's error number is the search for the name.
                _ if error.raw_os_error().is_none() => Some(
                    "no address was found for that host; is its name spelt right? --host chooses another",
                ),
                _ => Some("choose another address with --host and --port"),
            },
            Kind::CutOff { .. } => Some("give them more time with --drain-timeout"),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kind::Start(error) => fmt::Display::fmt(error, f),
            Kind::Setting { message, .. } => f.write_str(message),
            Kind::InsideRuntime => f.write_str(
                "`run` starts a runtime of its own and was called inside one, such as that of #[tokio::main]",
            ),
            Kind::Bind { address, error } => write!(f, "cannot listen on {address}: {error}"),
            Kind::CutOff { requests, time } => write!(
                f,
                "{requests} requests took longer than {time:?} to finish and were cut off"
            ),
            Kind::ToldTwice { signal } => {
                write!(f, "told to stop a second time, by signal {signal}; ended at once")
            }
            Kind::Io { doing, error } => write!(f, "{doing} failed: {error}"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        match self.hint() {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &*self.0 {
            Kind::Start(error) => Some(error),
            Kind::Setting { .. }
            | Kind::InsideRuntime
            | Kind::CutOff { .. }
            | Kind::ToldTwice { .. } => None,
            Kind::Bind { error, .. } | Kind::Io { error, .. } => Some(error),
        }
    }
}

impl From<StartError> for Error {
    fn from(error: StartError) -> Self {
        Self(Box::new(Kind::Start(error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn main_prints_what_happened_where_and_what_to_do() {
        let error = Error::bind("127.0.0.1:80", std::io::ErrorKind::AddrInUse.into());
        let printed = format!("{error:?}");
        assert!(
            printed.contains("127.0.0.1:80") && printed.contains("--port"),
            "{printed}"
        );
        assert!(error.is_bind() && !error.is_setting());
    }
}
