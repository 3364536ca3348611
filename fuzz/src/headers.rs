//! Header fields with a body.
//!
//! The input is an HTTP request without its first line: fields, an empty line, the body.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::Value;
use toolsmith_core::protocol::{
    self, Decoded, ErrorKind, HeaderField, Method, MirroredParameter, Request, RequestHeaders,
    Revision,
};
use toolsmith_core::server::{Caller, Peer};

use crate::{answers, serve};

/// The parameters of `mirror`, by what stands after `mcp-param-`, and where they are.
const MIRRORED: [(&str, &str); 4] = [
    ("mcp-param-region", "/region"),
    ("mcp-param-count", "/count"),
    ("mcp-param-dry", "/dry"),
    ("mcp-param-zone", "/more/zone"),
];
const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

/// A modern request is taken only when its header fields repeat its body, a tool runs only
/// when the fields repeat its arguments, and fields that were made from a body are good.
pub fn headers(data: &[u8]) {
    let (fields, body) = split(data);
    let fields: Vec<(&str, &[u8])> = fields.iter().map(|(n, v)| (n.as_str(), *v)).collect();
    let body = Bytes::copy_from_slice(body);
    let value = |name: &str| {
        let mut values = fields.iter().filter(|(it, _)| *it == name);
        match (values.next(), values.next()) {
            (None, _) => HeaderField::Missing,
            (Some((_, value)), None) => HeaderField::One(value),
            _ => HeaderField::Repeated,
        }
    };
    let headers = RequestHeaders {
        protocol_version: value("mcp-protocol-version"),
        method: value("mcp-method"),
        name: value("mcp-name"),
        others: &fields,
    };
    if let Err(refusal) = protocol::decode_bodiless(&headers) {
        answers::is_refusal(&refusal);
    }
    match protocol::decode(&body, Some(&headers)) {
        Err(refusal) => answers::is_refusal(&refusal),
        Ok(Decoded::Modern(request, meta)) => {
            assert_eq!(text(headers.protocol_version), Some(meta.revision.as_str()));
            assert_eq!(text(headers.method), Some(request.method.as_str()));
            // That of a task may be left out, but not say something else.
            let may_lack = matches!(headers.name, HeaderField::Missing) && is_of_task(&request);
            if let Some(named) = named(&request).filter(|_| !may_lack) {
                let given = text(headers.name).and_then(decoded);
                assert_eq!(given.as_deref(), Some(named));
            }
            let peer = Peer::modern(meta, Caller::default());
            called(request.clone(), peer.clone(), &fields);
            made_from_the_body(&body, request, peer);
        }
        Ok(_) => assert!(
            text(headers.protocol_version) != Some(Revision::LATEST.as_str()) || !has_id(&body),
            "a request was not taken for a modern one"
        ),
    }
    if let Ok(schema) = serde_json::from_slice::<Value>(&body) {
        keyword(&schema);
    }
}

fn split(data: &[u8]) -> (Vec<(String, &[u8])>, &[u8]) {
    let mut fields = Vec::new();
    let mut rest = data;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let line = &rest[..end];
        rest = &rest[end + 1..];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        if let Some(at) = line.iter().position(|byte| *byte == b':') {
            let name = String::from_utf8_lossy(&line[..at]).to_ascii_lowercase();
            fields.push((name, &line[at + 1..]));
        }
    }
    (fields, rest)
}

fn has_id(body: &[u8]) -> bool {
    serde_json::from_slice(body).is_ok_and(|it: Value| it.get("id").is_some())
}

/// A field as this target understands it: read in one way only, or not at all.
fn text(field: HeaderField<'_>) -> Option<&str> {
    let HeaderField::One(value) = field else {
        return None;
    };
    let text = std::str::from_utf8(value).ok()?;
    let is_plain = text.chars().all(|c| c == '\t' || (' '..='~').contains(&c));
    is_plain.then(|| text.trim_matches([' ', '\t']))
}

fn decoded(text: &str) -> Option<Cow<'_, str>> {
    let inner = text.strip_prefix("=?base64?");
    match inner.and_then(|rest| rest.strip_suffix("?=")) {
        None => Some(text.into()),
        Some(inner) => String::from_utf8(STANDARD.decode(inner).ok()?)
            .ok()
            .map(Into::into),
    }
}

fn encoded(text: &str) -> String {
    format!("=?base64?{}?=", STANDARD.encode(text))
}

