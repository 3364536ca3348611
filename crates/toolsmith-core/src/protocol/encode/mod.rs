//! From an outcome to the JSON-RPC message that a client of a revision is sent.

mod notification;
mod task;
mod text;

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value, json};

pub use self::notification::{
    Notice, encode_acknowledged, encode_cancelled, encode_log, encode_notice, encode_progress,
    encode_unsubscribed,
};
use super::{
    Caching, ClientCapability, Content, ErrorKind, InputRequired, Outcome, Page, PromptMessage,
    PromptOutput, ProtocolError, ReadOutcome, RequestId, Revision, ServerIdentity, Structured,
    ToolOutput,
};

/// Room for what stands around the long part of a result.
const ROOM: usize = 256;
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

/// The error of a request that needs an extension which the client has not declared.
pub fn missing_extension(identifier: &str) -> ProtocolError {
    ProtocolError::new(
        ErrorKind::MissingCapability,
        format!("the client has not declared the extension `{identifier}`"),
    )
    .with_data(json!({"requiredCapabilities": {"extensions": {identifier: {}}}}))
}

fn result(
    outcome: &Outcome,
    id: &RequestId,
    revision: Revision,
    server: &ServerIdentity,
) -> Result<Vec<u8>, serde_json::Error> {
    let mut out = Vec::with_capacity(ROOM + length(outcome, revision));
    out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    out.extend_from_slice(id.as_json());
    out.extend_from_slice(br#","result":{"#);
    if revision.is_modern() {
        member(&mut out, "resultType", result_type(outcome));
    }
    match outcome {
        Outcome::Initialize(agreed) => initialize(&mut out, *agreed, server),
        Outcome::Discover => discover(&mut out, server),
        Outcome::Page(page) => list(&mut out, page, revision)?,
        Outcome::Call(output) => call(&mut out, output, revision)?,
        Outcome::Read(read) => contents(&mut out, read, revision)?,
        Outcome::Prompt(prompt) => messages(&mut out, prompt, revision)?,
        Outcome::Completions(found) => completions(&mut out, found)?,
        Outcome::InputRequired(asked) => questions(&mut out, asked, revision)?,
        Outcome::TaskCreated(_)
        | Outcome::Task(_)
        | Outcome::TaskResult(_)
        | Outcome::Tasks(..) => {
            task::write(&mut out, outcome, revision, server)?;
        }
        Outcome::Custom(members) => {
            for (key, value) in members.iter().filter(|(key, _)| !is_ours(key)) {
                entry(&mut out, key, value)?;
            }
        }
        Outcome::Empty | Outcome::Unsubscribed | Outcome::Error(_) => {}
    }
    meta(&mut out, outcome, id, revision, server)?;
    if out.last() == Some(&b',') {
        out.pop();
    }
    out.extend_from_slice(b"}}");
    Ok(out)
}

/// About how long the long part of a result is, so that it is written without moving it.
fn length(outcome: &Outcome, revision: Revision) -> usize {
    match outcome {
        Outcome::Page(page) => page.length(revision),
        Outcome::Call(output) => {
            let text = |content: &Content| match content {
                // With some escapes.
                Content::Text { text, .. } => text.len() + text.len() / 16,
                _ => 0,
            };
            let structured = output.structured.as_ref().map_or(0, |it| it.get().len());
            output.content.iter().map(text).sum::<usize>() + structured
        }
        _ => 0,
    }
}

/// Appends `"name":json,`.
fn member(out: &mut Vec<u8>, name: &str, json: &[u8]) {
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    out.extend_from_slice(json);
    out.push(b',');
}

/// What kind of result it is. Only the modern era says it.
fn result_type(outcome: &Outcome) -> &'static [u8] {
    match outcome {
        Outcome::InputRequired(_) => br#""input_required""#,
        Outcome::TaskCreated(_) => br#""task""#,
        _ => br#""complete""#,
    }
}

/// Members that a method of an extension does not write itself.
fn is_ours(key: &str) -> bool {
    matches!(key, "resultType" | "_meta")
}

fn initialize(out: &mut Vec<u8>, agreed: Revision, server: &ServerIdentity) {
    member(
        out,
        "protocolVersion",
        Value::from(agreed.as_str()).to_string().as_bytes(),
    );
    capabilities(out, agreed, server);
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
    capabilities(out, Revision::LATEST, server);
    instructions(out, server);
    Caching::default().write(out);
}

