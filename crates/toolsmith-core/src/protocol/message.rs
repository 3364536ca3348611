//! JSON-RPC 2.0: from bytes to a request, a notification or a response.

use bytes::Bytes;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::params::{FoundParams, Params};
use super::plain::plain;
use super::scan::Scanner;
use super::{ErrorKind, ProtocolError, RequestId, nesting};
use crate::protocol::method::Method;

/// The most messages that one batch may hold.
const MAX_BATCH: usize = 100;

/// One JSON-RPC message from a client.
#[derive(Clone, Debug)]
pub enum Message {
    /// Something to be answered.
    Request(Request),
    /// Something to be taken note of.
    Notification(Notification),
    /// An answer to something that the server asked.
    Response(Response),
}

/// A client's answer to a request of the server. Only the legacy era has them.
#[derive(Clone, Debug)]
pub struct Response {
    /// Which request it answers; `None` when the client could not tell.
    pub id: Option<RequestId>,
    /// The result as JSON, or what the client says went wrong.
    pub result: Result<Bytes, ClientError>,
}

/// What a client says went wrong with a request of the server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ClientError {
    /// The JSON-RPC code.
    #[serde(default)]
    pub code: i64,
    /// One line for a reader.
    #[serde(default)]
    pub message: Box<str>,
}

/// A JSON-RPC request.
#[derive(Clone, Debug)]
pub struct Request {
    /// What the answer is to carry.
    pub id: RequestId,
    /// What is asked for.
    pub method: Method,
    /// With what. In a box, because a request is handed on many times.
    pub params: Box<Params>,
}

/// A JSON-RPC notification.
#[derive(Clone, Debug)]
pub struct Notification {
    /// What happened.
    pub method: Method,
    /// With what. In a box, because a request is handed on many times.
    pub params: Box<Params>,
}

/// A body: one message, or a batch of them.
pub(super) enum Body {
    One(Message),
    Batch(Vec<Result<Message, Invalid>>),
}

/// Why a message is none, and the id that could be read all the same.
pub(super) struct Invalid {
    pub(super) id: Option<RequestId>,
    pub(super) error: ProtocolError,
}

impl Invalid {
    fn request(message: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        Self {
            id: None,
            error: ProtocolError::new(ErrorKind::InvalidRequest, message),
        }
    }

    fn with_id(mut self, id: Option<RequestId>) -> Self {
        self.id = id;
        self
    }
}

/// The members of a message, unread. A member that is `null` is there; one that is
/// missing is not.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    jsonrpc: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    method: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    error: Option<&'a RawValue>,
}

/// Reads a request in one pass, where everything fits, as it nearly always does. `None`
/// where something does not, or it is no request: then it is to be read part by part, to
/// find out what it is.
fn fitting(message: &Bytes, text: &str) -> Option<Request> {
    let (mut version, mut id, mut method, mut params) = (None, None, None, None);
    let mut scanner = Scanner::new(text);
    scanner.object(|scanner, name| match name {
        "jsonrpc" => once(&mut version, scanner.string()?),
        "id" => once(&mut id, scanner.value()?),
        "method" => once(&mut method, Method::from(scanner.string()?)),
        "params" => once(&mut params, FoundParams::scan(scanner)?),
        _ => scanner.value().map(|_| ()),
    })?;
    scanner.end()?;
    (version? == "2.0").then_some(())?;
    let method = method?;
    let params = match params.flatten() {
        None => Box::default(),
        Some(mut found) => {
            found.keep_for(&method);
            Box::new(Params::of(message, found).ok()?)
        }
    };
    Some(Request {
        id: RequestId::from_json(message.slice_ref(id?.as_bytes()))?,
        method,
        params,
    })
}

/// Takes what may be given once.
pub(super) fn once<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

fn present<'de, D: Deserializer<'de>>(de: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&'de RawValue>::deserialize(de).map(Some)
}

/// Reads a body.
pub(super) fn read(body: &Bytes) -> Result<Body, Invalid> {
    let text = std::str::from_utf8(body).map_err(|e| {
        parse_error(format!(
            "the message is not UTF-8, at byte {}",
            e.valid_up_to()
        ))
    })?;
    match text.trim_start().as_bytes().first() {
        None => Err(parse_error(
            "the message is empty; send one JSON-RPC message",
        )),
        Some(b'{') => one(body, text).map(Body::One),
        Some(b'[') => batch(body, text).map(Body::Batch),
        Some(_) => Err(match serde_json::from_str::<serde::de::IgnoredAny>(text) {
            Ok(_) => Invalid::request("a JSON-RPC message is a JSON object"),
            Err(error) => not_json(&error),
        }),
    }
}

