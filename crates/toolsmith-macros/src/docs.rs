//! Doc comments as text for clients.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// Whether an attribute is a doc comment, and not `#[doc(hidden)]` or the like.
pub(crate) fn is_doc(attribute: &Attribute) -> bool {
    attribute.path().is_ident("doc") && matches!(attribute.meta, Meta::NameValue(_))
}

/// The text of the doc comments among attributes, as an expression of type `&'static str`.
pub(crate) fn text(attributes: &[Attribute]) -> Option<TokenStream> {
    let lines = attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            Meta::NameValue(doc) if is_doc(attribute) => Some(&doc.value),
            _ => None,
        });
    let lines: Vec<&Expr> = lines.collect();
    let written: Option<Vec<String>> = lines.iter().map(|line| literal(line)).collect();
    match written {
        Some(written) => {
            let text = join(&written);
            (!text.is_empty()).then(|| text.to_token_stream())
        }
        // Such as `#[doc = include_str!("…")]`, which only the compiler can read.
        None => Some(quote!(::core::primitive::str::trim_ascii(
            ::core::concat!(#(#lines, "\n"),*)
        ))),
    }
}

fn literal(line: &Expr) -> Option<String> {
    match line {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Some(text.value()),
        _ => None,
    }
}

/// Joins doc comments as rustdoc reads them: the indentation that all lines share goes,
/// paragraphs stay.
fn join(comments: &[String]) -> String {
    let lines: Vec<&str> = comments.iter().flat_map(|text| unstarred(text)).collect();
    let indentation = |line: &&str| line.len() - line.trim_start_matches(' ').len();
    let filled = lines.iter().filter(|line| !line.trim().is_empty());
    let shared = filled.map(indentation).min().unwrap_or(0);
    let lines = lines
        .iter()
        .map(|line| line.get(shared..).unwrap_or("").trim_end());
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// The lines of one comment, without the column of stars that a block comment may have.
fn unstarred(comment: &str) -> Vec<&str> {
    let lines: Vec<&str> = comment.split('\n').collect();
    let inner = || lines.iter().skip(1).map(|line| line.trim_start());
    let starred = lines.len() > 2 && inner().all(|line| line.is_empty() || line.starts_with('*'));
    if !starred || !inner().any(|line| line.starts_with('*')) {
        return lines;
    }
    let first = lines.first().copied();
    let rest = inner().map(|line| line.strip_prefix('*').unwrap_or(line));
    first.into_iter().chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(lines: &[&str]) -> String {
        join(
            &lines
                .iter()
                .map(|&line| line.to_owned())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn paragraphs_and_deeper_indentation_stay() {
        let text = joined(&[" Add.", "", " - one", "   more", " - two", ""]);
        assert_eq!(text, "Add.\n\n- one\n  more\n- two");
        assert_eq!(joined(&["", "  "]), "");
        assert_eq!(joined(&["No space.", " One."]), "No space.\n One.");
    }

    #[test]
    fn a_block_comment_is_read_line_by_line() {
        assert_eq!(joined(&["\n First.\n\n Second.\n "]), "First.\n\nSecond.");
        assert_eq!(
            joined(&["\n * First.\n *\n *   Second.\n "]),
            "First.\n\n  Second."
        );
    }
}