/// What `Mcp-Name` repeats.
fn named(request: &Request) -> Option<&str> {
    let params = &request.params;
    match request.method {
        Method::CallTool | Method::GetPrompt => params.name.as_deref(),
        Method::ReadResource => params.uri.as_deref(),
        Method::GetTask | Method::UpdateTask | Method::CancelTask => params.task_id.as_deref(),
        _ => None,
    }
}

fn is_of_task(request: &Request) -> bool {
    matches!(
        request.method,
        Method::GetTask | Method::UpdateTask | Method::CancelTask
    )
}

/// Calls, and checks that a tool whose fields do not agree has not run.
fn called(request: Request, peer: Peer, fields: &[(&str, &[u8])]) {
    let id = request.id.clone();
    let is_mirror = request.params.name.as_deref() == Some("mirror");
    let arguments = request.params.arguments.clone();
    let Some(answer) = serve::answered(request, peer) else {
        return;
    };
    answers::is_one(&answer.message, Some(&id));
    let has_run = has_run(&answer.message);
    if !is_mirror || !has_run {
        return;
    }
    let arguments: Value = serde_json::from_slice(&arguments).unwrap_or_default();
    for (field, pointer) in MIRRORED {
        let mut values = fields.iter().filter(|(name, _)| *name == field);
        let (first, second) = (values.next(), values.next());
        assert!(second.is_none(), "`{field}` was there twice");
        let given = first.map(|(_, value)| {
            let given = text(HeaderField::One(value)).and_then(decoded);
            given.expect("it could be read")
        });
        match (given, arguments.pointer(pointer)) {
            (None, None | Some(Value::Null)) => {}
            (Some(given), Some(value)) => {
                assert!(repeats(value, &given), "`{field}` {given} for {value}");
            }
            (given, value) => panic!("`{field}` {given:?} for {value:?}"),
        }
    }
}

fn has_run(message: &[u8]) -> bool {
    let answer: Value = serde_json::from_slice(message).unwrap_or_default();
    let text = answer.pointer("/result/content/0/text");
    text.is_some_and(|text| text == serve::CALLED)
}

fn repeats(value: &Value, given: &str) -> bool {
    match value {
        Value::String(value) => value == given,
        Value::Bool(value) => value.to_string() == given,
        Value::Number(value) => {
            value.to_string() == given
                || given.parse::<f64>().ok() == value.as_f64()
                    && value.as_f64().is_some_and(|it| it.abs() <= MAX_SAFE)
        }
        _ => false,
    }
}

/// A client that makes its fields from its body is never told that they disagree.
fn made_from_the_body(body: &Bytes, request: Request, peer: Peer) {
    let arguments: Value = serde_json::from_slice(&request.params.arguments).unwrap_or_default();
    let mut fields = Vec::new();
    for (field, pointer) in MIRRORED {
        let value = match arguments.pointer(pointer) {
            None | Some(Value::Null) => continue,
            Some(Value::String(value)) => encoded(value),
            Some(Value::Number(it)) if it.as_f64().is_some_and(|it| it.abs() > MAX_SAFE) => return,
            Some(value @ (Value::Bool(_) | Value::Number(_))) => value.to_string(),
            Some(_) => return,
        };
        fields.push((field, value));
    }
    let fields = fields.iter().map(|(name, value)| (*name, value.as_bytes()));
    let fields: Vec<_> = fields.collect();
    let name = named(&request).map(encoded);
    let headers = RequestHeaders {
        protocol_version: HeaderField::One(Revision::LATEST.as_str().as_bytes()),
        method: HeaderField::One(request.method.as_str().as_bytes()),
        name: name
            .as_deref()
            .map_or(HeaderField::Missing, |it| HeaderField::One(it.as_bytes())),
        others: &fields,
    };
    let decoded = protocol::decode(body, Some(&headers));
    let Ok(Decoded::Modern(request, _)) = decoded else {
        panic!("fields that were made from the body are not taken: {decoded:?}");
    };
    let id = request.id.clone();
    if let Some(answer) = serve::answered(request, peer) {
        let code = answers::is_one(&answer.message, Some(&id));
        assert_ne!(code, ErrorKind::HeaderMismatch.code(), "of {fields:?}");
    }
}

/// A schema that is taken names each field once, and only one that is well formed.
fn keyword(schema: &Value) {
    if let Ok(found) = MirroredParameter::find(schema) {
        for (at, one) in found.iter().enumerate() {
            assert!(!found[at + 1..].contains(one), "{one:?} is there twice");
        }
        assert!(
            found.len() <= schema.to_string().matches("x-mcp-header").count(),
            "{found:?}"
        );
    }
}
