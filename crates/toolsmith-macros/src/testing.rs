//! Attributes as the compiler would run them, for tests.

use proc_macro2::TokenStream;

use crate::attributes::Attributes;
use crate::errors::Errors;
use crate::expand;
use crate::function::Function;
use crate::kind::Kind;

/// What is said of a function with an attribute.
pub(crate) fn messages(kind: Kind, arguments: TokenStream, item: TokenStream) -> Vec<String> {
    let mut errors = Errors::default();
    let item = syn::parse2(item).unwrap();
    let attributes = Attributes::parse(kind, arguments, &mut errors);
    Function::check(item, &attributes, &mut errors);
    errors.messages()
}

/// The output of an attribute, which has to be items, as text.
pub(crate) fn output(kind: Kind, arguments: TokenStream, item: TokenStream) -> String {
    let output = expand::expand(kind, arguments, item);
    if let Err(error) = syn::parse2::<syn::File>(output.clone()) {
        panic!("{error}:\n{output}");
    }
    output.to_string()
}

/// Fails when an output lacks some tokens. Where there are spaces says nothing.
#[track_caller]
pub(crate) fn assert_has(output: &str, tokens: &TokenStream) {
    let tight = |text: &str| text.replace(char::is_whitespace, "");
    let tokens = tokens.to_string();
    assert!(
        tight(output).contains(&tight(&tokens)),
        "{tokens}\n\nis not in\n\n{output}"
    );
}
