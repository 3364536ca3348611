//! The variables of a URI and the parameters of a function agree.

use crate::attributes::{ResourceArguments, Uri};
use crate::errors::Errors;
use crate::parameter::Parameter;

/// Checks that each variable has its parameter, and finds the parameters that only the
/// server can give.
pub(crate) fn agree(
    resource: &ResourceArguments,
    parameters: &mut [Parameter],
    errors: &mut Errors,
) {
    let Some(Uri {
        literal,
        template: Some(template),
    }) = &resource.uri
    else {
        return;
    };
    for variable in &template.variables {
        let name = &variable.name;
        if !parameters.iter().any(|parameter| parameter.name == *name) {
            errors.at(
                literal,
                format!(
                    "the URI has a variable `{name}`, and the function has no parameter of that \
                     name; add one, or take the variable out"
                ),
            );
        }
    }
    for parameter in parameters {
        match template.variable(&parameter.name) {
            Some(variable) if variable.optional => {}
            Some(_) => always_there(parameter, errors),
            None => {
                parameter.injected_only = true;
                not_there(parameter, errors);
            }
        }
    }
}

/// What a parameter that every URI of the template gives cannot have.
fn always_there(parameter: &Parameter, errors: &mut Errors) {
    let name = &parameter.name;
    if let Some(default) = &parameter.default {
        errors.at(
            &default.written,
            format!(
                "`{name}` is always there, because no URI without it matches; drop the default, \
                 or take it from the query with `{{?{name}}}`"
            ),
        );
    }
}

/// What a parameter that no URI gives cannot have.
fn not_there(parameter: &Parameter, errors: &mut Errors) {
    let name = &parameter.name;
    let default = (parameter.default.as_ref()).map(|default| ("default", &default.written));
    let completer =
        (parameter.completer.as_ref()).map(|completer| ("complete", &completer.written));
    for (attribute, written) in default.into_iter().chain(completer) {
        errors.at(
            written,
            format!(
                "`#[{attribute}]` is for variables of the URI, and `{name}` is none; put it \
                 there, such as `{{?{name}}}`, or drop the `#[{attribute}]`"
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use quote::quote;

    use crate::kind::Kind;
    use crate::testing::messages;

    fn said(uri: &str, parameters: &TokenStream) -> Vec<String> {
        let item = quote!(fn f(#parameters) -> String { String::new() });
        messages(Kind::Resource, quote!(#uri), item)
    }

    #[test]
    fn every_variable_has_a_parameter() {
        let parameters = quote!(id: u64, r#type: String, ctx: Context);
        assert_eq!(said("a:{id}{?type}", &parameters), [""; 0]);
        assert_eq!(
            said("a:{Id}{?type,limit}", &parameters),
            ["Id", "limit"].map(|name| format!(
                "the URI has a variable `{name}`, and the function has no parameter of that \
                 name; add one, or take the variable out"
            ))
        );
    }

    #[test]
    fn a_parameter_that_is_wrong_is_not_missing() {
        let said = said("a:{id}{/b}", &quote!((id, b): (u64, u64)));
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains("plain name"), "{said:?}");
    }

    #[test]
    fn only_what_may_be_missing_has_a_default() {
        let parameters = quote!(#[default(1)] id: u64);
        for uri in [
            "a:{?id}",
            "a:{/id}",
            "a:{;id}",
            "a:{#id}",
            "a:{.id}",
            "a:b?c{&id}",
        ] {
            assert_eq!(said(uri, &parameters), [""; 0], "{uri}");
        }
        for uri in ["a:{id}", "a:{+id}", "a:{id*}"] {
            let said = said(uri, &parameters);
            assert_eq!(said.len(), 1, "{uri}: {said:?}");
            assert!(
                said[0].starts_with("`id` is always there"),
                "{uri}: {said:?}"
            );
        }
    }

    #[test]
    fn what_is_not_in_the_uri_has_neither_default_nor_completer() {
        let parameters = quote!(#[default(1)] #[complete(limits)] limit: u64);
        let said = said("a:b", &parameters);
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(
            said[0].starts_with("`#[default]` is for variables of the URI"),
            "{said:?}"
        );
        assert!(
            said[1].starts_with("`#[complete]` is for variables of the URI"),
            "{said:?}"
        );
        assert!(said[1].contains("`{?limit}`"), "{said:?}");
    }
}
