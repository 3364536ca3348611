//! Traces, as a collector gets them.

use std::collections::HashMap;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::{STEP, TRACE, calls, sum, traced};
use crate::wire::{Endpoint, Program, modern, soon};

/// A collector: it takes spans by OTLP over HTTP.
struct Collector {
    url: String,
    received: mpsc::UnboundedReceiver<(String, Span)>,
}

impl Collector {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (spans, received) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let spans = spans.clone();
                let service = service_fn(move |request| take(request, spans.clone()));
                let connection = http1::Builder::new();
                tokio::spawn(connection.serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { url, received }
    }

    /// The next span, and the name of the service that it is of.
    async fn next(&mut self) -> (String, Span) {
        soon("a span", self.received.recv()).await.unwrap()
    }

    /// The next span of a name.
    async fn named(&mut self, name: &str) -> Span {
        loop {
            let (_, span) = self.next().await;
            if span.name == name {
                return span;
            }
        }
    }
}

async fn take(
    request: Request<Incoming>,
    spans: mpsc::UnboundedSender<(String, Span)>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    assert_eq!(request.uri().path(), "/v1/traces");
    let body = request.into_body().collect().await?.to_bytes();
    let sent = ExportTraceServiceRequest::decode(body).unwrap();
    for of in sent.resource_spans {
        let resource = of.resource.unwrap_or_default();
        let service = attributes(&resource.attributes)["service.name"].clone();
        for span in of.scope_spans.into_iter().flat_map(|it| it.spans) {
            let _ = spans.send((service.clone(), span));
        }
    }
    Ok(Response::new(Full::default()))
}

/// The attributes of something, as text.
fn attributes(all: &[opentelemetry_proto::tonic::common::v1::KeyValue]) -> HashMap<String, String> {
    let all = all.iter().map(|it| {
        let value = match it.value.as_ref().and_then(|it| it.value.as_ref()) {
            Some(Any::StringValue(text)) => text.clone(),
            other => format!("{other:?}"),
        };
        (it.key.clone(), value)
    });
    all.collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A program that sends its spans at once.
async fn traced_program(collector: &Collector, more: &[&str]) -> (Program, Endpoint) {
    let http = [
        "--transport",
        "http",
        "--port",
        "0",
        "--otlp-endpoint",
        &collector.url,
    ];
    let arguments = [&http[..], more].concat();
    let environment = [("OTEL_BSP_SCHEDULE_DELAY", "20")];
    let mut program = Program::hello(&arguments, &environment).await;
    let url = program.url().await;
    (program, Endpoint::at(&url))
}

#[tokio::test]
async fn a_request_is_a_span_in_the_trace_of_its_client() {
    let mut collector = Collector::start().await;
    let (_program, endpoint) = traced_program(&collector, &["--log-level", "error"]).await;
    let other = ["0123456789abcdef0123456789abcdef", "0123456789abcdef"];
    let of_proxy = format!("00-{}-{}-01", other[0], other[1]);
    endpoint
        .send(&traced("seven").field("traceparent", &of_proxy))
        .await;
    let (service, span) = collector.next().await;
    assert_eq!(service, "hello-toolsmith");
    assert_eq!(span.name, "tools/call add", "{span:?}");
    assert_eq!(span.kind, 2, "it is of the kind SERVER");
    assert_eq!(
        (hex(&span.trace_id), hex(&span.parent_span_id)),
        (TRACE.into(), STEP.into())
    );
    let link = &span.links[0];
    assert_eq!([hex(&link.trace_id), hex(&link.span_id)], other);
    let said = attributes(&span.attributes);
    for (name, value) in [
        ("mcp.method.name", "tools/call"),
        ("mcp.protocol.version", "2026-07-28"),
        ("jsonrpc.request.id", "seven"),
        ("gen_ai.tool.name", "add"),
        ("gen_ai.operation.name", "execute_tool"),
        ("network.transport", "tcp"),
        ("network.protocol.name", "http"),
        ("network.protocol.version", "1.1"),
        ("client.address", "127.0.0.1"),
        ("toolsmith.tenant", "default"),
    ] {
        assert_eq!(
            said.get(name).map(String::as_str),
            Some(value),
            "{name}: {said:?}"
        );
    }
    assert!(span.status.is_none_or(|it| it.code == 0), "it went well");

    // Without a trace in `_meta`, that of the header fields is the parent.
    endpoint.send(&sum(8).field("traceparent", &of_proxy)).await;
    let (_, span) = collector.next().await;
    assert_eq!([hex(&span.trace_id), hex(&span.parent_span_id)], other);
    assert!(span.links.is_empty(), "{span:?}");
}

#[tokio::test]
async fn how_a_request_ended_is_said_and_what_the_client_did_wrong_is_no_failure() {
    let mut collector = Collector::start().await;
    let (_program, endpoint) = traced_program(&collector, &[]).await;
    endpoint.send(&calls(1, "made_up", json!({}))).await;
    let span = collector.named("tools/call").await;
    let said = attributes(&span.attributes);
    assert_eq!(said["rpc.response.status_code"], "-32602", "{said:?}");
    assert_eq!(said["error.type"], "-32602", "{said:?}");
    assert!(
        span.status.is_none_or(|it| it.code == 0),
        "it is the client's fault"
    );
    endpoint.send(&calls(2, "add", json!({"a": 1}))).await;
    let span = collector.named("tools/call add").await;
    assert_eq!(attributes(&span.attributes)["error.type"], "tool_error");
    assert_eq!(span.status.map(|it| it.code), Some(2), "the tool failed");
    endpoint.send(&modern(3, "tools/list", json!({}))).await;
    collector.named("tools/list").await;
}

#[tokio::test]
async fn the_last_spans_are_sent_when_it_ends_and_a_collector_that_is_gone_hurts_nobody() {
    let mut collector = Collector::start().await;
    let http = [
        "--transport",
        "http",
        "--port",
        "0",
        "--otlp-endpoint",
        &collector.url,
    ];
    // It waits longer between two sendings than this test does.
    let environment = [
        ("OTEL_BSP_SCHEDULE_DELAY", "600000"),
        ("OTEL_SERVICE_NAME", "ours"),
    ];
    let mut program = Program::hello(&http, &environment).await;
    let endpoint = Endpoint::at(&program.url().await);
    endpoint.send(&sum(1)).await;
    program.terminate().await;
    assert!(program.ended().await.success());
    let (service, span) = collector.next().await;
    assert_eq!(
        (service.as_str(), span.name.as_str()),
        ("ours", "tools/call add")
    );

    let gone = [
        "--transport",
        "http",
        "--port",
        "0",
        "--otlp-endpoint",
        "http://127.0.0.1:9",
    ];
    let mut program = Program::hello(&gone, &[("OTEL_BSP_SCHEDULE_DELAY", "20")]).await;
    let endpoint = Endpoint::at(&program.url().await);
    for id in 0..20 {
        assert_eq!(endpoint.send(&sum(id)).await.said(), "5");
    }
    let line = program.logged("spans could not be sent").await;
    assert!(line.contains("WARN"), "{line}");
    program.terminate().await;
    assert!(program.ended().await.success());

    let wrong = ["--otlp-endpoint", "collector"];
    let (code, _, said) = Program::hello(&wrong, &[]).await.output().await;
    assert_ne!(code, Some(0), "{said}");
    assert!(
        said.contains("--otlp-endpoint 'collector'") && said.contains("4318"),
        "{said}"
    );
}
