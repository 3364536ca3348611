//! A line of the log for each operation.

use std::time::Duration;

use super::{EndedTask, Ending, Middleware, Next, Operation};
use crate::protocol::{Outcome, RequestId};
use crate::server::Peer;

/// The longest word of a client that is logged, in characters.
const MAX_WORD: usize = 200;

/// Logs every operation when it has ended: what it was, who asked, how it ended, and how
/// long it took.
///
/// Arguments and results are not logged: they are somebody's data. As an
/// [observer](crate::server::Server::observer) it logs every request, and how it came.
///
/// A field is left out where there is nothing to say.
///
/// | field | what it is |
/// |---|---|
/// | `method`, `name` | what was to be done, and to what: the name of a tool or prompt, the URI of a resource |
/// | `request_id` | the id that the client gave the request, as JSON |
/// | `tenant`, `principal` | who asked |
/// | `client` | what the client calls itself |
/// | `address`, `transport`, `http_request_id` | how it came, where it is an observer |
/// | `trace_id` | the trace that it is a part of |
/// | `outcome`, `error`, `code` | a word for how it ended; of an error, its name and its JSON-RPC code |
/// | `duration_ms` | how long it took, in milliseconds |
#[derive(Clone, Copy, Debug, Default)]
pub struct Log;

impl Middleware for Log {
    async fn handle(&self, operation: Operation, next: Next<'_>) -> Outcome {
        let line = Line::of(&operation);
        let tell = move |ending, took| line.write(ending, took);
        next.run_and_tell(operation, tell).await
    }

    fn opened(&self, peer: &Peer) {
        let arrival = peer.arrival.as_deref();
        tracing::info!(
            tenant = peer.caller.tenant(),
            principal = peer.caller.principal(),
            client = peer.client.as_ref().map(|it| &*it.name),
            client_version = peer.client.as_ref().map(|it| &*it.version),
            revision = peer.revision.as_str(),
            address = arrival
                .and_then(|it| it.address)
                .map(tracing::field::display),
            transport = arrival.map(|it| it.transport),
            "a client has opened a conversation"
        );
    }

    fn task_done(&self, task: &EndedTask<'_>) {
        let ending = Ending::of(task.outcome);
        tracing::info!(
            name = task.tool,
            tenant = task.caller.tenant(),
            principal = task.caller.principal(),
            outcome = ending.as_str(),
            error = ending.error().map(|it| it.name()),
            duration_ms = milliseconds(task.took),
            "a task has ended"
        );
    }
}

/// What is known of an operation before it ends.
struct Line {
    method: String,
    name: Option<String>,
    request_id: String,
    peer: Peer,
    trace_id: Option<String>,
}

impl Line {
    fn of(operation: &Operation) -> Self {
        let arrival = operation.arrival();
        let trace = operation.trace();
        let trace = trace.as_ref().or_else(|| arrival?.trace.as_ref());
        Self {
            method: word(operation.method().as_str()),
            name: operation.target().map(word),
            request_id: shown(operation.request_id()),
            trace_id: trace.map(|it| it.trace_id().to_owned()),
            peer: operation.peer().clone(),
        }
    }

    fn write(&self, ending: Ending, took: Duration) {
        let caller = &self.peer.caller;
        let arrival = self.peer.arrival.as_deref();
        tracing::info!(
            method = self.method,
            name = self.name,
            request_id = self.request_id,
            tenant = caller.tenant(),
            principal = caller.principal(),
            client = self.peer.client.as_ref().map(|it| &*it.name),
            address = arrival
                .and_then(|it| it.address)
                .map(tracing::field::display),
            transport = arrival.map(|it| it.transport),
            http_request_id = arrival.and_then(|it| it.request_id.as_deref()),
            trace_id = self.trace_id,
            outcome = ending.as_str(),
            error = ending.error().map(|it| it.name()),
            code = ending.error().map(|it| it.code()),
            duration_ms = milliseconds(took),
            "an operation has ended"
        );
    }
}

/// A request id as a log shows it.
fn shown(id: &RequestId) -> String {
    word(&String::from_utf8_lossy(id.as_json()))
}

/// A word of a client, which is not to fill the log.
fn word(text: &str) -> String {
    text.chars().take(MAX_WORD).collect()
}

fn milliseconds(took: Duration) -> f64 {
    took.as_secs_f64() * 1000.0
}
