//! Questions of the modern era: what a request brings of an earlier run, and what goes out
//! for the next one.

use std::sync::Arc;
use std::time::SystemTime;

use serde_json::Value;

use crate::protocol::{InputRequired, Outcome, Params, ProtocolError};
use crate::server::asking::{Asking, Waits, bad_state};
use crate::server::engine::Engine;
use crate::server::seal::{Binding, SealError};
use crate::server::{Operation, Peer};

/// What a request of the modern era brings, where its handler may ask.
pub(super) struct Resumed {
    pub(super) asking: Arc<Asking>,
    bound_to: [u8; 32],
}

impl Drop for Resumed {
    fn drop(&mut self) {
        self.asking.end();
    }
}

const A_CENTURY: std::time::Duration = std::time::Duration::from_secs(100 * 365 * 24 * 3600);

impl Engine {
    /// Opens what a request brings of an earlier run. Nothing where nobody can be asked.
    pub(super) fn resumed(&self, operation: &Operation) -> Result<Option<Resumed>, ProtocolError> {
        let Operation { request, peer, .. } = operation;
        let params = &request.params;
        let brings = params.request_state.is_some() || params.input_responses.is_some();
        if !peer.revision.is_modern() || !(brings || peer.capabilities.can_be_asked()) {
            return Ok(None);
        }
        let bound_to = binding(request.method.as_str(), params, peer);
        let carried = match &params.request_state {
            None => None,
            Some(sealed) => Some(
                self.sealer()
                    .open(&bound_to, SystemTime::now(), sealed)
                    .map_err(|why| {
                        tracing::debug!(?why, "a request brought state that is not good for it");
                        bad_state()
                    })?,
            ),
        };
        let asking = Asking::resume(carried.as_deref(), params.input_responses.as_ref())?;
        Ok(Some(Resumed {
            asking: Arc::new(asking),
            bound_to,
        }))
    }

    /// Sends questions out, with everything that is needed to go on.
    pub(super) fn asks(&self, waits: Waits, resumed: &Resumed) -> Outcome {
        self.sealed_with_own_key();
        let now = SystemTime::now();
        // A time that no clock can tell is never over.
        let expires = now.checked_add(self.state_ttl()).unwrap_or(now + A_CENTURY);
        match self
            .sealer()
            .seal(&resumed.bound_to, expires, &waits.carried)
        {
            Ok(state) => Outcome::InputRequired(InputRequired {
                questions: waits.questions,
                state,
            }),
            Err(SealError::TooLong { len }) => Outcome::failed(
                crate::protocol::ErrorKind::Internal,
                format!("the answers so far have {len} bytes, which is too much to carry on"),
            ),
            Err(error) => {
                tracing::error!(?error, "state could not be sealed");
                Outcome::failed(
                    crate::protocol::ErrorKind::Internal,
                    "the questions could not be sent",
                )
            }
        }
    }
}

/// What state is good for: this caller, this method, these parameters.
fn binding(method: &str, params: &Params, peer: &Peer) -> [u8; 32] {
    let target = params.name.as_deref().or(params.uri.as_deref());
    Binding::new()
        .with("tenant", peer.caller.tenant())
        .with("known", [u8::from(peer.caller.principal().is_some())])
        .with("principal", peer.caller.principal().unwrap_or_default())
        .with("method", method)
        .with("target", target.unwrap_or_default())
        .with("arguments", canonical(&params.arguments))
        .finish()
}

/// Arguments in the one form that does not depend on how a client writes them.
fn canonical(json: &[u8]) -> String {
    fn sorted(value: Value) -> Value {
        match value {
            Value::Object(object) => {
                let mut members: Vec<_> = object.into_iter().collect();
                members.sort_by(|a, b| a.0.cmp(&b.0));
                let members = members.into_iter().map(|(key, value)| (key, sorted(value)));
                Value::Object(members.collect())
            }
            Value::Array(items) => items.into_iter().map(sorted).collect(),
            other => other,
        }
    }
    match serde_json::from_slice(json) {
        Ok(value) => sorted(value).to_string(),
        // No arguments are the same as an empty object.
        Err(_) => "{}".to_owned(),
    }
}
