//! The name by which clients know what a function became.

use syn::ext::IdentExt as _;
use syn::{Ident, LitStr};

use crate::errors::Errors;
use crate::kind::Kind;

/// The longest name of a tool or a prompt, in characters.
const MAX_NAME: usize = 128;

/// The name that an author chose, when it can be one.
pub(super) fn chosen(kind: Kind, name: LitStr) -> syn::Result<LitStr> {
    if is_allowed(kind, &name.value()) {
        return Ok(name);
    }
    let message = match kind {
        Kind::Tool | Kind::Prompt => format!(
            "this cannot be the name of a {kind}; a name is 1 to {MAX_NAME} of \
             `A-Z a-z 0-9 _ - .`"
        ),
        Kind::Resource => "the name of a resource is not empty; leave `name` out to have that \
                           of the function"
            .to_owned(),
    };
    Err(syn::Error::new_spanned(name, message))
}

/// The name of what is called like its function.
pub(crate) fn name_of(kind: Kind, function: &Ident, errors: &mut Errors) -> String {
    let name = function.unraw().to_string();
    if !is_allowed(kind, &name) {
        errors.at(
            function,
            format!(
                "`{name}` cannot be the name of a {kind}, which is 1 to {MAX_NAME} of \
                 `A-Z a-z 0-9 _ - .`; give it one with `{}`",
                kind.with("name = \"…\"")
            ),
        );
    }
    name
}

/// Whether the protocol allows a name. Tools and prompts are asked for by theirs; a
/// resource is asked for by its URI.
fn is_allowed(kind: Kind, name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    match kind {
        Kind::Tool | Kind::Prompt => (1..=MAX_NAME).contains(&name.len()) && name.chars().all(fits),
        Kind::Resource => !name.trim().is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_may_have_any_name_and_the_others_may_not() {
        for kind in [Kind::Tool, Kind::Prompt] {
            assert!(is_allowed(kind, "size.of_a-thing2"), "{kind}");
            assert!(is_allowed(kind, &"a".repeat(128)), "{kind}");
            assert!(!is_allowed(kind, &"a".repeat(129)), "{kind}");
            assert!(!is_allowed(kind, "größe"), "{kind}");
            assert!(!is_allowed(kind, ""), "{kind}");
        }
        assert!(is_allowed(Kind::Resource, "Größe eines Dings"));
        assert!(!is_allowed(Kind::Resource, " "));
    }
}
