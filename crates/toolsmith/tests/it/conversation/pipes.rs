//! The same over stdio.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use toolsmith::Stdio;
use toolsmith::prelude::Registry;

use super::asking::{Pages, authorizing, completed, reported, reporting};
use super::offers::{able, able_in, offers, visitor};
use crate::wire::{Gate, Pipe, Program, call, modern_meta, request, soon};

struct Talk {
    pipe: Pipe,
    registry: Registry,
    gate: Arc<Gate>,
}

fn start() -> Talk {
    let gate = Arc::new(Gate::default());
    let server = offers(&gate);
    let registry = server.registry();
    let (pipe, _) = Pipe::to(server, Stdio::new());
    Talk {
        pipe,
        registry,
        gate,
    }
}

impl Talk {
    /// Opens a legacy conversation.
    async fn legacy(revision: &str) -> Self {
        let mut talk = start();
        let opening = json!({
            "protocolVersion": revision,
            "capabilities": able_in(revision),
            "clientInfo": {"name": "test", "version": "0"},
        });
        talk.pipe.ask(request(0, "initialize", opening)).await;
        let opened = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        talk.pipe.line(opened).await;
        talk
    }

    async fn next(&mut self) -> Value {
        self.pipe.next().await.unwrap()
    }

    async fn answer(&mut self, question: &Value, result: Value) {
        let answer = json!({"jsonrpc": "2.0", "id": question["id"], "result": result});
        self.pipe.line(answer).await;
    }
}

/// A modern request of a client that can do everything.
fn modern(id: impl Into<Value>, method: &str, mut params: Value) -> Value {
    let mut meta = modern_meta();
    meta.insert("io.modelcontextprotocol/clientCapabilities".into(), able());
    params["_meta"] = meta.into();
    request(id, method, params)
}

fn oslo() -> Value {
    json!({"action": "accept", "content": {"city": "Oslo"}})
}

#[tokio::test]
async fn a_legacy_client_is_asked_and_answers() {
    for revision in ["2025-06-18", "2025-11-25"] {
        let mut talk = Talk::legacy(revision).await;
        let question = talk
            .pipe
            .ask(request(1, "tools/call", call("book", json!({}))))
            .await;
        assert_eq!(question["method"], "elicitation/create", "{question}");
        talk.answer(&question, oslo()).await;
        let answer = talk.next().await;
        assert_eq!(answer["id"], 1, "{answer}");
        assert_eq!(answer["result"]["content"][0]["text"], "2 nights in Oslo");
    }
}

/// Everything at once: the client does not wait for what it is told.
#[tokio::test]
async fn nothing_passes_the_answer_that_opens_a_conversation_by() {
    // Which of two things comes first is a matter of chance where nothing decides it.
    for _ in 0..30 {
        let mut talk = start();
        let opening = json!({
            "protocolVersion": "2025-11-25",
            "capabilities": able_in("2025-11-25"),
            "clientInfo": {"name": "test", "version": "0"},
        });
        let opening = request(0, "initialize", opening);
        let opened = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        let book = request(1, "tools/call", call("book", json!({})));
        talk.registry.add_tool(visitor()).unwrap();
        talk.pipe.at_once(&[opening, opened, book]).await;
        let first = talk.next().await;
        assert_eq!(first["id"], 0, "{first}");
        assert!(first["result"].is_object(), "{first}");
        let question = loop {
            let next = talk.next().await;
            if next["method"] == "elicitation/create" {
                break next;
            }
        };
        talk.answer(&question, oslo()).await;
        let answer = loop {
            let next = talk.next().await;
            if next["method"] != "notifications/tools/list_changed" {
                break next;
            }
        };
        assert_eq!(answer["id"], 1, "{answer}");
    }
}

#[tokio::test]
async fn a_legacy_client_that_declines_or_fails_is_heard() {
    let mut talk = Talk::legacy("2025-11-25").await;
    let question = talk
        .pipe
        .ask(request(1, "tools/call", call("book", json!({}))))
        .await;
    talk.answer(&question, json!({"action": "decline"})).await;
    let answer = talk.next().await;
    assert_eq!(answer["result"]["content"][0]["text"], "nothing booked");
    let question = talk
        .pipe
        .ask(request(2, "tools/call", call("book", json!({}))))
        .await;
    let error = json!({"code": -32603, "message": "the window was closed"});
    let failed = json!({"jsonrpc": "2.0", "id": question["id"], "error": error});
    talk.pipe.line(failed).await;
    let answer = talk.next().await;
    assert_eq!(answer["result"]["isError"], true, "{answer}");
    let question = talk
        .pipe
        .ask(request(3, "tools/call", call("book", json!({}))))
        .await;
    let misfit = json!({"action": "accept", "content": {"city": 5}});
    talk.answer(&question, misfit).await;
    let answer = talk.next().await;
    assert_eq!(answer["result"]["isError"], true, "{answer}");
}

