//! Every path in a piece of code, written from the crate's root.
//!
//! Tokens instead of a syntax tree: a path in the arguments of a macro counts, too.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// All paths that begin at `crate`, `self` or `super`, resolved. Test modules are left out.
pub(super) fn all(place: &[String], tokens: TokenStream) -> Vec<String> {
    let mut found = Vec::new();
    walk(place, tokens, &mut found);
    found
}

fn walk(place: &[String], tokens: TokenStream, found: &mut Vec<String>) {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while let Some(tree) = trees.get(at) {
        if let Some(next) = test_module(&trees, at) {
            at = next;
        } else if let Some((name, body)) = module(&trees, at) {
            let inner: Vec<String> = place.iter().cloned().chain([name]).collect();
            walk(&inner, body, found);
            at += 3;
        } else if is_root(tree) && follows_colons(&trees, at + 1) {
            at = path(place, Vec::new(), &trees, at, found);
        } else {
            if let TokenTree::Group(group) = tree {
                walk(place, group.stream(), found);
            }
            at += 1;
        }
    }
}

/// Follows one path, or all paths of a use group, and returns where it ends.
fn path(
    place: &[String],
    mut before: Vec<String>,
    trees: &[TokenTree],
    mut at: usize,
    found: &mut Vec<String>,
) -> usize {
    loop {
        match trees.get(at) {
            Some(TokenTree::Ident(word)) => before.push(word.to_string()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                for item in
                    inner.split(|tree| matches!(tree, TokenTree::Punct(p) if p.as_char() == ','))
                {
                    if !item.is_empty() {
                        path(place, before.clone(), item, 0, found);
                    }
                }
                return at + 1;
            }
            // A glob, or generic arguments: the path before them says enough.
            _ => {
                found.extend(resolve(place, &before));
                return at;
            }
        }
        at += 1;
        if follows_colons(trees, at) {
            at += 2;
        } else {
            found.extend(resolve(place, &before));
            return at;
        }
    }
}

/// The path from the crate's root, or nothing for a path into another crate.
fn resolve(place: &[String], words: &[String]) -> Option<String> {
    let mut base = place.to_vec();
    let mut rest = words;
    match words.first()?.as_str() {
        "crate" => {
            base.clear();
            rest = &words[1..];
        }
        "self" | "super" => {
            while let Some((first, more)) = rest.split_first() {
                match first.as_str() {
                    "super" => drop(base.pop()),
                    "self" => {}
                    _ => break,
                }
                rest = more;
            }
        }
        _ => return None,
    }
    let all = std::iter::once("crate")
        .chain(base.iter().map(String::as_str))
        .chain(rest.iter().map(String::as_str));
    Some(all.collect::<Vec<_>>().join("::"))
}

fn is_root(tree: &TokenTree) -> bool {
    matches!(tree, TokenTree::Ident(word) if word == "crate" || word == "self" || word == "super")
}

fn follows_colons(trees: &[TokenTree], at: usize) -> bool {
    let colon =
        |at: usize| matches!(trees.get(at), Some(TokenTree::Punct(p)) if p.as_char() == ':');
    colon(at) && colon(at + 1)
}

/// `mod name { body }` at this place.
fn module(trees: &[TokenTree], at: usize) -> Option<(String, TokenStream)> {
    match trees.get(at..at + 3)? {
        [
            TokenTree::Ident(word),
            TokenTree::Ident(name),
            TokenTree::Group(body),
        ] if word == "mod" => Some((name.to_string(), body.stream())),
        _ => None,
    }
}

/// Where a `#[cfg(test)] mod name { … }` that begins here ends.
pub(super) fn test_module(trees: &[TokenTree], at: usize) -> Option<usize> {
    let [TokenTree::Punct(hash), TokenTree::Group(attribute)] = trees.get(at..at + 2)? else {
        return None;
    };
    let text: String = attribute.stream().to_string().split_whitespace().collect();
    if hash.as_char() != '#' || text != "cfg(test)" {
        return None;
    }
    module(trees, at + 2).map(|_| at + 5)
}
