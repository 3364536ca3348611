//! What travels through a modern client between two runs of a handler: sealed, for one
//! request of one caller, for a while.

use std::time::Duration;

use serde_json::{Value, json};
use toolsmith::prelude::*;
use toolsmith::protocol::Revision;
use toolsmith::server::{Engine, StateKey};
use toolsmith::testing::TestClient;

use super::{client, code};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Said {
    said: String,
}

#[tool]
async fn asks(context: Context, topic: String) -> Result<String, ToolError> {
    let first = context
        .elicit::<Said>(format!("first of {topic}?"))
        .await?
        .accepted()?;
    let second = context.elicit::<Said>("second?").await?.accepted()?;
    Ok(format!("{topic}: {}, {}", first.said, second.said))
}

#[tool]
async fn asks_too(context: Context, topic: String) -> Result<String, ToolError> {
    asks(context, topic).await
}

fn server(key: u8) -> Server {
    let server = Server::new("s").tool::<asks>().tool::<asks_too>();
    server.state_key(StateKey::from_bytes([key; 32]))
}

fn asking(engine: &Engine) -> TestClient {
    client(engine, Revision::LATEST).on_elicit(|_| None)
}

fn call(tool: &str, topic: &str) -> Value {
    json!({"name": tool, "arguments": {"topic": topic}})
}

/// The same request, with what it was answered and an answer to each question.
fn with_answers(mut params: Value, asked: &Value, said: &str) -> Value {
    let answer = json!({"action": "accept", "content": {"said": said}});
    let keys = asked["inputRequests"].as_object().unwrap().keys();
    let answers = keys.map(|key| (key.clone(), answer.clone()));
    params["inputResponses"] = Value::Object(answers.collect());
    params["requestState"] = asked["requestState"].clone();
    params
}

async fn first_round(client: &TestClient) -> Value {
    let asked = client.send("tools/call", call("asks", "x")).await.unwrap();
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    asked
}

