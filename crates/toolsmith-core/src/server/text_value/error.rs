//! Why a text does not fit.

use std::fmt;

use crate::protocol::plain;
use crate::server::handler::Misfit;

/// Why a text does not fit, in plain words, and where, in one that is JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TextError(pub(super) Misfit);

impl TextError {
    pub(super) fn new(what: String) -> Self {
        Self(Misfit::of_all(what))
    }

    /// In words, for a value of this name.
    pub(crate) fn said_of(&self, name: &str) -> String {
        self.0.said_of(name)
    }
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.said_of(""))
    }
}

impl std::error::Error for TextError {}

impl serde::de::Error for TextError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(plain(&message.to_string()))
    }
}
