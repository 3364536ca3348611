//! The `#[tool]` attribute of Toolsmith. Use it as `toolsmith::tool`.

mod attributes;
mod docs;
mod errors;
mod expand;
mod function;
mod parameter;

use proc_macro::TokenStream;

use attributes::Attributes;
use errors::Errors;
use function::Function;

/// Turns a function into a tool.
#[proc_macro_attribute]
pub fn tool(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let item = match syn::parse::<syn::Item>(item.clone()) {
        Ok(syn::Item::Fn(function)) => function,
        Ok(other) => return with_error(item, &function::not_a_function(&other)),
        Err(error) => return with_error(item, &error),
    };
    let mut errors = Errors::default();
    let attributes = Attributes::parse(arguments.into(), &mut errors);
    let function = Function::check(item, &attributes, &mut errors);
    if errors.is_empty() {
        expand::tool(&function, &attributes).into()
    } else {
        expand::fallback(&function, &attributes, &errors).into()
    }
}

fn with_error(mut item: TokenStream, error: &syn::Error) -> TokenStream {
    item.extend(TokenStream::from(error.to_compile_error()));
    item
}
