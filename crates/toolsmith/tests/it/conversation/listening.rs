//! `subscriptions/listen`: what a modern client asks to be told.

use std::time::Duration;

use serde_json::{Value, json};

use super::offers::{able, start, visitor};
use crate::wire::{Endpoint, Stream, modern, soon};

const ID: &str = "/params/_meta/io.modelcontextprotocol~1subscriptionId";

async fn listen(server: &Endpoint, id: &str, filter: Value) -> (Stream, Value) {
    let params = json!({"notifications": filter, "_meta": {
        "io.modelcontextprotocol/clientCapabilities": able(),
    }});
    let ask = modern(id, "subscriptions/listen", params);
    let mut stream = server.open(&ask).await;
    let first = stream.message().await;
    assert_eq!(
        first["method"], "notifications/subscriptions/acknowledged",
        "{first}"
    );
    assert_eq!(first.pointer(ID), Some(&json!(id)), "{first}");
    (stream, first)
}

#[tokio::test]
async fn a_client_is_told_what_it_asked_for_and_nothing_else() {
    let (server, registry) = start();
    let filter = json!({"toolsListChanged": true, "resourceSubscriptions": ["test://page"]});
    let (mut stream, first) = listen(&server, "mine", filter.clone()).await;
    assert_eq!(first["params"]["notifications"], filter, "{first}");
    let prompts = json!({"promptsListChanged": true});
    let (mut others, _) = listen(&server, "theirs", prompts).await;
    registry.enable_prompt("greet", false);
    registry.resource_updated("test://other");
    registry.resource_updated("test://page");
    let told = stream.message().await;
    assert_eq!(told["method"], "notifications/resources/updated", "{told}");
    assert_eq!(told["params"]["uri"], "test://page", "{told}");
    assert_eq!(told.pointer(ID), Some(&json!("mine")), "{told}");
    registry.add_tool(visitor()).unwrap();
    let told = stream.message().await;
    assert_eq!(told["method"], "notifications/tools/list_changed", "{told}");
    let told = others.message().await;
    assert_eq!(
        told["method"], "notifications/prompts/list_changed",
        "{told}"
    );
    assert_eq!(told.pointer(ID), Some(&json!("theirs")), "{told}");
    let short = Duration::from_millis(100);
    let said = tokio::time::timeout(short, others.message()).await;
    assert!(said.is_err(), "{said:?}");
}

#[tokio::test]
async fn changes_that_come_faster_than_they_are_read_are_told_once_and_the_last_is_not_lost() {
    let (server, registry) = start();
    let (mut stream, _) = listen(&server, "mine", json!({"toolsListChanged": true})).await;
    for _ in 0..500 {
        registry.add_tool(visitor()).unwrap();
        registry.remove_tool("visitor");
    }
    registry.enable_tool("book", false);
    let told = stream.message().await;
    assert_eq!(told["method"], "notifications/tools/list_changed", "{told}");
    let mut more = 0;
    let short = Duration::from_millis(200);
    while tokio::time::timeout(short, stream.message()).await.is_ok() {
        more += 1;
    }
    assert!(more < 100, "{more} more");
}

#[tokio::test]
async fn a_client_that_hangs_up_is_forgotten() {
    let (server, _) = start();
    let mut streams = Vec::new();
    for id in ["1", "2", "3"] {
        streams.push(listen(&server, id, json!({"toolsListChanged": true})).await);
    }
    assert_eq!(server.service.subscriptions(), 3);
    drop(streams);
    soon("the end of subscriptions", async {
        while server.service.subscriptions() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_server_that_stops_ends_its_streams_with_an_answer() {
    let (server, _) = start();
    let (mut stream, _) = listen(&server, "mine", json!({"toolsListChanged": true})).await;
    server.service.end_streams();
    let answer = stream.message().await;
    assert_eq!(answer["id"], "mine", "{answer}");
    assert_eq!(answer["result"]["resultType"], "complete", "{answer}");
    assert_eq!(stream.next().await, None);
}
