//! What the type of a parameter cannot be.

use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::Type;
use syn::visit::{self, Visit};

use crate::function::not_free;
use crate::kind::Kind;

/// What is wrong with the type of a parameter.
pub(super) fn errors_of(kind: Kind, ty: &Type) -> Vec<syn::Error> {
    let mut visitor = Unsuitable {
        kind,
        errors: Vec::new(),
    };
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

struct Unsuitable {
    kind: Kind,
    errors: Vec<syn::Error>,
}

impl Unsuitable {
    fn refuse(&mut self, reference: &syn::TypeReference) {
        let owned = owned(&reference.elem);
        let message = format!(
            "a {} owns its parameters: take {owned} instead of a reference",
            self.kind
        );
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
        let message = match self.kind {
            Kind::Tool => {
                "a client must know the type of a parameter: name it instead of `impl Trait`"
            }
            Kind::Prompt | Kind::Resource => {
                "what fills a parameter must know its type: name it instead of `impl Trait`"
            }
        };
        self.errors.push(syn::Error::new_spanned(ty, message));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.is_ident("Self") {
            self.errors.push(not_free(self.kind, path));
        }
        visit::visit_path(self, path);
    }

    // The references in `fn(&str)` and `dyn Fn(&str)` are not the parameter's own.
    fn visit_type_fn_ptr(&mut self, _: &'ast syn::TypeFnPtr) {}

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
