//! From an outcome to the JSON-RPC message that a client of a revision is sent.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::{
    ClientCapability, ErrorKind, Outcome, ProgressToken, ProtocolError, RequestId, Revision,
    ServerIdentity, ToolOutput,
};

const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// Writes the answer to a request.
pub fn encode(
    outcome: &Outcome,
    id: &RequestId,
    revision: Revision,
    server: &ServerIdentity,
) -> Vec<u8> {
    let error = match outcome {
        Outcome::Error(error) => error,
        _ => match result(outcome, id, revision, server) {
            Ok(message) => return message,
            Err(error) => &ProtocolError::new(
                ErrorKind::Internal,
                format!("the result could not be written as JSON: {error}"),
            ),
        },
    };
    encode_error(error, Some(id))
}

/// Writes an error; without an id when none could be read.
pub fn encode_error(error: &ProtocolError, id: Option<&RequestId>) -> Vec<u8> {
    let mut out = Vec::with_capacity(160);
    out.extend_from_slice(br#"{"jsonrpc":"2.0","#);
    if let Some(id) = id {
        out.extend_from_slice(br#""id":"#);
        out.extend_from_slice(id.as_json());
        out.push(b',');
    }
    let mut body = json!({"code": error.kind.code(), "message": error.message});
    if let (Some(data), Some(body)) = (&error.data, body.as_object_mut()) {
        body.insert("data".to_owned(), Value::clone(data));
    }
    out.extend_from_slice(br#""error":"#);
    out.extend_from_slice(body.to_string().as_bytes());
    out.push(b'}');
    out
}

/// The error of a handler that needs what the client has not declared.
///
/// Implements `MissingRequiredClientCapabilityError` of revision 2026-07-28.
pub fn missing_capability(capability: ClientCapability) -> ProtocolError {
    ProtocolError::new(
        ErrorKind::MissingCapability,
        format!(
            "the client has not declared the capability `{}`",
            capability.as_str()
        ),
    )
    .with_data(json!({"requiredCapabilities": capability.required()}))
}

/// Writes a progress notification.
pub fn encode_progress(
    token: &ProgressToken,
    revision: Revision,
    progress: f64,
    total: Option<f64>,
    message: Option<&str>,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(160);
    out.extend_from_slice(
        br#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"#,
    );
    out.extend_from_slice(token.as_json());
    out.extend_from_slice(format!(r#","progress":{}"#, number(progress)).as_bytes());
    if let Some(total) = total {
        out.extend_from_slice(format!(r#","total":{}"#, number(total)).as_bytes());
    }
    if let Some(message) = message.filter(|_| revision.has_annotations()) {
        out.extend_from_slice(br#","message":"#);
        out.extend_from_slice(Value::from(message).to_string().as_bytes());
    }
    out.extend_from_slice(b"}}");
    out
}

/// A number as JSON: whole ones without a fraction, and never `NaN`.
fn number(value: f64) -> Value {
    const SAFE: f64 = 9_007_199_254_740_991.0;
    if value.fract() == 0.0 && value.abs() <= SAFE {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole and within the range of both types"
        )]
        return Value::from(value as i64);
    }
    serde_json::Number::from_f64(value).map_or(Value::from(0), Value::Number)
}

fn result(
    outcome: &Outcome,
    id: &RequestId,
    revision: Revision,
    server: &ServerIdentity,
) -> Result<Vec<u8>, serde_json::Error> {
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    out.extend_from_slice(id.as_json());
    out.extend_from_slice(br#","result":{"#);
    if revision.is_modern() {
        out.extend_from_slice(br#""resultType":"complete","#);
    }
    match outcome {
        Outcome::Initialize(agreed) => initialize(&mut out, *agreed, server),
        Outcome::Discover => discover(&mut out, server),
        Outcome::Tools(list) => {
            member(&mut out, "tools", list.json(revision));
            caching(&mut out, revision);
        }
        Outcome::Call(output) => call(&mut out, output, revision)?,
        Outcome::Empty | Outcome::Error(_) => {}
    }
    meta(&mut out, outcome, revision, server)?;
    if out.last() == Some(&b',') {
        out.pop();
    }
    out.extend_from_slice(b"}}");
    Ok(out)
}

/// Appends `"name":json,`.
fn member(out: &mut Vec<u8>, name: &str, json: &[u8]) {
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    out.extend_from_slice(json);
    out.push(b',');
}

/// What the server can do. Only what works is named.
const CAPABILITIES: &[u8] = br#"{"tools":{}}"#;

fn initialize(out: &mut Vec<u8>, agreed: Revision, server: &ServerIdentity) {
    member(
        out,
        "protocolVersion",
        Value::from(agreed.as_str()).to_string().as_bytes(),
    );
    member(out, "capabilities", CAPABILITIES);
    member(out, "serverInfo", server.info(agreed));
    instructions(out, server);
}

fn discover(out: &mut Vec<u8>, server: &ServerIdentity) {
    let versions: Vec<_> = Revision::supported_names().collect();
    member(
        out,
        "supportedVersions",
        json!(versions).to_string().as_bytes(),
    );
    member(out, "capabilities", CAPABILITIES);
    instructions(out, server);
    caching(out, Revision::LATEST);
}

fn instructions(out: &mut Vec<u8>, server: &ServerIdentity) {
    if let Some(text) = &server.instructions {
        member(
            out,
            "instructions",
            Value::from(text.as_str()).to_string().as_bytes(),
        );
    }
}

/// The hints that a modern client must be given. Fresh for no time and for one caller
/// only is the answer that is never wrong.
fn caching(out: &mut Vec<u8>, revision: Revision) {
    if revision.is_modern() {
        out.extend_from_slice(br#""ttlMs":0,"cacheScope":"private","#);
    }
}

fn call(
    out: &mut Vec<u8>,
    output: &ToolOutput,
    revision: Revision,
) -> Result<(), serde_json::Error> {
    out.extend_from_slice(br#""content":"#);
    if revision.has_icons() {
        serde_json::to_writer(&mut *out, &output.content)?;
    } else {
        let known = output.content.iter().map(|c| c.as_known_to(revision));
        serde_json::to_writer(&mut *out, &known.collect::<Vec<_>>())?;
    }
    out.push(b',');
    if let Some(structured) = &output.structured
        && revision.has_structured_content()
    {
        structured_content(out, structured, revision);
    }
    if output.is_error {
        out.extend_from_slice(br#""isError":true,"#);
    }
    Ok(())
}

/// Any JSON for a modern client; an object for a legacy one, wrapped where it is none.
///
/// Both framings, lines and events, end at a line end. In JSON those stand between tokens
/// only, so they can be left out.
fn structured_content(out: &mut Vec<u8>, value: &RawValue, revision: Revision) {
    let is_line_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let json = match value.get().as_bytes() {
        json if json.iter().any(is_line_end) => {
            let kept = json.iter().filter(|byte| !is_line_end(byte));
            Cow::Owned(kept.copied().collect::<Vec<u8>>())
        }
        json => Cow::Borrowed(json),
    };
    if revision.is_modern() || json.starts_with(b"{") {
        return member(out, "structuredContent", &json);
    }
    out.extend_from_slice(br#""structuredContent":{"result":"#);
    out.extend_from_slice(&json);
    out.extend_from_slice(b"},");
}

/// `_meta`: the handler's own, and in the modern era who the server is.
fn meta(
    out: &mut Vec<u8>,
    outcome: &Outcome,
    revision: Revision,
    server: &ServerIdentity,
) -> Result<(), serde_json::Error> {
    let own = match outcome {
        Outcome::Call(ToolOutput { meta, .. }) => meta.as_ref().filter(|m| !m.is_empty()),
        _ => None,
    };
    if !revision.is_modern() {
        if let Some(own) = own {
            out.extend_from_slice(br#""_meta":"#);
            serde_json::to_writer(&mut *out, own)?;
            out.push(b',');
        }
        return Ok(());
    }
    out.extend_from_slice(br#""_meta":{"#);
    for (key, value) in own.into_iter().flat_map(Map::iter) {
        if key != SERVER_INFO {
            entry(out, key, value)?;
        }
    }
    member(out, SERVER_INFO, server.info(revision));
    out.pop();
    out.extend_from_slice(b"},");
    Ok(())
}

fn entry<T: Serialize>(out: &mut Vec<u8>, key: &str, value: &T) -> Result<(), serde_json::Error> {
    serde_json::to_writer(&mut *out, key)?;
    out.push(b':');
    serde_json::to_writer(&mut *out, value)?;
    out.push(b',');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Content, Implementation};

    fn server() -> ServerIdentity {
        ServerIdentity::new(Implementation {
            name: "s".into(),
            version: "1".into(),
            title: None,
            website_url: None,
            icons: Vec::new(),
        })
    }

    fn written(outcome: &Outcome, revision: Revision) -> Value {
        let id = RequestId::from_json("7".into()).unwrap();
        serde_json::from_slice(&encode(outcome, &id, revision, &server())).unwrap()
    }

    #[test]
    fn an_empty_result_is_an_object_in_both_eras() {
        let legacy = written(&Outcome::Empty, Revision::V2025_06_18);
        assert_eq!(legacy, json!({"jsonrpc": "2.0", "id": 7, "result": {}}));
        let modern = written(&Outcome::Empty, Revision::LATEST);
        assert_eq!(modern["result"]["resultType"], "complete");
        assert_eq!(modern["result"]["_meta"][SERVER_INFO]["name"], "s");
    }

    #[test]
    fn structured_content_is_wrapped_for_legacy_clients() {
        let output = ToolOutput {
            structured: Some(RawValue::from_string("[1,2]".into()).unwrap()),
            ..ToolOutput::text("[1,2]")
        };
        let outcome = Outcome::Call(output);
        let legacy = written(&outcome, Revision::V2025_11_25);
        assert_eq!(
            legacy["result"]["structuredContent"],
            json!({"result": [1, 2]})
        );
        let modern = written(&outcome, Revision::LATEST);
        assert_eq!(modern["result"]["structuredContent"], json!([1, 2]));
        let old = written(&outcome, Revision::V2025_03_26);
        assert!(old["result"].get("structuredContent").is_none());
    }

    #[test]
    fn line_ends_in_structured_content_do_not_break_the_framing() {
        let pretty = "{\n  \"a\":\r\n [1,\n 2]\n}";
        let output = ToolOutput {
            structured: Some(RawValue::from_string(pretty.into()).unwrap()),
            ..ToolOutput::default()
        };
        for revision in [Revision::V2025_06_18, Revision::LATEST] {
            let id = RequestId::from_json("7".into()).unwrap();
            let message = encode(&Outcome::Call(output.clone()), &id, revision, &server());
            let text = String::from_utf8(message).unwrap();
            assert!(!text.contains(['\n', '\r']), "{text:?}");
            let read: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(read["result"]["structuredContent"], json!({"a": [1, 2]}));
        }
    }

    #[test]
    fn content_that_a_revision_does_not_know_becomes_content_that_it_knows() {
        let outcome = Outcome::Call(ToolOutput {
            content: vec![
                Content::audio(b"x", "audio/wav"),
                Content::resource_link("file:///a", "a"),
            ],
            ..ToolOutput::default()
        });
        let old = written(&outcome, Revision::V2024_11_05);
        assert_eq!(old["result"]["content"][0]["type"], "resource");
        assert_eq!(
            old["result"]["content"][1],
            json!({"type": "text", "text": "a: file:///a"})
        );
        let new = written(&outcome, Revision::V2025_06_18);
        assert_eq!(new["result"]["content"][0]["type"], "audio");
        assert_eq!(new["result"]["content"][1]["type"], "resource_link");
    }
}
