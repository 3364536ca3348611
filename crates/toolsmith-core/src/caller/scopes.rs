//! What a caller may do, or needs to be allowed to do.

use std::fmt;
use std::sync::Arc;

/// Scopes, in order and each of them once: what a caller may do, or what an operation needs.
///
/// Implements `scope` of RFC 6749, section 3.3: each scope is of printable ASCII without
/// spaces, `"` and `\`, and counts letter for letter. Cheap to clone.
///
/// ```
/// use toolsmith_core::Scopes;
///
/// let scopes = Scopes::parse("files:write files:read files:read");
/// assert_eq!(scopes.to_string(), "files:read files:write");
/// assert!(scopes.contains("files:read") && !scopes.contains("files"));
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Scopes(Option<Arc<[Box<str>]>>);

impl Scopes {
    /// Reads scopes as a token or a header field has them: separated by spaces.
    pub fn parse(text: &str) -> Self {
        text.split(' ').filter(|it| !it.is_empty()).collect()
    }

    /// Whether a text can be a scope: `scope-token` of RFC 6749, section 3.3.
    pub fn is_scope(text: &str) -> bool {
        let fits = |byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        !text.is_empty() && text.bytes().all(fits)
    }

    /// Whether one is among them.
    pub fn contains(&self, scope: &str) -> bool {
        let find = self.all().binary_search_by(|it| (**it).cmp(scope));
        find.is_ok()
    }

    /// Whether all of others are among them.
    pub fn includes(&self, others: &Self) -> bool {
        others.iter().all(|scope| self.contains(scope))
    }

    /// Those that are not among others.
    pub fn without(&self, others: &Self) -> Self {
        let missing = self.iter().filter(|scope| !others.contains(scope));
        missing.collect()
    }

    /// These and others.
    pub fn and(&self, others: &Self) -> Self {
        self.iter().chain(others.iter()).collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all().len()
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        // None at all are kept as nothing.
        self.0.is_none()
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.all().iter().map(|it| &**it)
    }

    fn all(&self) -> &[Box<str>] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl<S: AsRef<str>> FromIterator<S> for Scopes {
    fn from_iter<I: IntoIterator<Item = S>>(scopes: I) -> Self {
        let mut all: Vec<Box<str>> = scopes.into_iter().map(|it| it.as_ref().into()).collect();
        if all.is_empty() {
            return Self::default();
        }
        all.sort_unstable();
        all.dedup();
        Self(Some(all.into()))
    }
}

/// Separated by spaces, as a header field has them.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{scope}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_what_rfc_6749_says_and_count_letter_for_letter() {
        for scope in ["a", "files:write", "https://a.example/b?c#d", "!~[]'"] {
            assert!(Scopes::is_scope(scope), "{scope}");
        }
        for other in ["", "a b", "a\"", "a\\b", "é", "a\n", "\u{7f}"] {
            assert!(!Scopes::is_scope(other), "{other:?}");
        }
        let scopes = Scopes::parse("  b a  b ");
        assert_eq!(scopes.iter().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!((scopes.len(), scopes.to_string()), (2, "a b".to_owned()));
        assert!(scopes.contains("a") && !scopes.contains("A") && !scopes.contains(""));
        assert!(Scopes::parse(" ").is_empty() && Scopes::default().is_empty());
    }

    #[test]
    fn what_is_missing_and_what_both_have() {
        let (few, many) = (Scopes::parse("a b"), Scopes::parse("b c d"));
        assert_eq!(many.without(&few), Scopes::parse("c d"));
        assert!(few.without(&few).is_empty());
        assert!(few.and(&many).includes(&few) && !few.includes(&many));
        assert!(Scopes::default().includes(&Scopes::default()));
        assert_eq!(few.and(&many), Scopes::parse("a b c d"));
        assert_eq!(few.without(&Scopes::default()), few);
    }
}
