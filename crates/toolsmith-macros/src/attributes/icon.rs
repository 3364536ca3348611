//! `icons("…", icon(src = "…", …))`.

use proc_macro2::TokenStream;
use syn::LitStr;

use super::entry::Entry;
use crate::errors::Errors;

const KNOWN: &str = "`src`, `mime_type`, `sizes`, `theme`";

/// A picture to show.
pub(crate) struct Icon {
    pub(crate) src: LitStr,
    pub(crate) mime_type: Option<LitStr>,
    pub(crate) sizes: Vec<LitStr>,
    pub(crate) theme: Option<Theme>,
}

/// The background that a picture is meant for.
#[derive(Clone, Copy)]
pub(crate) enum Theme {
    Light,
    Dark,
}

impl Icon {
    /// Reads one element of `icons(…)`.
    pub(super) fn parse(tokens: &TokenStream, errors: &mut Errors) -> Option<Self> {
        if let Ok(src) = syn::parse2::<LitStr>(tokens.clone()) {
            return Some(Self {
                src,
                mime_type: None,
                sizes: Vec::new(),
                theme: None,
            });
        }
        let long = syn::parse2::<Entry>(tokens.clone());
        match long.as_ref().map(|entry| (entry, entry.key.name())) {
            Ok((entry, name)) if name == "icon" => Self::long(entry, errors),
            _ => {
                errors.at(
                    tokens,
                    "an icon is written as \"https://…\" or as `icon(src = \"https://…\", …)`",
                );
                None
            }
        }
    }

    fn long(icon: &Entry, errors: &mut Errors) -> Option<Self> {
        let fields = errors.keep(icon.list("src = \"https://…\""))?;
        let mut src = None;
        let (mut mime_type, mut sizes, mut theme) = (None, None, None);
        for field in fields {
            let Some(entry) = errors.keep(syn::parse2::<Entry>(field)) else {
                continue;
            };
            let twice = match entry.key.name().as_str() {
                "src" => src.replace(errors.keep(entry.string())).is_some(),
                "mime_type" => mime_type.replace(errors.keep(entry.string())).is_some(),
                "sizes" => sizes.replace(errors.keep(entry.strings())).is_some(),
                "theme" => theme.replace(errors.keep(Theme::parse(&entry))).is_some(),
                name => {
                    errors.at(
                        &entry.key,
                        format!("unknown field `{name}`; an icon has {KNOWN}"),
                    );
                    false
                }
            };
            if twice {
                errors.push(super::twice(&entry));
            }
        }
        if src.is_none() {
            errors.push(icon.error("an icon needs `src = \"https://…\"`"));
        }
        Some(Self {
            src: src.flatten()?,
            mime_type: mime_type.flatten(),
            sizes: sizes.flatten().unwrap_or_default(),
            theme: theme.flatten(),
        })
    }
}

impl Theme {
    fn parse(entry: &Entry) -> syn::Result<Self> {
        match entry.string().map(|text| text.value()).as_deref() {
            Ok("light") => Ok(Self::Light),
            Ok("dark") => Ok(Self::Dark),
            _ => Err(entry.error("write `theme = \"light\"` or `theme = \"dark\"`")),
        }
    }
}

/// Reads `icons(…)`.
pub(super) fn icons(entry: &Entry, errors: &mut Errors) -> Vec<Icon> {
    let Some(items) = errors.keep(entry.list("\"https://…\"")) else {
        return Vec::new();
    };
    let items = items.into_iter();
    items
        .filter_map(|item| Icon::parse(&item, errors))
        .collect()
}
