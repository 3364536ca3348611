//! Tools that ask back, over HTTP in both eras.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use toolsmith::prelude::*;
use toolsmith::server::Elicitations;

use super::offers::{able, able_in, start};
use crate::wire::{Ask, Gate, Session, TestServer, call, modern, request, soon};

const LEGACY: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

fn texts(result: &Value) -> &str {
    let text = result["content"][0]["text"].as_str();
    text.unwrap_or_else(|| panic!("no text: {result}"))
}

fn answer_to(question: &Value) -> Value {
    match question["method"].as_str().unwrap() {
        "elicitation/create" => json!({"action": "accept", "content": {"city": "Oslo"}}),
        "sampling/createMessage" => json!({
            "role": "assistant", "model": "m",
            "content": {"type": "text", "text": "Little"},
        }),
        "roots/list" => json!({"roots": [{"uri": "file:///a"}, {"uri": "file:///b"}]}),
        other => panic!("nobody can answer {other}"),
    }
}

#[tokio::test]
async fn a_legacy_client_is_asked_on_the_stream_of_the_call() {
    let (server, _) = start();
    for revision in LEGACY {
        let session: Session = server.session_of(revision, able_in(revision)).await;
        let ask = session.ask(1, "tools/call", call("survey", json!({})));
        let mut stream = server.open(&ask).await;
        let questions = [stream.message().await, stream.message().await];
        assert_ne!(questions[0]["id"], questions[1]["id"]);
        // In the other order: each answer finds its own question.
        for question in questions.iter().rev() {
            let ask = session.answer(question, answer_to(question));
            assert_eq!(server.send(&ask).await.status, 202);
        }
        let answer = stream.message().await;
        assert_eq!(
            texts(&answer["result"]),
            "Little in 2 folders",
            "{revision}"
        );
    }
    for revision in ["2025-06-18", "2025-11-25"] {
        let session = server.session_of(revision, able_in(revision)).await;
        let ask = session.ask(1, "tools/call", call("book", json!({})));
        let mut stream = server.open(&ask).await;
        let question = stream.message().await;
        assert_eq!(question["method"], "elicitation/create", "{question}");
        let schema = &question["params"]["requestedSchema"];
        assert_eq!(schema["properties"]["nights"]["default"], 2, "{schema}");
        server
            .send(&session.answer(&question, answer_to(&question)))
            .await;
        let answer = stream.message().await;
        assert_eq!(texts(&answer["result"]), "2 nights in Oslo", "{revision}");
    }
}

#[tokio::test]
async fn a_legacy_client_that_cannot_answer_is_not_asked() {
    let (server, _) = start();
    for revision in LEGACY {
        let session = server.session(revision).await;
        let ask = session.ask(1, "tools/call", call("survey", json!({})));
        let reply = server.send(&ask).await;
        let result = &reply.message()["result"];
        assert_eq!(result["isError"], true, "{reply:?}");
        assert!(texts(result).contains("sampling"), "{reply:?}");
    }
}

#[tokio::test]
async fn an_answer_of_another_session_is_worth_nothing() {
    let (server, _) = start();
    let session = server.session_of("2025-11-25", able_in("2025-11-25")).await;
    let other = server.session_of("2025-11-25", able_in("2025-11-25")).await;
    let ask = session.ask(1, "tools/call", call("book", json!({})));
    let mut stream = server.open(&ask).await;
    let question = stream.message().await;
    let forged = json!({"action": "accept", "content": {"city": "Nowhere"}});
    server.send(&other.answer(&question, forged)).await;
    server
        .send(&session.answer(&question, answer_to(&question)))
        .await;
    let answer = stream.message().await;
    assert_eq!(texts(&answer["result"]), "2 nights in Oslo", "{answer}");
}

fn asking(tool: &str, more: Value) -> Ask {
    let mut params = call(tool, json!({}));
    params["_meta"] = json!({"io.modelcontextprotocol/clientCapabilities": able()});
    for (name, value) in more.as_object().unwrap() {
        params[name] = value.clone();
    }
    modern(1, "tools/call", params)
}

