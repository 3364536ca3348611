//! `scopes("files:write", "files:read")`.

use syn::LitStr;

use super::entry::Entry;
use crate::errors::Errors;

/// Reads the scopes that a caller needs. What is wrong with one does not hide what is wrong
/// with the next.
pub(super) fn scopes(entry: &Entry, errors: &mut Errors) -> Vec<LitStr> {
    let mut scopes: Vec<LitStr> = Vec::new();
    for scope in errors.keep(entry.strings()).unwrap_or_default() {
        let text = scope.value();
        if text.is_empty() {
            errors.at(
                &scope,
                "a scope is not empty: write \"files:write\" or the like",
            );
        } else if let Some(wrong) = text.chars().find(|c| !is_of_scope(*c)) {
            errors.at(
                &scope,
                format!(
                    "a scope cannot have {wrong:?} in it: it is of visible ASCII, without \
                     spaces, `\"` and `\\`; list several as `scopes(\"…\", \"…\")`"
                ),
            );
        } else if scopes.iter().any(|it| it.value() == text) {
            errors.at(&scope, format!("\"{text}\" is given twice; keep one"));
        } else {
            scopes.push(scope);
        }
    }
    scopes
}

/// Whether a `scope-token` may have it: RFC 6749, section 3.3.
fn is_of_scope(c: char) -> bool {
    c.is_ascii_graphic() && !matches!(c, '"' | '\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (usize, Vec<String>) {
        let mut errors = Errors::default();
        let scopes = scopes(&syn::parse_str(text).unwrap(), &mut errors);
        (scopes.len(), errors.messages())
    }

    #[test]
    fn scopes_are_as_rfc_6749_has_them_and_each_is_given_once() {
        assert_eq!(read(r#"scopes("a")"#), (1, Vec::new()));
        let all = r#"scopes("files:write", "https://a.example/b#c", "!~[]'")"#;
        assert_eq!(read(all), (3, Vec::new()));
        for (wrong, told) in [
            (r#"scopes("")"#, "is not empty"),
            (r#"scopes("a b")"#, "' '"),
            (r#"scopes("a\"")"#, "'\"'"),
            (r#"scopes("a\\b")"#, "'\\\\'"),
            (r#"scopes("é")"#, "'é'"),
            (r#"scopes("a", "a")"#, "\"a\" is given twice"),
            ("scopes(a)", "`scopes` lists strings"),
            ("scopes", "write `scopes(\"…\", \"…\")`"),
            (r#"scopes = "a""#, "write `scopes(\"…\", \"…\")`"),
            ("scopes()", "write `scopes(\"…\", \"…\")`"),
        ] {
            let (_, said) = read(wrong);
            assert_eq!(said.len(), 1, "{wrong}: {said:?}");
            assert!(said[0].contains(told), "{wrong}: {said:?}");
        }
        assert_eq!(read(r#"scopes("", "a b", "c", "c")"#).1.len(), 3);
    }
}
