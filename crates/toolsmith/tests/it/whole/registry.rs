//! What a server offers may change while it serves, and those who may see it are told.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::watch;
use toolsmith::prelude::*;
use toolsmith::protocol::Revision;
use toolsmith::server::Engine;
use toolsmith::testing::{Listening, TestClient};

use super::{BOTH, client, code, soon};

fn tool(name: &str) -> DynamicTool {
    let schema = json!({"type": "object"});
    DynamicTool::new(name, schema, |_, context| async move {
        context.name().to_owned()
    })
}

fn prompt(name: &str) -> DynamicPrompt {
    DynamicPrompt::new(name, |_, _| async { "p" })
}

fn resource(uri: &str) -> DynamicResource {
    DynamicResource::text(uri, "r")
}

fn served() -> (Engine, Registry) {
    let server = Server::new("s")
        .dynamic_tool(tool("first"))
        .dynamic_prompt(prompt("first"))
        .dynamic_resource(resource("first:x"));
    let registry = server.registry();
    (server.build().unwrap(), registry)
}

/// Everything that a client can ask to be told of lists.
fn every_list() -> Value {
    json!({"toolsListChanged": true, "promptsListChanged": true, "resourcesListChanged": true})
}

/// Listens, until the server has said that it heard.
async fn listens(client: &TestClient, filter: Value, revision: Revision) -> Listening {
    let listening = client.listen(filter).await.unwrap();
    if revision.is_modern() {
        let said = client.next_notification().await.unwrap();
        assert_eq!(said["method"], "notifications/subscriptions/acknowledged");
    }
    listening
}

