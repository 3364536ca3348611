//! From the checked function to tokens.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Attribute, ItemFn, ReturnType};

use crate::attributes::{Attributes, Icon, Theme};
use crate::docs;
use crate::errors::Errors;
use crate::function::{Function, Run};
use crate::parameter::Parameter;

/// The function, the type of the same name, and what makes the type a tool.
///
/// The names that our code binds have a scope of their own, so that a tool may be called
/// `call` and a parameter anything.
pub(crate) fn tool(function: &Function, attributes: &Attributes) -> TokenStream {
    let item = &function.item;
    let cfgs = cfgs(item);
    let name = &item.sig.ident;
    let strukt = strukt(item);
    let library = &attributes.library;
    let private = quote!(#library::__private);
    let definition = definition(function, attributes, &private);
    let helpers = helpers(function, &private);
    let call = call(function, &private);
    let deprecated = is_deprecated(item).then(|| quote!(#[allow(deprecated)]));
    let advice = (!function.parameters.is_empty()).then(without_advice);
    let site = Span::mixed_site();
    quote_spanned! {site=>
        #advice
        #item
        #strukt
        #(#cfgs)*
        #deprecated
        #[allow(unused_imports, clippy::unused_unit, reason = "generated")]
        const _: () = {
            use #private::{
                ArgumentKind as _, DeclaredKind as _, InjectedKind as _, MaskedKind as _,
                ReturnKind as _, Slots as _, UnusableParameter as _, UnusableReturn as _,
            };
            #helpers
            #[automatically_derived]
            impl #private::Tool for #name {
                #definition

                fn missing_states(
                    tool_states: &#private::StateMap,
                ) -> ::std::vec::Vec<#private::MissingState> {
                    toolsmith_slots().missing_states(tool_states)
                }

                #call
            }
        };
    }
}

/// Turns off advice that a tool cannot follow: its parameters are what a client is to give.
fn without_advice() -> TokenStream {
    quote! {
        #[allow(
            clippy::needless_pass_by_value,
            clippy::too_many_arguments,
            clippy::fn_params_excessive_bools,
            reason = "a tool owns its parameters, and a client gives each by its name"
        )]
    }
}

/// The function and a tool that does nothing, so that the errors of the macro are all
/// that an author sees.
pub(crate) fn fallback(
    function: &Function,
    attributes: &Attributes,
    errors: &Errors,
) -> TokenStream {
    let item = &function.item;
    if function.is_method {
        return quote!(#item #errors);
    }
    let cfgs = cfgs(item);
    let name = &item.sig.ident;
    let strukt = strukt(item);
    let library = &attributes.library;
    let private = quote!(#library::__private);
    quote! {
        #item
        #strukt
        #errors
        #(#cfgs)*
        #[automatically_derived]
        impl #private::Tool for #name {
            fn definition() -> #private::ToolDefinition {
                ::core::unreachable!()
            }
            fn missing_states(
                _: &#private::StateMap,
            ) -> ::std::vec::Vec<#private::MissingState> {
                ::core::unreachable!()
            }
            async fn call(_: #private::ToolCall) -> #private::ToolResult {
                ::core::unreachable!()
            }
        }
    }
}

