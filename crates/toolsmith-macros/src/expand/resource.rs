//! The output of `#[resource]`.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

use super::shared::{Shared, duration};
use crate::attributes::{Audience, ResourceArguments};

/// What makes the type a resource.
pub(super) fn expand(shared: &Shared<'_>, own: &ResourceArguments) -> TokenStream {
    let Shared { private, name, .. } = shared;
    let slots = shared.slots();
    let returned = shared.returned(&quote!(ResourceReturnProbe), &quote!(ResourceReturnKind));
    let definition = definition(shared, own);
    let missing_states = shared.missing_states();
    let names = shared.names();
    let completers = shared.completers();
    let read = shared.answer(&quote!(read), &quote!(ResourceResult));
    quote_spanned! {Span::mixed_site()=>
        use #private::{
            ArgumentKind as _, DeclaredResource as _, InjectedKind as _, InjectedOnlyKind as _,
            MaskedResource as _, NotInTemplate as _, ResourceReturnKind as _, Slots as _,
            UnusableParameter as _, UnusableResourceReturn as _,
        };
        #slots
        #returned
        #[automatically_derived]
        impl #private::Resource for #name {
            #definition
            #missing_states

            fn variables() -> ::std::vec::Vec<#private::Variable> {
                #private::variables(&toolsmith_slots(), &[#(#names),*])
            }

            #completers
            #read
        }
    }
}

fn definition(shared: &Shared<'_>, own: &ResourceArguments) -> TokenStream {
    let Shared {
        private, function, ..
    } = shared;
    let uri = own.uri.iter().map(|uri| &uri.literal);
    let name = &function.name;
    let described = shared.described();
    let mime_type = own.mime_type.iter();
    let size = own.size.iter();
    let annotations = annotations(own, private);
    let caching = caching(own, private);
    quote_spanned! {Span::mixed_site()=>
        fn definition() -> #private::ResourceDefinition {
            let mut toolsmith_definition = #private::ResourceDefinition::new(#(#uri)*);
            toolsmith_definition.name = #name.into();
            #described
            #(toolsmith_definition.mime_type = ::core::option::Option::Some(#mime_type.into());)*
            #(toolsmith_definition.size = ::core::option::Option::Some(#size);)*
            #annotations
            #caching
            toolsmith_definition
        }
    }
}

/// Whom it is for, how much it matters and when it changed, when any of it was written.
fn annotations(own: &ResourceArguments, private: &TokenStream) -> Option<TokenStream> {
    let audience = own.audience.iter().map(|audience| match audience {
        Audience::User => quote!(User),
        Audience::Assistant => quote!(Assistant),
    });
    let priority = own.priority.iter();
    let last_modified = own.last_modified.iter();
    let has_any = audience.len() + priority.len() + last_modified.len() > 0;
    has_any.then(|| {
        quote_spanned! {Span::mixed_site()=>
            let mut toolsmith_annotations = <#private::Annotations as ::core::default::Default>::default();
            #(toolsmith_annotations.audience.push(#private::Audience::#audience);)*
            #(toolsmith_annotations.priority = ::core::option::Option::Some(#priority);)*
            #(toolsmith_annotations.last_modified = ::core::option::Option::Some(#last_modified.into());)*
            toolsmith_definition.annotations = ::core::option::Option::Some(toolsmith_annotations);
        }
    })
}

/// How long it stays fresh, and for whom.
fn caching(own: &ResourceArguments, private: &TokenStream) -> Option<TokenStream> {
    let ttl = duration(own.ttl?);
    let is_public = own.cache.as_ref().is_some_and(|cache| cache.public);
    let public = is_public.then(|| quote!(.public()));
    Some(quote_spanned! {Span::mixed_site()=>
        toolsmith_definition.caching = #private::Caching::fresh_for(#ttl) #public;
    })
}

