//! The JSON-RPC decoder.
//!
//! The input is a body. It is decoded as if it came without header fields, and with several.

use bytes::Bytes;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use toolsmith_core::protocol::{
    self, Decoded, ErrorKind, HeaderField, Message, Method, Refusal, Request, RequestHeaders,
    RequestId, Revision,
};
use toolsmith_core::server::{Answer, Caller, Peer};

use crate::{answers, serve};

/// What decodes is what the body says, is decoded again from what it came to, and is
/// answered exactly once; what does not is refused with the id that the body has.
pub fn decode(data: &[u8]) {
    let body = Bytes::copy_from_slice(data);
    let value: Option<Value> = serde_json::from_slice(&body).ok();
    let method = value.as_ref().and_then(|it| it["method"].as_str());
    let headers = |version, method| RequestHeaders {
        protocol_version: version,
        method,
        ..RequestHeaders::default()
    };
    let version = |revision: Revision| HeaderField::One(revision.as_str().as_bytes());
    let method = method.map_or(HeaderField::Missing, |it| HeaderField::One(it.as_bytes()));
    check(&body, value.as_ref(), None);
    for headers in [
        RequestHeaders::default(),
        headers(version(Revision::LATEST_LEGACY), HeaderField::Missing),
        headers(version(Revision::LATEST), method),
        headers(HeaderField::One(b"1999-01-01"), method),
        headers(HeaderField::Repeated, method),
    ] {
        check(&body, value.as_ref(), Some(&headers));
    }
}

fn check(body: &Bytes, value: Option<&Value>, headers: Option<&RequestHeaders<'_>>) {
    let is_json = std::str::from_utf8(body).is_ok_and(|text| {
        // The same reader as for members that are kept as they are.
        serde_json::from_str::<IgnoredAny>(text).is_ok()
    });
    let decoded = protocol::decode(body, headers);
    assert!(is_json || decoded.is_err(), "what is no JSON was decoded");
    match decoded {
        Err(refusal) => refused(&refusal, is_json, value),
        Ok(Decoded::Modern(request, meta)) => {
            assert!(meta.revision.is_modern(), "{meta:?}");
            says_so(&request, value);
            again(&request, headers);
            let (id, peer) = (request.id.clone(), Peer::modern(meta, Caller::default()));
            if let Some(answer) = serve::answered(request, peer) {
                answers::is_one(&answer.message, Some(&id));
            }
        }
        Ok(Decoded::ModernNotification(it)) => notified(it.method.as_str(), value),
        Ok(Decoded::Legacy(message)) => legacy(&message, value, headers),
        Ok(Decoded::Batch(items)) => batch(items, value),
    }
}

/// A message of the legacy era, which is answered if it is a request.
fn legacy(message: &Message, value: Option<&Value>, headers: Option<&RequestHeaders<'_>>) {
    match message {
        Message::Request(request) => {
            says_so(request, value);
            again(request, headers);
            let id = request.id.clone();
            if request.method == Method::Initialize {
                // The transport opens a session with what this gives.
                let opened = serve::engine().initialize(&request.params);
                assert!(opened.is_err() || request.params.raw().starts_with('{'));
            } else if let Some(answer) = serve::answered(request.clone(), peer()) {
                answers::is_one(&answer.message, Some(&id));
            }
        }
        Message::Notification(it) => notified(it.method.as_str(), value),
        Message::Response(it) => {
            let Some(object) = value.and_then(Value::as_object) else {
                return;
            };
            assert!(!object.contains_key("method"));
            assert_eq!(it.id.is_some(), object.contains_key("id"));
            assert_eq!(it.result.is_ok(), object.contains_key("result"));
            assert_ne!(
                object.contains_key("result"),
                object.contains_key("error"),
                "an answer is one of the two"
            );
        }
    }
}

/// A batch: an item for each of the array, and an answer for each request.
fn batch(items: Vec<Result<Message, Refusal>>, value: Option<&Value>) {
    assert!((1..=100).contains(&items.len()), "{}", items.len());
    if let Some(Value::Array(values)) = value {
        assert_eq!(values.len(), items.len());
        for (item, value) in items.iter().zip(values) {
            match item {
                Ok(message) => legacy(message, Some(value), None),
                Err(refusal) => refused(refusal, true, Some(value)),
            }
        }
    }
    let ids = items.iter().filter_map(|item| match item {
        Ok(Message::Request(request)) => Some(Some(request.id.clone())),
        Ok(_) => None,
        Err(refusal) => Some(refusal.id.clone()),
    });
    let ids: Vec<Option<RequestId>> = ids.collect();
    let may_wait = items.iter().any(
        |item| matches!(item, Ok(Message::Request(request)) if request.method == Method::Listen),
    );
    let answers = items.into_iter().filter_map(|item| match item {
        Ok(Message::Request(request)) => Some(serve::answered(request, peer())),
        Ok(_) => None,
        Err(refusal) => Some(Some(Answer::from(&refusal))),
    });
    let Some(answers) = answers.collect::<Option<Vec<Answer>>>() else {
        assert!(may_wait, "a batch waits for nothing");
        return;
    };
    let answer = Answer::batch(answers).map(|answer| answer.message);
    assert_eq!(answer.is_some(), !ids.is_empty());
    let answer = answer.unwrap_or_else(|| b"[]".to_vec());
    let answers: Vec<&serde_json::value::RawValue> =
        serde_json::from_slice(&answer).expect("answers are an array");
    assert_eq!(answers.len(), ids.len(), "each is answered once");
    for (answer, id) in answers.iter().zip(&ids) {
        answers::is_one(answer.get().as_bytes(), id.as_ref());
    }
}