/// What a client sends that answers every question.
fn answered(result: &Value) -> Value {
    let questions = result["inputRequests"].as_object().unwrap();
    let answers = questions.iter().map(|(key, q)| (key.clone(), answer_to(q)));
    let mut more = json!({"inputResponses": answers.collect::<serde_json::Map<_, _>>()});
    if let Some(state) = result.get("requestState") {
        more["requestState"] = state.clone();
    }
    more
}

#[tokio::test]
async fn a_modern_client_is_asked_in_the_answer_and_calls_again() {
    let (server, _) = start();
    for (tool, questions, text) in [
        ("book", 1, "2 nights in Oslo"),
        ("survey", 2, "Little in 2 folders"),
    ] {
        let reply = server.send(&asking(tool, json!({}))).await;
        let result = reply.message()["result"].clone();
        assert_eq!(result["resultType"], "input_required", "{reply:?}");
        let asked = result["inputRequests"].as_object().unwrap();
        assert_eq!(asked.len(), questions, "pending together go out together");
        let reply = server.send(&asking(tool, answered(&result))).await;
        let result = reply.message()["result"].clone();
        assert_eq!(texts(&result), text, "{reply:?}");
    }
}

#[tokio::test]
async fn a_modern_client_that_cannot_answer_is_told_what_is_missing() {
    let (server, _) = start();
    let ask = modern(1, "tools/call", call("book", json!({})));
    let reply = server.send(&ask).await;
    assert_eq!(reply.status, 400, "{reply:?}");
    let error = reply.message()["error"].clone();
    assert_eq!(error["code"], -32021, "{reply:?}");
    let missing = &error["data"]["requiredCapabilities"];
    assert!(missing.get("elicitation").is_some(), "{reply:?}");
}

#[tokio::test]
async fn state_that_was_changed_or_belongs_to_another_call_is_refused() {
    let (server, _) = start();
    let reply = server.send(&asking("book", json!({}))).await;
    let result = reply.message()["result"].clone();
    let state = result["requestState"].as_str().unwrap().to_owned();
    for at in [0, state.len() / 2, state.len() - 1] {
        let mut bent = state.clone().into_bytes();
        bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
        let mut more = answered(&result);
        more["requestState"] = String::from_utf8(bent).unwrap().into();
        let reply = server.send(&asking("book", more)).await;
        assert_eq!(reply.message()["error"]["code"], -32602, "{at}: {reply:?}");
    }
    let reply = server.send(&asking("survey", answered(&result))).await;
    assert_eq!(reply.message()["error"]["code"], -32602, "{reply:?}");
    // The state of another deployment, whose key is another.
    let (elsewhere, _) = start();
    let reply = elsewhere.send(&asking("book", answered(&result))).await;
    assert_eq!(reply.message()["error"]["code"], -32602, "{reply:?}");
    // And the right one is good still.
    let reply = server.send(&asking("book", answered(&result))).await;
    assert_eq!(reply.said(), "2 nights in Oslo", "{reply:?}");
}

