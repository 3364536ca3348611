//! What the output of every attribute has: the function, the type of the same name, and
//! the parts of what makes the type a tool, a prompt or a resource.
//!
//! The names that our code binds have a scope of their own, so that a function may be
//! called `call` and a parameter anything.

use std::time::Duration;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Attribute, ReturnType};

use crate::attributes::{Attributes, Icon, Theme};
use crate::docs;
use crate::errors::Errors;
use crate::function::{Function, Run};
use crate::kind::Kind;
use crate::parameter::Parameter;

/// A checked function on its way to tokens.
pub(super) struct Shared<'a> {
    kind: Kind,
    pub(super) function: &'a Function,
    attributes: &'a Attributes,
    /// The name of the function, and of the type.
    pub(super) name: &'a Ident,
    /// Where the library keeps what our output names.
    pub(super) private: TokenStream,
}

impl<'a> Shared<'a> {
    pub(super) fn new(function: &'a Function, attributes: &'a Attributes) -> Self {
        let library = &attributes.library;
        Self {
            kind: attributes.kind(),
            function,
            attributes,
            name: &function.item.sig.ident,
            private: quote!(#library::__private),
        }
    }

    /// The function, the type of the same name, and what is said of the type, in a scope
    /// of its own.
    pub(super) fn output(&self, said: TokenStream) -> TokenStream {
        let item = &self.function.item;
        let strukt = self.strukt();
        let cfgs = self.cfgs();
        let is_deprecated = item.attrs.iter().any(|a| a.path().is_ident("deprecated"));
        let deprecated = is_deprecated.then(|| quote!(#[allow(deprecated)]));
        let advice = (!self.function.parameters.is_empty()).then(|| self.without_advice());
        quote_spanned! {Span::mixed_site()=>
            #advice
            #item
            #strukt
            #(#cfgs)*
            #deprecated
            #[allow(unused_imports, clippy::unused_unit, reason = "generated")]
            const _: () = {
                #said
            };
        }
    }

    /// The function and a type that does nothing, so that the errors of the macro are all
    /// that an author sees.
    pub(super) fn fallback(&self, errors: &Errors, stub: TokenStream) -> TokenStream {
        let item = &self.function.item;
        if self.function.is_method {
            return quote!(#item #errors);
        }
        let cfgs = self.cfgs();
        let strukt = self.strukt();
        quote! {
            #item
            #strukt
            #errors
            #(#cfgs)*
            #[automatically_derived]
            #stub
        }
    }

    /// Turns off advice that the function cannot follow: its parameters are what a client
    /// is to give.
    fn without_advice(&self) -> TokenStream {
        let reason = format!(
            "a {} owns its parameters, and a client gives each by its name",
            self.kind
        );
        quote! {
            #[allow(
                clippy::needless_pass_by_value,
                clippy::too_many_arguments,
                clippy::fn_params_excessive_bools,
                reason = #reason
            )]
        }
    }

    /// The type that `.tool::<…>()` and its like take: braced, so that its name is free
    /// among values.
    fn strukt(&self) -> TokenStream {
        let Self { kind, name, .. } = self;
        let cfgs = self.cfgs();
        let visibility = &self.function.item.vis;
        let doc = format!("The function [`{name}`](fn@{name}) as a {kind}: `.{kind}::<{name}>()`.");
        quote! {
            #(#cfgs)*
            #[doc = #doc]
            #[allow(
                non_camel_case_types,
                unreachable_pub,
                missing_copy_implementations,
                missing_debug_implementations,
                reason = "named like the function, and never made"
            )]
            #visibility struct #name {}
        }
    }

    fn cfgs(&self) -> Vec<&Attribute> {
        let attributes = self.function.item.attrs.iter();
        attributes.filter(|a| a.path().is_ident("cfg")).collect()
    }

