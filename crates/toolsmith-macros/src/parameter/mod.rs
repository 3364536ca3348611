//! The parameters of a function, checked.

mod own;
mod types;

use std::collections::HashSet;

use proc_macro2::TokenStream;
use syn::ext::IdentExt as _;
use syn::{ExprPath, FnArg, LitStr, Pat, PatType, Type};

pub(crate) use self::own::{Default, ON_PARAMETERS};
use crate::docs;
use crate::errors::Errors;
use crate::function::not_free;
use crate::kind::Kind;

/// The most parameters that a function may have.
const MAX_PARAMETERS: usize = 16;

/// A parameter: from the client or from the server, which only its type knows.
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) description: Option<TokenStream>,
    pub(crate) default: Option<Default>,
    /// The HTTP header in which clients repeat it.
    pub(crate) header: Option<LitStr>,
    /// What knows its values.
    pub(crate) completer: Option<Completer>,
    /// Whether a client has no way to give it, so that only the server can.
    pub(crate) injected_only: bool,
}

/// A function of the author's that knows the values of an argument.
pub(crate) struct Completer {
    pub(crate) function: ExprPath,
    /// The attribute that names it.
    pub(crate) written: TokenStream,
}

/// Checks the parameters, and takes from them the attributes that are ours.
pub(crate) fn parameters<'a>(
    kind: Kind,
    inputs: impl ExactSizeIterator<Item = &'a mut FnArg>,
    errors: &mut Errors,
) -> Vec<Parameter> {
    let mut parameters = Vec::with_capacity(inputs.len());
    for (index, input) in inputs.enumerate() {
        if index == MAX_PARAMETERS {
            errors.at(&*input, too_many(kind));
        }
        match input {
            FnArg::Receiver(receiver) => errors.push(not_free(kind, receiver)),
            FnArg::Typed(input) => parameters.extend(parameter(kind, input, errors)),
        }
    }
    check_headers(&parameters, errors);
    parameters
}

fn too_many(kind: Kind) -> String {
    let instead = match kind {
        Kind::Tool => {
            "take a struct that derives `serde::Deserialize` and `schemars::JsonSchema` for some \
             of them"
        }
        Kind::Prompt | Kind::Resource => {
            "let one type that implements `FromContext` stand for several that the server gives"
        }
    };
    format!("a {kind} has at most {MAX_PARAMETERS} parameters; {instead}")
}

fn parameter(kind: Kind, input: &mut PatType, errors: &mut Errors) -> Option<Parameter> {
    let own = own::take(&mut input.attrs, errors);
    for attribute in &input.attrs {
        if attribute.path().is_ident("cfg") {
            let changed = match kind {
                Kind::Tool => "the tool's schema",
                Kind::Prompt => "the prompt's arguments",
                Kind::Resource => "what the resource takes from its URI",
            };
            errors.at(
                attribute,
                format!(
                    "`#[cfg]` on a parameter would change {changed} unseen; write two \
                     functions, each with its own `#[cfg]`"
                ),
            );
        }
    }
    let name = errors.keep(name(kind, &input.pat));
    let ty = (*input.ty).clone();
    for error in types::errors_of(kind, &ty) {
        errors.push(error);
    }
    Some(Parameter {
        name: name?,
        description: docs::text(&own),
        default: own::default(&own, errors),
        header: own::header(kind, &own, errors),
        completer: own::completer(kind, &own, errors),
        injected_only: false,
        ty,
    })
}

fn name(kind: Kind, pattern: &Pat) -> syn::Result<String> {
    let fix = match pattern {
        Pat::Ident(name) if name.by_ref.is_none() && name.subpat.is_none() => {
            return Ok(name.ident.unraw().to_string());
        }
        Pat::Wild(_) => "name it: a client fills it by its name",
        _ => "take it by one name and take it apart in the body",
    };
    let message = format!("a parameter of a {kind} is a plain name; {fix}");
    Err(syn::Error::new_spanned(pattern, message))
}

/// Two parameters in one header would be one value for both.
fn check_headers(parameters: &[Parameter], errors: &mut Errors) {
    let mut seen = HashSet::new();
    for header in parameters.iter().filter_map(|p| p.header.as_ref()) {
        if !seen.insert(header.value().to_ascii_lowercase()) {
            errors.at(
                header,
                "another parameter has this header, since capitals make no difference; give \
                 each its own",
            );
        }
    }
}
