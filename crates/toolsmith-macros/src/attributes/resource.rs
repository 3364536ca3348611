//! The arguments that only a resource has.

use std::time::Duration;

use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::LitStr;

use super::entry::Entry;
use super::{Table, moment, time};
use crate::errors::Errors;
use crate::template::Template;

pub(super) const KNOWN: &Table<ResourceArguments> = &[
    ("mime_type", |it, entry, _, errors| {
        it.mime_type = errors.keep(mime_type(entry));
    }),
    ("size", |it, entry, _, errors| {
        it.size = errors.keep(size(entry));
    }),
    ("audience", |it, entry, _, errors| {
        it.audience = audience(entry, errors);
    }),
    ("priority", |it, entry, _, errors| {
        it.priority = errors.keep(priority(entry));
    }),
    ("last_modified", |it, entry, _, errors| {
        it.last_modified = errors.keep(moment::moment(entry));
    }),
    ("ttl", |it, entry, _, errors| {
        it.ttl = errors.keep(time::ttl(entry));
    }),
    ("cache", |it, entry, written, errors| {
        let public = errors.keep(is_public(entry));
        it.cache = public.map(|public| Cache { public, written });
    }),
];

/// What an author wrote of a resource and could write of nothing else.
#[derive(Default)]
pub(crate) struct ResourceArguments {
    /// There is one whenever there were no errors.
    pub(crate) uri: Option<Uri>,
    pub(crate) mime_type: Option<LitStr>,
    pub(crate) size: Option<u64>,
    pub(crate) audience: Vec<Audience>,
    pub(crate) priority: Option<f64>,
    pub(crate) last_modified: Option<LitStr>,
    pub(crate) ttl: Option<Duration>,
    pub(crate) cache: Option<Cache>,
}

/// A URI or a template of URIs.
pub(crate) struct Uri {
    pub(crate) literal: LitStr,
    /// `None` when it is wrong.
    pub(crate) template: Option<Template>,
}

/// Whom a resource is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    User,
    Assistant,
}

/// Who may be given what one caller was given.
pub(crate) struct Cache {
    pub(crate) public: bool,
    /// The argument as it was written.
    written: TokenStream,
}

impl ResourceArguments {
    /// Takes the URI, which is an argument without a key.
    pub(super) fn set_uri(&mut self, literal: &LitStr, is_first: bool, errors: &mut Errors) {
        if self.uri.is_some() {
            errors.at(literal, "a resource has one URI or template; keep one");
            return;
        }
        if !is_first {
            errors.at(literal, "the URI comes first: `#[resource(\"…\", …)]`");
        }
        let template = Template::parse(&literal.value());
        let template = template.map_err(|message| syn::Error::new_spanned(literal, message));
        self.uri = Some(Uri {
            literal: literal.clone(),
            template: errors.keep(template),
        });
    }

    /// Checks what only all arguments together show. A `ttl` that was given may still be
    /// one that could not be read.
    pub(super) fn finish(&self, has_ttl: bool, errors: &mut Errors) {
        if self.uri.is_none() {
            errors.push(syn::Error::new(
                proc_macro2::Span::call_site(),
                "a resource has a URI, written out: `#[resource(\"scheme://…\")]`, or a template such \
                 as `#[resource(\"users://{id}\")]`",
            ));
        }
        if let (Some(cache), false) = (&self.cache, has_ttl) {
            errors.at(
                &cache.written,
                "`cache` says who may be given what is still fresh, and nothing is fresh \
                 without `ttl`; add `ttl = \"60s\"`, or drop `cache`",
            );
        }
    }
}

fn mime_type(entry: &Entry) -> syn::Result<LitStr> {
    let text = entry.string()?;
    let value = text.value();
    let essence = value.split(';').next().unwrap_or_default();
    match essence.trim_end().split_once('/') {
        Some((kind, part)) if crate::token::is_token(kind) && crate::token::is_token(part) => {
            Ok(text)
        }
        _ => Err(syn::Error::new_spanned(
            text,
            "this is no media type: write \"text/plain\", \"application/json\" or the like",
        )),
    }
}

fn size(entry: &Entry) -> syn::Result<u64> {
    let wrong = |_| entry.error("write `size = 120`: a whole number of bytes");
    let number = entry
        .tokens()
        .and_then(syn::parse2::<syn::LitInt>)
        .map_err(wrong)?;
    match number.suffix() {
        "" | "u64" => number.base10_parse().map_err(wrong),
        _ => Err(entry.error("write the number of bytes without a suffix")),
    }
}

