//! The function that becomes a tool, checked.

use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Ident, ItemFn, ReturnType, Signature, Type};

use crate::attributes::{Attributes, name_of};
use crate::errors::Errors;
use crate::parameter::{self, Parameter};

/// Types that a struct named like the function would hide.
const PRIMITIVES: [&str; 17] = [
    "bool", "char", "str", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64",
    "u128", "usize", "f32", "f64",
];

/// A function, and what the tool needs to know of it.
pub(crate) struct Function {
    /// The function as its author wrote it, without what the compiler would refuse.
    pub(crate) item: ItemFn,
    pub(crate) tool_name: String,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) run: Run,
    /// Whether it stands in an `impl`, as far as can be told; a type cannot stand there.
    pub(crate) is_method: bool,
}

/// Where a call of the function runs.
#[derive(Clone, Copy)]
pub(crate) enum Run {
    /// An `async fn`: where the request is polled.
    Polled,
    /// A plain `fn`: on the pool.
    Pool,
    /// A plain `fn` that its author wants called in place.
    InPlace,
}

impl Function {
    /// Checks the function. It is given back even when it cannot be a tool, because the
    /// rest of the program may use it.
    pub(crate) fn check(mut item: ItemFn, attributes: &Attributes, errors: &mut Errors) -> Self {
        let parameters = parameter::parameters(item.sig.inputs.iter_mut(), errors);
        let is_method = mentions_self(&item.sig);
        take_second(&mut item.attrs, errors);
        check_signature(&item.sig, errors);
        check_return(&item.sig.output, errors);
        check_name(&item.sig.ident, errors);
        let tool_name = match &attributes.name {
            Some(name) => name.value(),
            None => name_of(&item.sig.ident, errors),
        };
        Self {
            run: run(&item.sig, attributes, errors),
            item,
            tool_name,
            parameters,
            is_method,
        }
    }
}

fn mentions_self(signature: &Signature) -> bool {
    struct Finds(bool);
    impl<'ast> Visit<'ast> for Finds {
        fn visit_path(&mut self, path: &'ast syn::Path) {
            self.0 |= path.is_ident("Self");
            visit::visit_path(self, path);
        }
    }
    let mut finds = Finds(false);
    finds.visit_signature(signature);
    finds.0
}

/// A second `#[tool]` would make the type a second time.
fn take_second(attributes: &mut Vec<syn::Attribute>, errors: &mut Errors) {
    attributes.retain(|attribute| {
        let second = attribute.path().is_ident("tool");
        if second {
            errors.at(attribute, "`#[tool]` is given twice; keep one");
        }
        !second
    });
}

fn run(signature: &Signature, attributes: &Attributes, errors: &mut Errors) -> Run {
    match (&signature.asyncness, &attributes.inline) {
        (None, None) => Run::Pool,
        (None, Some(_)) => Run::InPlace,
        (Some(_), None) => Run::Polled,
        (Some(_), Some(inline)) => {
            errors.at(
                inline,
                "an `async fn` already runs in place; drop `inline`, which is for a plain `fn`",
            );
            Run::Polled
        }
    }
}

fn check_signature(signature: &Signature, errors: &mut Errors) {
    if !signature.generics.params.is_empty() {
        errors.at(
            &signature.generics,
            "a tool cannot be generic, because a client must know its types; name a type, or \
             write one tool for each type that calls a generic function",
        );
    }
    if let Some(token) = &signature.unsafety {
        errors.at(
            token,
            "a client cannot promise what an `unsafe fn` asks for; make a safe function that \
             checks it, and put `#[tool]` on that",
        );
    }
    if let Some(abi) = &signature.abi {
        errors.at(
            abi,
            "a tool has the ABI of Rust, out of which a panic can be caught; drop `extern`, or \
             put `#[tool]` on a function that calls this one",
        );
    }
}

fn check_return(output: &ReturnType, errors: &mut Errors) {
    let ReturnType::Type(_, ty) = output else {
        return;
    };
    if matches!(**ty, Type::Never(_)) {
        errors.at(
            ty,
            "a tool that never returns has no answer; return `()` or a `Result`",
        );
    }
    Unsuitable(errors).visit_type(ty);
}

/// Finds what the type of a result cannot be.
struct Unsuitable<'e>(&'e mut Errors);

impl<'ast> Visit<'ast> for Unsuitable<'_> {
    fn visit_type_impl_trait(&mut self, ty: &'ast syn::TypeImplTrait) {
        self.0.at(
            ty,
            "the type that a tool returns must have a name, because its schema depends on it; \
             write the type instead of `impl Trait`",
        );
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.is_ident("Self") {
            self.0.push(not_free(path));
        }
        visit::visit_path(self, path);
    }
}

fn check_name(name: &Ident, errors: &mut Errors) {
    if PRIMITIVES.iter().any(|primitive| name == primitive) {
        errors.at(
            name,
            format!(
                "`#[tool]` makes a type named like the function, and `{name}` is one already; \
                 rename the function and write `#[tool(name = \"{name}\")]`"
            ),
        );
    }
}

/// What to say of a function that belongs to a type.
pub(crate) fn not_free(tokens: impl ToTokens) -> syn::Error {
    syn::Error::new_spanned(
        tokens,
        "a tool is a free function; move it out of the `impl`, name the type instead of `Self`, \
         and take what it needs of `self` as `State<…>`",
    )
}

/// What to say of something that is no function.
pub(crate) fn not_a_function(item: &syn::Item) -> syn::Error {
    let message = match item {
        syn::Item::Impl(_) | syn::Item::Trait(_) => {
            "a tool is a free function; put `#[tool]` on functions outside of the block"
        }
        syn::Item::Mod(_) => "a tool is a function; put `#[tool]` on each function in the module",
        _ => "a tool is a function; put `#[tool]` on an `fn` or an `async fn`",
    };
    // The first line is enough to find it, and an item may be long.
    syn::Error::new_spanned(first_token(item), message)
}

fn first_token(item: &syn::Item) -> proc_macro2::TokenStream {
    let tokens = item.to_token_stream().into_iter();
    tokens
        .skip_while(|token| token.to_string() == "#" || token.to_string().starts_with('['))
        .take(1)
        .collect()
}
