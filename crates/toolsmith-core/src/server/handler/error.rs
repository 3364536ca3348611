//! What a tool's failure says to the model, and what it keeps for the log.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use crate::protocol::{ErrorKind, ProtocolError};

type Cause = Box<dyn Error + Send + Sync>;

/// The failure of a tool, a prompt or a resource.
///
/// It either carries a message that is meant for the model ([`ToolError::user`]), or it is
/// masked ([`ToolError::internal`]): the model is told an id, and the log has that id with
/// everything else. The same holds for what a tool returns as its error type, see
/// [`IntoToolError`].
///
/// ```
/// use toolsmith_core::server::handler::ToolError;
///
/// fn divide(a: f64, b: f64) -> Result<f64, ToolError> {
///     if b == 0.0 {
///         return Err(ToolError::user("b must not be zero"));
///     }
///     Ok(a / b)
/// }
/// assert_eq!(divide(1.0, 0.0).unwrap_err().to_string(), "b must not be zero");
/// ```
pub struct ToolError(Box<Inner>);

/// The part of a [`ToolError`] that a wrapper, such as `anyhow::Error`, still shows as a
/// source, so that the message for the model is found behind it.
struct Inner {
    kind: Kind,
    cause: Option<Cause>,
}

enum Kind {
    User(Cow<'static, str>),
    Internal,
    Protocol(ProtocolError),
    NotFound,
}

/// What a failure is to be answered with.
pub(in crate::server) enum Verdict<'a> {
    /// Tell the model this.
    Tell(&'a str),
    /// Tell the model nothing but an id.
    Mask,
    /// Answer with an error of the protocol.
    Refuse(&'a ProtocolError),
    /// Answer that there is no such thing.
    Missing,
}

impl ToolError {
    /// A failure whose message is meant for the model.
    pub fn user(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::User(message.into()), None)
    }

    /// A failure that the model is told nothing of but an id. The log has the cause.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self::new(Kind::Internal, Some(cause.into()))
    }

    /// There is no such thing as the request asks for: of a resource, that there is none
    /// at its URI.
    pub fn not_found() -> Self {
        Self::new(Kind::NotFound, None)
    }

    /// The request does not fit: it is answered with code -32602 and this message.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::protocol(ProtocolError::new(ErrorKind::InvalidParams, message))
    }

    /// A failure that is answered with an error of the protocol.
    pub(in crate::server) fn protocol(error: ProtocolError) -> Self {
        Self::new(Kind::Protocol(error), None)
    }

    /// The same failure, with what caused it, for the log.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<Cause>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// Whether the message is meant for the model.
    pub fn is_user(&self) -> bool {
        matches!(self.verdict(), Verdict::Tell(_))
    }

    fn new(kind: Kind, cause: Option<Cause>) -> Self {
        Self(Box::new(Inner { kind, cause }))
    }

    /// What to answer: what this failure says, or what a failure behind it says that was
    /// wrapped on its way here.
    pub(in crate::server) fn verdict(&self) -> Verdict<'_> {
        let mut inner = &*self.0;
        loop {
            match &inner.kind {
                Kind::User(message) => return Verdict::Tell(message),
                Kind::Protocol(error) => return Verdict::Refuse(error),
                Kind::NotFound => return Verdict::Missing,
                Kind::Internal => match inner.cause.as_deref().and_then(find) {
                    Some(behind) => inner = behind,
                    None => return Verdict::Mask,
                },
            }
        }
    }

    /// The whole chain of causes, for the log.
    pub(in crate::server) fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut next = self.0.cause.as_deref().map(|c| c as &dyn Error);
        while let Some(cause) = next {
            let line = cause.to_string();
            if !text.ends_with(&line) {
                text.push_str(": ");
                text.push_str(&line);
            }
            next = cause.source();
        }
        text
    }
}

/// A request that does not fit, such as one whose parameters [`Params::typed`] could not
/// read, is answered with that error.
///
/// [`Params::typed`]: crate::protocol::Params::typed
impl From<ProtocolError> for ToolError {
    fn from(error: ProtocolError) -> Self {
        Self::protocol(error)
    }
}

