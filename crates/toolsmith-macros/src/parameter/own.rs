//! The attributes of a parameter that are ours: `#[default]`, `#[header]`, `#[complete]`,
//! and doc comments.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::spanned::Spanned as _;
use syn::{Attribute, Expr, ExprLit, ExprPath, Lit, LitStr, Meta};

use super::Completer;
use crate::errors::Errors;
use crate::kind::Kind;
use crate::token;

/// The attributes that stand on parameters.
pub(crate) const ON_PARAMETERS: [&str; 3] = ["default", "header", "complete"];

/// The value that an argument has when the client leaves it out.
pub(crate) struct Default {
    pub(crate) value: TokenStream,
    /// Where it is given.
    pub(crate) span: Span,
    /// The attribute that gives it.
    pub(crate) written: TokenStream,
}

/// Takes what is ours, doc comments included, which the compiler refuses on a parameter.
pub(super) fn take(attributes: &mut Vec<Attribute>, errors: &mut Errors) -> Vec<Attribute> {
    let is = |attribute: &Attribute, name: &str| attribute.path().is_ident(name);
    attributes.retain(|attribute| {
        let kind = Kind::ALL
            .into_iter()
            .find(|kind| is(attribute, kind.word()));
        if let Some(kind) = kind {
            errors.at(attribute, format!("`#[{kind}]` belongs on a function"));
        }
        kind.is_none()
    });
    let is_own = |a: &Attribute| is(a, "doc") || ON_PARAMETERS.iter().any(|name| is(a, name));
    let (own, others) = attributes.drain(..).partition(is_own);
    *attributes = others;
    own
}

/// The one attribute of a name.
fn one<'a>(own: &'a [Attribute], name: &str, errors: &mut Errors) -> Option<&'a Attribute> {
    let mut given = own.iter().filter(|a| a.path().is_ident(name));
    let first = given.next()?;
    for again in given {
        errors.at(again, format!("`#[{name}]` is given twice; keep one"));
    }
    Some(first)
}