#[tokio::test]
async fn a_modern_client_is_asked_in_the_answer() {
    let mut talk = start();
    let asked = talk
        .pipe
        .ask(modern(1, "tools/call", call("book", json!({}))))
        .await;
    let result = &asked["result"];
    assert_eq!(result["resultType"], "input_required", "{asked}");
    let key = result["inputRequests"]
        .as_object()
        .unwrap()
        .keys()
        .next()
        .unwrap();
    let mut again = call("book", json!({}));
    again["inputResponses"] = json!({key: oslo()});
    again["requestState"] = result["requestState"].clone();
    let answer = talk.pipe.ask(modern(2, "tools/call", again)).await;
    assert_eq!(
        answer["result"]["content"][0]["text"], "2 nights in Oslo",
        "{answer}"
    );
}

#[tokio::test]
async fn a_legacy_client_is_told_of_changes_and_updates() {
    let mut talk = Talk::legacy("2025-11-25").await;
    let page = json!({"uri": "test://page"});
    talk.pipe.ask(request(1, "resources/subscribe", page)).await;
    talk.registry.add_tool(visitor()).unwrap();
    let told = talk.next().await;
    assert_eq!(told["method"], "notifications/tools/list_changed", "{told}");
    talk.registry.resource_updated("test://other");
    talk.registry.resource_updated("test://page");
    let told = talk.next().await;
    assert_eq!(told["params"]["uri"], "test://page", "{told}");
}

#[tokio::test]
async fn a_modern_client_listens_beside_its_calls_and_stops() {
    let mut talk = start();
    let filter = json!({"notifications": {"toolsListChanged": true}});
    let first = talk
        .pipe
        .ask(modern("l", "subscriptions/listen", filter))
        .await;
    assert_eq!(
        first["method"], "notifications/subscriptions/acknowledged",
        "{first}"
    );
    let list = talk.pipe.ask(modern(2, "tools/list", json!({}))).await;
    assert_eq!(list["id"], 2, "{list}");
    talk.registry.add_tool(visitor()).unwrap();
    let told = talk.next().await;
    assert_eq!(told["method"], "notifications/tools/list_changed", "{told}");
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": {"requestId": "l"}});
    talk.pipe.line(cancel).await;
    // Lines are taken in order: once this is answered, the one before it was taken.
    talk.pipe.ask(modern(3, "tools/list", json!({}))).await;
    talk.registry.remove_tool("visitor");
    let answer = talk.pipe.ask(modern(4, "tools/list", json!({}))).await;
    assert_eq!(answer["id"], 4, "nothing more is told: {answer}");
}

#[tokio::test]
async fn a_call_is_cancelled_in_both_eras() {
    for modern_era in [false, true] {
        let mut talk = match modern_era {
            true => start(),
            false => Talk::legacy("2025-06-18").await,
        };
        let params = call("two_parts", json!({}));
        let line = match modern_era {
            true => modern(7, "tools/call", params),
            false => request(7, "tools/call", params),
        };
        talk.pipe.line(line).await;
        talk.gate.started(1).await;
        let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled",
            "params": {"requestId": 7}});
        talk.pipe.line(cancel).await;
        talk.gate.dropped(1).await;
        talk.gate.open();
        let list = match modern_era {
            true => modern(8, "tools/list", json!({})),
            false => request(8, "tools/list", json!({})),
        };
        let answer = talk.pipe.ask(list).await;
        assert_eq!(answer["id"], 8, "a cancelled call has no answer: {answer}");
    }
}