/// The message of the one question that an answer asks.
fn question(asked: &Value) -> String {
    let requests = asked["inputRequests"].as_object().unwrap();
    assert_eq!(requests.len(), 1, "{asked}");
    let params = &requests.values().next().unwrap()["params"];
    params["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_request_goes_on_where_it_was_in_any_process_that_has_the_key() {
    let one = asking(&server(1).build().unwrap());
    let asked = first_round(&one).await;
    drop(one);
    let two = asking(&server(1).build().unwrap());
    let params = with_answers(call("asks", "x"), &asked, "one");
    let asked = two.send("tools/call", params).await.unwrap();
    assert_eq!(question(&asked), "second?");
    // A key that replaced the one that sealed it opens it as well, when both are given.
    let rotated = server(2).state_key(StateKey::from_bytes([1; 32]));
    let three = asking(&rotated.build().unwrap());
    let params = with_answers(call("asks", "x"), &asked, "two");
    let result = three.send("tools/call", params).await.unwrap();
    assert_eq!(result["content"][0]["text"], "x: one, two");
}

#[tokio::test]
async fn state_says_nothing_to_who_carries_it() {
    let client = asking(&server(1).build().unwrap());
    let asked = first_round(&client).await;
    let asked = client.send(
        "tools/call",
        with_answers(call("asks", "x"), &asked, "secret-word"),
    );
    let asked = asked.await.unwrap();
    let state = asked["requestState"].as_str().unwrap();
    assert!(!state.contains("secret"), "{state}");
    let again = first_round(&client).await;
    assert_ne!(again["requestState"], asked["requestState"]);
}

#[tokio::test]
async fn state_that_was_tampered_with_is_refused() {
    let client = asking(&server(1).build().unwrap());
    let asked = first_round(&client).await;
    let state = asked["requestState"].as_str().unwrap();
    let changed_at = |at: usize| {
        let mut bytes = state.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    };
    let mut wrong: Vec<String> = (0..state.len()).step_by(7).map(changed_at).collect();
    wrong.push(state[..state.len() - 4].to_owned());
    wrong.push(format!("{state}{state}"));
    wrong.push(String::new());
    wrong.push("x".to_owned());
    for wrong in wrong {
        let mut params = with_answers(call("asks", "x"), &asked, "one");
        params["requestState"] = json!(wrong);
        let failure = client.send("tools/call", params).await.unwrap_err();
        assert_eq!(failure.code, -32602, "{wrong}: {failure}");
        assert!(failure.message.contains("requestState"), "{failure}");
    }
}

#[tokio::test]
async fn state_is_worth_nothing_to_others_and_for_other_requests() {
    let engine = server(1).build().unwrap();
    let alice = || Caller::new("t").with_principal("alice");
    let client = |caller| asking(&engine).caller(caller);
    let asked = first_round(&client(alice())).await;
    let same = with_answers(call("asks", "x"), &asked, "one");
    for (who, caller) in [
        ("another principal", Caller::new("t").with_principal("bob")),
        ("another tenant", Caller::new("u").with_principal("alice")),
        ("nobody", Caller::new("t")),
    ] {
        let said = client(caller).send("tools/call", same.clone()).await;
        assert_eq!(code(said), -32602, "{who}");
    }
    for (what, other) in [
        ("another tool", call("asks_too", "x")),
        ("other arguments", call("asks", "y")),
    ] {
        let params = with_answers(other, &asked, "one");
        let said = client(alice()).send("tools/call", params).await;
        assert_eq!(code(said), -32602, "{what}");
    }
    let elsewhere = asking(&server(2).build().unwrap()).caller(alice());
    let said = elsewhere.send("tools/call", same.clone()).await;
    assert_eq!(code(said), -32602, "another key");
    let own = client(alice()).send("tools/call", same).await.unwrap();
    assert_eq!(question(&own), "second?");
}

#[tokio::test]
async fn arguments_are_the_same_however_they_are_written() {
    #[tool]
    async fn two(context: Context, a: u8, b: u8) -> Result<String, ToolError> {
        let it = context.elicit::<Said>("?").await?.accepted()?;
        Ok(format!("{a} {b} {}", it.said))
    }
    let client = asking(&Server::new("s").tool::<two>().build().unwrap());
    let first = json!({"name": "two", "arguments": {"a": 1, "b": 2}});
    let asked = client.send("tools/call", first).await.unwrap();
    let again: Value =
        serde_json::from_str(r#"{"name":"two","arguments":{ "b" : 2,"a":1}}"#).unwrap();
    let result = client
        .send("tools/call", with_answers(again, &asked, "c"))
        .await;
    assert_eq!(result.unwrap()["content"][0]["text"], "1 2 c");
}

#[tokio::test]
async fn state_that_is_too_old_is_refused() {
    let engine = server(1).state_ttl(Duration::ZERO).build().unwrap();
    let client = asking(&engine);
    let asked = first_round(&client).await;
    let params = with_answers(call("asks", "x"), &asked, "one");
    let failure = client.send("tools/call", params).await.unwrap_err();
    assert_eq!(failure.code, -32602, "{failure}");
    assert!(failure.message.contains("expired"), "{failure}");
}

#[tokio::test]
async fn without_state_or_answers_a_request_begins_again() {
    let client = asking(&server(1).build().unwrap());
    let asked = first_round(&client).await;
    assert_eq!(question(&asked), "first of x?");
    let mut without_answers = call("asks", "x");
    without_answers["requestState"] = asked["requestState"].clone();
    let again = client.send("tools/call", without_answers).await.unwrap();
    assert_eq!(question(&again), "first of x?");
    let mut without_state = with_answers(call("asks", "x"), &asked, "one");
    without_state
        .as_object_mut()
        .unwrap()
        .remove("requestState");
    let again = client.send("tools/call", without_state).await.unwrap();
    assert_eq!(
        question(&again),
        "first of x?",
        "an answer without state was taken"
    );
}

#[tokio::test]
async fn answers_that_were_not_asked_for_are_passed_over_and_bad_ones_refused() {
    let client = asking(&server(1).build().unwrap());
    let asked = first_round(&client).await;
    let mut params = with_answers(call("asks", "x"), &asked, "one");
    params["inputResponses"]["another"] = json!({"action": "accept"});
    let next = client.send("tools/call", params.clone()).await.unwrap();
    assert_eq!(question(&next), "second?");
    let key = asked["inputRequests"]
        .as_object()
        .unwrap()
        .keys()
        .next()
        .unwrap()
        .clone();
    for wrong in [
        json!([]),
        json!("x"),
        json!({&*key: 7}),
        json!({&*key: {"action": "maybe"}}),
    ] {
        params["inputResponses"] = wrong.clone();
        let said = client.send("tools/call", params.clone()).await;
        assert_eq!(code(said), -32602, "{wrong}");
    }
    let many = (0..65).map(|n| (n.to_string(), json!({"action": "cancel"})));
    params["inputResponses"] = Value::Object(many.collect());
    assert_eq!(code(client.send("tools/call", params).await), -32602);
}