async fn next_method(client: &TestClient) -> String {
    let said = client.next_notification().await.unwrap();
    said["method"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_is_added_and_removed_is_seen_by_the_next_request() {
    let (engine, registry) = served();
    for revision in BOTH {
        let client = client(&engine, revision);
        registry.add_tool(tool("new")).unwrap();
        registry.add_prompt(prompt("new")).unwrap();
        registry.add_resource(resource("new:x")).unwrap();
        registry.add_resource(resource("new:{x}/y")).unwrap();
        assert_eq!(client.tools().await.unwrap(), ["first", "new"]);
        assert_eq!(client.call("new", json!({})).await.unwrap().text(), "new");
        assert_eq!(
            client.prompt("new", json!({})).await.unwrap().texts(),
            ["p"]
        );
        assert_eq!(client.read("new:x").await.unwrap()[0]["text"], "r");
        assert_eq!(client.read("new:1/y").await.unwrap()[0]["text"], "r");
        assert!(registry.remove_tool("new") && !registry.remove_tool("new"));
        assert!(registry.remove_prompt("new") && !registry.remove_prompt("new"));
        assert!(registry.remove_resource("new:x") && !registry.remove_resource("new:x"));
        assert!(registry.remove_resource("new:{x}/y"));
        assert_eq!(client.tools().await.unwrap(), ["first"]);
        assert_eq!(code(client.call("new", json!({})).await), -32602);
        assert_eq!(code(client.prompt("new", json!({})).await), -32602);
        assert!(client.read("new:x").await.is_err());
        assert!(client.read("new:1/y").await.is_err());
    }
}

#[tokio::test]
async fn what_is_disabled_is_neither_listed_nor_done_until_it_is_enabled() {
    let (engine, registry) = served();
    for revision in BOTH {
        let client = client(&engine, revision);
        assert!(registry.enable_tool("first", false));
        assert!(registry.enable_prompt("first", false));
        assert!(registry.enable_resource("first:x", false));
        assert!(client.tools().await.unwrap().is_empty());
        assert!(
            client
                .list("prompts/list", "prompts")
                .await
                .unwrap()
                .is_empty()
        );
        assert!(
            client
                .list("resources/list", "resources")
                .await
                .unwrap()
                .is_empty()
        );
        assert_eq!(code(client.call("first", json!({})).await), -32602);
        assert_eq!(code(client.prompt("first", json!({})).await), -32602);
        assert!(client.read("first:x").await.is_err());
        assert!(registry.enable_tool("first", true));
        assert!(registry.enable_prompt("first", true));
        assert!(registry.enable_resource("first:x", true));
        assert_eq!(client.tools().await.unwrap(), ["first"]);
        assert!(client.call("first", json!({})).await.is_ok());
        assert!(client.prompt("first", json!({})).await.is_ok());
        assert!(client.read("first:x").await.is_ok());
    }
    assert!(!registry.enable_tool("none", true));
}

#[tokio::test]
async fn what_is_wrong_is_refused_and_changes_nothing() {
    let (engine, registry) = served();
    let client = client(&engine, Revision::LATEST);
    let _listening = listens(&client, every_list(), Revision::LATEST).await;
    let said = registry.add_tool(tool("first")).unwrap_err().to_string();
    assert!(said.contains("`first`"), "{said}");
    assert!(registry.add_tool(tool("not a name")).is_err());
    assert!(registry.add_prompt(prompt("first")).is_err());
    assert!(registry.add_resource(resource("first:x")).is_err());
    assert!(registry.add_resource(resource("a:{x")).is_err());
    assert_eq!(client.tools().await.unwrap(), ["first"]);
    // Whatever was told comes before this.
    registry.add_tool(tool("second")).unwrap();
    assert_eq!(
        next_method(&client).await,
        "notifications/tools/list_changed"
    );
    assert_eq!(client.notifications(), [] as [Value; 0]);
}

#[tokio::test]
async fn each_change_is_told_as_what_it_is() {
    for revision in Revision::ALL {
        let (engine, registry) = served();
        let client = client(&engine, revision);
        let _listening = listens(&client, every_list(), revision).await;
        type Change = fn(&Registry);
        let changes: [(Change, &str); 6] = [
            (|it| it.add_tool(tool("new")).unwrap(), "tools"),
            (|it| assert!(it.enable_tool("new", false)), "tools"),
            (|it| assert!(it.remove_tool("new")), "tools"),
            (|it| it.add_prompt(prompt("new")).unwrap(), "prompts"),
            (
                |it| it.add_resource(resource("new:x")).unwrap(),
                "resources",
            ),
            (|it| it.resources_changed(), "resources"),
        ];
        for (change, what) in changes {
            change(&registry);
            let said = next_method(&client).await;
            assert_eq!(
                said,
                format!("notifications/{what}/list_changed"),
                "{revision}"
            );
        }
        // To disable what is disabled changes nothing, and so is not told.
        assert!(registry.enable_tool("first", true));
        registry.add_prompt(prompt("last")).unwrap();
        assert_eq!(
            next_method(&client).await,
            "notifications/prompts/list_changed"
        );
    }
}

#[tokio::test]
async fn a_modern_client_is_told_of_what_it_asked_for_and_nothing_else() {
    let (engine, registry) = served();
    let client = client(&engine, Revision::LATEST);
    let filter = json!({"promptsListChanged": true});
    let listening = client.listen(filter.clone()).await.unwrap();
    let said = client.next_notification().await.unwrap();
    assert_eq!(said["params"]["notifications"], filter, "{said}");
    let id = &said["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"];
    assert!(id.is_number(), "{said}");
    registry.add_tool(tool("new")).unwrap();
    registry.add_resource(resource("new:x")).unwrap();
    registry.add_prompt(prompt("new")).unwrap();
    let heard = client.next_notification().await.unwrap();
    assert_eq!(heard["method"], "notifications/prompts/list_changed");
    assert_eq!(
        heard["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"],
        *id
    );
    assert_eq!(client.notifications(), [] as [Value; 0]);
    drop(listening);
}

#[tokio::test]
async fn a_list_that_the_server_has_not_is_not_promised() {
    let engine = Server::new("s").dynamic_tool(tool("only")).build().unwrap();
    let client = client(&engine, Revision::LATEST);
    let _listening = client.listen(every_list()).await.unwrap();
    let said = client.next_notification().await.unwrap();
    assert_eq!(
        said["params"]["notifications"],
        json!({"toolsListChanged": true})
    );
}

#[tokio::test]
async fn those_who_cannot_see_a_change_are_not_told_of_it() {
    for revision in BOTH {
        let (engine, registry) = served();
        let ours = client(&engine, revision).caller(Caller::new("ours"));
        let theirs = client(&engine, revision).caller(Caller::new("theirs"));
        let _listening = listens(&ours, every_list(), revision).await;
        let _too = listens(&theirs, every_list(), revision).await;
        let of_ours = registry.for_tenant("ours");
        of_ours.add_tool(tool("secret")).unwrap();
        assert_eq!(next_method(&ours).await, "notifications/tools/list_changed");
        assert_eq!(ours.tools().await.unwrap(), ["first", "secret"]);
        assert_eq!(theirs.tools().await.unwrap(), ["first"]);
        assert!(theirs.call("secret", json!({})).await.is_err());
        assert!(ours.call("secret", json!({})).await.is_ok());
        // Whatever was told to others comes before what is told to everybody.
        registry.add_prompt(prompt("new")).unwrap();
        assert_eq!(
            next_method(&theirs).await,
            "notifications/prompts/list_changed"
        );
        assert_eq!(
            next_method(&ours).await,
            "notifications/prompts/list_changed"
        );
        assert_eq!(theirs.notifications(), [] as [Value; 0]);
    }
}

#[tool]
async fn grows(context: Context, name: String) -> Result<(), ToolError> {
    let added = context.registry().add_tool(tool(&name));
    added.map_err(|error| ToolError::user(error.to_string()))
}

#[tokio::test]
async fn a_handler_may_change_what_the_server_offers() {
    for revision in BOTH {
        let engine = Server::new("s").tool::<grows>().build().unwrap();
        let client = client(&engine, revision);
        let _listening = listens(&client, every_list(), revision).await;
        let grown = client.call("grows", json!({"name": "b"})).await.unwrap();
        assert!(!grown.is_error(), "{}", grown.text());
        assert_eq!(
            next_method(&client).await,
            "notifications/tools/list_changed"
        );
        assert_eq!(client.tools().await.unwrap(), ["grows", "b"]);
        let again = client.call("grows", json!({"name": "b"})).await.unwrap();
        assert!(again.is_error(), "{}", again.text());
    }
}

#[tokio::test]
async fn a_subscription_ends_with_an_answer_when_the_server_stops() {
    let (engine, _registry) = served();
    let client = client(&engine, Revision::LATEST);
    let _listening = listens(&client, every_list(), Revision::LATEST).await;
    assert_eq!(engine.subscriptions(), 1);
    engine.close_streams();
    let ended = soon(async {
        loop {
            let said = client.next_notification().await.unwrap();
            if said.get("result").is_some() {
                return said;
            }
        }
    });
    let ended = ended.await;
    assert_eq!(ended["result"]["resultType"], "complete", "{ended}");
    assert_eq!(engine.subscriptions(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_looks_when_told_has_seen_everything_once_it_is_quiet() {
    for revision in BOTH {
        let (engine, registry) = served();
        let client = client(&engine, revision);
        let _listening = listens(&client, every_list(), revision).await;
        let changers = (0..4).map(|n| {
            let registry = registry.clone();
            tokio::spawn(async move {
                for m in 0..50 {
                    registry.add_tool(tool(&format!("t{n}-{m}"))).unwrap();
                    if m % 3 == 0 {
                        assert!(registry.remove_tool(&format!("t{n}-{m}")));
                    }
                    tokio::task::yield_now().await;
                }
                assert!(registry.enable_tool(&format!("t{n}-1"), false));
            })
        });
        let changers: Vec<_> = changers.collect();
        // Somebody who looks only when told.
        let client = Arc::new(client);
        let (seen, mut looked) = watch::channel(Vec::new());
        let looking = Arc::clone(&client);
        let looker = tokio::spawn(async move {
            loop {
                let said = next_method(&looking).await;
                assert_eq!(said, "notifications/tools/list_changed");
                seen.send_replace(looking.tools().await.unwrap());
            }
        });
        for changer in changers {
            changer.await.unwrap();
        }
        let last = client.tools().await.unwrap();
        assert_eq!(last.len(), 1 + 4 * (50 - 17 - 1), "{revision}");
        soon(looked.wait_for(|seen| *seen == last)).await.unwrap();
        looker.abort();
    }
}
