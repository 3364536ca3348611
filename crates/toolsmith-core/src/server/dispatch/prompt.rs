//! Filling in prompts.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::failure::{Failed, shown};
use super::work::{Work, Worked};
use crate::protocol::{ErrorKind, Outcome, ProtocolError};
use crate::server::engine::Engine;
use crate::server::handler::{Arguments, Call};
use crate::server::middleware::{Next, Operation};
use crate::server::registry::{Home, PromptEntry};

impl Engine {
    pub(super) async fn get_prompt(self, operation: Operation) -> Outcome {
        let Some(name) = operation.request.params.name.as_deref() else {
            return Outcome::failed(ErrorKind::InvalidParams, "`name` is missing");
        };
        let view = self.registry().view(operation.peer.caller.tenant());
        let Some((entry, prompt)) = view.prompt(name) else {
            return Outcome::failed(
                ErrorKind::InvalidParams,
                format!("Unknown prompt: {}", shown(name)),
            );
        };
        if let Err(error) = entry.permit(operation.caller()) {
            return Outcome::Error(error);
        }
        let (home, prompt) = (Arc::clone(&entry.home), Arc::clone(prompt));
        match self.layers_within(&home) {
            None => self.get_found(operation, prompt, home).await,
            Some(layers) => {
                let end = move |operation| Box::pin(self.get_found(operation, prompt, home)) as _;
                Next::new(&layers, Box::new(end)).run(operation).await
            }
        }
    }

    async fn get_found(
        self,
        operation: Operation,
        prompt: Arc<PromptEntry>,
        home: Arc<Home>,
    ) -> Outcome {
        let resumed = match self.resumed(&operation) {
            Ok(resumed) => resumed,
            Err(error) => return Outcome::Error(error),
        };
        let arguments = match texts(&operation.request.params.arguments) {
            Ok(texts) => Arguments::Text(texts),
            Err(error) => return Outcome::Error(error),
        };
        let revision = operation.peer.revision;
        let engine = self.clone();
        let (mut scope, _) = self.scope(&home, Arc::clone(&prompt.name), operation);
        scope.asking = resumed.as_ref().map(|it| Arc::clone(&it.asking));
        let trace = scope.trace.clone();
        let trace = trace.map(|trace| ("prompts/get", Arc::clone(&prompt.name), trace));
        let handler = Arc::clone(&prompt.handler);
        let limit = scope.limit(prompt.timeout.or(engine.call_timeout()));
        let call = Call::new(arguments, scope);
        let work = Work::new(move || handler.get(call), limit, trace);
        let failed = Failed {
            what: "prompt",
            name: &prompt.name,
            revision,
        };
        let asking = resumed.as_ref().map(|it| &*it.asking);
        match work.go_on(asking, None, failed).await {
            Worked::Output(output) => Outcome::Prompt(output),
            Worked::Failed(outcome) => outcome,
            Worked::Waits(waits) => match &resumed {
                Some(resumed) => engine.asks(waits, resumed),
                None => Outcome::failed(ErrorKind::Internal, "nobody can be asked"),
            },
            Worked::Becomes(_) => Outcome::failed(ErrorKind::Internal, "only calls become tasks"),
        }
    }
}

/// The arguments of a prompt, which are texts.
fn texts(json: &[u8]) -> Result<Vec<(String, String)>, ProtocolError> {
    if json.is_empty() || json == b"null" {
        return Ok(Vec::new());
    }
    let read: Result<BTreeMap<String, String>, _> = serde_json::from_slice(json);
    let texts = read.map_err(|error| {
        let why = crate::protocol::plain(&error.to_string());
        ProtocolError::new(
            ErrorKind::InvalidParams,
            format!("`arguments` of a prompt are texts by name: {why}"),
        )
    })?;
    Ok(texts.into_iter().collect())
}
