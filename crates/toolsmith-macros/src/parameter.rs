//! The parameters of a function, checked.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, ExprLit, FnArg, Lit, Meta, Pat, PatType, Type};

use crate::docs;
use crate::errors::Errors;
use crate::function::not_free;

/// The most parameters that a tool may have.
const MAX_PARAMETERS: usize = 16;

/// A parameter of a tool: from the client or from the server, which only its type knows.
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) description: Option<TokenStream>,
    pub(crate) default: Option<Default>,
}

/// The value that an argument has when the client leaves it out.
pub(crate) struct Default {
    pub(crate) value: TokenStream,
    /// Where it is given.
    pub(crate) span: Span,
}

/// Checks the parameters, and takes from them the attributes that are ours.
pub(crate) fn parameters<'a>(
    inputs: impl ExactSizeIterator<Item = &'a mut FnArg>,
    errors: &mut Errors,
) -> Vec<Parameter> {
    let mut parameters = Vec::with_capacity(inputs.len());
    for (index, input) in inputs.enumerate() {
        if index == MAX_PARAMETERS {
            errors.at(
                &*input,
                format!(
                    "a tool has at most {MAX_PARAMETERS} parameters; take a struct that derives \
                     `serde::Deserialize` and `schemars::JsonSchema` for some of them"
                ),
            );
        }
        match input {
            FnArg::Receiver(receiver) => errors.push(not_free(receiver)),
            FnArg::Typed(input) => parameters.extend(parameter(input, errors)),
        }
    }
    parameters
}

fn parameter(input: &mut PatType, errors: &mut Errors) -> Option<Parameter> {
    let own = take_own(&mut input.attrs);
    for attribute in &input.attrs {
        if attribute.path().is_ident("cfg") {
            errors.at(
                attribute,
                "`#[cfg]` on a parameter would change the tool's schema unseen; write two \
                 functions, each with its own `#[cfg]`",
            );
        }
    }
    let name = errors.keep(name(&input.pat));
    let ty = (*input.ty).clone();
    errors_of(&ty)
        .into_iter()
        .for_each(|error| errors.push(error));
    Some(Parameter {
        name: name?,
        description: docs::text(&own),
        default: default(&own, errors),
        ty,
    })
}

/// Doc comments and defaults, which the compiler refuses on a parameter.
fn take_own(attributes: &mut Vec<Attribute>) -> Vec<Attribute> {
    let is_own = |a: &Attribute| a.path().is_ident("doc") || a.path().is_ident("default");
    let (own, others) = attributes.drain(..).partition(is_own);
    *attributes = others;
    own
}

fn name(pattern: &Pat) -> syn::Result<String> {
    let fix = match pattern {
        Pat::Ident(name) if name.by_ref.is_none() && name.subpat.is_none() => {
            return Ok(name.ident.unraw().to_string());
        }
        Pat::Wild(_) => "name it: a client fills it by its name",
        _ => "take it by one name and take it apart in the body",
    };
    let message = format!("a parameter of a tool is a plain name; {fix}");
    Err(syn::Error::new_spanned(pattern, message))
}

/// `#[default(…)]` as an expression.
fn default(own: &[Attribute], errors: &mut Errors) -> Option<Default> {
    let mut given = own.iter().filter(|a| a.path().is_ident("default"));
    let first = given.next()?;
    for again in given {
        errors.at(again, "`#[default]` is given twice; keep one");
    }
    let wrong = || {
        let message = "write `#[default(value)]`, or `#[default]` for the default of the type";
        syn::Error::new_spanned(first, message)
    };
    let value = match &first.meta {
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
        span: first.path().span(),
    })
}

/// What the type of a parameter cannot be.
fn errors_of(ty: &Type) -> Vec<syn::Error> {
    let mut visitor = Unsuitable::default();
    match ty {
        // Nothing can give a text or a slice for ever, whatever its lifetime says.
        Type::Reference(reference) if is_view(&reference.elem) => visitor.refuse(reference),
        ty => visitor.visit_type(ty),
    }
    visitor.errors
}

/// Whether a type is the borrowed half of an owned one.
fn is_view(ty: &Type) -> bool {
    match ty {
        Type::Path(path) => path.path.is_ident("str") || path.path.is_ident("Path"),
        other => matches!(other, Type::Slice(_)),
    }
}

#[derive(Default)]
struct Unsuitable {
    errors: Vec<syn::Error>,
}

impl Unsuitable {
    fn refuse(&mut self, reference: &syn::TypeReference) {
        let owned = owned(&reference.elem);
        let message = format!("a tool owns its parameters: take {owned} instead of a reference");
        self.errors
            .push(syn::Error::new_spanned(reference, message));
    }
}

impl<'ast> Visit<'ast> for Unsuitable {
    fn visit_type_reference(&mut self, reference: &'ast syn::TypeReference) {
        let lives_on = |l: &syn::Lifetime| l.ident == "static";
        if reference.lifetime.as_ref().is_some_and(lives_on) {
            visit::visit_type_reference(self, reference);
        } else {
            self.refuse(reference);
        }
    }

    fn visit_type_impl_trait(&mut self, ty: &'ast syn::TypeImplTrait) {
        self.errors.push(syn::Error::new_spanned(
            ty,
            "a client must know the type of a parameter: name it instead of `impl Trait`",
        ));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.is_ident("Self") {
            self.errors.push(not_free(path));
        }
        visit::visit_path(self, path);
    }

    // The references in `fn(&str)` and `dyn Fn(&str)` are not the parameter's own.
    fn visit_type_bare_fn(&mut self, _: &'ast syn::TypeBareFn) {}

    fn visit_parenthesized_generic_arguments(
        &mut self,
        _: &'ast syn::ParenthesizedGenericArguments,
    ) {
    }
}

/// The type to take instead of a reference to one.
fn owned(ty: &Type) -> String {
    match ty {
        Type::Path(path) if path.path.is_ident("str") => "`String`".to_owned(),
        Type::Path(path) if path.path.is_ident("Path") => "`PathBuf`".to_owned(),
        Type::Slice(slice) => {
            let element = slice.elem.to_token_stream();
            format!("`Vec<{}>`", tight(&element))
        }
        other => format!("`{}`", tight(&other.to_token_stream())),
    }
}

/// Tokens as a person would write them, near enough.
fn tight(tokens: &TokenStream) -> String {
    let text = tokens.to_string();
    text.replace(" :: ", "::")
        .replace(" < ", "<")
        .replace(" >", ">")
        .replace(" ,", ",")
}