#[tokio::test]
async fn a_modern_task_is_made_and_collected() {
    let mut talk = start();
    let made = talk
        .pipe
        .ask(modern(1, "tools/call", call("render", json!({}))))
        .await;
    let task = made["result"]["taskId"].clone();
    assert!(task.is_string(), "{made}");
    talk.gate.open();
    talk.gate.dropped(1).await;
    crate::wire::soon("the result", async {
        loop {
            let params = json!({"taskId": task});
            let now = talk.pipe.ask(modern(2, "tasks/get", params)).await;
            if now["result"]["status"] == "completed" {
                return;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn the_tasks_of_a_legacy_client_end_with_its_pipe() {
    let mut talk = Talk::legacy("2025-11-25").await;
    let mut params = call("render", json!({}));
    params["task"] = json!({});
    let made = talk.pipe.ask(request(1, "tools/call", params)).await;
    assert_eq!(made["result"]["task"]["status"], "working", "{made}");
    talk.gate.started(1).await;
    talk.pipe.end();
    talk.gate.dropped(1).await;
}

#[tokio::test]
async fn a_user_may_think_longer_than_a_tool_may_take() {
    let mut talk = Talk::legacy("2025-11-25").await;
    for (id, city, in_time) in [(1, "Oslo", true), (2, "Nowhere", false)] {
        let hurried = call("hurried", json!({}));
        let question = talk.pipe.ask(request(id, "tools/call", hurried)).await;
        // Time is what is tested here.
        tokio::time::sleep(Duration::from_millis(700)).await;
        let trip = json!({"action": "accept", "content": {"city": city}});
        talk.answer(&question, trip).await;
        let answer = talk.next().await;
        match in_time {
            true => assert_eq!(answer["result"]["content"][0]["text"], "off to Oslo"),
            false => assert_eq!(answer["error"]["code"], -31001, "{answer}"),
        }
    }
}

#[tokio::test]
async fn a_client_is_told_that_all_is_done_at_a_page_after_the_call() {
    let pages = Arc::new(Pages::default());
    let (mut pipe, _) = Pipe::to(authorizing(&pages), Stdio::new());
    let opening = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": {"elicitation": {"url": {}}},
        "clientInfo": {"name": "test", "version": "0"},
    });
    pipe.ask(request(0, "initialize", opening)).await;
    pipe.line(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))
        .await;
    let ask = request(1, "tools/call", call("authorizes", json!({})));
    let answer = pipe.ask(ask).await;
    assert_eq!(answer["error"]["code"], -32042, "{answer}");
    assert!(pages.of(0).complete("two"));
    let told = soon("the page", pipe.next()).await;
    assert_eq!(told, Some(completed("two")));
}

#[tokio::test]
async fn a_client_that_is_not_ready_is_not_asked() {
    let (mut pipe, _) = Pipe::to(reporting(), Stdio::new());
    let opening = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": {"elicitation": {}},
        "clientInfo": {"name": "test", "version": "0"},
    });
    pipe.ask(request(0, "initialize", opening)).await;
    let report = pipe.ask(request(1, "tools/call", reported())).await;
    assert_eq!(report["method"], "notifications/progress", "{report}");
    // It would come at once.
    let early = tokio::time::timeout(Duration::from_millis(200), pipe.next()).await;
    assert!(
        early.is_err(),
        "it was asked before it was ready: {early:?}"
    );
    pipe.line(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))
        .await;
    let question = soon("the question", pipe.next()).await.unwrap();
    let answer = json!({"jsonrpc": "2.0", "id": question["id"], "result": oslo()});
    let answer = pipe.ask(answer).await;
    assert_eq!(answer["result"]["content"][0]["text"], "Oslo", "{answer}");
}

/// Starts a call that waits. When it has begun, the lines before it were taken and worked on,
/// as far as that is possible while nobody reads.
async fn begin_waiting(talk: &mut Talk, calls: usize) {
    let wait = modern(
        format!("w{calls}"),
        "tools/call",
        call("two_parts", json!({})),
    );
    talk.pipe.line(wait).await;
    talk.gate.started(calls).await;
}

/// Reads to the end, which comes after the answer to a subscription and the word that it is
/// over.
async fn is_told_of_the_end(pipe: &mut Pipe, subscription: &Value) {
    let answer = soon("the answer", pipe.next()).await.unwrap();
    assert_eq!(answer["id"], *subscription, "{answer}");
    let result = &answer["result"];
    assert_eq!(result["resultType"], "complete", "{answer}");
    let over = soon("the end", pipe.next()).await.unwrap();
    assert_eq!(over["method"], "notifications/cancelled", "{over}");
    let params = &over["params"];
    assert_eq!(params["requestId"], *subscription, "{over}");
    let meta = &params["_meta"]["io.modelcontextprotocol/subscriptionId"];
    assert_eq!(meta, subscription, "{over}");
    assert_eq!(soon("the end", pipe.next()).await, None);
}

