//! What callers may do: which of what a server offers they see and may use.
//!
//! What is offered needs scopes, all of them; a caller that nobody limits has every scope.
//! Those of the server that a client talks to are needed for whatever it asks for, and so
//! are looked at once, in [`Engine::lets_in`]. Those of a server that is mounted, and of a
//! primitive, are needed for each primitive, and stand beside it in a view.

use super::engine::Engine;
use super::middleware::Operation;
use super::registry::Entry;
use crate::caller::{Caller, Scopes};
use crate::protocol::{Method, ProtocolError};

/// Refuses what a caller may not do: `what` says what that is.
#[inline]
pub(super) fn permit(
    needed: &Scopes,
    caller: &Caller,
    what: impl FnOnce() -> String,
) -> Result<(), ProtocolError> {
    match caller.scopes() {
        Some(scopes) if !scopes.includes(needed) => Err(refusal(needed, scopes, &what())),
        _ => Ok(()),
    }
}

#[cold]
fn refusal(needed: &Scopes, scopes: &Scopes, what: &str) -> ProtocolError {
    let missing = needed.without(scopes);
    let needed: Vec<_> = needed.iter().collect();
    let missing: Vec<_> = missing.iter().collect();
    tracing::debug!(
        what,
        missing = %missing.join(" "),
        "a caller may not do what it asked for"
    );
    ProtocolError::insufficient_scope(what, &needed, &missing)
}

impl Entry {
    /// Refuses its use to a caller that lacks scopes.
    #[inline]
    pub(super) fn permit(&self, caller: &Caller) -> Result<(), ProtocolError> {
        permit(&self.scopes, caller, || match self.key() {
            ("provider", _) => "what is at this URI".to_owned(),
            (what, key) => format!("the {what} `{key}`"),
        })
    }

    /// Whether a caller may use it.
    #[inline]
    pub(super) fn is_for(&self, caller: &Caller) -> bool {
        self.scopes.is_empty() || caller.scopes().is_none_or(|it| it.includes(&self.scopes))
    }
}

impl Engine {
    /// The scopes that anything needs of what everybody is offered now, for a document that
    /// says which there are.
    pub fn scopes(&self) -> Scopes {
        let view = self.registry().everyone();
        let needed = view.entries().iter().map(|it| &it.scopes);
        needed.fold(self.0.scopes.clone(), |all, more| all.and(more))
    }

    /// Whether anything needs scopes whatever it is, and so is to be [let in](Self::lets_in).
    #[inline]
    pub(super) fn needs_scopes(&self) -> bool {
        !self.0.scopes.is_empty()
    }

    /// Refuses a request that needs the scopes of the server to a caller that lacks them.
    /// Saying who the server is, and that it is there, needs none.
    pub(super) fn lets_in(&self, operation: &Operation) -> Result<(), ProtocolError> {
        let needed = &self.0.scopes;
        match &operation.request.method {
            Method::Discover | Method::Ping => Ok(()),
            Method::ListTools
            | Method::ListPrompts
            | Method::ListResources
            | Method::ListTemplates
                if self.lists_out_of_scope() =>
            {
                Ok(())
            }
            _ if operation
                .caller()
                .scopes()
                .is_none_or(|it| it.includes(needed)) =>
            {
                Ok(())
            }
            _ => self.refuse(operation),
        }
    }

    /// Refuses what needs the scopes of the server to a caller that lacks them, and names
    /// those of the primitive with them, so that one other token is enough.
    fn refuse(&self, operation: &Operation) -> Result<(), ProtocolError> {
        let (caller, params) = (operation.caller(), &operation.request.params);
        let view = self.registry().view(caller.tenant());
        let name = params.name.as_deref().unwrap_or_default();
        let entry = match &operation.request.method {
            Method::CallTool => view.tool(name).map(|(entry, _)| entry),
            Method::GetPrompt => view.prompt(name).map(|(entry, _)| entry),
            _ => params.uri.as_deref().and_then(|uri| view.at(uri)),
        };
        if let Some(entry) = entry {
            entry.permit(caller)?;
        }
        permit(&self.0.scopes, caller, || {
            format!("the server `{}`", self.identity().implementation.name)
        })
    }

    /// Whether a caller may use what is at a URI, or nothing is there.
    pub(super) fn may_read(&self, uri: &str, caller: &Caller) -> Result<(), ProtocolError> {
        let view = self.registry().view(caller.tenant());
        if !view.has_scopes() {
            return Ok(());
        }
        match view.at(uri) {
            Some(entry) => entry.permit(caller),
            None => Ok(()),
        }
    }

    /// What of its own lists a caller does not see is left out of them, unless they show all.
    pub(super) fn lists(&self, entry: &Entry, caller: &Caller) -> bool {
        self.lists_out_of_scope() || entry.is_for(caller)
    }
}
