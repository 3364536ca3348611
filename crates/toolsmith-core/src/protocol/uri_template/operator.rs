//! The operators of expressions, and what each does.

use super::units::Unit;

/// The operator of an expression. Appendix A of RFC 6570 has the same table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    /// `{x}`
    Simple,
    /// `{+x}`
    Reserved,
    /// `{#x}`
    Fragment,
    /// `{.x}`
    Label,
    /// `{/x}`
    Path,
    /// `{;x}`
    Parameters,
    /// `{?x}`
    Query,
    /// `{&x}`
    Continuation,
}

impl Operator {
    /// The operator that a character stands for, if it stands for one.
    pub(super) fn from_byte(byte: u8) -> Option<Operator> {
        Some(match byte {
            b'+' => Operator::Reserved,
            b'#' => Operator::Fragment,
            b'.' => Operator::Label,
            b'/' => Operator::Path,
            b';' => Operator::Parameters,
            b'?' => Operator::Query,
            b'&' => Operator::Continuation,
            _ => return None,
        })
    }

    /// What comes before the first value. With it, the whole expression can be missing.
    pub(super) fn lead(self) -> Option<char> {
        match self {
            Operator::Simple | Operator::Reserved => None,
            Operator::Fragment => Some('#'),
            Operator::Label => Some('.'),
            Operator::Path => Some('/'),
            Operator::Parameters => Some(';'),
            Operator::Query => Some('?'),
            Operator::Continuation => Some('&'),
        }
    }

    /// What stands between values.
    pub(super) fn separator(self) -> char {
        match self {
            Operator::Simple | Operator::Reserved | Operator::Fragment => ',',
            Operator::Label => '.',
            Operator::Path => '/',
            Operator::Parameters => ';',
            Operator::Query | Operator::Continuation => '&',
        }
    }

    /// Whether values come with their names.
    pub(super) fn is_named(self) -> bool {
        matches!(
            self,
            Operator::Parameters | Operator::Query | Operator::Continuation
        )
    }

    /// What follows the name of an empty value.
    pub(super) fn after_empty(self) -> &'static str {
        match self {
            Operator::Query | Operator::Continuation => "=",
            _ => "",
        }
    }

    /// Whether values have this delimiter only encoded.
    pub(super) fn encodes(self, unit: Unit) -> bool {
        !self.keeps_reserved() && unit.is_delimiter() && !unit.is(self.separator())
    }

    /// Whether reserved characters go into the URI as they are.
    pub(super) fn keeps_reserved(self) -> bool {
        matches!(self, Operator::Reserved | Operator::Fragment)
    }
}
