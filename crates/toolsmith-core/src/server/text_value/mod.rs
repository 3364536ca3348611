//! Reads typed values from text: arguments of prompts, variables of URIs.
//!
//! A type says what it wants, and the text is read as that; nothing is guessed.

mod deserializer;
mod error;
mod map;
mod variant;

pub(crate) use error::TextError;
pub(crate) use map::TextMap;

use crate::protocol::Captured;

/// A text, or several, that a value is read from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TextValue<'a> {
    /// One text. A list is read from what stands between its commas.
    One(&'a str),
    /// Several. A value that is no list can be read where there is just one.
    Many(&'a [String]),
}

impl<'a> From<&'a Captured> for TextValue<'a> {
    fn from(value: &'a Captured) -> Self {
        match value {
            Captured::One(text) => TextValue::One(text),
            Captured::Many(texts) => TextValue::Many(texts),
        }
    }
}
