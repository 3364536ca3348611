//! What was granted, what that implies, and what is needed.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::ports::Verified;

/// Which scopes imply which others.
///
/// "Servers MUST account for scope hierarchies" (revision 2026-07-28,
/// `basic/authorization`, "Step-Up Authorization Flow").
#[derive(Clone, Debug, Default)]
pub(super) struct ScopeHierarchy {
    /// Everything that a scope implies, near and far.
    implied: HashMap<String, Vec<Arc<str>>>,
}

impl ScopeHierarchy {
    /// From a broad scope to those that it includes; chains are followed, and circles end.
    pub(super) fn new(rules: &[(String, Vec<String>)]) -> Self {
        let near: HashMap<&str, &[String]> = rules
            .iter()
            .map(|(broad, narrow)| (broad.as_str(), narrow.as_slice()))
            .collect();
        let everything = |broad: &str| {
            let mut found: Vec<Arc<str>> = Vec::new();
            let mut open = vec![broad];
            while let Some(next) = open.pop() {
                for narrow in near.get(next).copied().unwrap_or_default() {
                    if narrow != broad && !found.iter().any(|it| **it == **narrow) {
                        found.push(narrow.as_str().into());
                        open.push(narrow);
                    }
                }
            }
            found
        };
        let implied = near
            .keys()
            .map(|it| ((*it).to_owned(), everything(it)))
            .collect();
        Self { implied }
    }

    /// Adds what the scopes imply.
    pub(super) fn expand(&self, verified: &mut Verified) {
        if self.implied.is_empty() {
            return;
        }
        for granted in verified.scopes.clone() {
            for implied in self.implied.get(&*granted).into_iter().flatten() {
                if !verified.has_scope(implied) {
                    verified.scopes.push(Arc::clone(implied));
                }
            }
        }
    }

    /// Whether there is nothing to add to these.
    pub(super) fn is_whole(&self, verified: &Verified) -> bool {
        let implied = verified
            .scopes
            .iter()
            .filter_map(|it| self.implied.get(&**it));
        implied.flatten().all(|it| verified.has_scope(it))
    }
}

/// The scopes that claims grant: `scope` (RFC 8693, section 4.2), or `scp` as some issuers
/// name it; words with spaces between them, or a list.
pub(super) fn granted(claims: &Map<String, Value>) -> Vec<Arc<str>> {
    let words = |text: &str| -> Vec<Arc<str>> { text.split_whitespace().map(Into::into).collect() };
    match claims.get("scope").or_else(|| claims.get("scp")) {
        Some(Value::String(text)) => words(text),
        Some(Value::Array(list)) => {
            let texts = list.iter().filter_map(Value::as_str);
            texts.flat_map(words).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether it is a scope (RFC 6749, section 3.3): visible ASCII without `"` and `\`, so that
/// it needs no escapes in a challenge.
pub(super) fn is_scope(text: &str) -> bool {
    let fits = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    !text.is_empty() && text.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_broad_scope_brings_the_narrow_ones_and_circles_end() {
        let own = |list: &[&str]| list.iter().map(|it| (*it).to_owned()).collect();
        let hierarchy = ScopeHierarchy::new(&[
            ("admin".into(), own(&["files:write", "admin"])),
            ("files:write".into(), own(&["files:read"])),
            ("files:read".into(), own(&["files:write"])),
        ]);
        let mut verified = Verified::new("alice").with_scopes(["admin"]);
        assert!(!hierarchy.is_whole(&verified));
        hierarchy.expand(&mut verified);
        assert!(hierarchy.is_whole(&verified));
        let scopes: Vec<_> = verified.scopes.iter().map(|it| &**it).collect();
        assert_eq!(scopes, ["admin", "files:write", "files:read"]);
        let mut other = Verified::new("bob").with_scopes(["mail"]);
        hierarchy.expand(&mut other);
        assert_eq!(other.scopes.len(), 1);
    }

    #[test]
    fn scopes_are_read_in_each_form_that_issuers_write() {
        for (claims, expected) in [
            (json!({"scope": "a  b"}), vec!["a", "b"]),
            (json!({"scope": ["a", "b c", 7]}), vec!["a", "b", "c"]),
            (json!({"scp": "a"}), vec!["a"]),
            (json!({"scp": ["a", "b"]}), vec!["a", "b"]),
            (json!({"scope": "a", "scp": "b"}), vec!["a"]),
            (json!({"scope": 7}), vec![]),
            (json!({}), vec![]),
        ] {
            let found = granted(claims.as_object().unwrap());
            let found: Vec<_> = found.iter().map(|it| &**it).collect();
            assert_eq!(found, expected, "{claims}");
        }
    }

    #[test]
    fn a_scope_needs_no_quoting() {
        for good in ["files:read", "a", "https://example.com/x", "!"] {
            assert!(is_scope(good), "{good}");
        }
        for bad in ["", "a b", "a\"", "a\\", "ä", "a\n"] {
            assert!(!is_scope(bad), "{bad}");
        }
    }
}
