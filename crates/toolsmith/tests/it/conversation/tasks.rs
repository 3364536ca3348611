//! Tasks, over HTTP in both eras.

use serde_json::{Value, json};

use super::offers::{able, able_in, start};
use crate::wire::{Ask, Connection, Endpoint, Session, call, modern, soon};

fn as_able(id: u32, method: &str, mut params: Value) -> Ask {
    params["_meta"] = json!({"io.modelcontextprotocol/clientCapabilities": able()});
    modern(id, method, params)
}

async fn get(server: &Endpoint, task: &str) -> Value {
    let reply = server
        .send(&as_able(2, "tasks/get", json!({"taskId": task})))
        .await;
    reply.message()["result"].clone()
}

/// Asks until a task has a status.
async fn until(server: &Endpoint, task: &str, status: &str) -> Value {
    soon(status, async {
        loop {
            let now = get(server, task).await;
            if now["status"] == status {
                return now;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    })
    .await
}

async fn created(server: &Endpoint, tool: &str) -> String {
    let reply = server
        .send(&as_able(1, "tools/call", call(tool, json!({}))))
        .await;
    let result = &reply.message()["result"];
    assert_eq!(result["resultType"], "task", "{reply:?}");
    result["taskId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_modern_task_goes_on_by_itself_and_keeps_its_result() {
    let (server, _) = start();
    let task = created(&server, "render").await;
    server.gate.started(1).await;
    let now = get(&server, &task).await;
    assert_eq!(now["status"], "working", "{now}");
    assert_eq!(now["statusMessage"], "halfway", "{now}");
    server.gate.open();
    let done = until(&server, &task, "completed").await;
    assert_eq!(done["result"]["content"][0]["text"], "rendered", "{done}");
    assert_eq!(get(&server, &task).await["result"], done["result"]);
}

#[tokio::test]
async fn a_modern_task_asks_and_is_answered() {
    let (server, _) = start();
    let task = created(&server, "confirm").await;
    let now = until(&server, &task, "input_required").await;
    let (key, question) = now["inputRequests"]
        .as_object()
        .unwrap()
        .iter()
        .next()
        .unwrap();
    assert_eq!(question["method"], "elicitation/create", "{now}");
    let answer = json!({"action": "accept", "content": {"city": "Oslo"}});
    let update = json!({"taskId": task, "inputResponses": {key: answer}});
    let reply = server.send(&as_able(3, "tasks/update", update)).await;
    assert_eq!(
        reply.message()["result"]["resultType"],
        "complete",
        "{reply:?}"
    );
    let done = until(&server, &task, "completed").await;
    assert_eq!(
        done["result"]["content"][0]["text"], "off to Oslo",
        "{done}"
    );
}

#[tokio::test]
async fn a_modern_task_is_cancelled_at_its_next_await() {
    let (server, _) = start();
    let task = created(&server, "render").await;
    server.gate.started(1).await;
    let cancel = as_able(3, "tasks/cancel", json!({"taskId": task}));
    let reply = server.send(&cancel).await;
    assert_eq!(
        reply.message()["result"]["resultType"],
        "complete",
        "{reply:?}"
    );
    server.gate.dropped(1).await;
    until(&server, &task, "cancelled").await;
}

#[tokio::test]
async fn a_client_that_does_not_know_tasks_is_answered_at_once_or_told_why_not() {
    let (server, _) = start();
    server.gate.open();
    let ask = modern(1, "tools/call", call("render", json!({})));
    assert_eq!(server.send(&ask).await.said(), "rendered");
    let ask = modern(1, "tools/call", call("confirm", json!({})));
    let reply = server.send(&ask).await;
    assert_eq!(reply.message()["error"]["code"], -32021, "{reply:?}");
    for method in ["tasks/get", "tasks/cancel"] {
        let ask = modern(1, method, json!({"taskId": "x"}));
        let reply = server.send(&ask).await;
        assert_eq!(
            reply.message()["error"]["code"],
            -32021,
            "{method}: {reply:?}"
        );
    }
    let reply = server
        .send(&as_able(1, "tasks/get", json!({"taskId": "x"})))
        .await;
    assert_eq!(reply.message()["error"]["code"], -32602, "{reply:?}");
}

/// A legacy call that is to become a task.
fn legacy(session: &Session, tool: &str) -> Ask {
    let mut params = call(tool, json!({}));
    params["task"] = json!({"ttl": 60_000});
    session.ask(1, "tools/call", params)
}

#[tokio::test]
async fn a_legacy_task_is_made_watched_and_collected() {
    let (server, _) = start();
    let session = server.session("2025-11-25").await;
    let reply = server.send(&legacy(&session, "render")).await;
    let task = reply.message()["result"]["task"].clone();
    assert_eq!(task["status"], "working", "{reply:?}");
    let named = json!({"taskId": task["taskId"]});
    let list = server.send(&session.ask(2, "tasks/list", json!({}))).await;
    assert!(
        list.text.contains(task["taskId"].as_str().unwrap()),
        "{list:?}"
    );
    let other = server.session("2025-11-25").await;
    server.gate.open();
    let reply = server
        .send(&session.ask(3, "tasks/result", named.clone()))
        .await;
    assert_eq!(reply.said(), "rendered", "{reply:?}");
    let related = "/result/_meta/io.modelcontextprotocol~1related-task/taskId";
    assert_eq!(reply.message().pointer(related), Some(&task["taskId"]));
    let reply = server
        .send(&session.ask(4, "tasks/get", named.clone()))
        .await;
    assert_eq!(
        reply.message()["result"]["status"],
        "completed",
        "{reply:?}"
    );
    let reply = server.send(&session.ask(5, "tasks/cancel", named)).await;
    assert_eq!(
        reply.message()["error"]["code"],
        -32602,
        "it is over: {reply:?}"
    );
    drop(other);
}

#[tokio::test]
async fn a_legacy_task_asks_on_the_stream_of_its_result() {
    let (server, _) = start();
    let session = server.session_of("2025-11-25", able_in("2025-11-25")).await;
    let reply = server.send(&legacy(&session, "confirm")).await;
    let task = reply.message()["result"]["task"]["taskId"].clone();
    let ask = session.ask(2, "tasks/result", json!({"taskId": task}));
    let mut stream = server.open(&ask).await;
    let question = stream.message().await;
    assert_eq!(question["method"], "elicitation/create", "{question}");
    let related = "/params/_meta/io.modelcontextprotocol~1related-task/taskId";
    assert_eq!(question.pointer(related), Some(&task), "{question}");
    let answer = json!({"action": "accept", "content": {"city": "Oslo"}});
    server.send(&session.answer(&question, answer)).await;
    let done = stream.message().await;
    assert_eq!(
        done["result"]["content"][0]["text"], "off to Oslo",
        "{done}"
    );
}

#[tokio::test]
async fn a_legacy_tool_that_must_be_a_task_is_not_called_as_anything_else() {
    let (server, _) = start();
    let session = server.session("2025-11-25").await;
    let ask = session.ask(1, "tools/call", call("confirm", json!({})));
    let reply = server.send(&ask).await;
    assert_eq!(reply.message()["error"]["code"], -32601, "{reply:?}");
    let reply = server.send(&legacy(&session, "book")).await;
    assert_eq!(reply.message()["error"]["code"], -32601, "{reply:?}");
}

#[tokio::test]
async fn a_look_at_legacy_tasks_is_no_stream() {
    let (server, _) = start();
    let session = server.session("2025-11-25").await;
    let reply = server.send(&legacy(&session, "render")).await;
    let named = json!({"taskId": reply.message()["result"]["task"]["taskId"]});
    for (method, params) in [
        ("tasks/get", named.clone()),
        ("tasks/list", json!({})),
        ("tasks/cancel", named.clone()),
    ] {
        let ask = session.ask(2, method, params);
        let reply = server.send(&ask).await;
        assert!(reply.message()["result"].is_object(), "{method}: {reply:?}");
        assert!(!reply.is_stream(), "{method}: {reply:?}");
        // Unless its client reads nothing else.
        let events = ask.with("Accept", "text/event-stream");
        let reply = server.send(&events).await;
        assert!(
            reply.is_stream() || reply.status >= 400,
            "{method}: {reply:?}"
        );
    }
}

/// Waits until an id of a session is in use, or is free.
async fn until_used(server: &Endpoint, session: &Session, id: u32, used: bool) {
    let what = if used { "used" } else { "free" };
    soon(what, async {
        let ping = session.ask(id, "ping", json!({}));
        while (server.send(&ping).await.message()["error"]["code"] == -32600) != used {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn who_hangs_up_on_a_result_before_a_stream_begins_waits_no_more() {
    let (server, _) = start();
    let session = server.session("2025-11-25").await;
    let reply = server.send(&legacy(&session, "render")).await;
    let named = json!({"taskId": reply.message()["result"]["task"]["taskId"]});
    let result = session.ask(7, "tasks/result", named.clone());
    let mut connection = Connection::open(server.address).await;
    connection.write(&server.bytes(&result)).await.unwrap();
    until_used(&server, &session, 7, true).await;
    drop(connection);
    until_used(&server, &session, 7, false).await;
    // The task goes on.
    let reply = server.send(&session.ask(8, "tasks/get", named)).await;
    assert_eq!(reply.message()["result"]["status"], "working", "{reply:?}");
    server.gate.open();
    let reply = server.send(&result).await;
    assert_eq!(reply.said(), "rendered", "{reply:?}");
}