/// The type that `.tool::<…>()` takes: braced, so that its name is free among values.
fn strukt(item: &ItemFn) -> TokenStream {
    let cfgs = cfgs(item);
    let visibility = &item.vis;
    let name = &item.sig.ident;
    let doc = format!("The function [`{name}`](fn@{name}) as a tool: `.tool::<{name}>()`.");
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

fn definition(function: &Function, attributes: &Attributes, private: &TokenStream) -> TokenStream {
    let name = &function.tool_name;
    let title = attributes.title.iter();
    let description = match &attributes.description {
        Some(text) => Some(quote!(#text)),
        None => docs::text(&function.item.attrs),
    };
    let description = description.iter();
    let (hints, flags): (Vec<_>, Vec<_>) = attributes.hints.iter().cloned().unzip();
    let icons = attributes.icons.iter().map(|i| icon(i, private));
    let tags = &attributes.tags;
    let (keys, values): (Vec<_>, Vec<_>) = attributes.meta.iter().cloned().unzip();
    let timeout = attributes.timeout.iter().map(|(_, limit)| {
        let milliseconds = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        quote!(::core::time::Duration::from_millis(#milliseconds))
    });
    let docs = function.parameters.iter().map(|p| doc(p, private));
    quote_spanned! {Span::mixed_site()=>
        fn definition() -> #private::ToolDefinition {
            let mut tool_definition = #private::ToolDefinition::new(#name);
            #(tool_definition.title = ::core::option::Option::Some(#title.into());)*
            #(tool_definition.description = ::core::option::Option::Some(#description.into());)*
            #(tool_definition.annotations.#hints = ::core::option::Option::Some(#flags);)*
            #(tool_definition.icons.push(#icons);)*
            #(tool_definition.tags.push(#tags.into());)*
            #(tool_definition.meta.insert(#keys.into(), #private::json!(#values));)*
            #(tool_definition.timeout = ::core::option::Option::Some(#timeout);)*
            tool_definition.input_schema = #private::input_schema(&toolsmith_slots(), &[#(#docs),*]);
            tool_definition.output_schema = toolsmith_return().schema();
            tool_definition
        }
    }
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

fn doc(parameter: &Parameter, private: &TokenStream) -> TokenStream {
    let name = &parameter.name;
    let description = match &parameter.description {
        Some(text) => quote!(::core::option::Option::Some(#text)),
        None => quote!(::core::option::Option::None),
    };
    quote!(#private::ParameterDoc { name: #name, description: #description })
}

/// What finds out what the types of the parameters and of the result are. Each type
/// stands in one place, so that an error about it comes once.
fn helpers(function: &Function, private: &TokenStream) -> TokenStream {
    let types: Vec<_> = function.parameters.iter().map(|p| &p.ty).collect();
    let slots = function.parameters.iter().map(|p| slot(p, private));
    let result = match &function.item.sig.output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, ty) => quote!(#ty),
    };
    let span = located(match &function.item.sig.output {
        ReturnType::Default => Span::mixed_site(),
        ReturnType::Type(_, ty) => ty.span(),
    });
    let kind = quote_spanned!(span=> (&&&#private::ReturnProbe::<#result>::NEW).kind());
    quote! {
        fn toolsmith_slots() -> impl #private::Slots<Values = (#(#types,)*)> {
            (#(#slots,)*)
        }
        fn toolsmith_return() -> impl #private::ReturnKind<Value = #result> {
            #kind
        }
    }
}

fn slot(parameter: &Parameter, private: &TokenStream) -> TokenStream {
    let ty = &parameter.ty;
    let span = located(ty.span());
    let slot = quote_spanned!(span=> (&&&#private::ParameterProbe::<#ty>::NEW).slot());
    match &parameter.default {
        None => slot,
        Some(default) => {
            let value = &default.value;
            let with_default = quote_spanned!(located(default.span)=> .with_default);
            quote_spanned!(span=> #slot #with_default(|| #value))
        }
    }
}

fn call(function: &Function, private: &TokenStream) -> TokenStream {
    let site = Span::mixed_site();
    let name = &function.item.sig.ident;
    let names = function.parameters.iter().map(|p| &p.name);
    let values: Vec<Ident> = (0..function.parameters.len())
        .map(|index| format_ident!("tool_value_{index}", span = site))
        .collect();
    let value = match function.run {
        Run::Polled => quote!(#name(#(#values),*).await),
        Run::Pool => quote_spanned!(site=> tool_call.blocking(move || #name(#(#values),*)).await?),
        Run::InPlace => quote!(#name(#(#values),*)),
    };
    quote_spanned! {site=>
        async fn call(tool_call: #private::ToolCall) -> #private::ToolResult {
            let (#(#values,)*) = tool_call.parameters(&[#(#names),*], toolsmith_slots())?;
            toolsmith_return().result(#value)
        }
    }
}

/// The place of an author's tokens with the scope of ours.
fn located(span: Span) -> Span {
    span.resolved_at(Span::mixed_site())
}

fn cfgs(item: &ItemFn) -> Vec<&Attribute> {
    let attributes = item.attrs.iter();
    attributes.filter(|a| a.path().is_ident("cfg")).collect()
}

fn is_deprecated(item: &ItemFn) -> bool {
    item.attrs.iter().any(|a| a.path().is_ident("deprecated"))
}
