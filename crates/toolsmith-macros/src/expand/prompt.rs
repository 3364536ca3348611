//! The output of `#[prompt]`.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

use super::shared::Shared;

/// What makes the type a prompt.
pub(super) fn expand(shared: &Shared<'_>) -> TokenStream {
    let Shared { private, name, .. } = shared;
    let slots = shared.slots();
    let returned = shared.returned(&quote!(PromptReturnProbe), &quote!(PromptReturnKind));
    let definition = definition(shared);
    let missing_states = shared.missing_states();
    let completers = shared.completers();
    let get = shared.answer(&quote!(get), &quote!(PromptResult));
    quote_spanned! {Span::mixed_site()=>
        use #private::{
            ArgumentKind as _, DeclaredPrompt as _, InjectedKind as _, MaskedPrompt as _,
            PromptReturnKind as _, Slots as _, UnusableParameter as _, UnusablePromptReturn as _,
        };
        #slots
        #returned
        #[automatically_derived]
        impl #private::Prompt for #name {
            #definition
            #missing_states
            #completers
            #get
        }
    }
}

fn definition(shared: &Shared<'_>) -> TokenStream {
    let Shared {
        private, function, ..
    } = shared;
    let name = &function.name;
    let described = shared.described();
    let docs = shared.docs();
    quote_spanned! {Span::mixed_site()=>
        fn definition() -> #private::PromptDefinition {
            let mut toolsmith_definition = #private::PromptDefinition::new(#name);
            #described
            toolsmith_definition.arguments = #private::prompt_arguments(&toolsmith_slots(), &[#(#docs),*]);
            toolsmith_definition
        }
    }
}

/// A prompt that does nothing.
pub(super) fn stub(shared: &Shared<'_>) -> TokenStream {
    let Shared { private, name, .. } = shared;
    let missing_states = shared.no_missing_states();
    quote! {
        impl #private::Prompt for #name {
            fn definition() -> #private::PromptDefinition {
                ::core::unreachable!()
            }
            #missing_states
            fn completers() -> ::std::vec::Vec<#private::Completer> {
                ::core::unreachable!()
            }
            async fn get(_: #private::Call) -> #private::PromptResult {
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
    fn a_prompt_has_arguments_and_completers() {
        let output = output(
            Kind::Prompt,
            quote!(),
            quote! {
                /// Reviews code.
                fn review(
                    /// The code.
                    code: String,
                    #[complete(values::languages::<3>)] language: Option<String>,
                    ctx: Context,
                ) -> String {
                    code
                }
            },
        );
        for tokens in [
            quote!(fn review(code: String, language: Option<String>, ctx: Context,) -> String),
            quote!(impl ::toolsmith::__private::Prompt for review),
            quote!(::toolsmith::__private::PromptDefinition::new("review")),
            quote!(toolsmith_definition.arguments = ::toolsmith::__private::prompt_arguments),
            quote!(::toolsmith::__private::ParameterDoc {
                name: "code",
                description: ::core::option::Option::Some("The code."),
                header: ::core::option::Option::None,
            }),
            quote!(
                fn completers() -> ::std::vec::Vec<::toolsmith::__private::Completer> {
                    ::toolsmith::__private::completers(
                        &toolsmith_slots(),
                        &["code", "language", "ctx"],
                        ::std::vec![::toolsmith::__private::Completer::new(
                            "language",
                            values::languages::<3>
                        )],
                    )
                }
            ),
            quote!((&&&::toolsmith::__private::PromptReturnProbe::<String>::NEW).kind()),
            quote!(DeclaredPrompt as _),
            quote!(MaskedPrompt as _),
            quote!(UnusablePromptReturn as _),
            quote!(async fn get(toolsmith_call: ::toolsmith::__private::Call)
                -> ::toolsmith::__private::PromptResult),
        ] {
            assert_has(&output, &tokens);
        }
        assert!(!output.contains("schema"), "{output}");
    }
}
