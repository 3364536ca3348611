//! The arguments of `#[tool(…)]`, `#[prompt(…)]` and `#[resource(…)]`.

mod entry;
mod icon;
mod moment;
mod name;
mod resource;
mod scopes;
mod time;
mod tool;

use std::collections::HashSet;
use std::time::Duration;

use proc_macro2::TokenStream;
use syn::parse::Parser as _;
use syn::{Expr, LitStr, Path, parse_quote};

use self::entry::{Entry, split};
pub(crate) use self::icon::{Icon, Theme};
pub(crate) use self::name::name_of;
pub(crate) use self::resource::{Audience, ResourceArguments, Uri};
pub(crate) use self::tool::{Support, ToolArguments};
use crate::errors::Errors;
use crate::kind::Kind;

/// The arguments that something takes, each with what takes it: the argument, its tokens, and
/// where to say what is wrong. What is said to an author to be known is read from here, too.
type Table<T> = [(&'static str, Take<T>)];
type Take<T> = fn(&mut T, &Entry, TokenStream, &mut Errors);

/// What every kind knows, before what is its own.
const FIRST: &Table<Attributes> = &[
    ("name", |it, entry, _, errors| {
        let kind = it.kind();
        let name = entry.string().and_then(|text| name::chosen(kind, text));
        it.name = errors.keep(name);
    }),
    ("title", |it, entry, _, errors| {
        it.title = errors.keep(entry.text());
    }),
    ("description", |it, entry, _, errors| {
        it.description = errors.keep(entry.text());
    }),
];

/// What every kind knows, after what is its own.
const LAST: &Table<Attributes> = &[
    ("icons", |it, entry, _, errors| {
        it.icons = icon::icons(entry, errors);
    }),
    ("tags", |it, entry, _, errors| {
        it.tags = errors.keep(entry.strings()).unwrap_or_default();
    }),
    ("meta", |it, entry, _, errors| it.meta = meta(entry, errors)),
    ("scopes", |it, entry, _, errors| {
        it.scopes = scopes::scopes(entry, errors);
    }),
    ("timeout", |it, entry, written, errors| {
        let limit = errors.keep(time::timeout(entry));
        it.timeout = limit.map(|limit| (written, limit));
    }),
    ("inline", |it, entry, written, errors| {
        it.inline = errors.keep(entry.word()).map(|()| written);
    }),
    ("crate", |it, entry, _, errors| {
        let path = entry.tokens().and_then(|path| {
            let wanted = |_| entry.error("write `crate = path::to::toolsmith`");
            Path::parse_mod_style.parse2(path).map_err(wanted)
        });
        if let Some(path) = errors.keep(path) {
            it.library = path;
        }
    }),
];

/// What an author wrote in the attribute.
pub(crate) struct Attributes {
    pub(crate) name: Option<LitStr>,
    pub(crate) title: Option<Expr>,
    pub(crate) description: Option<Expr>,
    pub(crate) own: Own,
    pub(crate) icons: Vec<Icon>,
    pub(crate) tags: Vec<LitStr>,
    pub(crate) meta: Vec<(String, TokenStream)>,
    pub(crate) scopes: Vec<LitStr>,
    pub(crate) timeout: Option<(TokenStream, Duration)>,
    pub(crate) inline: Option<TokenStream>,
    pub(crate) library: Path,
}

/// The arguments that only one kind has, and so which kind it is.
pub(crate) enum Own {
    Tool(ToolArguments),
    Prompt,
    Resource(ResourceArguments),
}

impl Attributes {
    fn new(kind: Kind) -> Self {
        Self {
            name: None,
            title: None,
            description: None,
            own: match kind {
                Kind::Tool => Own::Tool(ToolArguments::default()),
                Kind::Prompt => Own::Prompt,
                Kind::Resource => Own::Resource(ResourceArguments::default()),
            },
            icons: Vec::new(),
            tags: Vec::new(),
            meta: Vec::new(),
            scopes: Vec::new(),
            timeout: None,
            inline: None,
            library: parse_quote!(::toolsmith),
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self.own {
            Own::Tool(_) => Kind::Tool,
            Own::Prompt => Kind::Prompt,
            Own::Resource(_) => Kind::Resource,
        }
    }

    /// Reads the arguments. What is wrong with one does not hide what is wrong with the
    /// next.
    pub(crate) fn parse(kind: Kind, tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut attributes = Self::new(kind);
        let mut seen = HashSet::new();
        for (index, piece) in split(tokens).into_iter().enumerate() {
            let Some(entry) = errors.keep(syn::parse2::<Entry>(piece.clone())) else {
                continue;
            };
            if let (Own::Resource(own), Some(uri)) = (&mut attributes.own, entry.alone()) {
                own.set_uri(uri, index == 0, errors);
            } else if !seen.insert(entry.key.name()) {
                errors.push(twice(&entry));
            } else {
                attributes.set(&entry, piece, errors);
            }
        }
        attributes.check_inline(errors);
        if let Own::Resource(own) = &attributes.own {
            own.finish(seen.contains("ttl"), errors);
        }
        attributes
    }

    fn set(&mut self, entry: &Entry, written: TokenStream, errors: &mut Errors) {
        let kind = self.kind();
        let name = entry.key.name();
        if let Some(take) = find(FIRST, &name).or_else(|| find(LAST, &name)) {
            return take(self, entry, written, errors);
        }
        match &mut self.own {
            Own::Tool(own) => {
                if let Some(take) = find(tool::KNOWN, &name) {
                    return take(own, entry, written, errors);
                }
            }
            Own::Resource(own) => {
                if let Some(take) = find(resource::KNOWN, &name) {
                    return take(own, entry, written, errors);
                }
            }
            Own::Prompt => {}
        }
        let known = known(kind);
        errors.at(
            &entry.key,
            format!("unknown argument `{name}`; `#[{kind}]` knows {known}"),
        );
    }

    fn check_inline(&self, errors: &mut Errors) {
        if self.inline.is_none() {
            return;
        }
        if let Some((timeout, _)) = &self.timeout {
            errors.at(
                timeout,
                format!(
                    "`timeout` cannot hold for an `inline` {}: nothing can interrupt it where \
                     it runs; drop one of the two",
                    self.kind()
                ),
            );
        }
        if let Own::Tool(ToolArguments {
            task: Some(task), ..
        }) = &self.own
        {
            errors.at(
                &task.written,
                "a task goes on after its call was answered, and an `inline` tool keeps the \
                 answer waiting; drop one of the two",
            );
        }
    }
}

/// What takes an argument, when it is known.
fn find<T>(table: &Table<T>, name: &str) -> Option<Take<T>> {
    table
        .iter()
        .find(|(known, _)| *known == name)
        .map(|it| it.1)
}

/// The arguments that a kind knows, as an author is told of them.
fn known(kind: Kind) -> String {
    let own = match kind {
        Kind::Tool => names(tool::KNOWN),
        Kind::Prompt => Vec::new(),
        Kind::Resource => names(resource::KNOWN),
    };
    [names(FIRST), own, names(LAST)].concat().join(", ")
}

fn names<T>(table: &Table<T>) -> Vec<String> {
    table.iter().map(|(name, _)| format!("`{name}`")).collect()
}

/// Reads `meta(key = value, "vendor.example/key" = { … })`.
fn meta(entry: &Entry, errors: &mut Errors) -> Vec<(String, TokenStream)> {
    let Some(pieces) = errors.keep(entry.list("key = value")) else {
        return Vec::new();
    };
    let mut meta: Vec<(String, TokenStream)> = Vec::new();
    for piece in pieces {
        let Some(entry) = errors.keep(syn::parse2::<Entry>(piece)) else {
            continue;
        };
        let name = entry.key.name();
        if meta.iter().any(|(known, _)| *known == name) {
            errors.push(twice(&entry));
        } else if let Some(value) = errors.keep(entry.tokens()) {
            meta.push((name, value));
        }
    }
    meta
}

fn twice(entry: &Entry) -> syn::Error {
    let message = format!("`{}` is given twice; keep one", entry.key.name());
    syn::Error::new_spanned(&entry.key, message)
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;
    use crate::testing::messages;

    fn said(kind: Kind, arguments: TokenStream) -> Vec<String> {
        messages(
            kind,
            arguments,
            quote!(
                fn f() -> String {
                    String::new()
                }
            ),
        )
    }

    #[test]
    fn every_kind_says_what_it_knows_and_takes_it() {
        for kind in Kind::ALL {
            let uri = (kind == Kind::Resource).then(|| quote!("a:b",));
            let said = said(kind, quote!(#uri nmae = "x"));
            let expected = format!("unknown argument `nmae`; `#[{kind}]` knows {}", known(kind));
            assert_eq!(said, [expected]);
        }
        assert_eq!(
            known(Kind::Prompt),
            "`name`, `title`, `description`, `icons`, `tags`, `meta`, `scopes`, `timeout`, \
             `inline`, `crate`"
        );
        assert_eq!(
            known(Kind::Tool),
            "`name`, `title`, `description`, `read_only`, `destructive`, `idempotent`, \
             `open_world`, `task`, `icons`, `tags`, `meta`, `scopes`, `timeout`, `inline`, `crate`"
        );
        let shared = quote!(
            name = "x",
            title = "X",
            description = "An x.",
            icons("data:,"),
            tags("a"),
            meta(b = 1),
            scopes("a:b"),
            timeout = "1s",
            crate = library
        );
        let own = quote!(
            mime_type = "text/plain",
            size = 1,
            audience("user"),
            priority = 1,
            last_modified = "2025-01-12T15:00:58Z",
            ttl = "1m",
            cache = "private"
        );
        assert_eq!(said(Kind::Prompt, shared.clone()), [""; 0]);
        assert_eq!(said(Kind::Tool, quote!(#shared, read_only, task)), [""; 0]);
        assert_eq!(said(Kind::Resource, quote!("a:b", #shared, #own)), [""; 0]);
    }

    #[test]
    fn every_argument_stands_in_the_documentation() {
        let lib = include_str!("../lib.rs");
        let (tool, rest) = lib
            .split_once("/// Turns a function into a prompt")
            .unwrap();
        let (prompt, resource) = rest
            .split_once("/// Turns a function into a resource")
            .unwrap();
        for (kind, docs) in [
            (Kind::Tool, tool),
            (Kind::Prompt, prompt),
            (Kind::Resource, resource),
        ] {
            for name in known(kind).split(", ") {
                let name = name.trim_matches('`');
                assert!(docs.contains(&format!("`{name}")), "{kind}: {name}");
            }
        }
    }

    #[test]
    fn what_is_of_one_kind_is_unknown_to_the_others() {
        let uri = quote!("a:b");
        for (kind, argument) in [
            (Kind::Tool, quote!(ttl = "1m")),
            (Kind::Tool, uri.clone()),
            (Kind::Prompt, quote!(read_only)),
            (Kind::Prompt, quote!(task)),
            (Kind::Prompt, uri.clone()),
            (Kind::Prompt, quote!(mime_type = "text/plain")),
            (Kind::Resource, quote!(#uri, read_only)),
            (Kind::Resource, quote!(#uri, task)),
            (Kind::Resource, quote!(#uri, uri = "a:c")),
        ] {
            let said = said(kind, argument.clone());
            assert_eq!(said.len(), 1, "{kind} {argument}: {said:?}");
            assert!(
                said[0].starts_with("unknown argument"),
                "{kind} {argument}: {said:?}"
            );
        }
    }

    #[test]
    fn a_resource_has_one_uri_and_it_comes_first() {
        for (arguments, what) in [
            (quote!(), "a resource has a URI"),
            (quote!(name = "x"), "a resource has a URI"),
            (quote!(name = "x", "a:b"), "the URI comes first"),
            (quote!("a:b", "a:c"), "a resource has one URI"),
            (quote!("a:b", "a:b"), "a resource has one URI"),
            (quote!("b"), "a URI begins with a scheme"),
        ] {
            let said = said(Kind::Resource, arguments.clone());
            assert_eq!(said.len(), 1, "{arguments}: {said:?}");
            assert!(said[0].starts_with(what), "{arguments}: {said:?}");
        }
    }

    #[test]
    fn nothing_is_cached_without_a_time() {
        let uri = quote!("a:b");
        let said = |arguments| said(Kind::Resource, quote!(#uri, #arguments));
        assert_eq!(said(quote!(cache = "public", ttl = "1m")), [""; 0]);
        let without = said(quote!(cache = "public"));
        assert!(without[0].starts_with("`cache` says who"), "{without:?}");
        let wrong = said(quote!(cache = "shared", ttl = "soon"));
        assert_eq!(wrong.len(), 2, "{wrong:?}");
        // What is wrong with the time is said once.
        let wrong = said(quote!(cache = "public", ttl = "soon"));
        assert_eq!(wrong.len(), 1, "{wrong:?}");
    }

    #[test]
    fn what_is_inline_has_no_timeout_and_is_no_task() {
        let timeout = said(Kind::Prompt, quote!(inline, timeout = "1s"));
        assert!(
            timeout[0].starts_with("`timeout` cannot hold for an `inline` prompt"),
            "{timeout:?}"
        );
        let task = said(Kind::Tool, quote!(inline, task));
        assert_eq!(task.len(), 1, "{task:?}");
        assert!(task[0].starts_with("a task goes on after"), "{task:?}");
    }

    #[test]
    fn names_are_told_apart_by_kind() {
        let long = "a b";
        for kind in [Kind::Tool, Kind::Prompt] {
            let said = said(kind, quote!(name = #long));
            let expected = format!(
                "this cannot be the name of a {kind}; a name is 1 to 128 of `A-Z a-z 0-9 _ - .`"
            );
            assert_eq!(said, [expected]);
        }
        assert_eq!(said(Kind::Resource, quote!("a:b", name = #long)), [""; 0]);
        let empty = said(Kind::Resource, quote!("a:b", name = ""));
        assert!(empty[0].contains("is not empty"), "{empty:?}");
    }
}
