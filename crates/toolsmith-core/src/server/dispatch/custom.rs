//! Methods of extensions.

use std::sync::Arc;

use super::failure::Failed;
use super::work::{Work, Worked};
use crate::protocol::{ErrorKind, Outcome};
use crate::server::Context;
use crate::server::engine::Engine;
use crate::server::extension::CustomMethod;
use crate::server::middleware::Operation;

impl Engine {
    /// Does what a method of an extension is to do, within the time of a call.
    pub(super) async fn custom_method(self, method: CustomMethod, operation: Operation) -> Outcome {
        let name: Arc<str> = operation.request.method.as_str().into();
        let revision = operation.peer.revision;
        let limit = self.call_timeout();
        let (mut scope, params) = self.scope(method.home(), Arc::clone(&name), operation);
        let limit = scope.limit(limit);
        let context = Context::new(*scope);
        let called = Arc::clone(&name);
        let handle = move || async move { Ok(method.handle(&called, *params, context).await) };
        let failed = Failed {
            what: "method",
            name: &name,
            revision,
        };
        match Work::new(handle, limit, None)
            .go_on(None, None, failed)
            .await
        {
            Worked::Output(outcome) | Worked::Failed(outcome) => outcome,
            Worked::Waits(_) | Worked::Becomes(_) => {
                Outcome::failed(ErrorKind::Internal, "a method cannot ask")
            }
        }
    }
}
