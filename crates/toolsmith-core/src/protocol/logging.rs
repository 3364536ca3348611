//! Log messages to a client.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How severe a log message is, least severe first. The levels of RFC 5424.
///
/// ```
/// use toolsmith_core::protocol::LogLevel;
///
/// assert!(LogLevel::Debug < LogLevel::Error);
/// assert_eq!(LogLevel::Warning.as_str(), "warning");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What helps to find a mistake.
    Debug,
    /// What goes on.
    Info,
    /// Something normal that matters.
    Notice,
    /// Something that may go wrong.
    Warning,
    /// Something that went wrong.
    Error,
    /// A part does not work.
    Critical,
    /// Somebody must do something now.
    Alert,
    /// Nothing works.
    Emergency,
}

impl LogLevel {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            LogLevel::Debug => "debug",
            LogLevel::Info => "info",
            LogLevel::Notice => "notice",
            LogLevel::Warning => "warning",
            LogLevel::Error => "error",
            LogLevel::Critical => "critical",
            LogLevel::Alert => "alert",
            LogLevel::Emergency => "emergency",
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
