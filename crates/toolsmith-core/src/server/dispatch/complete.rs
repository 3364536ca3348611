//! Values that an argument may have.

use std::sync::Arc;
use std::time::Duration;

use super::failure::{Failed, shown};
use super::work::{Work, Worked};
use crate::protocol::{
    CompleteParams, CompletionReference, Completions, ErrorKind, Outcome, ProtocolError,
};
use crate::server::Context;
use crate::server::completion::{Completer, Completion};
use crate::server::engine::Engine;
use crate::server::limit::Limit;
use crate::server::middleware::Operation;
use crate::server::registry::{Entry, View};

/// How long it may take to find values, unless the server's calls have less time: somebody
/// is typing.
const LIMIT: Duration = Duration::from_secs(10);

impl Engine {
    /// Implements `server/utilities/completion`.
    pub(super) async fn complete(self, operation: Operation) -> Outcome {
        let view = self.registry().view(operation.peer.caller.tenant());
        let params: CompleteParams = match operation.request.params.typed() {
            Ok(params) => params,
            Err(error) => return Outcome::Error(error),
        };
        let found = find(&view, &params).and_then(|(completer, entry)| {
            entry.permit(operation.caller())?;
            Ok((completer, Arc::clone(&entry.home)))
        });
        let (completer, home) = match found {
            Ok(found) => found,
            Err(error) => return Outcome::Error(error),
        };
        let Some(completer) = completer else {
            return Outcome::Completions(Completions::default());
        };
        let name: Arc<str> = match &params.reference {
            CompletionReference::Prompt { name } => (&**name).into(),
            CompletionReference::Resource { uri } => (&**uri).into(),
        };
        let (revision, limit) = (operation.peer.revision, self.call_timeout());
        let (scope, _) = self.scope(&home, Arc::clone(&name), operation);
        let context = Context::new(*scope);
        let typed = Completion {
            argument: params.argument.name,
            value: params.argument.value,
            others: params.context.arguments,
            context,
        };
        let limit = limit.map_or(LIMIT, |limit| limit.min(LIMIT));
        let work = Work::new(
            move || completer.complete(typed),
            Some(Limit::new(limit)),
            None,
        );
        let failed = Failed {
            what: "completer",
            name: &name,
            revision,
        };
        match work.go_on(None, None, failed).await {
            Worked::Output(found) => Outcome::Completions(found),
            Worked::Failed(outcome) => outcome,
            Worked::Waits(_) | Worked::Becomes(_) => {
                Outcome::failed(ErrorKind::Internal, "a completer cannot ask")
            }
        }
    }
}

/// What completes an argument, if anything does.
fn find<'a>(
    view: &'a View,
    params: &CompleteParams,
) -> Result<(Option<Completer>, &'a Entry), ProtocolError> {
    let invalid = |message: String| ProtocolError::new(ErrorKind::InvalidParams, message);
    let argument = &*params.argument.name;
    let (entry, known, completers) = match &params.reference {
        CompletionReference::Prompt { name } => {
            let found = view.prompt(name);
            let (entry, prompt) =
                found.ok_or_else(|| invalid(format!("Unknown prompt: {}", shown(name))))?;
            let known = match prompt.listed.definition() {
                crate::protocol::Definition::Prompt(it) => {
                    it.arguments.iter().any(|it| it.name == argument)
                }
                _ => false,
            };
            (entry, known, &prompt.completers)
        }
        CompletionReference::Resource { uri } => {
            // A template as it is spelled, or a URI of one.
            let found = view.template(uri);
            let found = found.or_else(|| view.resource(uri).map(|(entry, it, _)| (entry, it)));
            let Some((entry, resource)) = found else {
                let provided = view.providers().find(|(_, provider)| {
                    provider.owns(uri) || provider.templates().iter().any(|it| it.uri == **uri)
                });
                return match provided {
                    // It is there, and nothing is known of its values.
                    Some((entry, _)) => Ok((None, entry)),
                    None => Err(invalid(format!(
                        "Unknown resource template: {}",
                        shown(uri)
                    ))),
                };
            };
            let known = resource
                .template
                .variables()
                .any(|it| it.name() == argument);
            (entry, known, &resource.completers)
        }
    };
    if !known {
        return Err(invalid(format!(
            "there is no argument `{}`",
            shown(argument)
        )));
    }
    let completer = completers.iter().find(|it| it.argument() == argument);
    Ok((completer.cloned(), entry))
}