fn capabilities(out: &mut Vec<u8>, revision: Revision, server: &ServerIdentity) {
    let capabilities = server.capabilities.wire(revision);
    member(out, "capabilities", capabilities.to_string().as_bytes());
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

fn list(out: &mut Vec<u8>, page: &Page, revision: Revision) -> Result<(), serde_json::Error> {
    out.push(b'"');
    out.extend_from_slice(page.kind.member().as_bytes());
    out.extend_from_slice(b"\":");
    page.write(out, revision);
    out.push(b',');
    if let Some(next) = &page.next {
        entry(out, "nextCursor", next)?;
    }
    if revision.is_modern() {
        page.caching.write(out);
    }
    Ok(())
}

fn contents(
    out: &mut Vec<u8>,
    read: &ReadOutcome,
    revision: Revision,
) -> Result<(), serde_json::Error> {
    let parts = read.output.contents.iter();
    let parts: Vec<_> = parts
        .map(|part| {
            let mut part = part.wire(&read.uri, read.mime_type.as_deref());
            part.meta = part.meta.filter(|_| revision.has_structured_content());
            part
        })
        .collect();
    entry(out, "contents", &parts)?;
    if revision.is_modern() {
        read.output.caching.unwrap_or(read.caching).write(out);
    }
    Ok(())
}

fn messages(
    out: &mut Vec<u8>,
    prompt: &PromptOutput,
    revision: Revision,
) -> Result<(), serde_json::Error> {
    if let Some(description) = &prompt.description {
        entry(out, "description", description)?;
    }
    let message =
        |it: &PromptMessage| json!({"role": it.role, "content": it.content.known_to(revision)});
    let messages: Vec<_> = prompt.messages.iter().map(message).collect();
    entry(out, "messages", &messages)
}

fn completions(out: &mut Vec<u8>, found: &super::Completions) -> Result<(), serde_json::Error> {
    let mut completion = json!({"values": found.values(), "hasMore": found.has_more()});
    if let (Some(total), Some(object)) = (found.total(), completion.as_object_mut()) {
        object.insert("total".to_owned(), json!(total));
    }
    entry(out, "completion", &completion)
}

fn questions(
    out: &mut Vec<u8>,
    asked: &InputRequired,
    revision: Revision,
) -> Result<(), serde_json::Error> {
    if !asked.questions.is_empty() {
        entry(out, "inputRequests", &asked_of(&asked.questions, revision))?;
    }
    entry(out, "requestState", &asked.state)
}

/// Questions by key, as a modern client reads them.
fn asked_of<Q>(questions: &[(Box<str>, Q)], revision: Revision) -> Map<String, Value>
where
    Q: std::borrow::Borrow<super::Question>,
{
    let ask = |(key, question): &(Box<str>, Q)| {
        let question = question.borrow();
        // What the revision cannot ask was refused when it was asked.
        let params = question.known_to(revision).unwrap_or_default();
        let mut request = json!({"method": question.kind.method()});
        if let Some(request) = request.as_object_mut().filter(|_| !params.is_empty()) {
            request.insert("params".to_owned(), Value::Object(params));
        }
        (key.to_string(), request)
    };
    questions.iter().map(ask).collect()
}

fn call(
    out: &mut Vec<u8>,
    output: &ToolOutput,
    revision: Revision,
) -> Result<(), serde_json::Error> {
    out.extend_from_slice(br#""content":["#);
    for (index, content) in output.content.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        block(out, content, revision)?;
    }
    out.extend_from_slice(b"],");
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

fn block(
    out: &mut Vec<u8>,
    content: &Content,
    revision: Revision,
) -> Result<(), serde_json::Error> {
    match content {
        // The common block, and the one that may be long.
        Content::Text {
            text,
            annotations: None,
        } => {
            out.extend_from_slice(br#"{"type":"text","text":"#);
            text::write(out, text);
            out.push(b'}');
            Ok(())
        }
        content if revision.has_icons() => serde_json::to_writer(out, content),
        content => serde_json::to_writer(out, &content.known_to(revision)),
    }
}

/// Any JSON for a modern client; an object for a legacy one.
///
/// Both framings, lines and events, end at a line end. In JSON those stand between tokens
/// only, so they can be left out.
fn structured_content(out: &mut Vec<u8>, value: &Structured, revision: Revision) {
    let is_line_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let json = match value.get().as_bytes() {
        json if json.iter().any(is_line_end) => {
            let kept = json.iter().filter(|byte| !is_line_end(byte));
            Cow::Owned(kept.copied().collect::<Vec<u8>>())
        }
        json => Cow::Borrowed(json),
    };
    if revision.is_modern() || !value.is_wrapped() {
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
    id: &RequestId,
    revision: Revision,
    server: &ServerIdentity,
) -> Result<(), serde_json::Error> {
    let own = match outcome {
        Outcome::Call(ToolOutput { meta, .. }) | Outcome::Prompt(PromptOutput { meta, .. }) => {
            meta.as_ref()
        }
        Outcome::Read(read) => read.output.meta.as_ref(),
        Outcome::Custom(members) => members.get("_meta").and_then(Value::as_object),
        _ => None,
    };
    let own = own.filter(|m| !m.is_empty());
    if !revision.is_modern() {
        // What a task came to says itself which task that was.
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
    if let Outcome::Unsubscribed = outcome {
        member(out, notification::SUBSCRIPTION_ID, id.as_json());
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
    use serde_json::value::RawValue;

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
            structured: Some(json!([1, 2]).into()),
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
            structured: Some(RawValue::from_string(pretty.into()).unwrap().into()),
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