fn audience(entry: &Entry, errors: &mut Errors) -> Vec<Audience> {
    let form = "write `audience(\"user\")`, `audience(\"assistant\")` or both";
    let Some(words) = errors.keep(entry.strings().map_err(|_| entry.error(form))) else {
        return Vec::new();
    };
    let mut audience = Vec::new();
    for word in words {
        let one = match word.value().as_str() {
            "user" => Audience::User,
            "assistant" => Audience::Assistant,
            _ => {
                errors.at(word, form);
                continue;
            }
        };
        if audience.contains(&one) {
            errors.at(
                &word,
                format!("{} is given twice; keep one", word.to_token_stream()),
            );
        } else {
            audience.push(one);
        }
    }
    audience
}

fn priority(entry: &Entry) -> syn::Result<f64> {
    let wrong = || entry.error("write `priority = 0.8`: a number from 0, least, to 1, most");
    let number = match syn::parse2::<syn::Lit>(entry.tokens().map_err(|_| wrong())?) {
        Ok(syn::Lit::Float(number)) => number.base10_parse::<f64>(),
        Ok(syn::Lit::Int(number)) => number.base10_parse::<f64>(),
        _ => return Err(wrong()),
    };
    let number = number.map_err(|_| wrong())?;
    (0.0..=1.0)
        .contains(&number)
        // `-0.0` is in the range, and no literal.
        .then_some(number.abs())
        .ok_or_else(wrong)
}

fn is_public(entry: &Entry) -> syn::Result<bool> {
    match entry.string().map(|text| text.value()).as_deref() {
        Ok("public") => Ok(true),
        Ok("private") => Ok(false),
        _ => Err(entry.error("write `cache = \"public\"` or `cache = \"private\"`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T>(text: &str, reader: impl Fn(&Entry) -> syn::Result<T>) -> Option<T> {
        reader(&syn::parse_str(text).unwrap()).ok()
    }

    #[test]
    fn a_size_is_a_whole_number() {
        assert_eq!(read("size = 120", size), Some(120));
        assert_eq!(read("size = 0x1_0", size), Some(16));
        for wrong in [
            "size",
            "size = -1",
            "size = 1.5",
            "size = \"120\"",
            "size = 120u8",
            "size = 18446744073709551616",
            "size(120)",
        ] {
            assert_eq!(read(wrong, size), None, "{wrong}");
        }
    }

    #[test]
    fn a_priority_is_from_0_to_1() {
        assert_eq!(read("priority = 0.8", priority), Some(0.8));
        assert_eq!(read("priority = 1", priority), Some(1.0));
        assert_eq!(read("priority = 0", priority), Some(0.0));
        for wrong in [
            "priority",
            "priority = 1.01",
            "priority = -0.1",
            "priority = \"1\"",
        ] {
            assert_eq!(read(wrong, priority), None, "{wrong}");
        }
    }

    #[test]
    fn a_media_type_has_two_halves() {
        for right in ["text/plain", "text/plain; charset=utf-8", "image/svg+xml"] {
            assert!(
                read(&format!("m = \"{right}\""), mime_type).is_some(),
                "{right}"
            );
        }
        for wrong in ["", "json", "text/", "/plain", "text/plain/x", "te xt/plain"] {
            assert!(
                read(&format!("m = \"{wrong}\""), mime_type).is_none(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn an_audience_is_named_once() {
        let messages = |text: &str| {
            let mut errors = Errors::default();
            let audience = audience(&syn::parse_str(text).unwrap(), &mut errors);
            (audience.len(), errors.messages())
        };
        assert_eq!(
            messages("audience(\"user\", \"assistant\")"),
            (2, Vec::new())
        );
        let twice = messages("audience(\"user\", \"user\")");
        assert_eq!(
            twice,
            (1, vec!["\"user\" is given twice; keep one".to_owned()])
        );
        for wrong in [
            "audience",
            "audience()",
            "audience(user)",
            "audience = \"user\"",
        ] {
            assert_eq!(messages(wrong).1.len(), 1, "{wrong}");
        }
        assert_eq!(messages("audience(\"model\", \"bot\")").1.len(), 2);
    }
}
