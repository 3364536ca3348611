//! From a request to an outcome.
//!
//! What is logged of a failure may hold a client's words. It is recorded as a string, not
//! as something that displays itself, because a log escapes line ends in strings.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::FutureExt as _;

use super::context::ProgressSink;
use super::engine::Engine;
use super::registry::Entry;
use super::tool::{ToolCall, ToolError, Verdict};
use super::{Peer, ReplySink};
use crate::protocol::{
    CallParams, ErrorKind, InitializeParams, Method, Outcome, Params, ProtocolError, Request,
    RequestId, Revision, ToolOutput,
};

impl Engine {
    /// Does what a request asks for.
    ///
    /// Reports of progress go to `sink` if the request asked for them. Dropping the future
    /// cancels the call: an `async fn` stops at its next await, a plain `fn` goes on to its
    /// end and its result is lost.
    pub async fn dispatch(
        self,
        request: Request,
        peer: Peer,
        sink: Option<Arc<dyn ReplySink>>,
    ) -> Outcome {
        let Request { id, method, params } = request;
        match (method, peer.revision.is_modern()) {
            (Method::ListTools, _) => Outcome::Tools(self.registry().list()),
            (Method::CallTool, _) => self.call_tool(id, params, peer, sink).await,
            (Method::Discover, true) => Outcome::Discover,
            (Method::Ping, false) => Outcome::Empty,
            (method, _) => Outcome::Error(ProtocolError::new(
                ErrorKind::MethodNotFound,
                format!("the method `{}` is not served", shown(method.as_str())),
            )),
        }
    }

    /// Opens a legacy conversation: who the client is from now on, and what it is
    /// answered.
    ///
    /// Implements `initialize` of the lifecycle pages of the legacy revisions.
    ///
    /// # Errors
    ///
    /// When the parameters do not fit.
    pub fn initialize(&self, params: &Params) -> Result<(Peer, Outcome), ProtocolError> {
        let params = InitializeParams::try_from(params)?;
        let revision = Revision::negotiate(&params.protocol_version);
        let peer = Peer {
            revision,
            capabilities: params.capabilities,
            client: params.client.map(Arc::new),
        };
        Ok((peer, Outcome::Initialize(revision)))
    }

    async fn call_tool(
        self,
        id: RequestId,
        mut params: Params,
        peer: Peer,
        sink: Option<Arc<dyn ReplySink>>,
    ) -> Outcome {
        let token = params.progress_token.take();
        let params = match CallParams::try_from(params) {
            Ok(params) => params,
            Err(error) => return Outcome::Error(error),
        };
        let Some(entry) = self.registry().get(&params.name).cloned() else {
            return Outcome::Error(ProtocolError::new(
                ErrorKind::InvalidParams,
                format!("Unknown tool: {}", shown(&params.name)),
            ));
        };
        let timeout = entry.timeout.or(self.call_timeout());
        let revision = peer.revision;
        let call = ToolCall {
            arguments: params.arguments,
            engine: self,
            peer,
            id,
            tool: Arc::clone(&entry.name),
            progress: token
                .zip(sink)
                .map(|(token, sink)| ProgressSink { token, sink }),
            context: OnceLock::new(),
        };
        run(&entry, call, timeout, revision).await
    }
}

/// Calls a tool within its time. Whatever happens in it becomes an outcome.
async fn run(
    entry: &Entry,
    call: ToolCall,
    timeout: Option<Duration>,
    revision: Revision,
) -> Outcome {
    // Inside the block, so that a panic before the first await is caught as well.
    let work = async { entry.tool.call(call).await };
    let work = AssertUnwindSafe(work).catch_unwind();
    let ended = match timeout {
        None => work.await,
        Some(limit) => match tokio::time::timeout(limit, work).await {
            Ok(ended) => ended,
            Err(_) => return timed_out(&entry.name, limit),
        },
    };
    match ended {
        Ok(Ok(output)) => Outcome::Call(output),
        Ok(Err(error)) => failed(&entry.name, &error, revision),
        Err(panic) => panicked(&entry.name, panic.as_ref()),
    }
}

fn failed(tool: &str, error: &ToolError, revision: Revision) -> Outcome {
    match error.verdict() {
        Verdict::Tell(message) => {
            tracing::debug!(
                tool,
                error = error.chain().as_str(),
                "the tool failed and said why"
            );
            Outcome::Call(ToolOutput::error(message))
        }
        Verdict::Refuse(error) if knows(error.kind, revision) => Outcome::Error(error.clone()),
        Verdict::Refuse(error) => Outcome::Call(ToolOutput::error(error.message.clone())),
        Verdict::Mask => {
            let id = error_id();
            tracing::error!(tool, error_id = %id, error = bounded(&error.chain()).as_str(), "the tool failed");
            Outcome::Call(ToolOutput::error(format!(
                "The tool failed. The server's log says more under error id {id}."
            )))
        }
    }
}

/// Whether a revision defines an error; where it does not, the model is told in words.
fn knows(kind: ErrorKind, revision: Revision) -> bool {
    kind != ErrorKind::MissingCapability || revision.is_modern()
}

fn panicked(tool: &str, panic: &(dyn Any + Send)) -> Outcome {
    let id = error_id();
    let said = panic
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("something that is no text");
    tracing::error!(tool, error_id = %id, panic = bounded(said).as_str(), "the tool panicked");
    Outcome::Error(ProtocolError::new(
        ErrorKind::Internal,
        format!("The tool failed. The server's log says more under error id {id}."),
    ))
}

fn timed_out(tool: &str, limit: Duration) -> Outcome {
    tracing::warn!(tool, ?limit, "the tool did not finish within its time");
    Outcome::Error(ProtocolError::new(
        ErrorKind::CallTimeout,
        format!("the tool `{tool}` did not finish within {limit:?}"),
    ))
}

/// An id that joins what a client was told to what the log says.
fn error_id() -> String {
    let mut bytes = [0; 6];
    match getrandom::fill(&mut bytes) {
        Ok(()) => bytes.iter().map(|b| format!("{b:02x}")).collect(),
        Err(_) => "unknown".to_owned(),
    }
}

/// A text as it goes into the log: a client that sends megabytes is not to fill it.
fn bounded(text: &str) -> String {
    const MAX: usize = 8000;
    let mut kept: String = text.chars().take(MAX).collect();
    if kept.len() < text.len() {
        kept.push('…');
    }
    kept
}

/// A name from outside as it may be repeated: bounded.
fn shown(name: &str) -> String {
    name.chars().take(100).collect()
}