fn batch(body: &Bytes, text: &str) -> Result<Vec<Result<Message, Invalid>>, Invalid> {
    not_too_deep(text)?;
    let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|e| not_json(&e))?;
    if items.is_empty() {
        return Err(Invalid::request("a batch holds at least one message"));
    }
    if items.len() > MAX_BATCH {
        return Err(Invalid::request(format!(
            "a batch holds at most {MAX_BATCH} messages"
        )));
    }
    Ok(items.iter().map(|item| one(body, item.get())).collect())
}

fn one(body: &Bytes, text: &str) -> Result<Message, Invalid> {
    let message = body.slice_ref(text.as_bytes());
    match fitting(&message, text) {
        Some(request) => Ok(Message::Request(request)),
        None => part_by_part(&message, text),
    }
}

/// Reads a message that is no request, or that does not fit, to say what is the matter.
fn part_by_part(body: &Bytes, text: &str) -> Result<Message, Invalid> {
    not_too_deep(text)?;
    if !text.trim_start().starts_with('{') {
        return Err(Invalid::request("a JSON-RPC message is a JSON object"));
    }
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|error| {
        if error.is_data() {
            Invalid::request(format!(
                "not a JSON-RPC message: {}",
                plain(&error.to_string())
            ))
        } else {
            not_json(&error)
        }
    })?;
    let id = match envelope.id {
        Some(raw) => Some(
            RequestId::from_json(body.slice_ref(raw.get().as_bytes()))
                .ok_or_else(|| Invalid::request("`id` is a string or an integer"))?,
        ),
        None => None,
    };
    if envelope.jsonrpc.map(RawValue::get) != Some("\"2.0\"") {
        return Err(Invalid::request("`jsonrpc` must be \"2.0\"").with_id(id));
    }
    let Some(method) = envelope.method else {
        return match (envelope.result.is_some(), envelope.error.is_some()) {
            (true, false) if id.is_some() => Ok(response(body, &envelope, id)),
            (false, true) => Ok(response(body, &envelope, id)),
            _ => Err(Invalid::request("`method` is missing").with_id(id)),
        };
    };
    let Ok(method) = serde_json::from_str::<Method>(method.get()) else {
        return Err(Invalid::request("`method` is a string").with_id(id));
    };
    match (id, Params::read(body, envelope.params, &method)) {
        (Some(id), Ok(params)) => Ok(Message::Request(Request {
            id,
            method,
            params: Box::new(params),
        })),
        (id @ Some(_), Err(error)) => Err(Invalid { id, error }),
        // A notification is never answered, so one that does not fit says nothing.
        (None, params) => Ok(Message::Notification(Notification {
            method,
            params: Box::new(params.unwrap_or_default()),
        })),
    }
}

/// A response. What a client says of an error need not fit to be an error.
fn response(body: &Bytes, envelope: &Envelope<'_>, id: Option<RequestId>) -> Message {
    let result = match envelope.result {
        Some(raw) => Ok(body.slice_ref(raw.get().as_bytes())),
        None => Err(envelope
            .error
            .and_then(|raw| serde_json::from_str(raw.get()).ok())
            .unwrap_or(ClientError {
                code: 0,
                message: "".into(),
            })),
    };
    Message::Response(Response { id, result })
}

fn not_too_deep(text: &str) -> Result<(), Invalid> {
    if !nesting::too_deep(text.as_bytes()) {
        return Ok(());
    }
    Err(Invalid::request(format!(
        "the message is nested deeper than {} levels",
        nesting::MAX_DEPTH
    )))
}

fn parse_error(message: impl Into<std::borrow::Cow<'static, str>>) -> Invalid {
    Invalid {
        id: None,
        error: ProtocolError::new(ErrorKind::Parse, message),
    }
}

fn not_json(error: &serde_json::Error) -> Invalid {
    parse_error(format!("the message is not JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the quick reader finds must be what the thorough one does.
    #[test]
    fn both_readers_find_the_same() {
        for method in ["tools/call", "tools/list", "toolz/call", "com.example/do"] {
            let text = format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{"name":"add","uri":"a:b","arguments":{{"a":1e999}},"cursor":"c","task":{{}},"taskId":"t","inputResponses":{{}},"requestState":"s","_meta":{{"progressToken":7}}}}}}"#
            );
            let body = Bytes::from(text);
            let text = std::str::from_utf8(&body).unwrap();
            let quick = fitting(&body, text).expect("the quick reader leaves it");
            let Ok(Message::Request(thorough)) = part_by_part(&body, text) else {
                panic!("{method} is no request");
            };
            // That the thorough one has yet to hold `_meta` against its types is no difference.
            let thorough = format!("{thorough:?}").replace("Unread(", "Read(");
            assert_eq!(format!("{quick:?}"), thorough);
        }
    }
}
