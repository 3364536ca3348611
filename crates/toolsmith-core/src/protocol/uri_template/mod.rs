//! URI templates of RFC 6570, all four levels: a URI is matched against one and taken
//! apart, or is made from one.

mod captures;
mod compile;
mod error;
mod expand;
mod matching;
mod operator;
mod parse;
#[cfg(test)]
mod properties;
mod shape;
mod take;
mod units;
mod variable;

pub use captures::{Captured, Captures};
pub use error::TemplateError;
pub use variable::Variable;

use compile::Piece;
use parse::Part;

/// A URI template.
///
/// ```
/// use toolsmith_core::protocol::{Captured, UriTemplate};
///
/// let template = UriTemplate::parse("notes://{owner}{/path*}{?tag}")?;
/// let found = template.matches("notes://ann/2026/may?tag=a%20b").expect("it matches");
/// assert_eq!(found.get("owner"), Some(&Captured::from("ann")));
/// assert_eq!(found.get("path"), Some(&Captured::from(["2026", "may"])));
/// assert_eq!(found.get("tag"), Some(&Captured::from("a b")));
/// assert_eq!(template.expand(&found), "notes://ann/2026/may?tag=a%20b");
/// # Ok::<(), toolsmith_core::protocol::TemplateError>(())
/// ```
#[derive(Clone, Debug)]
pub struct UriTemplate {
    text: String,
    parts: Vec<Part>,
    pieces: Vec<Piece>,
    variables: Vec<Variable>,
}

impl UriTemplate {
    /// Reads a template of at most 4096 bytes, 64 expressions and 64 variables.
    ///
    /// # Errors
    ///
    /// What is wrong, and at which byte. Beyond the RFC, a variable that is named twice is
    /// refused, and so is percent-encoding that no URI can match.
    pub fn parse(text: &str) -> Result<UriTemplate, TemplateError> {
        let (parts, variables) = parse::parse(text)?;
        Ok(UriTemplate {
            text: text.to_owned(),
            pieces: compile::compile(&parts, &variables),
            parts,
            variables,
        })
    }

    /// A template that no URI matches which says anything.
    pub(crate) fn nothing() -> UriTemplate {
        UriTemplate {
            text: String::new(),
            parts: Vec::new(),
            pieces: Vec::new(),
            variables: Vec::new(),
        }
    }

    /// The template as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its variables, in the order in which they stand.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.variables.iter()
    }

    /// What stands before the first expression, as it was written.
    pub fn literal_prefix(&self) -> &str {
        self.text.split('{').next().unwrap_or_default()
    }

    /// How many characters stand outside of its expressions.
    pub(crate) fn literal_len(&self) -> usize {
        let parts = self.parts.iter().map(|part| match part {
            Part::Literal { units, .. } => units.len(),
            Part::Expression { .. } => 0,
        });
        parts.sum()
    }

    /// Whether it has no variables, and so matches one URI.
    pub fn is_exact(&self) -> bool {
        self.variables.is_empty()
    }

    /// Takes a URI apart. `None` when it does not match, is longer than 8192 bytes, or is
    /// not encoded as UTF-8 without NUL.
    ///
    /// Values are percent-decoded, so one that matched `{x}` may hold `/` or be `..`: whoever
    /// makes a path of it has to check it.
    ///
    /// What RFC 6570 leaves open is settled so:
    ///
    /// - `{x}` takes anything but `/`, `?` and `#`, and in a query but `&`; `{+x}` takes these
    ///   too, up to a query or fragment that the template itself has. Both take at least one
    ///   character.
    /// - A value is as long as it can be: in `{name}.{end}` the last dot counts. Before an
    ///   expression, and before a delimiter that it has only encoded, it is as short as it
    ///   can be: in `{name}{.end}` the first dot counts, in `{a}:{b}` the first colon.
    /// - In a list of variables each takes one value, and the last one, or an exploded one,
    ///   what is left.
    /// - The pairs of `{?a,b}`, `{&a,b}` and `{;a,b}` may come in any order, among others
    ///   that are ignored. `+` is no space. A key that is repeated gives
    ///   [`Captured::Many`], exploded or not, so that no value is lost unseen.
    ///
    /// The work is bounded by the length of the template times that of the URI.
    pub fn matches(&self, uri: &str) -> Option<Captures> {
        matching::matches(&self.pieces, &self.variables, uri)
    }

    /// Makes a URI, as section 3.2 of RFC 6570 has it. A variable without a value, or with
    /// an empty list, is left out.
    pub fn expand(&self, values: &Captures) -> String {
        expand::expand(&self.parts, &self.variables, values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_says_what_it_is() {
        let template = UriTemplate::parse("a://b/{c}?d={e}").unwrap();
        assert_eq!(template.as_str(), "a://b/{c}?d={e}");
        assert_eq!(template.literal_prefix(), "a://b/");
        assert!(!template.is_exact());
        let exact = UriTemplate::parse("a://b").unwrap();
        assert_eq!(exact.literal_prefix(), "a://b");
        assert!(exact.is_exact());
        assert!(exact.matches("a://b").is_some_and(|found| found.is_empty()));
        assert!(exact.matches("a://b/").is_none());
    }
}
