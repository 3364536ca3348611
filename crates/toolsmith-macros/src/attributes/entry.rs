//! One argument of an attribute, whatever it is called: `key`, `key = value`, `key(…)`.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream};
use syn::{Expr, ExprLit, Ident, Lit, LitBool, LitStr, Token, token};

const FORMS: &str = "an argument is written `key`, `key = value` or `key(…)`";

/// An argument and what stands behind its key.
pub(super) struct Entry {
    pub(super) key: Key,
    value: Value,
}

/// A word, or a string where a word cannot say it.
pub(super) enum Key {
    Word(Ident),
    Text(LitStr),
}

enum Value {
    Nothing,
    Equals(TokenStream),
    List(TokenStream),
}

impl Parse for Entry {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let key = if input.peek(LitStr) {
            Key::Text(input.parse()?)
        } else if input.peek(Ident::peek_any) {
            Key::Word(input.call(Ident::parse_any)?)
        } else {
            return Err(input.error(FORMS));
        };
        let value = if input.is_empty() {
            Value::Nothing
        } else if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            Value::Equals(input.parse()?)
        } else if input.peek(token::Paren) {
            let list;
            syn::parenthesized!(list in input);
            let list = list.parse()?;
            if !input.is_empty() {
                return Err(input.error("a comma is missing here"));
            }
            Value::List(list)
        } else {
            return Err(input.error(FORMS));
        };
        Ok(Self { key, value })
    }
}

impl Key {
    pub(super) fn name(&self) -> String {
        match self {
            Key::Word(word) => word.unraw().to_string(),
            Key::Text(text) => text.value(),
        }
    }
}

impl ToTokens for Key {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Key::Word(word) => word.to_tokens(tokens),
            Key::Text(text) => text.to_tokens(tokens),
        }
    }
}

impl Entry {
    /// `"…"`, and nothing behind it.
    pub(super) fn alone(&self) -> Option<&LitStr> {
        match (&self.key, &self.value) {
            (Key::Text(text), Value::Nothing) => Some(text),
            _ => None,
        }
    }

    /// `key = "…"`.
    pub(super) fn string(&self) -> syn::Result<LitStr> {
        let wanted = || self.wrong("= \"…\"");
        match &self.value {
            Value::Equals(value) => syn::parse2(value.clone()).map_err(|_| wanted()),
            _ => Err(wanted()),
        }
    }

    /// `key = "…"`, or any expression of type `&str`, such as `include_str!("…")`.
    pub(super) fn text(&self) -> syn::Result<Expr> {
        let wanted = || self.wrong("= \"…\"");
        let Value::Equals(value) = &self.value else {
            return Err(wanted());
        };
        match syn::parse2(value.clone()).map_err(|_| wanted())? {
            Expr::Lit(ExprLit { lit, .. }) if !matches!(lit, Lit::Str(_)) => Err(wanted()),
            text => Ok(text),
        }
    }

    /// `key`, `key = true` or `key = false`.
    pub(super) fn flag(&self) -> syn::Result<bool> {
        match &self.value {
            Value::Nothing => Ok(true),
            Value::Equals(value) => match syn::parse2::<LitBool>(value.clone()) {
                Ok(flag) => Ok(flag.value),
                Err(_) => Err(self.wrong("= true` or `= false")),
            },
            Value::List(_) => Err(self.wrong("= true` or `= false")),
        }
    }

    /// `key`, and nothing behind it.
    pub(super) fn word(&self) -> syn::Result<()> {
        match &self.value {
            Value::Nothing => Ok(()),
            _ => Err(self.error(format!(
                "write `{}` alone, without a value",
                self.key.name()
            ))),
        }
    }

    /// `key = anything`.
    pub(super) fn tokens(&self) -> syn::Result<TokenStream> {
        match &self.value {
            Value::Equals(value) if !value.is_empty() => Ok(value.clone()),
            _ => Err(self.wrong("= …")),
        }
    }

    /// `key(a, b, …)`: what stands between the commas, at least one of it.
    pub(super) fn list(&self, example: &str) -> syn::Result<Vec<TokenStream>> {
        match &self.value {
            Value::List(list) if !list.is_empty() => Ok(split(list.clone())),
            _ => Err(self.error(format!("write `{}({example})`", self.key.name()))),
        }
    }

    /// `key("…", "…")`.
    pub(super) fn strings(&self) -> syn::Result<Vec<LitStr>> {
        let items = self.list("\"…\", \"…\"")?.into_iter();
        items
            .map(|item| {
                let message = format!("`{}` lists strings: write \"…\"", self.key.name());
                syn::parse2(item.clone()).map_err(|_| syn::Error::new_spanned(item, message))
            })
            .collect()
    }

    pub(super) fn error(&self, message: impl std::fmt::Display) -> syn::Error {
        let mut tokens = self.key.to_token_stream();
        match &self.value {
            Value::Nothing => {}
            Value::Equals(value) | Value::List(value) => tokens.extend(value.clone()),
        }
        syn::Error::new_spanned(tokens, message)
    }

    fn wrong(&self, form: &str) -> syn::Error {
        self.error(format!("write `{} {form}`", self.key.name()))
    }
}

/// What stands between the commas of a list; a comma at the end is allowed.
pub(super) fn split(tokens: TokenStream) -> Vec<TokenStream> {
    let mut pieces = vec![TokenStream::new()];
    for token in tokens {
        match (&token, pieces.last_mut()) {
            (TokenTree::Punct(punct), _) if punct.as_char() == ',' => {
                pieces.push(TokenStream::new());
            }
            (_, Some(piece)) => piece.extend([token]),
            (_, None) => {}
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}
