//! Why a text does not fit.

use std::fmt;

use crate::protocol::plain;

/// Why a text does not fit, in plain words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TextError(pub(super) String);

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TextError {}

impl serde::de::Error for TextError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(plain(&message.to_string()))
    }
}
