//! Changes of resources, told to those who asked, in both eras.

use std::sync::Arc;
use std::sync::Mutex;

use serde_json::{Value, json};
use tokio::sync::Notify;
use toolsmith::ports::MemoryBus;
use toolsmith::prelude::*;
use toolsmith::protocol::{Decoded, Revision, decode};
use toolsmith::server::{Engine, Peer, ReplySink};
use toolsmith::testing::{Listening, TestClient};

use super::{BOTH, client, code, soon};

#[resource("notes://{id}")]
fn note(id: u8) -> String {
    id.to_string()
}

fn served() -> (Engine, Registry) {
    let server = Server::new("s")
        .resource::<note>()
        .dynamic_resource(DynamicResource::text("motd:x", ""));
    let registry = server.registry();
    (server.build().unwrap(), registry)
}

/// Asks to be told of resources, in the way of the era.
async fn subscribed(client: &TestClient, revision: Revision, uris: &[&str]) -> Listening {
    if revision.is_modern() {
        let listening = client.listen(json!({"resourceSubscriptions": uris})).await;
        let said = client.next_notification().await.unwrap();
        assert_eq!(
            said["params"]["notifications"]["resourceSubscriptions"],
            json!(uris)
        );
        return listening.unwrap();
    }
    for uri in uris {
        let done = client.request("resources/subscribe", json!({"uri": uri}));
        assert_eq!(done.await.unwrap(), json!({}));
    }
    client.listen(json!({})).await.unwrap()
}