/// `#[default(…)]` as an expression.
pub(super) fn default(own: &[Attribute], errors: &mut Errors) -> Option<Default> {
    let attribute = one(own, "default", errors)?;
    let wrong = || {
        let message = "write `#[default(value)]`, or `#[default]` for the default of the type";
        syn::Error::new_spanned(attribute, message)
    };
    let value = match &attribute.meta {
        Meta::Path(_) => Ok(quote!(::core::default::Default::default())),
        Meta::List(list) => match syn::parse2::<Expr>(list.tokens.clone()) {
            // So that `#[default("x")]` is good for a `String`.
            Ok(Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            })) => Ok(quote!(::core::convert::From::from(#text))),
            Ok(value) => Ok(value.into_token_stream()),
            Err(_) => Err(wrong()),
        },
        Meta::NameValue(_) => Err(wrong()),
    };
    Some(Default {
        value: errors.keep(value)?,
        span: attribute.path().span(),
        written: attribute.into_token_stream(),
    })
}

/// `#[header("…")]`: the name of a header field.
pub(super) fn header(kind: Kind, own: &[Attribute], errors: &mut Errors) -> Option<LitStr> {
    let attribute = one(own, "header", errors)?;
    if kind != Kind::Tool {
        errors.at(
            attribute,
            format!(
                "`#[header]` is for parameters of a tool, which clients repeat in an HTTP header; \
                 those of a {kind} they do not, so remove it"
            ),
        );
        return None;
    }
    let form = "write `#[header(\"Region\")]`: the name of an HTTP header, without the \
                `Mcp-Param-` that clients put before it";
    let name = match attribute.parse_args::<LitStr>() {
        Ok(name) => name,
        Err(_) => {
            errors.at(attribute, form);
            return None;
        }
    };
    if !token::is_token(&name.value()) {
        errors.at(
            &name,
            format!(
                "this cannot be the name of an HTTP header, which is made of letters, digits \
                 and `{}`",
                token::MARKS
            ),
        );
        return None;
    }
    Some(name)
}

/// `#[complete(…)]`: the path of a function.
pub(super) fn completer(kind: Kind, own: &[Attribute], errors: &mut Errors) -> Option<Completer> {
    let attribute = one(own, "complete", errors)?;
    if kind == Kind::Tool {
        errors.at(
            attribute,
            "`#[complete]` is for parameters of a prompt or a resource, which clients ask \
             values for; those of a tool they do not, so remove it",
        );
        return None;
    }
    let function = attribute.parse_args().ok().and_then(path);
    if function.is_none() {
        errors.at(
            attribute,
            "write `#[complete(path::to::function)]`: the name of a function that knows the \
             values",
        );
    }
    Some(Completer {
        function: function?,
        written: attribute.into_token_stream(),
    })
}

/// The path that an expression is, also when a macro of the author's wrote it.
fn path(expression: Expr) -> Option<ExprPath> {
    match expression {
        Expr::Path(path) => Some(path),
        Expr::Group(group) => path(*group.expr),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;
    use crate::testing::messages;

    #[test]
    fn a_header_is_a_token_and_stands_on_a_tool() {
        let of = |attribute: TokenStream| {
            messages(Kind::Tool, quote!(), quote!(fn f(#attribute a: String) {}))
        };
        assert_eq!(of(quote!(#[header("Region")])), [""; 0]);
        for wrong in [
            quote!(#[header]),
            quote!(#[header = "Region"]),
            quote!(#[header(Region)]),
            quote!(#[header("Region", "Zone")]),
        ] {
            let said = of(wrong.clone());
            assert!(said[0].starts_with("write `#[header"), "{wrong}: {said:?}");
        }
        for wrong in ["", "Re gion", "Region:", "größe"] {
            let said = of(quote!(#[header(#wrong)]));
            assert!(said[0].contains("cannot be the name"), "{wrong}: {said:?}");
        }
        for kind in [Kind::Prompt, Kind::Resource] {
            let item = quote!(
                fn f(#[header("Region")] a: String) -> String {
                    a
                }
            );
            let said = messages(kind, quote!("a:{a}"), item);
            assert!(
                said.iter()
                    .any(|it| it.contains("is for parameters of a tool")),
                "{kind}: {said:?}"
            );
        }
    }

    #[test]
    fn no_two_parameters_share_a_header() {
        let item = quote!(
            fn f(
                #[header("Region")] a: String,
                #[header("Zone")] b: String,
                #[header("rEGION")] c: String,
            ) {
            }
        );
        let said = messages(Kind::Tool, quote!(), item);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(
            said[0].contains("another parameter has this header"),
            "{said:?}"
        );
    }

    #[test]
    fn a_completer_is_a_path_and_stands_on_the_others() {
        let of = |attribute: TokenStream| {
            let item = quote!(fn f(#attribute a: String) -> String { a });
            messages(Kind::Prompt, quote!(), item)
        };
        for right in [
            quote!(#[complete(languages)]),
            quote!(#[complete(self::values::languages::<4>)]),
            quote!(#[complete(<Language as Known>::values)]),
        ] {
            assert_eq!(of(right.clone()), [""; 0], "{right}");
        }
        for wrong in [
            quote!(#[complete]),
            quote!(#[complete()]),
            quote!(#[complete = "languages"]),
            quote!(#[complete("rust", "python")]),
            quote!(#[complete(languages())]),
            quote!(#[complete(|typed| typed)]),
        ] {
            let said = of(wrong.clone());
            assert!(
                said[0].starts_with("write `#[complete("),
                "{wrong}: {said:?}"
            );
        }
        let item = quote!(
            fn f(#[complete(languages)] a: String) {}
        );
        let said = messages(Kind::Tool, quote!(), item);
        assert!(
            said[0].contains("is for parameters of a prompt or a resource"),
            "{said:?}"
        );
    }

    #[test]
    fn each_is_given_once_and_none_is_for_functions() {
        let item = quote!(
            fn f(
                #[default]
                #[default(1)]
                a: i64,
                #[header("A")]
                #[header("B")]
                b: i64,
                #[tool] c: i64,
            ) {
            }
        );
        assert_eq!(
            messages(Kind::Tool, quote!(), item),
            [
                "`#[default]` is given twice; keep one",
                "`#[header]` is given twice; keep one",
                "`#[tool]` belongs on a function",
            ]
        );
    }
}
