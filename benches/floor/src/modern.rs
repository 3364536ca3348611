//! `add` and `echo` in the modern era.

use std::borrow::Cow;

use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::respond::{self, Answer};

/// What stands between the text of a result and the end of its message.
pub(crate) const AFTER_TEXT: &str = concat!(
    r#"}],"_meta":{"io.modelcontextprotocol/serverInfo":"#,
    r#"{"name":"bench","version":"1"}}}}"#
);
/// What stands between the id and the text.
pub(crate) const BEFORE_TEXT: &str =
    r#","result":{"resultType":"complete","content":[{"type":"text","text":"#;

/// A call of a tool, as far as it is looked at.
#[derive(Deserialize)]
pub(crate) struct Call<'a, A> {
    #[serde(borrow)]
    pub(crate) id: &'a RawValue,
    pub(crate) params: Params<A>,
}

#[derive(Deserialize)]
pub(crate) struct Params<A> {
    pub(crate) arguments: A,
}

/// The arguments of `add`.
#[derive(Deserialize)]
pub(crate) struct Terms {
    a: i64,
    b: i64,
}

impl Terms {
    pub(crate) fn sum(&self) -> i64 {
        self.a + self.b
    }
}

/// The arguments of `echo`; text without escapes is not copied.
#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    text: Cow<'a, str>,
}

pub(crate) async fn add(body: Bytes) -> Response {
    respond::json(sum(&body))
}

fn sum(body: &[u8]) -> Answer {
    let call: Call<'_, Terms> = serde_json::from_slice(body)?;
    let mut answer = begin(call.id, 20);
    answer.push(b'"');
    serde_json::to_writer(&mut answer, &call.params.arguments.sum())?;
    answer.push(b'"');
    Ok(end(answer))
}

pub(crate) async fn echo(body: Bytes) -> Response {
    respond::json(same(&body))
}

fn same(body: &[u8]) -> Answer {
    let call: Call<'_, Said<'_>> = serde_json::from_slice(body)?;
    let text = call.params.arguments.text;
    let mut answer = begin(call.id, text.len());
    serde_json::to_writer(&mut answer, &text)?;
    Ok(end(answer))
}

/// The answer up to its text, with room for the rest of it.
fn begin(id: &RawValue, text: usize) -> Vec<u8> {
    let begin = r#"{"jsonrpc":"2.0","id":"#;
    let fixed = begin.len() + BEFORE_TEXT.len() + AFTER_TEXT.len() + 2;
    let mut answer = Vec::with_capacity(fixed + id.get().len() + text);
    for part in [begin, id.get(), BEFORE_TEXT] {
        answer.extend_from_slice(part.as_bytes());
    }
    answer
}

fn end(mut answer: Vec<u8>) -> Bytes {
    answer.extend_from_slice(AFTER_TEXT.as_bytes());
    answer.into()
}