fn refused(refusal: &Refusal, is_json: bool, value: Option<&Value>) {
    answers::is_refusal(refusal);
    let kind = refusal.error.kind;
    assert!(is_json || refusal.id.is_none(), "{refusal:?}");
    assert!(
        is_json || matches!(kind, ErrorKind::Parse | ErrorKind::InvalidRequest),
        "{refusal:?}"
    );
    let Some(object) = value.and_then(Value::as_object) else {
        return;
    };
    if let Some(id) = &refusal.id {
        same_id(id, object);
    }
    // What is a request and was understood as one is refused by its id.
    let is_request = object.contains_key("method") && object.contains_key("id");
    if is_request && !matches!(kind, ErrorKind::Parse | ErrorKind::InvalidRequest) {
        assert!(refusal.id.is_some(), "{refusal:?}");
    }
}

fn same_id(id: &RequestId, object: &Map<String, Value>) {
    let id: Value = serde_json::from_slice(id.as_json()).expect("it was read from JSON");
    assert!(id.is_string() || id.is_number(), "{id}");
    assert_eq!(Some(&id), object.get("id"));
}

/// A request has what its body has.
fn says_so(request: &Request, value: Option<&Value>) {
    let Some(object) = value.and_then(Value::as_object) else {
        return;
    };
    same_id(&request.id, object);
    assert_eq!(object["jsonrpc"], "2.0");
    assert_eq!(object["method"], request.method.as_str());
    let raw = request.params.raw();
    let params = serde_json::from_str(raw).unwrap_or(Value::Null);
    assert_eq!(&params, object.get("params").unwrap_or(&Value::Null));
    let name = request.params.name.as_deref();
    if !matches!(request.method, Method::Other(_)) {
        assert_eq!(params["name"].as_str(), name);
        assert_eq!(params["uri"].as_str(), request.params.uri.as_deref());
    }
}

fn notified(method: &str, value: Option<&Value>) {
    let Some(object) = value.and_then(Value::as_object) else {
        return;
    };
    assert!(!object.contains_key("id"), "a request was not answered");
    assert_eq!(object["method"], method);
}

/// What was decoded, written again, is decoded to the same: by the reader of the common
/// request, and by the one that is for all others, which an escape in a name calls for.
fn again(request: &Request, headers: Option<&RequestHeaders<'_>>) {
    for name in [r#"{"method":"#, r#"{"\u006dethod":"#] {
        again_as(name, request, headers);
    }
}

fn again_as(begin: &str, request: &Request, headers: Option<&RequestHeaders<'_>>) {
    let method = Value::from(request.method.as_str()).to_string();
    let mut body = begin.as_bytes().to_vec();
    body.extend_from_slice(method.as_bytes());
    if !request.params.raw().is_empty() {
        body.extend_from_slice(br#","params":"#);
        body.extend_from_slice(request.params.raw().as_bytes());
    }
    body.extend_from_slice(br#","id":"#);
    body.extend_from_slice(request.id.as_json());
    body.extend_from_slice(br#","jsonrpc":"2.0"}"#);
    match protocol::decode(&body.into(), headers) {
        Ok(Decoded::Modern(it, _) | Decoded::Legacy(Message::Request(it))) => {
            assert_eq!(it.id, request.id);
            assert_eq!(it.method, request.method);
            assert_eq!(it.params.raw(), request.params.raw());
            assert_eq!(it.params.arguments, request.params.arguments);
            assert_eq!(it.params.name, request.params.name);
            assert_eq!(it.params.uri, request.params.uri);
            assert_eq!(it.params.progress_token, request.params.progress_token);
            assert_eq!(it.params.task, request.params.task);
            assert_eq!(it.params.task_id, request.params.task_id);
            assert_eq!(it.params.input_responses, request.params.input_responses);
            assert_eq!(it.params.request_state, request.params.request_state);
            assert_eq!(it.params.has_cursor(), request.params.has_cursor());
        }
        other => panic!("{request:?} came to {other:?} the second time"),
    }
}

fn peer() -> Peer {
    Peer::new(Revision::LATEST_LEGACY)
}
