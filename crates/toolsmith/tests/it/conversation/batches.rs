//! Batches, in the one revision that has them: what is in one can be cancelled, reports
//! and asks as if it had been sent by itself.

use std::sync::Arc;

use serde_json::{Value, json};
use toolsmith::Stdio;

use super::offers::{able_in, offers, start};
use crate::wire::{Connection, Endpoint, Gate, Pipe, Session, call, request};

const REVISION: &str = "2025-03-26";

/// A call of a tool without arguments, whose client wants to be told how far it is.
fn reporting(id: impl Into<Value>, tool: &str) -> Value {
    let id = id.into();
    let mut params = call(tool, json!({}));
    params["_meta"] = json!({"progressToken": id});
    request(id, "tools/call", params)
}

fn ping(id: impl Into<Value>) -> Value {
    request(id, "ping", json!({}))
}

fn cancel(id: impl Into<Value>) -> Value {
    let params = json!({"requestId": id.into()});
    json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params})
}

/// Which request a report is on, and how far it is.
fn report(message: &Value) -> (i64, i64) {
    assert_eq!(message["method"], "notifications/progress", "{message}");
    let number = |of: &Value| of.as_f64().unwrap() as i64;
    let params = &message["params"];
    (
        number(&params["progressToken"]),
        number(&params["progress"]),
    )
}

/// The ids of the answers of a batch, in their order.
fn ids(answers: &Value) -> Vec<Value> {
    let answers = answers.as_array();
    let answers = answers.unwrap_or_else(|| panic!("no batch: {answers:?}"));
    answers.iter().map(|answer| answer["id"].clone()).collect()
}

/// A session of a client that can be asked.
async fn session(server: &Endpoint) -> Session {
    server.session_of(REVISION, able_in(REVISION)).await
}

/// A conversation over a pipe with a client that can be asked.
async fn pipe() -> (Pipe, Arc<Gate>) {
    let gate = Arc::new(Gate::default());
    let (mut pipe, _) = Pipe::to(offers(&gate), Stdio::new());
    let opening = json!({
        "protocolVersion": REVISION,
        "capabilities": able_in(REVISION),
        "clientInfo": {"name": "test", "version": "0"},
    });
    pipe.ask(request("open", "initialize", opening)).await;
    (pipe, gate)
}

#[tokio::test]
async fn two_of_a_batch_report_before_the_answers() {
    let (server, _) = start();
    let session = session(&server).await;
    let batch = json!([reporting(1, "measured"), ping(2), reporting(3, "measured")]);
    let mut stream = server.open(&session.post(&batch)).await;
    let mut reports = vec![report(&stream.message().await)];
    reports.push(report(&stream.message().await));
    server.gate.started(2).await;
    server.gate.open();
    for _ in 0..2 {
        reports.push(report(&stream.message().await));
    }
    reports[2..].sort_unstable();
    assert_eq!(reports, [(1, 1), (3, 1), (1, 2), (3, 2)]);
    let answers = stream.message().await;
    assert_eq!(ids(&answers), [json!(1), json!(2), json!(3)]);
    assert_eq!(answers[0]["result"]["content"][0]["text"], "measured");
    assert_eq!(stream.next().await, None);
    assert_eq!(server.service.sessions(), 1);
}

#[tokio::test]
async fn a_client_that_lost_the_stream_of_a_batch_is_given_what_it_missed() {
    let (server, _) = start();
    let session = session(&server).await;
    let batch = json!([reporting(1, "measured"), ping(2)]);
    let mut stream = server.open(&session.post(&batch)).await;
    assert_eq!(report(&stream.message().await), (1, 1));
    let last = stream.last_id().to_owned();
    drop(stream);
    server.gate.started(1).await;
    server.gate.open();
    let mut again = server.open(&session.resume(&last)).await;
    let rest = again.rest().await;
    assert_eq!(rest.len(), 2, "{rest:?}");
    assert_eq!(report(&rest[0]), (1, 2));
    assert_eq!(ids(&rest[1]), [json!(1), json!(2)]);
}

