//! Whole requests over HTTP, through the service that stands behind the socket.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use toolsmith::ServerHttpExt as _;
use toolsmith::http::{McpService, ResponseBody};
use toolsmith::protocol::Revision;

use crate::messages::{self, LEGACY};
use crate::{Done, Repeats, Work, server};

/// A header field that a client sends.
type Field = (&'static str, HeaderValue);

const SESSION_ID: &str = "Mcp-Session-Id";

pub(crate) fn modern(repeats: Repeats) -> Work {
    Box::pin(called(repeats, messages::add()))
}

pub(crate) fn echo_64k(repeats: Repeats) -> Work {
    let text = "x".repeat(64 * 1024);
    let params = json!({"name": "echo", "arguments": {"text": text}});
    Box::pin(called(repeats, params))
}

pub(crate) fn progress(repeats: Repeats) -> Work {
    let params = json!({
        "name": "progress",
        "arguments": {},
        "_meta": {"progressToken": "token"},
    });
    Box::pin(called(repeats, params))
}

pub(crate) fn list_100(repeats: Repeats) -> Work {
    let body = messages::modern("tools/list", json!({}));
    Box::pin(async move {
        let mut fields = modern_fields();
        fields.push(("Mcp-Method", HeaderValue::from_static("tools/list")));
        asked(&server::large().into_service()?, repeats, &body, &fields).await
    })
}

/// Calls of a tool in the modern era.
async fn called(repeats: Repeats, params: Value) -> Result<Done> {
    let name = params["name"].as_str().context("a call has a name")?;
    let mut fields = modern_fields();
    fields.push(("Mcp-Method", HeaderValue::from_static("tools/call")));
    fields.push(("Mcp-Name", HeaderValue::from_str(name)?));
    let body = messages::modern("tools/call", params);
    asked(&server::small().into_service()?, repeats, &body, &fields).await
}

pub(crate) fn legacy(repeats: Repeats) -> Work {
    Box::pin(async move {
        let service = server::small().into_service()?;
        let mut fields = legacy_fields();
        fields.push((SESSION_ID, open(&service).await?));
        let text = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        answer(service.respond(post(text, &fields)?).await).await?;
        let body = messages::legacy("tools/call", &messages::add());
        asked(&service, repeats, &body, &fields).await
    })
}

/// Sessions that are opened and ended. Gives the status of the last.
pub(crate) fn session(repeats: Repeats) -> Work {
    Box::pin(async move {
        let service = server::small().into_service()?;
        let (body, mut fields) = (messages::initialize(), legacy_fields());
        let requests = (0..repeats.prepared).map(|_| post(&body, &fields));
        let mut requests = requests.collect::<Result<Vec<_>>>()?.into_iter();
        fields.push((SESSION_ID, HeaderValue::from_static("")));
        let mut status = Vec::new();
        for request in requests.by_ref().take(repeats.done) {
            if let Some(id) = fields.last_mut() {
                id.1 = opened(service.respond(request).await).await?;
            }
            let end = request_of(Method::DELETE, Bytes::new(), &fields)?;
            status = service.respond(end).await.status().as_str().into();
        }
        Done::new(status, requests)
    })
}

/// Opens a session, and gives its id.
async fn open(service: &McpService) -> Result<HeaderValue> {
    let request = post(&messages::initialize(), &legacy_fields())?;
    opened(service.respond(request).await).await
}

/// The id of the session that was opened.
async fn opened(response: Response<ResponseBody>) -> Result<HeaderValue> {
    let id = response.headers().get(SESSION_ID).cloned();
    let answer = answer(response).await?;
    id.with_context(|| format!("no session: {}", String::from_utf8_lossy(&answer)))
}

/// Asks the same again and again, one after the other.
async fn asked(
    service: &McpService,
    repeats: Repeats,
    body: &str,
    fields: &[Field],
) -> Result<Done> {
    let requests = (0..repeats.prepared).map(|_| post(body, fields));
    let mut requests = requests.collect::<Result<Vec<_>>>()?.into_iter();
    let mut last = Vec::new();
    for request in requests.by_ref().take(repeats.done) {
        last = answer(service.respond(request).await).await?;
    }
    Done::new(last, requests)
}

/// Reads an answer to its end.
async fn answer(response: Response<ResponseBody>) -> Result<Vec<u8>> {
    let mut body = response.into_body();
    let mut last = Vec::new();
    while let Some(frame) = body.frame().await {
        if let Some(data) = frame?.data_ref() {
            last.extend_from_slice(data);
        }
    }
    Ok(last)
}

fn post(body: &str, fields: &[Field]) -> Result<Request<Full<Bytes>>> {
    request_of(Method::POST, Bytes::from(body.as_bytes().to_vec()), fields)
}

fn request_of(method: Method, body: Bytes, fields: &[Field]) -> Result<Request<Full<Bytes>>> {
    let mut request = Request::builder()
        .method(method)
        .uri("/mcp")
        .header("Host", "127.0.0.1:8080")
        .header("Content-Type", "application/json")
        .header("Accept", "application/json, text/event-stream")
        .header("Content-Length", body.len());
    for (name, value) in fields {
        request = request.header(*name, value);
    }
    Ok(request.body(Full::new(body))?)
}

fn modern_fields() -> Vec<Field> {
    vec![version(Revision::LATEST)]
}

fn legacy_fields() -> Vec<Field> {
    vec![version(LEGACY)]
}

fn version(revision: Revision) -> Field {
    let value = HeaderValue::from_static(revision.as_str());
    ("MCP-Protocol-Version", value)
}