async fn next_uri(client: &TestClient) -> String {
    let said = client.next_notification().await.unwrap();
    assert_eq!(said["method"], "notifications/resources/updated", "{said}");
    said["params"]["uri"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_client_is_told_of_the_resources_that_it_named() {
    for revision in Revision::ALL {
        let (engine, registry) = served();
        let client = client(&engine, revision);
        let _listening = subscribed(&client, revision, &["motd:x", "notes://1"]).await;
        registry.resource_updated("notes://2");
        registry.resource_updated("notes://1");
        assert_eq!(next_uri(&client).await, "notes://1", "{revision}");
        registry.resource_updated("motd:x");
        assert_eq!(next_uri(&client).await, "motd:x", "{revision}");
        assert_eq!(client.notifications(), [] as [Value; 0]);
    }
}

#[tokio::test]
async fn what_is_not_there_cannot_be_subscribed_to() {
    let (engine, _registry) = served();
    let legacy = client(&engine, Revision::LATEST_LEGACY);
    let asked = legacy.request("resources/subscribe", json!({"uri": "none:x"}));
    assert_eq!(code(asked.await), -32002);
    assert_eq!(
        code(legacy.request("resources/subscribe", json!({})).await),
        -32602
    );
    let modern = client(&engine, Revision::LATEST);
    let filter = json!({"resourceSubscriptions": ["none:x", "motd:x"]});
    let _listening = modern.listen(filter).await.unwrap();
    let said = modern.next_notification().await.unwrap();
    let granted = &said["params"]["notifications"];
    assert_eq!(*granted, json!({"resourceSubscriptions": ["motd:x"]}));
}

#[tokio::test]
async fn an_unsubscribed_client_is_not_told_any_more() {
    let (engine, registry) = served();
    let client = client(&engine, Revision::LATEST_LEGACY);
    let uris = ["motd:x", "notes://1"];
    let _listening = subscribed(&client, Revision::LATEST_LEGACY, &uris).await;
    let done = client.request("resources/unsubscribe", json!({"uri": "motd:x"}));
    assert_eq!(done.await.unwrap(), json!({}));
    registry.resource_updated("motd:x");
    registry.resource_updated("notes://1");
    assert_eq!(next_uri(&client).await, "notes://1");
    assert_eq!(client.notifications(), [] as [Value; 0]);
}

#[tokio::test]
async fn a_legacy_session_keeps_what_it_named_and_what_happened_before_it_listens() {
    let (engine, registry) = served();
    let client = client(&engine, Revision::LATEST_LEGACY);
    let first = subscribed(&client, Revision::LATEST_LEGACY, &["motd:x"]).await;
    registry.resource_updated("motd:x");
    assert_eq!(next_uri(&client).await, "motd:x");
    drop(first);
    registry.resource_updated("motd:x");
    let _again = client.listen(json!({})).await.unwrap();
    assert_eq!(
        next_uri(&client).await,
        "motd:x",
        "it was lost between two streams"
    );
}

#[tokio::test]
async fn a_tenant_hears_nothing_of_another_tenants_resources() {
    for revision in BOTH {
        let (engine, registry) = served();
        for tenant in ["ours", "theirs"] {
            let own = DynamicResource::text("own:x", "");
            registry.for_tenant(tenant).add_resource(own).unwrap();
        }
        let ours = client(&engine, revision).caller(Caller::new("ours"));
        let theirs = client(&engine, revision).caller(Caller::new("theirs"));
        let _listening = subscribed(&ours, revision, &["motd:x", "own:x"]).await;
        let _too = subscribed(&theirs, revision, &["motd:x", "own:x"]).await;
        // A new session may be told first that lists have changed.
        registry.for_tenant("ours").resource_updated("own:x");
        registry.resource_updated("motd:x");
        let updates = |client: TestClient| async move {
            let mut uris = Vec::new();
            while uris.last().map(String::as_str) != Some("motd:x") {
                let said = client.next_notification().await.unwrap();
                if let Some(uri) = said["params"]["uri"].as_str() {
                    uris.push(uri.to_owned());
                }
            }
            uris
        };
        assert_eq!(soon(updates(ours)).await, ["own:x", "motd:x"], "{revision}");
        assert_eq!(soon(updates(theirs)).await, ["motd:x"], "{revision}");
    }
}

/// A client that reads only when it is told to.
#[derive(Debug, Default)]
struct Slow {
    heard: Mutex<Vec<Value>>,
    read: Notify,
    waits: Notify,
}

impl ReplySink for Slow {
    fn notify(&self, message: Vec<u8>) -> bool {
        let message = serde_json::from_slice(&message).unwrap();
        self.heard.lock().unwrap().push(message);
        true
    }

    fn ask(&self, _: Vec<u8>) -> bool {
        false
    }

    fn ready(&self) -> std::pin::Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        Box::pin(async {
            self.waits.notify_one();
            self.read.notified().await;
            true
        })
    }
}

#[tokio::test]
async fn a_slow_subscriber_is_not_waited_for_and_is_told_once_of_what_happened_often() {
    let (engine, registry) = served();
    let slow = Arc::new(Slow::default());
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": {
        "notifications": {"toolsListChanged": true, "resourceSubscriptions": ["motd:x"]},
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": Revision::LATEST.as_str(),
            "io.modelcontextprotocol/clientCapabilities": {},
        },
    }});
    let Ok(Decoded::Modern(request, meta)) = decode(&body.to_string().into(), None) else {
        panic!("no request");
    };
    let peer = Peer::modern(meta, Caller::default());
    let listening = tokio::spawn(engine.clone().dispatch(request, peer, Some(slow.clone())));
    soon(slow.waits.notified()).await;
    // Ten thousand changes are made while nobody reads, and none of them waits.
    let quick = client(&engine, Revision::LATEST);
    for n in 0..5000 {
        registry.resource_updated("motd:x");
        if n % 50 == 0 {
            let schema = json!({"type": "object"});
            let tool = DynamicTool::new(format!("t{n}"), schema, |_, _| async { "" });
            registry.add_tool(tool).unwrap();
        }
    }
    assert_eq!(quick.tools().await.unwrap().len(), 100);
    for _ in 0..2 {
        slow.read.notify_one();
        soon(slow.waits.notified()).await;
    }
    let heard: Vec<Value> = slow
        .heard
        .lock()
        .unwrap()
        .iter()
        .map(|it| it["method"].clone())
        .collect();
    assert_eq!(
        heard,
        [
            "notifications/subscriptions/acknowledged",
            "notifications/tools/list_changed",
            "notifications/resources/updated",
        ],
        "two kinds of changes are two messages, however often they happened"
    );
    // Nothing is left, and what comes next is told.
    registry.resource_updated("motd:x");
    slow.read.notify_one();
    soon(slow.waits.notified()).await;
    assert_eq!(slow.heard.lock().unwrap().len(), 4);
    listening.abort();
}

#[tokio::test]
async fn there_are_no_more_subscriptions_than_there_may_be() {
    let server = Server::new("s").dynamic_resource(DynamicResource::text("motd:x", ""));
    let engine = server.max_subscriptions(1).build().unwrap();
    let one = client(&engine, Revision::LATEST);
    let listening = subscribed(&one, Revision::LATEST, &["motd:x"]).await;
    let two = client(&engine, Revision::LATEST);
    let _refused = two
        .listen(json!({"resourcesListChanged": true}))
        .await
        .unwrap();
    let said = two.next_notification().await.unwrap();
    assert_eq!(said["error"]["code"], -31017, "{said}");
    drop(listening);
}

#[tokio::test]
async fn a_change_in_one_process_is_told_to_the_clients_of_another() {
    for revision in BOTH {
        let bus = Arc::new(MemoryBus::new());
        let process = || {
            let server = Server::new("s").resource::<note>();
            server.bus(Arc::clone(&bus) as _)
        };
        let (here, there) = (process(), process());
        let registry = here.registry();
        let _here = here.build().unwrap();
        let client = client(&there.build().unwrap(), revision);
        let _listening = subscribed(&client, revision, &["notes://1"]).await;
        registry.resource_updated("notes://1");
        assert_eq!(next_uri(&client).await, "notes://1", "{revision}");
    }
}