    /// Statements that put into `toolsmith_definition` what may be said of every kind.
    pub(super) fn described(&self) -> TokenStream {
        let Self {
            attributes,
            private,
            ..
        } = self;
        let title = attributes.title.iter();
        let description = match &attributes.description {
            Some(text) => Some(quote!(#text)),
            None => docs::text(&self.function.item.attrs),
        };
        let description = description.iter();
        let icons = attributes.icons.iter().map(|i| icon(i, private));
        let (tags, scopes) = (&attributes.tags, &attributes.scopes);
        let (keys, values): (Vec<_>, Vec<_>) = attributes.meta.iter().cloned().unzip();
        let timeout = attributes.timeout.iter().map(|(_, limit)| duration(*limit));
        quote_spanned! {Span::mixed_site()=>
            #(toolsmith_definition.title = ::core::option::Option::Some(#title.into());)*
            #(toolsmith_definition.description = ::core::option::Option::Some(#description.into());)*
            #(toolsmith_definition.icons.push(#icons);)*
            #(toolsmith_definition.tags.push(#tags.into());)*
            #(toolsmith_definition.scopes.push(#scopes.into());)*
            #(toolsmith_definition.meta.insert(#keys.into(), #private::json!(#values));)*
            #(toolsmith_definition.timeout = ::core::option::Option::Some(#timeout);)*
        }
    }

    /// What clients are told of each parameter that turns out to be an argument.
    pub(super) fn docs(&self) -> Vec<TokenStream> {
        let private = &self.private;
        let parameters = self.function.parameters.iter();
        let docs = parameters.map(|parameter| {
            let name = &parameter.name;
            let description = option(parameter.description.as_ref());
            let header = option(parameter.header.as_ref());
            quote! {
                #private::ParameterDoc {
                    name: #name,
                    description: #description,
                    header: #header,
                }
            }
        });
        docs.collect()
    }

    /// The names of the parameters.
    pub(super) fn names(&self) -> Vec<&str> {
        let parameters = self.function.parameters.iter();
        parameters.map(|p| p.name.as_str()).collect()
    }

    /// What finds out what the types of the parameters are. Each type stands in one place,
    /// so that an error about it comes once.
    pub(super) fn slots(&self) -> TokenStream {
        let private = &self.private;
        let parameters = || self.function.parameters.iter();
        let types = parameters().map(|p| &p.ty);
        let slots = parameters().map(|p| slot(p, private));
        quote! {
            fn toolsmith_slots() -> impl #private::Slots<Values = (#(#types,)*)> {
                (#(#slots,)*)
            }
        }
    }

    /// What finds out what the type of the result is, in one place as well.
    pub(super) fn returned(&self, probe: &TokenStream, kind: &TokenStream) -> TokenStream {
        let private = &self.private;
        let (result, span) = match &self.function.item.sig.output {
            ReturnType::Default => (quote!(()), Span::mixed_site()),
            ReturnType::Type(_, ty) => (quote!(#ty), ty.span()),
        };
        let found = quote_spanned!(located(span)=> (&&&#private::#probe::<#result>::NEW).kind());
        quote! {
            fn toolsmith_return() -> impl #private::#kind<Value = #result> {
                #found
            }
        }
    }

    pub(super) fn missing_states(&self) -> TokenStream {
        let private = &self.private;
        quote_spanned! {Span::mixed_site()=>
            fn missing_states(
                toolsmith_states: &#private::StateMap,
            ) -> ::std::vec::Vec<#private::MissingState> {
                toolsmith_slots().missing_states(toolsmith_states)
            }
        }
    }

    /// The same for a type that does nothing.
    pub(super) fn no_missing_states(&self) -> TokenStream {
        let private = &self.private;
        quote! {
            fn missing_states(
                _: &#private::StateMap,
            ) -> ::std::vec::Vec<#private::MissingState> {
                ::core::unreachable!()
            }
        }
    }

    pub(super) fn completers(&self) -> TokenStream {
        let private = &self.private;
        let parameters = self.function.parameters.iter();
        let completers = parameters.filter_map(|parameter| {
            let name = &parameter.name;
            let function = &parameter.completer.as_ref()?.function;
            let span = located(function.span());
            Some(quote_spanned!(span=> #private::Completer::new(#name, #function)))
        });
        let names = self.names();
        quote_spanned! {Span::mixed_site()=>
            fn completers() -> ::std::vec::Vec<#private::Completer> {
                #private::completers(
                    &toolsmith_slots(),
                    &[#(#names),*],
                    ::std::vec![#(#completers),*],
                )
            }
        }
    }

    /// The method that calls the function.
    pub(super) fn answer(&self, method: &TokenStream, result: &TokenStream) -> TokenStream {
        let Self { private, name, .. } = self;
        let site = Span::mixed_site();
        let names = self.names();
        let values: Vec<Ident> = (0..names.len())
            .map(|index| format_ident!("toolsmith_value_{index}", span = site))
            .collect();
        let value = match self.function.run {
            Run::Polled => quote!(#name(#(#values),*).await),
            Run::Pool => {
                quote_spanned!(site=> toolsmith_call.blocking(move || #name(#(#values),*)).await?)
            }
            Run::InPlace => quote!(#name(#(#values),*)),
        };
        quote_spanned! {site=>
            async fn #method(toolsmith_call: #private::Call) -> #private::#result {
                let (#(#values,)*) = toolsmith_call.parameters(&[#(#names),*], toolsmith_slots())?;
                toolsmith_return().result(#value)
            }
        }
    }
}

/// A time as an expression.
pub(super) fn duration(time: Duration) -> TokenStream {
    let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    quote!(::core::time::Duration::from_millis(#milliseconds))
}

fn icon(icon: &Icon, private: &TokenStream) -> TokenStream {
    let Icon {
        src,
        mime_type,
        sizes,
        theme,
    } = icon;
    let mime_type = mime_type.iter();
    let theme = theme.iter().map(|theme| match theme {
        Theme::Light => quote!(Light),
        Theme::Dark => quote!(Dark),
    });
    quote! {
        #private::Icon::new(#src)
            #(.mime_type(#mime_type))*
            #(.size(#sizes))*
            #(.theme(#private::IconTheme::#theme))*
    }
}

fn option(value: Option<&impl quote::ToTokens>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

fn slot(parameter: &Parameter, private: &TokenStream) -> TokenStream {
    let ty = &parameter.ty;
    let span = located(ty.span());
    let slot = if parameter.injected_only {
        quote_spanned!(span=> (&&#private::InjectedOnly::<#ty>::NEW).slot())
    } else {
        quote_spanned!(span=> (&&&#private::ParameterProbe::<#ty>::NEW).slot())
    };
    let slot = match &parameter.default {
        None => slot,
        Some(default) => {
            let value = &default.value;
            let with_default = quote_spanned!(located(default.span)=> .with_default);
            quote_spanned!(span=> #slot #with_default(|| #value))
        }
    };
    match &parameter.header {
        None => slot,
        Some(header) => {
            let mirrored = quote_spanned!(located(header.span())=> .mirrored());
            quote!(#slot #mirrored)
        }
    }
}

/// The place of an author's tokens with the scope of ours.
fn located(span: Span) -> Span {
    span.resolved_at(Span::mixed_site())
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use crate::kind::Kind;
    use crate::testing::{assert_has, output};

    #[test]
    fn the_function_stays_and_a_braced_type_comes_beside_it() {
        let item = quote! {
            #[must_use]
            pub(crate) const fn f() -> &'static str {
                "x"
            }
        };
        for kind in Kind::ALL {
            let uri = (kind == Kind::Resource).then(|| quote!("a:b"));
            let output = output(kind, quote!(#uri), item.clone());
            assert!(output.starts_with(&item.to_string()), "{output}");
            let doc = format!("The function [`f`](fn@f) as a {kind}: `.{kind}::<f>()`.");
            assert_has(&output, &quote!(#[doc = #doc]));
            assert_has(
                &output,
                &quote!(
                    pub(crate) struct f {}
                ),
            );
            assert_has(&output, &quote!(::toolsmith::__private::StateMap));
        }
    }

    #[test]
    fn what_may_be_said_of_every_kind_is_said_in_one_way() {
        let arguments = quote!(
            title = "X",
            icons(icon(src = "data:,", theme = "dark")),
            tags("a"),
            scopes("files:write"),
            meta(b = [1]),
            timeout = "2m",
            crate = self::library
        );
        let item = quote!(
            /// Does x.
            #[cfg(unix)]
            fn f() -> String {
                String::new()
            }
        );
        for kind in Kind::ALL {
            let uri = (kind == Kind::Resource).then(|| quote!("a:b",));
            let output = output(kind, quote!(#uri #arguments), item.clone());
            for tokens in [
                quote!(toolsmith_definition.title = ::core::option::Option::Some("X".into());),
                quote!(toolsmith_definition.description = ::core::option::Option::Some("Does x.".into());),
                quote!(toolsmith_definition.icons.push(
                    self::library::__private::Icon::new("data:,")
                        .theme(self::library::__private::IconTheme::Dark)
                );),
                quote!(toolsmith_definition.tags.push("a".into());),
                quote!(toolsmith_definition.scopes.push("files:write".into());),
                quote!(toolsmith_definition.meta.insert("b".into(), self::library::__private::json!([1]));),
                quote!(toolsmith_definition.timeout = ::core::option::Option::Some(::core::time::Duration::from_millis(120000u64));),
                quote!(#[cfg(unix)] #[allow(unused_imports, clippy::unused_unit, reason = "generated")] const _: () =),
            ] {
                assert_has(&output, &tokens);
            }
            assert!(!output.contains(":: toolsmith"), "{output}");
        }
    }

    #[test]
    fn a_function_runs_where_its_author_wants_it() {
        let run = |arguments, item| output(Kind::Prompt, arguments, item);
        let pool = run(
            quote!(),
            quote!(
                fn f(a: u8, b: Context) -> String {
                    g(a, b)
                }
            ),
        );
        assert_has(
            &pool,
            &quote!(
                let (toolsmith_value_0, toolsmith_value_1,) =
                    toolsmith_call.parameters(&["a", "b"], toolsmith_slots())?;
                toolsmith_return().result(
                    toolsmith_call
                        .blocking(move || f(toolsmith_value_0, toolsmith_value_1))
                        .await?
                )
            ),
        );
        let polled = run(
            quote!(),
            quote!(
                async fn f() -> String {
                    g()
                }
            ),
        );
        assert_has(&polled, &quote!(toolsmith_return().result(f().await)));
        let in_place = run(
            quote!(inline),
            quote!(
                fn f() -> String {
                    g()
                }
            ),
        );
        assert_has(&in_place, &quote!(toolsmith_return().result(f())));
    }

    #[test]
    fn what_is_wrong_leaves_the_function_and_a_type_that_does_nothing() {
        let item = quote!(
            fn f<T>(a: T) {}
        );
        for kind in Kind::ALL {
            let output = output(kind, quote!(), item.clone());
            assert!(output.starts_with(&item.to_string()), "{output}");
            let name = ["Tool", "Prompt", "Resource"][kind as usize];
            let name = quote::format_ident!("{name}");
            assert_has(&output, &quote!(impl ::toolsmith::__private::#name for f));
            assert_has(&output, &quote!(::core::unreachable!()));
            assert!(output.contains("compile_error"), "{output}");
        }
        let method = output(
            Kind::Tool,
            quote!(),
            quote!(
                fn f(a: Self) {}
            ),
        );
        assert!(!method.contains("struct"), "{method}");
    }

    #[test]
    fn what_is_no_function_stays_beside_its_error() {
        let output = output(
            Kind::Resource,
            quote!(),
            quote!(
                struct S;
            ),
        );
        assert!(output.starts_with("struct S ;"), "{output}");
        assert!(output.contains("a resource is a function"), "{output}");
    }
}
