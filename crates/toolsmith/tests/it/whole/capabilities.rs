//! What a server says that it has is what it serves, in every revision.

use serde_json::{Value, json};
use toolsmith::prelude::*;
use toolsmith::protocol::Revision;
use toolsmith::server::Engine;

use super::{client, code};
use crate::support::ask;

#[tool]
fn empty() {}

/// What a client of a revision is told that there is.
async fn advertised(engine: &Engine, revision: Revision) -> Value {
    let method = if revision.is_modern() {
        "server/discover"
    } else {
        "initialize"
    };
    if revision.is_modern() {
        let answer = ask(engine, revision, method, json!({})).await;
        return answer["result"]["capabilities"].clone();
    }
    let body = json!({"jsonrpc": "2.0", "id": 0, "method": method, "params": {
        "protocolVersion": revision.as_str(), "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    }});
    let decoded = toolsmith::protocol::decode(&body.to_string().into(), None).unwrap();
    let toolsmith::protocol::Decoded::Legacy(toolsmith::protocol::Message::Request(request)) =
        decoded
    else {
        panic!("no request: {decoded:?}");
    };
    let (_, outcome) = engine.initialize(&request.params).unwrap();
    let answer = engine.encode(&outcome, &request.id, revision);
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    answer["result"]["capabilities"].clone()
}

/// Requests that need a capability, by its name.
fn requests() -> Vec<(&'static str, &'static str, Value)> {
    let complete = json!({
        "ref": {"type": "ref/prompt", "name": "x"},
        "argument": {"name": "x", "value": ""},
    });
    vec![
        ("tools", "tools/list", json!({})),
        ("tools", "tools/call", json!({"name": "x"})),
        ("prompts", "prompts/list", json!({})),
        ("prompts", "prompts/get", json!({"name": "x"})),
        ("resources", "resources/list", json!({})),
        ("resources", "resources/templates/list", json!({})),
        ("resources", "resources/read", json!({"uri": "x:y"})),
        ("completions", "completion/complete", complete),
    ]
}

fn servers() -> Vec<(&'static str, Server)> {
    let completed = DynamicPrompt::new("p", |_, _| async { "" })
        .argument("a", "")
        .complete("a", |_: Completion| ["b"]);
    let plain = DynamicPrompt::new("p", |_, _| async { "" });
    let text = || DynamicResource::text("a:b", "c");
    vec![
        ("nothing", Server::new("s")),
        ("tools", Server::new("s").tool::<empty>()),
        ("prompts", Server::new("s").dynamic_prompt(plain)),
        ("completions", Server::new("s").dynamic_prompt(completed)),
        ("resources", Server::new("s").dynamic_resource(text())),
    ]
}

#[tokio::test]
async fn what_is_not_advertised_is_not_served_and_the_rest_is() {
    for (what, server) in servers() {
        let engine = server.build().unwrap();
        for revision in Revision::ALL {
            let has = advertised(&engine, revision).await;
            for (needs, method, params) in requests() {
                let answer = ask(&engine, revision, method, params).await;
                let refused = answer["error"]["code"] == -32601;
                // Completions were there before there was a capability for them.
                let old = needs == "completions" && revision < Revision::V2025_03_26;
                if old {
                    continue;
                }
                assert_eq!(
                    refused,
                    has.get(needs).is_none(),
                    "{method} of a server with {what} in {revision}: {has} and {answer}"
                );
            }
        }
    }
}

#[tokio::test]
async fn resources_are_not_subscribed_to_where_there_are_none() {
    let engine = Server::new("s").tool::<empty>().build().unwrap();
    for method in ["resources/subscribe", "resources/unsubscribe"] {
        let client = client(&engine, Revision::LATEST_LEGACY);
        let answer = client.request(method, json!({"uri": "a:b"})).await;
        assert_eq!(code(answer), -32601, "{method}");
    }
}

#[tokio::test]
async fn a_server_that_may_change_has_lists_that_are_empty_yet() {
    let server = Server::new("s");
    let registry = server.registry();
    let engine = server.build().unwrap();
    for revision in Revision::ALL {
        let client = client(&engine, revision);
        assert!(client.tools().await.unwrap().is_empty());
        for (method, member) in [
            ("prompts/list", "prompts"),
            ("resources/list", "resources"),
            ("resources/templates/list", "resourceTemplates"),
        ] {
            assert!(client.list(method, member).await.unwrap().is_empty());
        }
    }
    drop(registry);
}

#[tokio::test]
async fn a_method_of_one_era_is_not_served_in_the_other() {
    let engine = Server::new("s").tool::<empty>().build().unwrap();
    for (method, revision) in [
        ("ping", Revision::LATEST),
        ("logging/setLevel", Revision::LATEST),
        ("no/such/method", Revision::LATEST),
        ("no/such/method", Revision::LATEST_LEGACY),
    ] {
        let answer = client(&engine, revision).request(method, json!({})).await;
        assert_eq!(code(answer), -32601, "{method} in {revision}");
    }
    let legacy = client(&engine, Revision::LATEST_LEGACY);
    let listened = legacy.request("subscriptions/listen", json!({})).await;
    assert_eq!(code(listened), -32601);
    // Only a modern client discovers, so that this one forgot its `_meta`.
    let discovered = legacy.request("server/discover", json!({})).await;
    assert_eq!(code(discovered), -32602);
    assert_eq!(legacy.request("ping", json!({})).await.unwrap(), json!({}));
}