/// A resource that is empty.
pub(super) fn stub(shared: &Shared<'_>) -> TokenStream {
    let Shared { private, name, .. } = shared;
    let missing_states = shared.no_missing_states();
    quote! {
        impl #private::Resource for #name {
            fn definition() -> #private::ResourceDefinition {
                ::core::unreachable!()
            }
            #missing_states
            fn variables() -> ::std::vec::Vec<#private::Variable> {
                ::core::unreachable!()
            }
            fn completers() -> ::std::vec::Vec<#private::Completer> {
                ::core::unreachable!()
            }
            async fn read(_: #private::Call) -> #private::ResourceResult {
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
    fn a_template_gives_its_variables_and_the_server_the_rest() {
        let output = output(
            Kind::Resource,
            quote!("users://{id}/profile{?fields*,limit}"),
            quote! {
                async fn profile(
                    id: u64,
                    #[complete(fields)] fields: Vec<String>,
                    #[default(10)] limit: u32,
                    ctx: Context,
                ) -> Json<Profile> {
                    load(id)
                }
            },
        );
        for tokens in [
            quote!(impl ::toolsmith::__private::Resource for profile),
            quote!(::toolsmith::__private::ResourceDefinition::new(
                "users://{id}/profile{?fields*,limit}"
            )),
            quote!(toolsmith_definition.name = "profile".into();),
            quote!((
                (&&&::toolsmith::__private::ParameterProbe::<u64>::NEW).slot(),
                (&&&::toolsmith::__private::ParameterProbe::<Vec<String>>::NEW).slot(),
                (&&&::toolsmith::__private::ParameterProbe::<u32>::NEW)
                    .slot()
                    .with_default(|| 10),
                (&&::toolsmith::__private::InjectedOnly::<Context>::NEW).slot(),
            )),
            quote!(::toolsmith::__private::variables),
            quote!(&["id", "fields", "limit", "ctx"]),
            quote!(::std::vec![::toolsmith::__private::Completer::new(
                "fields", fields
            )]),
            quote!((&&&::toolsmith::__private::ResourceReturnProbe::<Json<Profile>>::NEW).kind()),
            quote!(InjectedOnlyKind as _),
            quote!(NotInTemplate as _),
            quote!(async fn read(toolsmith_call: ::toolsmith::__private::Call)
                -> ::toolsmith::__private::ResourceResult),
        ] {
            assert_has(&output, &tokens);
        }
        for absent in ["Annotations", "Caching", "size", "mime_type"] {
            assert!(!output.contains(absent), "{absent}: {output}");
        }
    }

    #[test]
    fn what_was_written_of_a_resource_is_said() {
        let output = output(
            Kind::Resource,
            quote!(
                "config://app",
                name = "The configuration",
                mime_type = "application/json",
                size = 120,
                audience("user", "assistant"),
                priority = 0.8,
                last_modified = "2025-01-12T15:00:58Z",
                ttl = "60s",
                cache = "public"
            ),
            quote!(
                fn config() -> String {
                    String::new()
                }
            ),
        );
        for tokens in [
            quote!(toolsmith_definition.name = "The configuration".into();),
            quote!(toolsmith_definition.mime_type = ::core::option::Option::Some("application/json".into());),
            quote!(toolsmith_definition.size = ::core::option::Option::Some(120u64);),
            quote!(toolsmith_annotations.audience.push(::toolsmith::__private::Audience::User);),
            quote!(toolsmith_annotations.audience.push(::toolsmith::__private::Audience::Assistant);),
            quote!(toolsmith_annotations.priority = ::core::option::Option::Some(0.8f64);),
            quote!(toolsmith_annotations.last_modified = ::core::option::Option::Some("2025-01-12T15:00:58Z".into());),
            quote!(toolsmith_definition.annotations = ::core::option::Option::Some(toolsmith_annotations);),
            quote!(toolsmith_definition.caching =
                ::toolsmith::__private::Caching::fresh_for(::core::time::Duration::from_millis(60000u64)).public();),
            quote!(&toolsmith_slots(), &[]),
        ] {
            assert_has(&output, &tokens);
        }
    }

    #[test]
    fn a_cache_is_private_unless_it_is_said_to_be_public() {
        let output = |arguments| {
            let uri = quote!("a:b");
            let item = quote!(
                fn f() -> String {
                    String::new()
                }
            );
            output(Kind::Resource, quote!(#uri, #arguments), item)
        };
        for arguments in [quote!(ttl = "1s"), quote!(ttl = "1s", cache = "private")] {
            let output = output(arguments);
            assert_has(&output, &quote!(Caching::fresh_for));
            assert!(!output.contains("public"), "{output}");
        }
    }
}
