//! The function that becomes a tool, a prompt or a resource, checked.

use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Ident, ItemFn, ReturnType, Safety, Signature, Type};

use crate::attributes::{Attributes, Own, Support, ToolArguments, name_of};
use crate::errors::Errors;
use crate::kind::Kind;
use crate::parameter::{self, ON_PARAMETERS, Parameter};
use crate::variables;

/// Types that a struct named like the function would hide.
const PRIMITIVES: [&str; 17] = [
    "bool", "char", "str", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64",
    "u128", "usize", "f32", "f64",
];

/// A function, and what has to be known of it to make of it what it becomes.
pub(crate) struct Function {
    /// The function as its author wrote it, without what the compiler would refuse.
    pub(crate) item: ItemFn,
    /// The name by which clients know it.
    pub(crate) name: String,
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
    /// Checks the function. It is given back even when it is not good for anything, because
    /// the rest of the program may use it.
    pub(crate) fn check(mut item: ItemFn, attributes: &Attributes, errors: &mut Errors) -> Self {
        let kind = attributes.kind();
        let inputs = item.sig.inputs.len();
        let mut parameters = parameter::parameters(kind, item.sig.inputs.iter_mut(), errors);
        let is_method = item.sig.receiver().is_some() || mentions_self(&item.sig);
        take_misplaced(kind, &mut item.attrs, errors);
        check_signature(kind, &item.sig, errors);
        check_return(kind, &item.sig.output, errors);
        check_name(kind, &item.sig.ident, errors);
        let name = match &attributes.name {
            Some(name) => name.value(),
            None => name_of(kind, &item.sig.ident, errors),
        };
        // Of a parameter that could not be read, the name is not known.
        if let (Own::Resource(resource), true) = (&attributes.own, parameters.len() == inputs) {
            variables::agree(resource, &mut parameters, errors);
        }
        Self {
            run: run(&item.sig, attributes, errors),
            item,
            name,
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

/// Takes attributes of ours that do not belong here. A second `#[tool]`, `#[prompt]` or
/// `#[resource]` would make the type a second time.
fn take_misplaced(kind: Kind, attributes: &mut Vec<syn::Attribute>, errors: &mut Errors) {
    attributes.retain(|attribute| {
        let Some(name) = attribute.path().get_ident().map(Ident::to_string) else {
            return true;
        };
        let wrong = if name == kind.word() {
            Some(format!("`#[{kind}]` is given twice; keep one"))
        } else if Kind::ALL.iter().any(|other| name == other.word()) {
            Some(format!(
                "`#[{kind}]` makes a type named like the function, and `#[{name}]` would make it \
                 again; put `#[{name}]` on a function of its own, which may call this one"
            ))
        } else if ON_PARAMETERS.contains(&name.as_str()) {
            Some(format!("`#[{name}]` belongs on a parameter"))
        } else {
            None
        };
        if let Some(wrong) = &wrong {
            errors.at(attribute, wrong);
        }
        wrong.is_none()
    });
}

fn run(signature: &Signature, attributes: &Attributes, errors: &mut Errors) -> Run {
    if let (None, Own::Tool(tool)) = (&signature.asyncness, &attributes.own) {
        check_task(tool, errors);
    }
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

/// What a plain `fn` cannot say of tasks.
fn check_task(tool: &ToolArguments, errors: &mut Errors) {
    if let Some(task) = &tool.task
        && task.support == Support::Decided
    {
        errors.at(
            &task.written,
            "a plain `fn` cannot await that its call becomes a task; make it an `async fn`, or \
             let the client choose with `task`",
        );
    }
}

fn check_signature(kind: Kind, signature: &Signature, errors: &mut Errors) {
    if !signature.generics.params.is_empty() {
        let because = match kind {
            Kind::Tool => "a client must know its types",
            Kind::Prompt | Kind::Resource => "nobody would choose its types",
        };
        errors.at(
            &signature.generics,
            format!(
                "a {kind} cannot be generic, because {because}; name a type, or write one \
                 {kind} for each type that calls a generic function"
            ),
        );
    }
    if let Safety::Unsafe(token) = &signature.safety {
        errors.at(
            token,
            format!(
                "a client cannot promise what an `unsafe fn` asks for; make a safe function that \
                 checks it, and put `#[{kind}]` on that"
            ),
        );
    }
    if let Some(abi) = &signature.abi {
        errors.at(
            abi,
            format!(
                "a {kind} has the ABI of Rust, out of which a panic can be caught; drop \
                 `extern`, or put `#[{kind}]` on a function that calls this one"
            ),
        );
    }
}

fn check_return(kind: Kind, output: &ReturnType, errors: &mut Errors) {
    let ReturnType::Type(_, ty) = output else {
        return;
    };
    if matches!(**ty, Type::Never(_)) {
        let instead = match kind {
            Kind::Tool => "`()` or a `Result`",
            Kind::Prompt => "its messages",
            Kind::Resource => "its content",
        };
        errors.at(
            ty,
            format!("a {kind} that never returns has no answer; return {instead}"),
        );
    }
    Unsuitable { kind, errors }.visit_type(ty);
}

/// Finds what the type of a result cannot be.
struct Unsuitable<'e> {
    kind: Kind,
    errors: &'e mut Errors,
}

impl<'ast> Visit<'ast> for Unsuitable<'_> {
    fn visit_type_impl_trait(&mut self, ty: &'ast syn::TypeImplTrait) {
        let because = match self.kind {
            Kind::Tool => "its schema depends on it",
            Kind::Prompt | Kind::Resource => "how it is sent depends on it",
        };
        let kind = self.kind;
        self.errors.at(
            ty,
            format!(
                "the type that a {kind} returns must have a name, because {because}; write the \
                 type instead of `impl Trait`"
            ),
        );
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.is_ident("Self") {
            self.errors.push(not_free(self.kind, path));
        }
        visit::visit_path(self, path);
    }
}

fn check_name(kind: Kind, name: &Ident, errors: &mut Errors) {
    if PRIMITIVES.iter().any(|primitive| name == primitive) {
        errors.at(
            name,
            format!(
                "`#[{kind}]` makes a type named like the function, and `{name}` is one already; \
                 rename the function and write `{}`",
                kind.with(&format!("name = \"{name}\""))
            ),
        );
    }
}

/// What to say of a function that belongs to a type.
pub(crate) fn not_free(kind: Kind, tokens: impl ToTokens) -> syn::Error {
    syn::Error::new_spanned(
        tokens,
        format!(
            "a {kind} is a free function; move it out of the `impl`, name the type instead of \
             `Self`, and take what it needs of `self` as `State<…>`"
        ),
    )
}

/// What to say of something that is no function.
pub(crate) fn not_a_function(kind: Kind, item: &syn::Item) -> syn::Error {
    let message = match item {
        syn::Item::Impl(_) | syn::Item::Trait(_) => {
            format!(
                "a {kind} is a free function; put `#[{kind}]` on functions outside of the block"
            )
        }
        syn::Item::Mod(_) => {
            format!("a {kind} is a function; put `#[{kind}]` on each function in the module")
        }
        _ => format!("a {kind} is a function; put `#[{kind}]` on an `fn` or an `async fn`"),
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

#[cfg(test)]
mod tests {
    use quote::quote;
    use syn::parse_quote;

    use super::*;
    use crate::testing::messages;

    /// What is wrong with every function of this file, of whatever kind.
    fn said(kind: Kind, item: proc_macro2::TokenStream) -> Vec<String> {
        let uri = (kind == Kind::Resource).then(|| quote!("a:b"));
        messages(kind, quote!(#uri), item)
    }

    #[test]
    fn every_kind_is_called_by_its_name() {
        for kind in Kind::ALL {
            for item in [
                quote!(
                    fn f<T>() -> String {
                        String::new()
                    }
                ),
                quote!(
                    unsafe fn f() -> String {
                        String::new()
                    }
                ),
                quote!(
                    extern "C" fn f() -> String {
                        String::new()
                    }
                ),
                quote!(
                    fn f() -> ! {
                        loop {}
                    }
                ),
                quote!(
                    fn f() -> impl Into<String> {
                        ""
                    }
                ),
                quote!(
                    fn str() -> String {
                        String::new()
                    }
                ),
                quote!(
                    fn f(&self) -> String {
                        String::new()
                    }
                ),
                quote!(
                    fn f() -> Self {
                        Self
                    }
                ),
                quote!(
                    fn f(_: State<u8>) -> String {
                        String::new()
                    }
                ),
                quote!(
                    fn f(a: &State<u8>) -> String {
                        String::new()
                    }
                ),
                quote!(
                    fn f(#[cfg(unix)] a: State<u8>) -> String {
                        String::new()
                    }
                ),
            ] {
                let said = said(kind, item.clone());
                assert_eq!(said.len(), 1, "{kind} {item}: {said:?}");
                let others = Kind::ALL.into_iter().filter(|other| *other != kind);
                let others: Vec<String> = others.map(|other| other.to_string()).collect();
                assert!(
                    said[0].contains(kind.word()) && !others.iter().any(|it| said[0].contains(it)),
                    "{kind} {item}: {said:?}"
                );
            }
        }
    }

    #[test]
    fn only_functions_become_something() {
        for kind in Kind::ALL {
            for item in [
                parse_quote!(
                    struct S;
                ),
                parse_quote!(impl S {}),
                parse_quote!(
                    trait T {}
                ),
                parse_quote!(
                    mod m {}
                ),
            ] {
                let said = not_a_function(kind, &item).to_string();
                assert!(said.contains(&format!("a {kind} is a ")), "{said}");
                assert!(said.contains(&format!("put `#[{kind}]` on")), "{said}");
            }
        }
    }

    #[test]
    fn a_second_attribute_of_ours_is_refused_and_taken_away() {
        let mut item: ItemFn = parse_quote!(
            #[tool(read_only)]
            #[must_use]
            #[prompt]
            #[header("A")]
            #[default]
            fn f() {}
        );
        let mut errors = Errors::default();
        take_misplaced(Kind::Tool, &mut item.attrs, &mut errors);
        let said = errors.messages();
        assert_eq!(said.len(), 4, "{said:?}");
        assert_eq!(said[0], "`#[tool]` is given twice; keep one");
        assert!(
            said[1].contains("`#[prompt]` would make it again"),
            "{said:?}"
        );
        assert_eq!(said[2], "`#[header]` belongs on a parameter");
        assert_eq!(said[3], "`#[default]` belongs on a parameter");
        assert_eq!(item.attrs.len(), 1);
    }

    #[test]
    fn a_plain_function_can_be_a_task_but_not_decide_it() {
        let said = |task: &str, item| messages(Kind::Tool, quote!(task = #task), item);
        for task in ["optional", "required", "decided"] {
            assert_eq!(
                said(
                    task,
                    quote!(
                        async fn f() {}
                    )
                ),
                [""; 0],
                "{task}"
            );
        }
        assert_eq!(
            said(
                "optional",
                quote!(
                    fn f() {}
                )
            ),
            [""; 0]
        );
        assert_eq!(
            said(
                "required",
                quote!(
                    fn f() {}
                )
            ),
            [""; 0]
        );
        let decided = said(
            "decided",
            quote!(
                fn f() {}
            ),
        );
        assert_eq!(decided.len(), 1, "{decided:?}");
        assert!(decided[0].contains("make it an `async fn`"), "{decided:?}");
    }

    #[test]
    fn seventeen_parameters_are_too_many() {
        for kind in Kind::ALL {
            let names = (0..17).map(|i| quote::format_ident!("p{i}"));
            let names: Vec<Ident> = names.collect();
            let some = names.iter().take(16);
            let sixteen = said(
                kind,
                quote!(fn f(#(#some: State<u8>),*) -> String { todo() }),
            );
            assert_eq!(sixteen, [""; 0], "{kind}");
            let all = said(
                kind,
                quote!(fn f(#(#names: State<u8>),*) -> String { todo() }),
            );
            assert_eq!(all.len(), 1, "{kind}: {all:?}");
            assert!(
                all[0].starts_with(&format!("a {kind} has at most 16")),
                "{all:?}"
            );
        }
    }
}
