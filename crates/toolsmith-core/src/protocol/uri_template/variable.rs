//! A variable of a template.

use super::units::Unit;

/// A variable of a template, as its expression has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    pub(super) name: String,
    /// The name as it is when it was decoded, by which a pair is known.
    pub(super) key: String,
    pub(super) explode: bool,
    pub(super) prefix: Option<u16>,
    pub(super) optional: bool,
}

impl Variable {
    /// The name, as it was written.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is exploded, `{x*}`: its value is a list.
    pub fn explode(&self) -> bool {
        self.explode
    }

    /// How many characters of the value are in the URI at most, `{x:3}`.
    pub fn prefix(&self) -> Option<u16> {
        self.prefix
    }

    /// Whether a URI can do without it. `{x}` and `{+x}` must be there, all others need not.
    pub fn optional(&self) -> bool {
        self.optional
    }

    /// Whether the left side of a pair names it.
    pub(super) fn is_keyed(&self, key: &[Unit]) -> bool {
        self.key.chars().eq(key.iter().map(|unit| unit.ch))
    }

    /// Whether a value is one that the URI may hold.
    pub(super) fn admits(&self, value: &[Unit]) -> bool {
        self.prefix
            .is_none_or(|longest| value.len() <= usize::from(longest))
    }
}
