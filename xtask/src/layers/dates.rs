//! Revision dates that are spelled out in code.

use proc_macro2::{TokenStream, TokenTree};

use super::paths::test_module;

/// Every revision there is.
const REVISIONS: [&str; 5] = [
    "2024-11-05",
    "2025-03-26",
    "2025-06-18",
    "2025-11-25",
    "2026-07-28",
];

/// The dates in string literals. Documentation and test modules are left out.
pub(super) fn find(tokens: TokenStream) -> Vec<&'static str> {
    let mut found = Vec::new();
    walk(tokens, &mut found);
    found
}

fn walk(tokens: TokenStream, found: &mut Vec<&'static str>) {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while let Some(tree) = trees.get(at) {
        if let Some(next) = test_module(&trees, at) {
            at = next;
            continue;
        }
        match tree {
            TokenTree::Group(group) if !is_documentation(&trees, at) => walk(group.stream(), found),
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                found.extend(REVISIONS.iter().filter(|date| text.contains(*date)));
            }
            _ => {}
        }
        at += 1;
    }
}

/// `#[doc = "…"]`, which is what a documentation comment is.
fn is_documentation(trees: &[TokenTree], at: usize) -> bool {
    let TokenTree::Group(group) = &trees[at] else {
        return false;
    };
    let after_hash = at.checked_sub(1).and_then(|before| trees.get(before));
    matches!(after_hash, Some(TokenTree::Punct(p)) if matches!(p.as_char(), '#' | '!'))
        && matches!(group.stream().into_iter().next(), Some(TokenTree::Ident(word)) if word == "doc")
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn a_date_in_code_is_found() {
        let code = "fn f(v: &str) -> bool { matches!(v, \"2025-06-18\") || v == concat!(\"mcp-\", \"2024-11-05\") }";
        assert_eq!(find(code.parse().unwrap()), ["2025-06-18", "2024-11-05"]);
    }

    #[test]
    fn documentation_and_tests_may_name_dates() {
        let code = "//! Since 2025-06-18.\n/// Until 2025-11-25.\nfn f() {}\n#[cfg(test)] mod tests { const A: &str = \"2026-07-28\"; }";
        assert!(find(code.parse().unwrap()).is_empty());
    }
}
