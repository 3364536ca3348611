//! What an answer looks like, whatever was asked.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use toolsmith_core::protocol::{Refusal, RequestId};
use toolsmith_core::server::Answer;

/// A JSON-RPC answer, and nothing else beside it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<'a> {
    jsonrpc: &'a str,
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<Failed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Failed {
    code: i64,
    message: String,
    #[serde(default, rename = "data")]
    _data: Option<IgnoredAny>,
}

/// Checks that a text is one answer to the request of an id, and gives the code of its
/// error; 0 where it is a result.
pub(crate) fn is_one(message: &[u8], id: Option<&RequestId>) -> i64 {
    let shown = String::from_utf8_lossy(message);
    let written: Written<'_> = match serde_json::from_slice(message) {
        Ok(written) => written,
        Err(error) => panic!("{error}: {shown}"),
    };
    let given = written.id.map(|id| id.get().as_bytes());
    assert_eq!(written.jsonrpc, "2.0", "{shown}");
    // MCP leaves the id out where JSON-RPC writes `null`.
    assert!(given == id.map(RequestId::as_json), "{id:?}: {shown}");
    match (written.result, written.error) {
        (Some(_), None) => 0,
        (None, Some(error)) => {
            assert!(error.code != 0 && !error.message.is_empty(), "{shown}");
            error.code
        }
        _ => panic!("it is not a result or an error: {shown}"),
    }
}

/// Checks a refusal: it has a status of its own and is written as an error.
pub(crate) fn is_refusal(refusal: &Refusal) {
    let answer = Answer::from(refusal);
    assert!((200..600).contains(&answer.status), "{refusal:?}");
    let code = is_one(&answer.message, refusal.id.as_ref());
    assert_eq!(code, refusal.error.kind.code(), "{refusal:?}");
}
