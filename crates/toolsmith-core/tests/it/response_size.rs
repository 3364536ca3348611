//! How large a message to a client may be, whatever it is.

use std::future::ready;

use serde_json::{Map, Value, json};
use toolsmith_core::protocol::{LogLevel, Revision};
use toolsmith_core::server::resource::DynamicResource;
use toolsmith_core::server::tool::DynamicTool;
use toolsmith_core::server::{Context, Progress, Sampling, Server};
use toolsmith_core::testing::TestClient;

const MOST: usize = 4000;

fn schema() -> Value {
    json!({"type": "object"})
}

/// As many letters as it is asked for.
fn letters() -> DynamicTool {
    DynamicTool::new("letters", schema(), |arguments, _: Context| {
        let many = arguments["many"].as_u64().unwrap() as usize;
        ready("x".repeat(many))
    })
}

fn server() -> Server {
    let page = DynamicResource::text("page://1", "x".repeat(MOST));
    let method = |_, _| {
        ready(Ok(Map::from_iter([(
            "x".to_owned(),
            json!("y".repeat(MOST)),
        )])))
    };
    Server::new("s")
        .max_response(MOST)
        .dynamic_tool(letters())
        .dynamic_resource(page)
        .method("x/much", method)
}

#[tokio::test]
async fn an_answer_that_is_too_large_says_so_instead() {
    let engine = server().build().unwrap();
    for revision in Revision::ALL {
        let client = TestClient::of(engine.clone()).revision(revision);
        let fits = client.call("letters", json!({"many": 3000})).await.unwrap();
        assert_eq!(fits.text().len(), 3000, "{revision}");
        let flood = client.call("letters", json!({"many": MOST})).await.unwrap();
        assert!(flood.is_error(), "{revision}: {}", flood.json());
        let said = flood.text();
        assert!(
            said.contains("4000 are allowed. Ask for less."),
            "{revision}: {said}"
        );
        for (method, params) in [
            ("resources/read", json!({"uri": "page://1"})),
            ("x/much", json!({})),
        ] {
            let refused = client.request(method, params).await.unwrap_err();
            assert_eq!(refused.code, -31019, "{revision}: {refused}");
        }
    }
}

/// The limit is that of the message as it goes out, to the byte.
#[tokio::test]
async fn an_answer_may_have_as_many_bytes_as_are_allowed_and_not_one_more() {
    let length = async |most: usize, many: usize| {
        let server = Server::new("s").max_response(most).dynamic_tool(letters());
        let client = TestClient::new(server).unwrap();
        let client = client.revision(Revision::LATEST_LEGACY);
        let called = client.call("letters", json!({"many": many})).await.unwrap();
        (!called.is_error()).then(|| called.text().len())
    };
    let around =
        json!({"jsonrpc": "2.0", "id": 1, "result": {"content": [{"type": "text", "text": ""}]}});
    let around = around.to_string().len();
    let most = around + 500;
    assert_eq!(length(most, 500).await, Some(500));
    assert_eq!(length(most, 501).await, None);
}

#[tokio::test]
async fn what_is_said_before_the_answer_has_the_same_limit() {
    let tool = DynamicTool::new("say", schema(), |_, context: Context| async move {
        for many in [10, MOST] {
            context.info("x".repeat(many));
            let report = Progress::new(many as f64).message("x".repeat(many));
            context.progress(report);
        }
        let asked = context.sample(Sampling::new("x".repeat(MOST))).await;
        asked.err().map_or_else(String::new, |it| it.to_string())
    });
    let server = Server::new("s").max_response(MOST).dynamic_tool(tool);
    let client = TestClient::new(server).unwrap();
    let client = client.revision(Revision::LATEST_LEGACY);
    let client = client
        .log_level(LogLevel::Info)
        .on_sample(|_| "yes".to_owned());
    let params = json!({"name": "say", "_meta": {"progressToken": 1}});
    let answer = client.request("tools/call", params).await.unwrap();
    let said = client.notifications();
    assert_eq!(said.len(), 2, "{said:?}");
    let told = answer["content"][0]["text"].as_str().unwrap();
    assert!(told.contains("4000 are allowed"), "{answer}");
}