#[tokio::test]
async fn a_late_answer_to_a_question_that_was_taken_back_answers_no_other() {
    let (server, _) = start();
    let session = server.session_of("2025-11-25", able_in("2025-11-25")).await;
    let ask = session.ask(1, "tools/call", call("book", json!({})));
    let mut stream = server.open(&ask).await;
    let first = stream.message().await;
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": {"requestId": 1}});
    server.send(&session.post(cancel)).await;
    let back = stream.message().await;
    assert_eq!(back["method"], "notifications/cancelled", "{back}");
    assert_eq!(back["params"]["requestId"], first["id"], "{back}");
    assert_eq!(stream.next().await, None);

    let ask = session.ask(2, "tools/call", call("book", json!({})));
    let mut stream = server.open(&ask).await;
    let second = stream.message().await;
    assert_ne!(second["id"], first["id"], "an id was used again");
    let late = json!({"action": "accept", "content": {"city": "Nowhere"}});
    server.send(&session.answer(&first, late)).await;
    server
        .send(&session.answer(&second, answer_to(&second)))
        .await;
    let answer = stream.message().await;
    assert_eq!(texts(&answer["result"]), "2 nights in Oslo", "{answer}");
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct City {
    city: String,
}

/// Asks, and waits for a moment, or for as long as the server has it.
#[tool]
async fn waits(ctx: Context, kind: String, briefly: bool) -> Result<String, ToolError> {
    let time = if briefly { BRIEF } else { FOREVER };
    Ok(match kind.as_str() {
        "default" => ctx.elicit::<City>("?").await?.accepted()?.city,
        "form" => {
            ctx.elicit::<City>("?")
                .timeout(time)
                .await?
                .accepted()?
                .city
        }
        "page" => {
            let page = ctx.elicit_url("?", "https://a.example/").timeout(time);
            format!("{:?}", page.await?)
        }
        "model" => ctx.sample(Sampling::new("?")).timeout(time).await?.text(),
        _ => format!("{} roots", ctx.list_roots().timeout(time).await?.len()),
    })
}

const BRIEF: Duration = Duration::from_millis(20);
const FOREVER: Duration = Duration::MAX;

fn waiting(question_timeout: Duration) -> TestServer {
    let server = Server::new("s").tool::<waits>();
    let server = server.question_timeout(question_timeout);
    TestServer::of(server, Arc::new(Gate::default()), |http| http)
}

fn of_everything() -> Value {
    json!({"elicitation": {"form": {}, "url": {}}, "sampling": {}, "roots": {}})
}

#[tokio::test]
async fn a_legacy_question_that_nobody_answers_in_time_is_taken_back() {
    let patient = waiting(FOREVER);
    let hurried = waiting(BRIEF);
    for (server, kind) in [
        (&patient, "form"),
        (&patient, "page"),
        (&patient, "model"),
        (&patient, "roots"),
        (&hurried, "default"),
    ] {
        let session = server.session_of("2025-11-25", of_everything()).await;
        let arguments = json!({"kind": kind, "briefly": true});
        let ask = session.ask(1, "tools/call", call("waits", arguments));
        let mut stream = server.open(&ask).await;
        let question = stream.message().await;
        let back = soon("the question is taken back", stream.message()).await;
        assert_eq!(back["method"], "notifications/cancelled", "{kind}: {back}");
        assert_eq!(back["params"]["requestId"], question["id"], "{kind}");
        let answer = stream.message().await;
        assert_eq!(answer["result"]["isError"], true, "{kind}: {answer}");
        let said = texts(&answer["result"]);
        assert!(
            said.contains("did not answer within 20ms"),
            "{kind}: {said}"
        );
    }
}

#[tokio::test]
async fn what_a_question_says_of_its_time_holds_whatever_the_server_says() {
    let server = waiting(Duration::ZERO);
    let session = server.session_of("2025-11-25", of_everything()).await;
    let arguments = json!({"kind": "form", "briefly": false});
    let ask = session.ask(1, "tools/call", call("waits", arguments));
    let mut stream = server.open(&ask).await;
    let question = stream.message().await;
    let oslo = answer_to(&question);
    server.send(&session.answer(&question, oslo)).await;
    let answer = stream.message().await;
    assert_eq!(texts(&answer["result"]), "Oslo", "{answer}");
}

#[tokio::test]
async fn nobody_waits_for_a_modern_client_that_was_asked() {
    let server = waiting(Duration::ZERO);
    for kind in ["default", "form"] {
        let asking = |more: Value| {
            let arguments = json!({"kind": kind, "briefly": true});
            let mut ask = call("waits", arguments);
            ask["_meta"] = json!({"io.modelcontextprotocol/clientCapabilities": of_everything()});
            for (name, value) in more.as_object().unwrap() {
                ask[name] = value.clone();
            }
            modern(1, "tools/call", ask)
        };
        let result = server.send(&asking(json!({}))).await.message()["result"].clone();
        let reply = server.send(&asking(answered(&result))).await;
        assert_eq!(reply.said(), "Oslo", "{kind}: {reply:?}");
    }
}

/// By which the tests say that all is done at a page.
#[derive(Default)]
pub(super) struct Pages(Mutex<Vec<Elicitations>>);

impl Pages {
    /// Of the call that came so many calls ago.
    pub(super) fn of(&self, ago: usize) -> Elicitations {
        let pages = self.0.lock().unwrap();
        pages[pages.len() - 1 - ago].clone()
    }
}

const CONNECT: &str = "https://a.example/connect";

/// Sends the user to a page, and ends until something was done there.
#[tool]
async fn authorizes(ctx: Context, pages: State<Pages>) -> Result<&'static str, ToolError> {
    pages.0.0.lock().unwrap().push(ctx.elicitations());
    let page = |id: &str| ctx.elicit_url("Connect.", CONNECT).id(id);
    ctx.require_urls([page("one"), page("two")]).await?;
    Ok("opened")
}

