//! State that travels through a client.
//!
//! The first byte of the input says which real state is sent back, the second with which
//! request, the rest how it was edited. Where the first byte is 255, the rest is the text
//! that is sent instead.

use std::sync::LazyLock;

use serde_json::{Value, json};
use toolsmith_core::Caller;
use toolsmith_core::protocol::ErrorKind;
use toolsmith_core::server::handler::ToolError;
use toolsmith_core::server::tool::DynamicTool;
use toolsmith_core::server::{Context, Server, StateKey};
use toolsmith_core::testing::TestClient;

use crate::edits;
use crate::serve::at_once;

/// Who asks, which tool, and with what.
const REQUESTS: [(usize, &str, &str); 6] = [
    (0, "ask", r#"{"n": 1}"#),
    (0, "ask", r#"{"n": 2}"#),
    (0, "other", r#"{"n": 1}"#),
    (1, "ask", r#"{"n": 1}"#),
    (2, "ask", r#"{"n": 1}"#),
    (3, "ask", r#"{"n": 1}"#),
];

/// Another tenant, another principal, and a server with another key.
static CLIENTS: LazyLock<[TestClient; 4]> = LazyLock::new(|| {
    let ann = || Caller::new("acme").with_principal("ann");
    [
        client(1, ann()),
        client(1, Caller::new("globex").with_principal("ann")),
        client(1, Caller::new("acme").with_principal("bob")),
        client(2, ann()),
    ]
});

/// The state and the key of the question, for each of the requests.
static ASKED: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let asked = (0..REQUESTS.len()).map(|request| {
        let asked = send(request, json!({})).expect("it asks");
        let questions = asked["inputRequests"].as_object().expect("it asks");
        let key = questions.keys().next().expect("it asks one question");
        let state = asked["requestState"].as_str().expect("it has a state");
        (state.to_owned(), key.clone())
    });
    asked.collect()
});

/// State is taken only as this server wrote it, and with the request that it was written
/// for.
pub fn sealed_state(data: &[u8]) {
    let [state, request, edits @ ..] = data else {
        return;
    };
    let given = usize::from(*state) % REQUESTS.len();
    let request = usize::from(*request) % REQUESTS.len();
    let (real, key) = &ASKED[given];
    let text = match state {
        255 => {
            let text = String::from_utf8_lossy(edits).into_owned();
            key_is_read_or_not(&text);
            text
        }
        _ => edits::apply(real, edits),
    };
    let is_good = text == ASKED[request].0;
    let answer = json!({"action": "accept", "content": {"word": "yes"}});
    let result = send(
        request,
        json!({"requestState": text, "inputResponses": {key: answer}}),
    );
    match result {
        Ok(result) => {
            assert!(is_good, "{text} is not of this request: {result}");
            let said = result.pointer("/content/0/text");
            assert_eq!(said.and_then(Value::as_str), Some("yes"), "{result}");
        }
        Err(code) => {
            assert!(!is_good, "the state of this request was refused");
            assert_eq!(code, ErrorKind::InvalidParams.code());
        }
    }
}

fn client(key: u8, caller: Caller) -> TestClient {
    let ask = |_, ctx: Context| async move {
        let schema = json!({
            "type": "object",
            "properties": {"word": {"type": "string"}},
            "required": ["word"],
        });
        let answer = ctx.elicit_form("Which?", schema).await?.accepted()?;
        let word = answer.get("word").and_then(Value::as_str);
        Ok::<_, ToolError>(word.unwrap_or_default().to_owned())
    };
    let schema = || json!({"type": "object"});
    let server = Server::new("asks")
        .state_key(StateKey::from_bytes([key; 32]))
        .dynamic_tool(DynamicTool::new("ask", schema(), ask))
        .dynamic_tool(DynamicTool::new("other", schema(), ask));
    let client = TestClient::new(server).expect("it is a server");
    client.caller(caller).on_elicit(|_| None)
}

fn send(request: usize, mut params: Value) -> Result<Value, i64> {
    let (client, tool, arguments) = REQUESTS[request];
    params["name"] = tool.into();
    params["arguments"] = serde_json::from_str(arguments).expect("it is JSON");
    let result = at_once(CLIENTS[client].send("tools/call", params));
    let result = result.expect("a call that asks waits for nothing");
    result.map_err(|failure| failure.code)
}

/// A key is read however it is written, and never shown.
fn key_is_read_or_not(text: &str) {
    match StateKey::parse(text) {
        Ok(key) => assert!(!format!("{key:?}").contains(text.trim()), "{text}"),
        Err(error) => assert!(!text.is_empty() || error.to_string().contains("0 bytes")),
    }
}
