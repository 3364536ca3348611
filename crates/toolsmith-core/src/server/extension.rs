//! Methods of extensions, which the core of the protocol does not have.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::Context;
use super::engine::Engine;
use super::handler::{ToolError, Verdict};
use super::middleware::Operation;
use super::registry::Home;
use crate::protocol::{ErrorKind, Outcome, Params};

type Handling = Pin<Box<dyn Future<Output = Result<Map<String, Value>, ToolError>> + Send>>;

/// A method of an extension: what is to be done for its requests.
#[derive(Clone)]
pub(super) struct CustomMethod {
    home: Arc<Home>,
    handler: Arc<dyn Fn(Params, Context) -> Handling + Send + Sync>,
}

impl fmt::Debug for CustomMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomMethod")
    }
}

impl CustomMethod {
    pub(super) fn new<H, F>(home: Arc<Home>, handler: H) -> Self
    where
        H: Fn(Params, Context) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Map<String, Value>, ToolError>> + Send + 'static,
    {
        Self {
            home,
            handler: Arc::new(move |params, context| Box::pin(handler(params, context))),
        }
    }

    pub(super) async fn handle(&self, engine: Engine, mut operation: Operation) -> Outcome {
        let name: Arc<str> = operation.request.method.as_str().into();
        let scope = engine.scope(&self.home, Arc::clone(&name), &mut operation);
        let context = Context::new(scope);
        match (self.handler)(operation.request.params, context).await {
            Ok(members) => Outcome::Custom(members),
            Err(error) => refused(&name, &error),
        }
    }
}

fn refused(name: &str, error: &ToolError) -> Outcome {
    match error.verdict() {
        Verdict::Refuse(error) => Outcome::Error(error.clone()),
        Verdict::Tell(message) => Outcome::failed(ErrorKind::InvalidParams, message.to_owned()),
        Verdict::Missing => Outcome::failed(ErrorKind::InvalidParams, "there is no such thing"),
        Verdict::Mask => {
            tracing::error!(name, error = error.chain().as_str(), "a method failed");
            Outcome::failed(
                ErrorKind::Internal,
                "the method failed; the server's log says more",
            )
        }
    }
}