/// Sends the user to a page, and says at once that all is done there.
#[tool]
async fn opens_and_completes(ctx: Context) -> Result<String, ToolError> {
    let page = ctx.elicit_url("Connect.", CONNECT).id("here");
    page.await?.accepted()?;
    let told = ["there", "here", "here"].map(|id| ctx.elicitation_complete(id));
    Ok(format!("{told:?}"))
}

#[tokio::test]
async fn during_the_call_a_client_is_told_on_its_stream() {
    let server = Server::new("s").tool::<opens_and_completes>();
    let server = TestServer::of(server, Arc::new(Gate::default()), |http| http);
    let session = server.session_of("2025-11-25", of_everything()).await;
    let ask = call("opens_and_completes", json!({}));
    let mut stream = server.open(&session.ask(1, "tools/call", ask)).await;
    let question = stream.message().await;
    let opened = json!({"action": "accept"});
    server.send(&session.answer(&question, opened)).await;
    assert_eq!(stream.message().await, completed("here"));
    let answer = stream.message().await;
    assert_eq!(texts(&answer["result"]), "[false, true, false]", "{answer}");
}

pub(super) fn authorizing(pages: &Arc<Pages>) -> Server {
    Server::new("s")
        .shared_state(Arc::clone(pages))
        .tool::<authorizes>()
}

pub(super) fn completed(id: &str) -> Value {
    json!({
        "jsonrpc": "2.0",
        "method": "notifications/elicitation/complete",
        "params": {"elicitationId": id},
    })
}

#[tokio::test]
async fn a_client_is_told_of_pages_first_and_later_that_all_is_done_there() {
    let pages = Arc::new(Pages::default());
    let gate = Arc::new(Gate::default());
    let server = TestServer::of(authorizing(&pages), gate, |http| http);
    let session = server.session_of("2025-11-25", of_everything()).await;
    let other = server.session_of("2025-11-25", of_everything()).await;
    let ask = || call("authorizes", json!({}));
    let reply = server.send(&session.ask(1, "tools/call", ask())).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let error = reply.message()["error"].clone();
    assert_eq!(error["code"], -32042, "{error}");
    let page = |id: &str| {
        json!({
            "mode": "url", "message": "Connect.", "url": CONNECT, "elicitationId": id,
        })
    };
    let expected = json!({"elicitations": [page("one"), page("two")]});
    assert_eq!(error["data"], expected, "{error}");

    // Done before the client listens, and while it does.
    let here = pages.of(0);
    assert!(!here.complete("three"), "it was not given out");
    assert!(here.complete("one"));
    let mut stream = server.open(&session.stream()).await;
    let told = soon("the first page", stream.message()).await;
    assert_eq!(told, completed("one"));
    assert!(!here.complete("one"), "it was told already");
    assert!(here.complete("two"));
    let told = soon("the second page", stream.message()).await;
    assert_eq!(told, completed("two"));

    // A page of another session is not known in this one.
    server.send(&session.ask(2, "tools/call", ask())).await;
    server.send(&other.ask(3, "tools/call", ask())).await;
    server.send(&session.end()).await;
    assert!(!pages.of(1).complete("one"), "the session is no more");
    assert!(pages.of(0).complete("one"));
}