#[tokio::test]
async fn a_client_that_hangs_up_on_a_batch_has_cancelled_nothing() {
    let (server, _) = start();
    // A client that cannot be asked and wants no reports: the batch is silent.
    let session = server.session(REVISION).await;
    let wait = |id| request(id, "tools/call", call("two_parts", json!({})));
    let batch = json!([wait(1), wait(2)]);
    let mut connection = Connection::open(server.address).await;
    let ask = session.post(&batch);
    connection.write(&server.bytes(&ask)).await.unwrap();
    server.gate.started(2).await;
    drop(connection);
    // Long enough for the server to see the end of the connection.
    for _ in 0..20 {
        let reply = server.send(&session.post(ping(3))).await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    assert_eq!(server.gate.ended(), 0, "the batch was dropped");
    // It can still be cancelled.
    server.send(&session.post(cancel(1))).await;
    server.gate.dropped(1).await;
    assert_eq!(server.gate.ended(), 1, "both were cancelled");
    server.gate.open();
    server.gate.dropped(2).await;
}

#[tokio::test]
async fn one_of_a_batch_is_cancelled_and_has_no_answer() {
    let (server, _) = start();
    let session = session(&server).await;
    let other = server.session(REVISION).await;
    let batch = json!([reporting(1, "measured"), ping(2), reporting(3, "measured"),]);
    for (accept, streams) in [("text/event-stream", true), ("application/json", false)] {
        let ended = server.gate.ended();
        let ask = session.post(&batch).with("Accept", accept);
        let mut connection = Connection::open(server.address).await;
        connection.write(&server.bytes(&ask)).await.unwrap();
        server.gate.started(ended + 2).await;
        // That of another session is another.
        server.send(&other.post(cancel(3))).await;
        server.send(&session.post(cancel(1))).await;
        server.gate.dropped(ended + 1).await;
        // It is done and was not answered yet.
        server.send(&session.post(cancel(2))).await;
        assert_eq!(server.gate.ended(), ended + 1);
        server.gate.open();
        let reply = server.answer(&mut connection, &ask).await;
        assert_eq!(reply.is_stream(), streams, "{reply:?}");
        let answers = reply.messages().pop().unwrap();
        assert_eq!(ids(&answers), [json!(3)], "{reply:?}");
        server.gate.close();
    }
}

#[tokio::test]
async fn a_batch_of_which_all_is_cancelled_is_not_answered() {
    let (server, _) = start();
    let session = session(&server).await;
    let batch = json!([reporting(1, "measured"), reporting(2, "measured")]);
    let mut stream = server.open(&session.post(&batch)).await;
    report(&stream.message().await);
    report(&stream.message().await);
    for id in [1, 2] {
        server.send(&session.post(cancel(id))).await;
    }
    server.gate.dropped(2).await;
    assert_eq!(stream.next().await, None);
    // Who reads no streams is told so, as is who cancels a single request.
    let ask = session.post(&batch).with("Accept", "application/json");
    let mut connection = Connection::open(server.address).await;
    connection.write(&server.bytes(&ask)).await.unwrap();
    server.gate.started(4).await;
    let both = json!([cancel(1), cancel(2)]);
    assert_eq!(server.send(&session.post(both)).await.status, 202);
    let reply = server.answer(&mut connection, &ask).await;
    let answers = reply.message();
    assert_eq!(ids(&answers), [json!(1), json!(2)], "{reply:?}");
    assert_eq!(answers[1]["error"]["code"], -31016, "{reply:?}");
}

#[tokio::test]
async fn what_a_batch_cancels_of_itself_is_what_stands_before() {
    let (server, _) = start();
    server.gate.open();
    let session = session(&server).await;
    let batch = json!([
        cancel(2),
        ping(1),
        cancel(1),
        ping(2),
        reporting(3, "measured")
    ]);
    let reply = server.send(&session.post(&batch)).await;
    let answers = reply.messages().pop().unwrap();
    assert_eq!(ids(&answers), [json!(2), json!(3)], "{reply:?}");
    let (mut pipe, gate) = pipe().await;
    gate.open();
    pipe.line(&batch).await;
    report(&pipe.next().await.unwrap());
    report(&pipe.next().await.unwrap());
    assert_eq!(ids(&pipe.next().await.unwrap()), [json!(2), json!(3)]);
}

#[tokio::test]
async fn a_question_of_a_batch_is_taken_back_with_its_request() {
    let (server, _) = start();
    let session = session(&server).await;
    let survey = |id| request(id, "tools/call", call("survey", json!({})));
    let batch = json!([survey(1), ping(2)]);
    let mut stream = server.open(&session.post(&batch)).await;
    let asked = [stream.message().await, stream.message().await];
    server.send(&session.post(cancel(1))).await;
    let mut back = [stream.message().await, stream.message().await];
    back.sort_by_key(|message| message["params"]["requestId"].as_i64());
    for (asked, back) in asked.iter().zip(&back) {
        assert_eq!(back["method"], "notifications/cancelled", "{back}");
        assert_eq!(back["params"]["requestId"], asked["id"], "{back}");
    }
    assert_eq!(ids(&stream.message().await), [json!(2)]);
    assert_eq!(stream.next().await, None);
    let (mut pipe, _) = pipe().await;
    pipe.line(&batch).await;
    for _ in 0..2 {
        pipe.next().await;
    }
    pipe.line(cancel(1)).await;
    for _ in 0..2 {
        let back = pipe.next().await.unwrap();
        assert_eq!(back["method"], "notifications/cancelled", "{back}");
    }
    assert_eq!(ids(&pipe.next().await.unwrap()), [json!(2)]);
}

/// As many as a batch may hold, each of which reports, and asks two things at once.
#[tokio::test]
async fn everything_that_a_full_batch_says_and_asks_goes_out() {
    let (server, _) = start();
    let session = session(&server).await;
    let survey = |id: i64| request(id, "tools/call", call("survey", json!({})));
    let batch = Value::from_iter((0..100).map(survey));
    let mut stream = server.open(&session.post(&batch)).await;
    let mut asked = Vec::new();
    for _ in 0..200 {
        asked.push(stream.message().await);
    }
    let answers = asked.iter().map(|question| {
        let result = match question["method"].as_str().unwrap() {
            "roots/list" => json!({"roots": []}),
            _ => json!({"role": "assistant", "model": "m",
                "content": {"type": "text", "text": "All"}}),
        };
        json!({"jsonrpc": "2.0", "id": question["id"], "result": result})
    });
    let answers: Vec<Value> = answers.collect();
    for answers in answers.chunks(100) {
        let reply = server.send(&session.post(json!(answers))).await;
        assert_eq!(reply.status, 202, "{reply:?}");
    }
    let answers = stream.message().await;
    let answers = answers.as_array().unwrap();
    assert_eq!(answers.len(), 100);
    for answer in answers {
        let text = &answer["result"]["content"][0]["text"];
        assert_eq!(text, "All in 0 folders", "{answer}");
    }
}

#[tokio::test]
async fn each_request_of_a_batch_that_goes_on_takes_a_place() {
    let (server, _) = start();
    let session = session(&server).await;
    let measured = |id: i64| reporting(id, "measured");
    let of = |first: i64| Value::from_iter((first..first + 100).map(measured));
    let mut streams = Vec::new();
    for first in [0, 100] {
        let mut stream = server.open(&session.post(of(first))).await;
        for _ in 0..100 {
            report(&stream.message().await);
        }
        streams.push(stream);
    }
    // There is room for 256.
    let reply = server.send(&session.post(of(200))).await;
    assert_eq!(reply.status, 503, "{reply:?}");
    assert_eq!(reply.field("retry-after"), Some("1"), "{reply:?}");
    let answers = reply.message();
    assert_eq!(ids(&answers), Vec::from_iter((200..300).map(Value::from)));
    assert_eq!(answers[0]["error"]["code"], -31002, "{answers}");
    server.gate.dropped(100).await;
    server.gate.open();
    for mut stream in streams {
        let answers = stream.rest().await.pop().unwrap();
        assert_eq!(ids(&answers).len(), 100);
    }
    // And then there is room again.
    let reply = server.send(&session.post(of(300))).await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[tokio::test]
async fn a_batch_over_a_pipe_reports_and_can_be_cancelled() {
    let (mut pipe, gate) = pipe().await;
    let batch = json!([reporting(1, "measured"), ping(2), reporting(3, "measured")]);
    pipe.line(&batch).await;
    for id in [1, 3] {
        assert_eq!(report(&pipe.next().await.unwrap()), (id, 1));
    }
    pipe.line(cancel(1)).await;
    gate.dropped(1).await;
    // Done, and not answered yet. An id is that of the request that came last.
    pipe.line(cancel(2)).await;
    let answer = pipe.ask(ping(2)).await;
    assert_eq!((&answer["id"], gate.ended()), (&json!(2), 1), "{answer}");
    gate.open();
    assert_eq!(report(&pipe.next().await.unwrap()), (3, 2));
    assert_eq!(ids(&pipe.next().await.unwrap()), [json!(3)]);
    // One of which all is cancelled is not answered.
    gate.close();
    pipe.line(json!([reporting(4, "measured")])).await;
    assert_eq!(report(&pipe.next().await.unwrap()), (4, 1));
    pipe.line(cancel(4)).await;
    let answer = pipe.ask(ping(5)).await;
    assert_eq!(answer["id"], 5, "{answer}");
}

/// A batch counts for what is in it.
#[tokio::test]
async fn no_more_is_worked_on_because_it_comes_in_batches() {
    let (mut pipe, gate) = pipe().await;
    let measured = |id: i64| request(id, "tools/call", call("measured", json!({})));
    for first in 0..6 {
        let of = first * 100..(first + 1) * 100;
        pipe.line(Value::from_iter(of.map(measured))).await;
    }
    // Lines are taken in order: by now all have begun that will.
    pipe.ask(ping("seen")).await;
    gate.started(500).await;
    pipe.ask(ping("seen")).await;
    assert_eq!(gate.begun(), 500);
    gate.open();
    for _ in 0..6 {
        assert_eq!(ids(&pipe.next().await.unwrap()).len(), 100);
    }
}

/// A call that is done takes no place, however many go on.
#[tokio::test]
async fn what_is_done_is_answered_though_no_more_may_go_on() {
    let (server, _) = start();
    let session = session(&server).await;
    let measured = |id: i64| reporting(id, "measured");
    let mut streams = Vec::new();
    for of in [0..100, 100..200, 200..256] {
        let batch = Value::from_iter(of.clone().map(measured));
        let mut stream = server.open(&session.post(batch)).await;
        for _ in of {
            report(&stream.message().await);
        }
        streams.push(stream);
    }
    let reply = server.send(&session.post(measured(300))).await;
    assert_eq!(reply.message()["error"]["code"], -31002, "{reply:?}");
    let level = session.ask(301, "logging/setLevel", json!({"level": "info"}));
    assert_eq!(server.send(&level).await.status, 200);
    let said = call("say", json!({}));
    let reply = server.send(&session.ask(302, "tools/call", said)).await;
    let messages = reply.messages();
    assert_eq!(messages.len(), 2, "{reply:?}");
    assert_eq!(messages[1]["result"]["content"][0]["text"], "said");
}