/// A [`ToolError`] behind an error, at any depth.
fn find<'a>(error: &'a (dyn Error + Send + Sync + 'static)) -> Option<&'a Inner> {
    if let Some(found) = error.downcast_ref::<ToolError>() {
        return Some(&found.0);
    }
    let mut next = error.source();
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<ToolError>() {
            return Some(&found.0);
        }
        if let Some(found) = error.downcast_ref::<Inner>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

impl fmt::Display for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.kind, &self.cause) {
            (Kind::User(message), _) => f.write_str(message),
            (Kind::Protocol(error), _) => f.write_str(&error.message),
            (Kind::Internal, Some(cause)) => fmt::Display::fmt(cause, f),
            (Kind::Internal, None) => f.write_str("the tool failed"),
            (Kind::NotFound, _) => f.write_str("there is no such thing"),
        }
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match &self.kind {
            Kind::User(_) => "User",
            Kind::Internal => "Internal",
            Kind::Protocol(_) => "Protocol",
            Kind::NotFound => "NotFound",
        };
        f.debug_struct(name)
            .field("message", &self.to_string())
            .field("cause", &self.cause)
            .finish()
    }
}

impl Error for Inner {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|c| c as &(dyn Error + 'static))
    }
}

impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Error for ToolError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

/// An error that says itself what the model is told.
///
/// Implemented for [`ToolError`] and for strings, which are messages for the model. A tool
/// made by `#[tool]` may also return any other `std::error::Error`, or an
/// `anyhow::Error`: those are masked, because nobody has said that they are for the model.
/// Implement this trait for an error type of your own to say it, or use
/// [`ToolResultExt::user`] at the place where you know it.
///
/// ```
/// use toolsmith_core::server::handler::{IntoToolError, ToolError};
///
/// enum BookingError {
///     Full,
///     Database(std::io::Error),
/// }
///
/// impl IntoToolError for BookingError {
///     fn into_tool_error(self) -> ToolError {
///         match self {
///             BookingError::Full => ToolError::user("no seats are left on that day"),
///             BookingError::Database(error) => ToolError::internal(error),
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what the model is told when the tool fails",
    label = "not an error of a tool",
    note = "implement `IntoToolError` for it, or return `Result<_, ToolError>` or `Result<_, String>`"
)]
pub trait IntoToolError {
    /// The failure.
    fn into_tool_error(self) -> ToolError;
}

impl IntoToolError for ToolError {
    fn into_tool_error(self) -> ToolError {
        self
    }
}

impl IntoToolError for String {
    fn into_tool_error(self) -> ToolError {
        ToolError::user(self)
    }
}

impl IntoToolError for &'static str {
    fn into_tool_error(self) -> ToolError {
        ToolError::user(self)
    }
}

impl IntoToolError for Cow<'static, str> {
    fn into_tool_error(self) -> ToolError {
        ToolError::user(self)
    }
}

/// Gives the error of a result a message for the model.
///
/// ```
/// use toolsmith_core::server::handler::{ToolError, ToolResultExt};
///
/// fn read(path: &str) -> Result<String, ToolError> {
///     std::fs::read_to_string(path).user("that file cannot be read")
/// }
/// assert_eq!(read("/no/such").unwrap_err().to_string(), "that file cannot be read");
/// ```
pub trait ToolResultExt<T> {
    /// The same result; an error says `message` to the model and keeps its cause for the
    /// log.
    ///
    /// # Errors
    ///
    /// The error of the result.
    fn user(self, message: impl Into<Cow<'static, str>>) -> Result<T, ToolError>;
}

impl<T, E: Into<Cause>> ToolResultExt<T> for Result<T, E> {
    fn user(self, message: impl Into<Cow<'static, str>>) -> Result<T, ToolError> {
        self.map_err(|cause| ToolError::user(message).with_cause(cause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(error: &ToolError) -> Option<String> {
        match error.verdict() {
            Verdict::Tell(message) => Some(message.to_owned()),
            _ => None,
        }
    }

    #[test]
    fn a_message_for_the_model_is_found_behind_wrappers() {
        let io = || std::io::Error::other("disk on fire");
        let direct: anyhow::Result<()> = Err(io()).user("try later").map_err(Into::into);
        let wrapped = direct.map_err(|e| e.context("while saving")).unwrap_err();
        let error = ToolError::internal(wrapped);
        assert_eq!(told(&error).as_deref(), Some("try later"));
        assert!(error.chain().contains("disk on fire"), "{}", error.chain());

        let boxed: Cause = Box::new(ToolError::user("plain"));
        assert_eq!(told(&ToolError::internal(boxed)).as_deref(), Some("plain"));
        let plain = anyhow::Error::new(ToolError::user("alone"));
        assert_eq!(told(&ToolError::internal(plain)).as_deref(), Some("alone"));
    }

    #[test]
    fn nothing_is_told_of_an_error_that_nobody_meant_for_the_model() {
        let error = ToolError::internal(anyhow::anyhow!("password=1234"));
        assert_eq!(told(&error), None);
        assert!(error.chain().contains("password=1234"));
    }
}