#[tokio::test]
async fn pages_are_required_of_clients_that_open_some() {
    let pages = Arc::new(Pages::default());
    let gate = Arc::new(Gate::default());
    let server = TestServer::of(authorizing(&pages), gate, |http| http);
    let ask = || call("authorizes", json!({}));
    // By a form alone.
    let session = server
        .session_of("2025-11-25", json!({"elicitation": {}}))
        .await;
    let reply = server.send(&session.ask(1, "tools/call", ask())).await;
    assert!(reply.said().contains("elicitation.url"), "{reply:?}");
    assert!(!pages.of(0).complete("one"), "it cannot open pages");
    // An older revision has none.
    let session = server.session_of("2025-06-18", of_everything()).await;
    let reply = server.send(&session.ask(1, "tools/call", ask())).await;
    assert!(reply.said().contains("2025-06-18"), "{reply:?}");
    assert!(!pages.of(0).complete("one"), "it has no ids");
    // A modern client is asked to open them, both at once, and has no ids either.
    let asking = |more: Value| {
        let mut ask = ask();
        ask["_meta"] = json!({"io.modelcontextprotocol/clientCapabilities": of_everything()});
        for (name, value) in more.as_object().unwrap() {
            ask[name] = value.clone();
        }
        modern(1, "tools/call", ask)
    };
    let result = server.send(&asking(json!({}))).await.message()["result"].clone();
    let asked = result["inputRequests"].as_object().unwrap();
    assert_eq!(asked.len(), 2, "{result}");
    let opened = asked
        .keys()
        .map(|key| (key.clone(), json!({"action": "accept"})));
    let more = json!({
        "inputResponses": opened.collect::<serde_json::Map<_, _>>(),
        "requestState": result["requestState"],
    });
    let reply = server.send(&asking(more)).await;
    assert_eq!(reply.said(), "opened", "{reply:?}");
    assert!(!pages.of(0).complete("one"), "it has no ids");
}

/// Reports, and asks then.
#[tool]
async fn reports_and_asks(ctx: Context) -> Result<String, ToolError> {
    ctx.progress(Progress::new(1.0));
    Ok(ctx.elicit::<City>("?").await?.accepted()?.city)
}

pub(super) fn reporting() -> Server {
    Server::new("s").tool::<reports_and_asks>()
}

/// A call of it whose progress is asked for.
pub(super) fn reported() -> Value {
    let mut ask = call("reports_and_asks", json!({}));
    ask["_meta"] = json!({"progressToken": "t"});
    ask
}

#[tokio::test]
async fn a_client_that_is_not_ready_is_not_asked() {
    let server = TestServer::of(reporting(), Arc::new(Gate::default()), |http| http);
    let opening = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": of_everything(),
        "clientInfo": {"name": "test", "version": "0"},
    });
    let reply = server
        .send(&Ask::post(request(0, "initialize", opening)))
        .await;
    let session = Session {
        id: reply.field("mcp-session-id").unwrap().to_owned(),
        revision: "2025-11-25".to_owned(),
    };
    let mut stream = server.open(&session.ask(1, "tools/call", reported())).await;
    let report = stream.message().await;
    assert_eq!(report["method"], "notifications/progress", "{report}");
    // It would come at once.
    let early = tokio::time::timeout(Duration::from_millis(200), stream.message()).await;
    assert!(
        early.is_err(),
        "it was asked before it was ready: {early:?}"
    );
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    server.send(&session.post(ready)).await;
    let question = soon("the question", stream.message()).await;
    let oslo = answer_to(&question);
    server.send(&session.answer(&question, oslo)).await;
    let answer = stream.message().await;
    assert_eq!(texts(&answer["result"]), "Oslo", "{answer}");
}