#[tokio::test]
async fn a_subscription_is_answered_when_the_pipe_ends_and_those_of_others_go_on() {
    let gate = Arc::new(Gate::default());
    let server = offers(&gate);
    let registry = server.registry();
    let engine = server.build().unwrap();
    let mut pipes = Vec::new();
    for _ in 0..2 {
        let (to, input) = tokio::io::duplex(64 * 1024);
        let (output, from) = tokio::io::duplex(64 * 1024);
        tokio::spawn(Stdio::new().serve_streams(engine.clone(), input, output));
        let mut pipe = Pipe::new(Box::new(to), Box::new(from));
        let listen = modern("l", "subscriptions/listen", lists_of_tools());
        let first = pipe.ask(listen).await;
        assert!(first["params"]["notifications"].is_object(), "{first}");
        pipes.push(pipe);
    }
    pipes[0].end();
    is_told_of_the_end(&mut pipes[0], &json!("l")).await;
    registry.add_tool(visitor()).unwrap();
    let told = soon("the change", pipes[1].next()).await.unwrap();
    assert_eq!(told["method"], "notifications/tools/list_changed", "{told}");
}

#[tokio::test]
async fn a_subscription_that_was_refused_never_began_and_so_does_not_end() {
    let gate = Arc::new(Gate::default());
    let engine = offers(&gate).build().unwrap();
    let (to, input) = tokio::io::duplex(64 * 1024);
    let (output, from) = tokio::io::duplex(64 * 1024);
    tokio::spawn(Stdio::new().serve_streams(engine, input, output));
    let mut pipe = Pipe::new(Box::new(to), Box::new(from));
    let refused = pipe.ask(modern(6, "subscriptions/listen", json!({}))).await;
    assert_eq!(refused["error"]["code"], -32602, "{refused}");
    let next = pipe.ask(modern(7, "tools/list", json!({}))).await;
    assert_eq!(next["id"], 7, "something else was said first: {next}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_subscription_is_answered_when_the_program_is_told_to_stop() {
    let mut program = Program::hello(&[], &[]).await;
    let mut pipe = program.pipe();
    let listen = modern(7, "subscriptions/listen", lists_of_tools());
    let first = pipe.ask(listen).await;
    assert!(first["params"]["notifications"].is_object(), "{first}");
    program.terminate().await;
    is_told_of_the_end(&mut pipe, &json!(7)).await;
    assert_eq!(program.ended().await.code(), Some(0));
}

async fn ask_for_lists(talk: &mut Talk, lists: usize) {
    for id in 0..lists {
        talk.pipe.line(modern(id, "tools/list", json!({}))).await;
    }
}

fn lists_of_tools() -> Value {
    json!({"notifications": {"toolsListChanged": true}})
}

/// Guards against an acknowledgement that is lost because nobody reads just then.
#[tokio::test]
async fn a_client_that_reads_late_is_told_that_it_subscribed_before_it_is_told_of_changes() {
    let mut talk = start();
    ask_for_lists(&mut talk, 200).await;
    let listen = modern("l", "subscriptions/listen", lists_of_tools());
    talk.pipe.line(listen).await;
    begin_waiting(&mut talk, 1).await;
    talk.registry.add_tool(visitor()).unwrap();
    let (mut lists, mut told) = (0, Vec::new());
    while lists < 200 || told.len() < 2 {
        let next = soon("the rest", talk.next()).await;
        match next["method"].as_str() {
            Some(method) => told.push(method.to_owned()),
            None => lists += 1,
        }
    }
    let expected = [
        "notifications/subscriptions/acknowledged",
        "notifications/tools/list_changed",
    ];
    assert_eq!(told, expected);
}

/// Guards against a change that is taken when there was room for it, and lost because there
/// is none any more.
#[tokio::test]
async fn a_change_is_told_to_a_client_that_reads_late() {
    let mut talk = start();
    let listen = modern("l", "subscriptions/listen", lists_of_tools());
    let first = talk.pipe.ask(listen).await;
    assert!(first["params"]["notifications"].is_object(), "{first}");
    ask_for_lists(&mut talk, 200).await;
    begin_waiting(&mut talk, 1).await;
    talk.registry.add_tool(visitor()).unwrap();
    begin_waiting(&mut talk, 2).await;
    let (mut lists, mut told) = (0, 0);
    while lists < 200 || told < 1 {
        let next = soon("the rest", talk.next()).await;
        match next["method"].as_str() {
            Some(method) => {
                assert_eq!(method, "notifications/tools/list_changed", "{next}");
                told += 1;
            }
            None => lists += 1,
        }
    }
}
