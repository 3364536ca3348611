//! Why a text is no template.

use std::borrow::Cow;
use std::fmt;

/// What is wrong with a template, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    what: Cow<'static, str>,
    at: usize,
}

impl TemplateError {
    pub(super) fn new(at: usize, what: impl Into<Cow<'static, str>>) -> Self {
        let what = what.into();
        Self { what, at }
    }

    /// The byte of the template where it is wrong, counted from zero.
    pub fn at(&self) -> usize {
        self.at
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {} of the URI template: {}", self.at, self.what)
    }
}

impl std::error::Error for TemplateError {}
