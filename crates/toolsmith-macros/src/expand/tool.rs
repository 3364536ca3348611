//! The output of `#[tool]`.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

use super::shared::Shared;
use crate::attributes::{Support, ToolArguments};

/// What makes the type a tool.
pub(super) fn expand(shared: &Shared<'_>, own: &ToolArguments) -> TokenStream {
    let Shared { private, name, .. } = shared;
    let slots = shared.slots();
    let returned = shared.returned(&quote!(ReturnProbe), &quote!(ReturnKind));
    let definition = definition(shared, own);
    let missing_states = shared.missing_states();
    let call = shared.answer(&quote!(call), &quote!(ToolResult));
    quote_spanned! {Span::mixed_site()=>
        use #private::{
            ArgumentKind as _, DeclaredKind as _, InjectedKind as _, MaskedKind as _,
            ReturnKind as _, Slots as _, UnusableParameter as _, UnusableReturn as _,
        };
        #slots
        #returned
        #[automatically_derived]
        impl #private::Tool for #name {
            #definition
            #missing_states
            #call
        }
    }
}

fn definition(shared: &Shared<'_>, own: &ToolArguments) -> TokenStream {
    let Shared {
        private, function, ..
    } = shared;
    let name = &function.name;
    let described = shared.described();
    let (hints, flags): (Vec<_>, Vec<_>) = own.hints.iter().cloned().unzip();
    let task = own.task.iter().map(|task| match task.support {
        Support::Optional => quote!(Optional),
        Support::Required => quote!(Required),
        Support::Decided => quote!(Decided),
    });
    let docs = shared.docs();
    quote_spanned! {Span::mixed_site()=>
        fn definition() -> #private::ToolDefinition {
            let mut toolsmith_definition = #private::ToolDefinition::new(#name);
            #described
            #(toolsmith_definition.annotations.#hints = ::core::option::Option::Some(#flags);)*
            #(toolsmith_definition.task = #private::TaskSupport::#task;)*
            toolsmith_definition.input_schema = #private::input_schema(&toolsmith_slots(), &[#(#docs),*]);
            toolsmith_definition.output_schema = toolsmith_return().schema();
            toolsmith_definition
        }
    }
}

/// A tool that does nothing.
pub(super) fn stub(shared: &Shared<'_>) -> TokenStream {
    let Shared { private, name, .. } = shared;
    let missing_states = shared.no_missing_states();
    quote! {
        impl #private::Tool for #name {
            fn definition() -> #private::ToolDefinition {
                ::core::unreachable!()
            }
            #missing_states
            async fn call(_: #private::Call) -> #private::ToolResult {
                ::core::unreachable!()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use crate::kind::Kind;
    use crate::testing::{assert_has, output};

    #[test]
    fn a_tool_has_hints_a_task_and_headers() {
        let output = output(
            Kind::Tool,
            quote!(name = "draw", read_only, destructive = false, task),
            quote! {
                async fn render(
                    ctx: Context,
                    /// Where.
                    #[header("Region")]
                    region: String,
                    #[default(1)] size: u8,
                ) -> String {
                    region
                }
            },
        );
        for tokens in [
            quote!(async fn render(ctx: Context, region: String, size: u8,) -> String),
            quote!(impl ::toolsmith::__private::Tool for render),
            quote!(::toolsmith::__private::ToolDefinition::new("draw")),
            quote!(toolsmith_definition.annotations.read_only = ::core::option::Option::Some(true);),
            quote!(toolsmith_definition.annotations.destructive = ::core::option::Option::Some(false);),
            quote!(toolsmith_definition.task = ::toolsmith::__private::TaskSupport::Optional;),
            quote!(::toolsmith::__private::ParameterDoc {
                name: "region",
                description: ::core::option::Option::Some("Where."),
                header: ::core::option::Option::Some("Region"),
            }),
            quote!(::toolsmith::__private::ParameterDoc {
                name: "ctx",
                description: ::core::option::Option::None,
                header: ::core::option::Option::None,
            }),
            quote!(
                (&&&::toolsmith::__private::ParameterProbe::<u8>::NEW)
                    .slot()
                    .with_default(|| 1)
            ),
            quote!((&&&::toolsmith::__private::ReturnProbe::<String>::NEW).kind()),
            quote!(async fn call(toolsmith_call: ::toolsmith::__private::Call)
                -> ::toolsmith::__private::ToolResult),
        ] {
            assert_has(&output, &tokens);
        }
    }

    #[test]
    fn every_word_of_task_has_its_variant_and_silence_has_none() {
        let output = |arguments| {
            output(
                Kind::Tool,
                arguments,
                quote!(
                    async fn f() {}
                ),
            )
        };
        for (word, variant) in [
            ("optional", quote!(Optional)),
            ("required", quote!(Required)),
            ("decided", quote!(Decided)),
        ] {
            let output = output(quote!(task = #word));
            assert_has(&output, &quote!(TaskSupport::#variant));
        }
        let silent = output(quote!());
        assert!(!silent.contains("TaskSupport"), "{silent}");
    }
}
