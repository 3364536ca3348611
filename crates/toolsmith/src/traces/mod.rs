//! Traces by OpenTelemetry: a span for each request, as the semantic conventions for MCP have
//! it.

mod export;

use std::net::IpAddr;
use std::time::Duration;

use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, Status, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{Context, KeyValue};
use tracing::{Instrument as _, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

pub(crate) use export::{Exporter, export};

use crate::protocol::{ErrorKind, Method, Outcome, TraceContext};
use crate::redact::Redaction;
use crate::server::middleware::{Ending, Middleware, Next, Operation};

/// The longest text of a client in an attribute, in characters.
const MAX_TEXT: usize = 1000;

/// Makes a span of each request, in which everything that the server and its handlers do for
/// it stands: spans and events of `tracing`.
///
/// The span is a child of the one that `_meta` of the request names, and otherwise of the one
/// that the header fields of the HTTP request name; where there are both, the second is
/// linked. It is named `{method} {tool or prompt}`, and its attributes are those of the
/// semantic conventions of OpenTelemetry for MCP: `mcp.method.name`, `mcp.protocol.version`,
/// `mcp.resource.uri`, `gen_ai.tool.name`, `gen_ai.prompt.name`, `jsonrpc.request.id`,
/// `rpc.response.status_code`, `error.type`, `network.transport`, `network.protocol.name`,
/// `client.address`; and who asked, `toolsmith.tenant` and `enduser.id`. Arguments and results
/// are not in it.
///
/// [`run`](crate::ServerExt::run) sends the spans to a collector where `--otlp-endpoint` is
/// set. A program with a subscriber of its own adds this as an
/// [observer](crate::server::Server::observer), and the layer of `tracing-opentelemetry` to the
/// subscriber.
///
/// ```
/// use toolsmith::prelude::*;
/// use toolsmith::traces::Traces;
///
/// let server = Server::new("traced").observer(Traces::default());
/// # let _ = server;
/// ```
#[derive(Clone, Debug, Default)]
pub struct Traces {
    redaction: Redaction,
}

impl Middleware for Traces {
    async fn handle(&self, operation: Operation, next: Next<'_>) -> Outcome {
        let span = self.begin(&operation);
        let ended = span.clone();
        let tell = move |ending, _: Duration| end(&ended, ending);
        let work = next.run_and_tell(operation, tell);
        work.instrument(span).await
    }
}

impl Traces {
    fn begin(&self, operation: &Operation) -> Span {
        let name = name(operation);
        let span = tracing::info_span!("mcp", otel.name = name, otel.kind = ?SpanKind::Server);
        place(&span, operation);
        for attribute in self.attributes(operation) {
            span.set_attribute(attribute.key, attribute.value);
        }
        span
    }

    /// What is known of a request before it ends.
    fn attributes(&self, operation: &Operation) -> Vec<KeyValue> {
        let peer = operation.peer();
        let method = text(operation.method().as_str());
        let id = String::from_utf8_lossy(operation.request_id().as_json());
        let mut all = vec![
            KeyValue::new("mcp.method.name", method),
            KeyValue::new("mcp.protocol.version", peer.revision.as_str()),
            KeyValue::new("jsonrpc.request.id", text(id.trim_matches('"'))),
            KeyValue::new("toolsmith.tenant", peer.caller.tenant().to_owned()),
        ];
        if let Some(principal) = peer.caller.principal() {
            all.push(KeyValue::new("enduser.id", principal.to_owned()));
        }
        if let Some(target) = operation.target() {
            all.extend(self.about(operation.method(), target));
        }
        if let Some(arrival) = operation.arrival() {
            all.push(KeyValue::new("network.transport", arrival.transport));
            if let Some(version) = arrival.http {
                all.push(KeyValue::new("network.protocol.name", "http"));
                all.push(KeyValue::new("network.protocol.version", version));
            }
            let address = arrival.address.map(|it: IpAddr| it.to_string());
            all.extend(address.map(|it| KeyValue::new("client.address", it)));
        }
        all
    }

    fn about(&self, method: &Method, target: &str) -> Vec<KeyValue> {
        match method {
            Method::CallTool => vec![
                KeyValue::new("gen_ai.operation.name", "execute_tool"),
                KeyValue::new("gen_ai.tool.name", text(target)),
            ],
            Method::GetPrompt => vec![KeyValue::new("gen_ai.prompt.name", text(target))],
            Method::ReadResource | Method::Subscribe | Method::Unsubscribe => {
                let uri = text(&self.redaction.uri(target));
                vec![KeyValue::new("mcp.resource.uri", uri)]
            }
            _ => Vec::new(),
        }
    }
}

/// What a span is called: its method, and the tool or prompt that it is about. URIs are too
/// many for that, and so are names that the server does not have.
fn name(operation: &Operation) -> String {
    let method = match operation.method() {
        Method::Other(_) => "extension",
        method => method.as_str(),
    };
    match (operation.method(), operation.primitive()) {
        (Method::CallTool | Method::GetPrompt, Some(primitive)) => format!("{method} {primitive}"),
        _ => method.to_owned(),
    }
}

/// Puts a span where it belongs among those of others.
fn place(span: &Span, operation: &Operation) {
    let own = operation.trace();
    let of_http = operation.arrival().and_then(|it| it.trace.as_ref());
    let parent = own.as_ref().or(of_http).and_then(remote);
    if let Some(parent) = parent {
        // It was begun just now, and there is nothing that could refuse it.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    }
    if let (Some(_), Some(of_http)) = (&own, of_http.and_then(remote)) {
        span.add_link(of_http);
    }
}

/// A place in a trace, in the words of OpenTelemetry.
fn remote(trace: &TraceContext) -> Option<SpanContext> {
    let state = trace
        .tracestate()
        .and_then(|it| it.parse::<TraceState>().ok());
    let flags = match trace.is_sampled() {
        true => TraceFlags::SAMPLED,
        false => TraceFlags::default(),
    };
    Some(SpanContext::new(
        TraceId::from_hex(trace.trace_id()).ok()?,
        SpanId::from_hex(trace.parent_id()).ok()?,
        flags,
        true,
        state.unwrap_or_default(),
    ))
}

/// Says how a request ended.
fn end(span: &Span, ending: Ending) {
    match ending {
        Ending::Error(kind) => {
            let code = kind.code().to_string();
            let what = match kind {
                ErrorKind::CallTimeout => "timeout".to_owned(),
                _ => code.clone(),
            };
            span.set_attribute("rpc.response.status_code", code);
            span.set_attribute("error.type", what);
            if !is_callers_fault(kind) {
                span.set_status(Status::error(kind.row().meaning));
            }
        }
        Ending::ToolError => {
            span.set_attribute("error.type", "tool_error");
            span.set_status(Status::error("the tool failed"));
        }
        Ending::Cancelled => span.set_attribute("error.type", "cancelled"),
        _ => {}
    }
}

/// Whether an error says that the request was wrong, which is no failure of a server.
fn is_callers_fault(kind: ErrorKind) -> bool {
    matches!(kind.code(), -32700 | -32602..=-32600 | -32022..=-32020 | -32002)
        || matches!(
            kind,
            ErrorKind::InsufficientScope | ErrorKind::SessionRequired | ErrorKind::SessionUnknown
        )
}

fn text(word: &str) -> String {
    word.chars().take(MAX_TEXT).collect()
}
