//! The arguments of `#[tool(…)]`.

mod entry;
mod icon;
mod timeout;

use std::collections::HashSet;
use std::time::Duration;

use proc_macro2::TokenStream;
use syn::ext::IdentExt as _;
use syn::parse::Parser as _;
use syn::{Expr, Ident, LitStr, Path, parse_quote};

use self::entry::{Entry, split};
pub(crate) use self::icon::{Icon, Theme};
use crate::errors::Errors;

const KNOWN: &str = "`name`, `title`, `description`, `read_only`, `destructive`, `idempotent`, \
    `open_world`, `icons`, `tags`, `meta`, `timeout`, `inline`, `crate`";
/// The longest name of a tool, in characters.
const MAX_NAME: usize = 128;

/// What an author wrote in `#[tool(…)]`.
pub(crate) struct Attributes {
    pub(crate) name: Option<LitStr>,
    pub(crate) title: Option<Expr>,
    pub(crate) description: Option<Expr>,
    pub(crate) hints: Vec<(Ident, bool)>,
    pub(crate) icons: Vec<Icon>,
    pub(crate) tags: Vec<LitStr>,
    pub(crate) meta: Vec<(String, TokenStream)>,
    pub(crate) timeout: Option<(TokenStream, Duration)>,
    pub(crate) inline: Option<TokenStream>,
    pub(crate) library: Path,
}

impl Default for Attributes {
    fn default() -> Self {
        Self {
            name: None,
            title: None,
            description: None,
            hints: Vec::new(),
            icons: Vec::new(),
            tags: Vec::new(),
            meta: Vec::new(),
            timeout: None,
            inline: None,
            library: parse_quote!(::toolsmith),
        }
    }
}

impl Attributes {
    /// Reads the arguments. What is wrong with one does not hide what is wrong with the
    /// next.
    pub(crate) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut attributes = Self::default();
        let mut seen = HashSet::new();
        for piece in split(tokens) {
            let Some(entry) = errors.keep(syn::parse2::<Entry>(piece.clone())) else {
                continue;
            };
            if !seen.insert(entry.key.name()) {
                errors.push(twice(&entry));
                continue;
            }
            attributes.set(&entry, piece, errors);
        }
        if let (Some(_), Some((timeout, _))) = (&attributes.inline, &attributes.timeout) {
            errors.at(
                timeout,
                "`timeout` cannot hold for an `inline` tool: nothing can interrupt it where it \
                 runs; drop one of the two",
            );
        }
        attributes
    }

    fn set(&mut self, entry: &Entry, piece: TokenStream, errors: &mut Errors) {
        let name = entry.key.name();
        match name.as_str() {
            "name" => self.name = errors.keep(entry.string().and_then(allowed)),
            "title" => self.title = errors.keep(entry.text()),
            "description" => self.description = errors.keep(entry.text()),
            "read_only" | "destructive" | "idempotent" | "open_world" => {
                let hint = Ident::new(&name, proc_macro2::Span::mixed_site());
                self.hints
                    .extend(errors.keep(entry.flag()).map(|flag| (hint, flag)));
            }
            "icons" => self.icons = icon::icons(entry, errors),
            "tags" => self.tags = errors.keep(entry.strings()).unwrap_or_default(),
            "meta" => self.meta = meta(entry, errors),
            "timeout" => {
                let limit = errors.keep(timeout::timeout(entry));
                self.timeout = limit.map(|limit| (piece, limit));
            }
            "inline" => self.inline = errors.keep(entry.word()).map(|()| piece),
            "crate" => {
                let path = entry.tokens().and_then(|path| {
                    let wanted = |_| entry.error("write `crate = path::to::toolsmith`");
                    Path::parse_mod_style.parse2(path).map_err(wanted)
                });
                self.library = errors.keep(path).unwrap_or_else(|| self.library.clone());
            }
            _ => errors.at(
                &entry.key,
                format!("unknown argument `{name}`; `#[tool]` knows {KNOWN}"),
            ),
        }
    }
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

fn allowed(name: LitStr) -> syn::Result<LitStr> {
    if is_allowed(&name.value()) {
        return Ok(name);
    }
    let message = format!(
        "this cannot be the name of a tool; a name is 1 to {MAX_NAME} of `A-Z a-z 0-9 _ - .`"
    );
    Err(syn::Error::new_spanned(name, message))
}

/// Whether the protocol allows a name.
fn is_allowed(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (1..=MAX_NAME).contains(&name.len()) && name.chars().all(fits)
}

/// The name of a tool that is called like its function.
pub(crate) fn name_of(function: &Ident, errors: &mut Errors) -> String {
    let name = function.unraw().to_string();
    if !is_allowed(&name) {
        errors.at(
            function,
            format!(
                "`{name}` cannot be the name of a tool, which is 1 to {MAX_NAME} of \
                 `A-Z a-z 0-9 _ - .`; give it one with `#[tool(name = \"…\")]`"
            ),
        );
    }
    name
}
