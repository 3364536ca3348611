//! What may be registered.

use serde_json::Value;

use crate::caller::Scopes;
use crate::protocol::{
    MirroredParameter, PromptDefinition, ResourceDefinition, ToolDefinition, UriTemplate,
};
use crate::server::completion::Completer;
use crate::server::handler::UriArgument;

/// The longest name of a tool or prompt, in characters.
const MAX_NAME: usize = 128;

/// Checks a tool, and finds the arguments that clients repeat in header fields.
///
/// Implements "Tool Names" of revision 2026-07-28, `server/tools`.
pub(super) fn tool(definition: &ToolDefinition) -> Result<Vec<MirroredParameter>, String> {
    let name = &definition.name;
    named("tool", name)?;
    if definition.input_schema.get("type").and_then(Value::as_str) != Some("object") {
        return Err(format!(
            "the input schema of tool `{name}` must say \"type\": \"object\""
        ));
    }
    MirroredParameter::find(&definition.input_schema)
        .map_err(|why| format!("the input schema of tool `{name}` does not fit: {why}"))
}

/// Checks a prompt.
pub(super) fn prompt(definition: &PromptDefinition, completers: &[Completer]) -> Option<String> {
    let name = &definition.name;
    if let Err(problem) = named("prompt", name) {
        return Some(problem);
    }
    let arguments = &definition.arguments;
    let is_twice = |at: usize| {
        arguments[..at]
            .iter()
            .any(|it| it.name == arguments[at].name)
    };
    if let Some(twice) = (0..arguments.len()).find(|at| is_twice(*at)) {
        return Some(format!(
            "prompt `{name}` has two arguments named `{}`; rename one",
            arguments[twice].name
        ));
    }
    let unknown = completers
        .iter()
        .find(|it| !arguments.iter().any(|a| a.name == it.argument()))?;
    Some(format!(
        "prompt `{name}` has a completer for `{}`, which is no argument of it; a parameter that the server gives has no values to complete",
        unknown.argument()
    ))
}

/// Checks the scopes that something needs.
pub(super) fn scopes((what, key): (&str, &str), scopes: &Scopes) -> Option<String> {
    let wrong = scopes.iter().find(|it| !Scopes::is_scope(it))?;
    let whose = match key {
        "" => format!("a {what}"),
        _ => format!("the {what} `{key}`"),
    };
    Some(format!(
        "`{wrong}` cannot be a scope of {whose}; a scope is of visible ASCII, without spaces, `\"` and `\\`"
    ))
}

/// Checks what something is known by where it is shown: a prefix makes it longer.
pub(super) fn shown(what: &str, key: &str) -> Result<(), String> {
    match what {
        "provider" => Ok(()),
        "resource" => match UriTemplate::parse(key) {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("`{key}` is no URI template: {error}")),
        },
        _ => named(what, key),
    }
}

fn named(what: &str, name: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(allowed) {
        return Err(format!(
            "`{name}` cannot be the name of a {what}; a name is 1 to {MAX_NAME} of A-Z a-z 0-9 _ - ."
        ));
    }
    Ok(())
}

/// Checks a resource, and reads its URI as a template. One that cannot be read matches
/// nothing.
pub(super) fn resource(
    definition: &ResourceDefinition,
    variables: Option<&[UriArgument]>,
    completers: &[Completer],
) -> (UriTemplate, Option<String>) {
    let uri = &definition.uri;
    let template = match UriTemplate::parse(uri) {
        Ok(template) => template,
        Err(error) => {
            let problem = format!("`{uri}` is no URI template: {error}");
            return (UriTemplate::nothing(), Some(problem));
        }
    };
    let problem = scheme_problem(uri)
        .or_else(|| variables.and_then(|wanted| variables_problem(uri, &template, wanted)))
        .or_else(|| completers_problem(uri, &template, completers));
    (template, problem)
}

/// A URI begins with a scheme (RFC 3986, 3.1).
fn scheme_problem(uri: &str) -> Option<String> {
    let scheme = uri.split_once(':').map(|(scheme, _)| scheme);
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let good = scheme.is_some_and(|scheme| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(fits)
    });
    (!good).then(|| {
        format!("`{uri}` is no URI: it begins with a scheme, such as `notes://` or `file:///`")
    })
}

fn variables_problem(uri: &str, template: &UriTemplate, wanted: &[UriArgument]) -> Option<String> {
    let found: Vec<_> = template.variables().collect();
    for variable in &found {
        let name = variable.name();
        let Some(argument) = wanted.iter().find(|it| it.name == name) else {
            return Some(format!(
                "`{uri}` has the variable `{name}`, and the function has no such argument; a parameter that the server gives, such as `Context` or `State<…>`, cannot come from the URI"
            ));
        };
        if variable.explode() && argument.one {
            return Some(format!(
                "`{{{name}*}}` in `{uri}` has any number of values, and the parameter `{name}` is one; make it a `Vec`, or leave out the `*`"
            ));
        }
        if variable.optional() && argument.required && !argument.list {
            return Some(format!(
                "`{uri}` may come without `{name}`, and the function cannot do without it; make the parameter an `Option`, or give it a `#[default]`"
            ));
        }
    }
    let missing = wanted
        .iter()
        .find(|it| it.required && !found.iter().any(|v| v.name() == it.name))?;
    Some(format!(
        "the argument `{}` is no variable of `{uri}`; put it into the template or give it a default",
        missing.name
    ))
}

fn completers_problem(
    uri: &str,
    template: &UriTemplate,
    completers: &[Completer],
) -> Option<String> {
    let unknown = completers
        .iter()
        .find(|it| !template.variables().any(|v| v.name() == it.argument()))?;
    Some(format!(
        "resource `{uri}` has a completer for `{}`, which is no variable of it",
        unknown.argument()
    ))
}
