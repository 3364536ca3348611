//! From an attribute and its function to tokens.

mod prompt;
mod resource;
mod shared;
mod tool;

use proc_macro2::TokenStream;

use self::shared::Shared;
use crate::attributes::{Attributes, Own};
use crate::errors::Errors;
use crate::function::{self, Function};
use crate::kind::Kind;

/// The output of an attribute of a kind.
pub(crate) fn expand(kind: Kind, arguments: TokenStream, item: TokenStream) -> TokenStream {
    let item = match syn::parse2::<syn::Item>(item.clone()) {
        Ok(syn::Item::Fn(function)) => function,
        Ok(other) => return with_error(item, &function::not_a_function(kind, &other)),
        Err(error) => return with_error(item, &error),
    };
    let mut errors = Errors::default();
    let attributes = Attributes::parse(kind, arguments, &mut errors);
    let function = Function::check(item, &attributes, &mut errors);
    let shared = Shared::new(&function, &attributes);
    if errors.is_empty() {
        shared.output(match &attributes.own {
            Own::Tool(own) => tool::expand(&shared, own),
            Own::Prompt => prompt::expand(&shared),
            Own::Resource(own) => resource::expand(&shared, own),
        })
    } else {
        let stub = match kind {
            Kind::Tool => tool::stub(&shared),
            Kind::Prompt => prompt::stub(&shared),
            Kind::Resource => resource::stub(&shared),
        };
        shared.fallback(&errors, stub)
    }
}

fn with_error(mut item: TokenStream, error: &syn::Error) -> TokenStream {
    item.extend(error.to_compile_error());
    item
}
