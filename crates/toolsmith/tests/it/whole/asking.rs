//! Asking back: the same handler for clients of both eras.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use toolsmith::prelude::*;
use toolsmith::protocol::{Revision, Role, ToolDefinition};
use toolsmith::server::{Engine, SamplingContent, SamplingMessage, StopReason, ToolChoice};
use toolsmith::testing::TestClient;

use super::{BOTH, client};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Said {
    said: String,
}

/// Asks for a text.
async fn ask(context: &Context, message: &str) -> Result<String, ToolError> {
    Ok(context.elicit::<Said>(message).await?.accepted()?.said)
}

#[tool]
async fn elicits(context: Context) -> Result<String, ToolError> {
    Ok(match context.elicit::<Said>("Well?").await? {
        Elicited::Accepted(it) => format!("accepted {}", it.said),
        Elicited::Declined => "declined".to_owned(),
        Elicited::Cancelled => "cancelled".to_owned(),
    })
}

#[tool]
async fn sends_to_a_page(context: Context) -> Result<String, ToolError> {
    let page = context.elicit_url("Pay here.", "https://pay.example/1");
    Ok(format!("{:?}", page.await?))
}

/// Sends the user anywhere, by one of the two ways.
#[tool]
async fn sends_anywhere(context: Context, url: String, at_once: bool) -> Result<(), ToolError> {
    let page = context.elicit_url("There.", url);
    match at_once {
        true => context.require_urls([page]).await,
        false => page.await?.accepted(),
    }
}

#[tool]
async fn samples(context: Context) -> Result<String, ToolError> {
    let sampling = Sampling::new("Capital of France?")
        .system("One word.")
        .temperature(0.5)
        .prefer(["small"])
        .max_tokens(7);
    let answer = context.sample(sampling).await?;
    assert_eq!(answer.stop_reason, Some(StopReason::EndTurn));
    Ok(format!("{} by {}", answer.text(), answer.model))
}

#[tool]
async fn samples_with_tools(context: Context) -> Result<String, ToolError> {
    let sampling = Sampling::new("What is the weather?")
        .tool(&ToolDefinition::new("weather"))
        .tool_choice(ToolChoice::Auto);
    let first = context.sample(sampling.clone()).await?;
    let Some(SamplingContent::ToolUse { id, name, .. }) = first.content.first() else {
        return Err(ToolError::user("the model used no tool"));
    };
    let result = SamplingContent::tool_result(id.clone(), format!("{name} says rain"));
    let sampling = sampling
        .message(first.message())
        .message(SamplingMessage::results([result]));
    Ok(context.sample(sampling).await?.text())
}

fn sound() -> SamplingContent {
    SamplingContent::Audio {
        data: "AAAA".to_owned(),
        mime_type: "audio/wav".to_owned(),
    }
}

/// Says something in several parts.
#[tool]
async fn samples_parts(context: Context, heard: bool) -> Result<String, ToolError> {
    let mut said = SamplingMessage::user("one");
    said.content.push(SamplingContent::text("two"));
    said.content.extend(heard.then(sound));
    let said = [said, SamplingMessage::assistant("three")];
    Ok(context.sample(Sampling::conversation(said)).await?.text())
}

/// Brings what a tool came to, and offers none.
#[tool]
async fn samples_results(context: Context, fits: bool) -> Result<String, ToolError> {
    let wants = SamplingMessage {
        role: Role::Assistant,
        content: vec![SamplingContent::ToolUse {
            id: "1".to_owned(),
            name: "weather".to_owned(),
            input: serde_json::Map::new(),
        }],
    };
    let mut results = SamplingMessage::results([SamplingContent::tool_result("1", "rain")]);
    results
        .content
        .extend((!fits).then(|| SamplingContent::text("and so on")));
    let said = [SamplingMessage::user("?"), wants, results];
    Ok(context.sample(Sampling::conversation(said)).await?.text())
}

#[tool]
async fn lists_roots(context: Context) -> Result<String, ToolError> {
    let roots = context.list_roots().await?;
    let uris: Vec<String> = roots.into_iter().map(|it| it.uri).collect();
    Ok(uris.join(" "))
}

#[tool]
async fn asks_first(context: Context) -> Result<&'static str, ToolError> {
    Ok(match context.supports(ClientCapability::Sampling) {
        true => "could sample",
        false => "could not sample",
    })
}

#[tool]
async fn requires(context: Context) -> Result<&'static str, ToolError> {
    context.require(ClientCapability::Sampling)?;
    Ok("can sample")
}

/// Asks one after the other.
#[tool]
async fn asks_twice(context: Context) -> Result<String, ToolError> {
    let first = ask(&context, "first?").await?;
    let second = ask(&context, &format!("after {first}?")).await?;
    Ok(format!("{first}, {second}"))
}

/// Asks two at once, of the same form.
#[tool]
async fn asks_two(context: Context) -> Result<String, ToolError> {
    let (a, b) = tokio::join!(ask(&context, "a?"), ask(&context, "b?"));
    Ok(format!("{}, {}", a?, b?))
}

/// Asks two at once that look the same, told apart by keys.
#[tool]
async fn asks_the_same_two(context: Context) -> Result<String, ToolError> {
    let (left, right) = tokio::join!(
        context.elicit::<Said>("same?").key("left"),
        context.elicit::<Said>("same?").key("right"),
    );
    Ok(format!(
        "{}, {}",
        left?.accepted()?.said,
        right?.accepted()?.said
    ))
}

/// Asks something else in each of its first runs.
#[tool]
async fn changes_its_mind(context: Context, runs: State<AtomicU32>) -> Result<String, ToolError> {
    let run = (runs.fetch_add(1, Ordering::SeqCst) + 1).min(3);
    let question = format!("question {run}?");
    let answer = ask(&context, &question).await?;
    Ok(format!("asked {question} and heard {answer}"))
}

/// The same under a key.
#[tool]
async fn changes_its_mind_under_a_key(
    context: Context,
    runs: State<AtomicU32>,
) -> Result<String, ToolError> {
    let run = (runs.fetch_add(1, Ordering::SeqCst) + 1).min(3);
    let question = format!("question {run}?");
    let answer = context.elicit::<Said>(&*question).key("k").await?;
    Ok(format!(
        "asked {question} and heard {}",
        answer.accepted()?.said
    ))
}

#[prompt]
async fn asking_prompt(context: Context) -> Result<String, ToolError> {
    ask(&context, "prompt?").await
}

#[resource("asking:x", ttl = "1h")]
async fn asking_resource(context: Context) -> Result<String, ToolError> {
    ask(&context, "resource?").await
}

#[tool]
async fn reports_and_asks(context: Context) -> Result<String, ToolError> {
    context.progress(Progress::new(1.0));
    context.info("before");
    let said = ask(&context, "well?").await?;
    context.info("after");
    context.progress(Progress::new(2.0));
    Ok(said)
}

fn engine() -> Engine {
    let server = Server::new("s")
        .state(AtomicU32::new(0))
        .tool::<elicits>()
        .tool::<sends_to_a_page>()
        .tool::<sends_anywhere>()
        .tool::<samples>()
        .tool::<samples_with_tools>()
        .tool::<samples_parts>()
        .tool::<samples_results>()
        .tool::<lists_roots>()
        .tool::<asks_first>()
        .tool::<requires>()
        .tool::<asks_twice>()
        .tool::<asks_two>()
        .tool::<asks_the_same_two>()
        .tool::<changes_its_mind>();
    let server = server
        .tool::<changes_its_mind_under_a_key>()
        .tool::<reports_and_asks>()
        .prompt::<asking_prompt>()
        .resource::<asking_resource>();
    server.build().unwrap()
}

/// A client that answers each question with the question.
fn echoing(engine: &Engine, revision: Revision) -> TestClient {
    client(engine, revision).on_elicit(|params| {
        Some(json!({"said": format!("[{}]", params["message"].as_str().unwrap())}))
    })
}

async fn told(client: &TestClient, tool: &str) -> String {
    let result = client.call(tool, json!({})).await.unwrap();
    assert!(!result.is_error(), "{tool}: {}", result.text());
    result.text()
}

#[tokio::test]
async fn a_user_accepts_declines_or_closes_a_form() {
    let engine = engine();
    for revision in [
        Revision::V2025_06_18,
        Revision::V2025_11_25,
        Revision::LATEST,
    ] {
        assert_eq!(
            told(&echoing(&engine, revision), "elicits").await,
            "accepted [Well?]"
        );
        let declining = client(&engine, revision).on_elicit(|_| None);
        assert_eq!(told(&declining, "elicits").await, "declined", "{revision}");
    }
}

#[tokio::test]
async fn a_user_is_sent_to_a_page() {
    let engine = engine();
    for revision in BOTH {
        let asked = Arc::new(Mutex::new(Value::Null));
        let heard = Arc::clone(&asked);
        let client = client(&engine, revision).on_elicit(move |params| {
            *heard.lock().unwrap() = params.clone();
            Some(json!({}))
        });
        assert_eq!(told(&client, "sends_to_a_page").await, "Accepted(())");
        let asked = asked.lock().unwrap();
        assert_eq!(asked["mode"], "url");
        assert_eq!(asked["url"], "https://pay.example/1");
        let has_id = asked.get("elicitationId").is_some();
        assert_eq!(has_id, !revision.is_modern(), "{asked}");
    }
    let older = echoing(&engine, Revision::V2025_06_18);
    let older = older.call("sends_to_a_page", json!({})).await.unwrap();
    assert!(
        older.is_error() && older.text().contains("2025-06-18"),
        "{}",
        older.text()
    );
}

#[tokio::test]
async fn nobody_is_sent_where_no_page_can_be() {
    let engine = engine();
    for revision in BOTH {
        for (url, at_once) in [
            ("not a url", false),
            ("/connect", false),
            ("https://", false),
            ("not a url", true),
        ] {
            let asked = Arc::new(AtomicU32::new(0));
            let counted = Arc::clone(&asked);
            let client = client(&engine, revision).on_elicit(move |_| {
                counted.fetch_add(1, Ordering::SeqCst);
                Some(json!({}))
            });
            let params = json!({"url": url, "at_once": at_once});
            let result = client.call("sends_anywhere", params).await;
            let result = result.unwrap_or_else(|sent| panic!("{revision}: {url} went out: {sent}"));
            assert!(result.is_error(), "{revision}: {url} was taken");
            assert!(result.text().contains("error id"), "{}", result.text());
            assert_eq!(asked.load(Ordering::SeqCst), 0, "{revision}: {url}");
            let params = json!({"url": "http://localhost:8080/x", "at_once": false});
            let sent = client.call("sends_anywhere", params).await.unwrap();
            assert!(!sent.is_error(), "{revision}: {}", sent.text());
        }
    }
}

#[tokio::test]
async fn the_clients_model_is_asked_in_every_revision() {
    let engine = engine();
    for revision in Revision::ALL {
        let asked = Arc::new(Mutex::new(Value::Null));
        let heard = Arc::clone(&asked);
        let client = client(&engine, revision).on_sample(move |params| {
            *heard.lock().unwrap() = params.clone();
            "Paris".to_owned()
        });
        assert_eq!(
            told(&client, "samples").await,
            "Paris by test",
            "{revision}"
        );
        let asked = asked.lock().unwrap();
        assert_eq!(asked["maxTokens"], 7);
        assert_eq!(asked["systemPrompt"], "One word.");
        assert_eq!(asked["temperature"], 0.5);
        assert_eq!(asked["modelPreferences"]["hints"][0]["name"], "small");
        assert_eq!(
            asked["messages"][0]["content"]["text"],
            "Capital of France?"
        );
    }
}

#[tokio::test]
async fn a_model_may_be_offered_tools_where_the_revision_has_it() {
    let engine = engine();
    for revision in BOTH {
        let turns = AtomicU32::new(0);
        let client = client(&engine, revision).on_sample_message(move |params| {
            assert_eq!(params["tools"][0]["name"], "weather");
            assert_eq!(params["toolChoice"]["mode"], "auto");
            turns.fetch_add(1, Ordering::SeqCst);
            let messages = params["messages"].as_array().unwrap();
            match messages.len() {
                1 => json!({"role": "assistant", "model": "m", "stopReason": "toolUse",
                    "content": [{"type": "tool_use", "id": "1", "name": "weather", "input": {}}]}),
                _ => {
                    let result = &messages[2]["content"];
                    assert_eq!(result["type"], "tool_result", "{params}");
                    assert_eq!(result["toolUseId"], "1");
                    json!({"role": "assistant", "model": "m", "stopReason": "endTurn",
                        "content": {"type": "text", "text": result["content"][0]["text"]}})
                }
            }
        });
        assert_eq!(
            told(&client, "samples_with_tools").await,
            "weather says rain"
        );
    }
}

/// What the model of a client was asked, one after the other.
type Heard = Arc<Mutex<Vec<Value>>>;

fn sampling(engine: &Engine, revision: Revision) -> (TestClient, Heard) {
    let heard = Heard::default();
    let hears = Arc::clone(&heard);
    let client = client(engine, revision).on_sample(move |params| {
        hears.lock().unwrap().push(params["messages"].clone());
        "said".to_owned()
    });
    (client, heard)
}

#[tokio::test]
async fn what_is_said_in_parts_is_said_one_after_the_other_to_older_models() {
    let engine = engine();
    for revision in Revision::ALL {
        for heard in [false, true] {
            let (client, asked) = sampling(&engine, revision);
            let params = json!({"heard": heard});
            let result = client.call("samples_parts", params).await.unwrap();
            if heard && revision == Revision::V2024_11_05 {
                assert!(result.is_error(), "{}", result.text());
                assert!(result.text().contains("hear a sound"), "{}", result.text());
                assert!(asked.lock().unwrap().is_empty(), "it was asked");
                continue;
            }
            assert_eq!(result.text(), "said", "{revision}");
            let text = |text: &str| json!({"type": "text", "text": text});
            let mut parts = vec![text("one"), text("two")];
            parts.extend(heard.then(|| serde_json::to_value(sound()).unwrap()));
            let said = |content: Value| json!({"role": "user", "content": content});
            let mut expected: Vec<Value> = match revision >= Revision::V2025_11_25 {
                true => vec![said(parts.into())],
                false => parts.into_iter().map(said).collect(),
            };
            expected.push(json!({"role": "assistant", "content": text("three")}));
            let asked = asked.lock().unwrap();
            assert_eq!(*asked, [Value::from(expected)], "{revision}");
        }
    }
}

#[tokio::test]
async fn a_conversation_with_tools_goes_only_where_tools_are_known() {
    let engine = engine();
    for revision in Revision::ALL {
        let (client, asked) = sampling(&engine, revision);
        let result = client.call("samples_results", json!({"fits": true})).await;
        let result = result.unwrap();
        let knows = revision >= Revision::V2025_11_25;
        assert_eq!(!result.is_error(), knows, "{revision}: {}", result.text());
        assert_eq!(
            asked.lock().unwrap().len(),
            usize::from(knows),
            "{revision}"
        );
        // Every use of a tool is answered by results, and by nothing else beside them.
        let failed = client.call("samples_results", json!({"fits": false})).await;
        assert!(failed.unwrap().is_error(), "{revision}");
        assert_eq!(
            asked.lock().unwrap().len(),
            usize::from(knows),
            "{revision}"
        );
    }
    for revision in BOTH {
        let (client, asked) = sampling(&engine, revision);
        let client = client.capabilities(json!({"sampling": {}}));
        let refused = client.call("samples_results", json!({"fits": true})).await;
        let said = match refused {
            Ok(refused) => refused.text(),
            Err(failure) => failure.message,
        };
        assert!(said.contains("sampling.tools"), "{revision}: {said}");
        assert!(asked.lock().unwrap().is_empty(), "{revision}");
    }
}

#[tokio::test]
async fn roots_are_listed_in_every_revision() {
    let engine = engine();
    for revision in Revision::ALL {
        let client = client(&engine, revision).roots(["file:///a", "file:///b"]);
        assert_eq!(
            told(&client, "lists_roots").await,
            "file:///a file:///b",
            "{revision}"
        );
    }
}

#[tokio::test]
async fn a_client_that_cannot_be_asked_is_told_what_it_lacks() {
    let engine = engine();
    for (tool, required) in [
        ("elicits", json!({"elicitation": {}})),
        ("sends_to_a_page", json!({"elicitation": {"url": {}}})),
        ("samples", json!({"sampling": {}})),
        ("samples_with_tools", json!({"sampling": {"tools": {}}})),
        ("lists_roots", json!({"roots": {}})),
        ("requires", json!({"sampling": {}})),
    ] {
        for revision in Revision::ALL {
            let answer = client(&engine, revision).call(tool, json!({})).await;
            if revision.is_modern() {
                let failure = answer.unwrap_err();
                assert_eq!(failure.code, -32021, "{tool}: {failure}");
                assert_eq!(
                    failure.data,
                    Some(json!({"requiredCapabilities": required}))
                );
            } else {
                let failed = answer.unwrap();
                assert!(failed.is_error(), "{tool} in {revision}");
                assert!(
                    failed.text().contains("has not declared"),
                    "{}",
                    failed.text()
                );
            }
        }
    }
}

#[tokio::test]
async fn a_handler_may_look_before_it_asks() {
    let engine = engine();
    for revision in BOTH {
        let cannot = client(&engine, revision);
        assert_eq!(told(&cannot, "asks_first").await, "could not sample");
        let can = client(&engine, revision).on_sample(|_| String::new());
        assert_eq!(told(&can, "asks_first").await, "could sample");
        assert_eq!(told(&can, "requires").await, "can sample");
    }
}

#[tokio::test]
async fn one_question_after_the_other_is_answered() {
    let engine = engine();
    for revision in BOTH {
        let said = told(&echoing(&engine, revision), "asks_twice").await;
        assert_eq!(said, "[first?], [after [first?]?]", "{revision}");
    }
}

#[tokio::test]
async fn two_questions_at_once_go_out_together_and_each_is_given_its_own_answer() {
    let engine = engine();
    for revision in BOTH {
        let said = told(&echoing(&engine, revision), "asks_two").await;
        assert_eq!(said, "[a?], [b?]", "{revision}");
    }
    let modern = echoing(&engine, Revision::LATEST);
    let result = modern
        .send("tools/call", json!({"name": "asks_two"}))
        .await
        .unwrap();
    assert_eq!(result["resultType"], "input_required");
    assert_eq!(
        result["inputRequests"].as_object().unwrap().len(),
        2,
        "{result}"
    );
}

#[tokio::test]
async fn questions_that_look_the_same_are_told_apart_by_their_keys() {
    let modern = echoing(&engine(), Revision::LATEST);
    let params = json!({"name": "asks_the_same_two"});
    let asked = modern.send("tools/call", params.clone()).await.unwrap();
    let mut keys: Vec<_> = asked["inputRequests"].as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(keys, ["left", "right"]);
    let answer = |said: &str| json!({"action": "accept", "content": {"said": said}});
    let mut params = params;
    params["requestState"] = asked["requestState"].clone();
    params["inputResponses"] = json!({"right": answer("r"), "left": answer("l")});
    let result = modern.send("tools/call", params).await.unwrap();
    assert_eq!(result["content"][0]["text"], "l, r");
}

#[tokio::test]
async fn a_question_that_changed_is_asked_anew_and_takes_no_other_answer() {
    for tool in ["changes_its_mind", "changes_its_mind_under_a_key"] {
        for revision in BOTH {
            let engine = engine();
            let asked = Arc::new(Mutex::new(Vec::new()));
            let heard = Arc::clone(&asked);
            let client = client(&engine, revision).on_elicit(move |params| {
                let message = params["message"].as_str().unwrap().to_owned();
                heard.lock().unwrap().push(message.clone());
                Some(json!({"said": format!("the answer to {message}")}))
            });
            let said = told(&client, tool).await;
            let asked = asked.lock().unwrap();
            // A modern handler runs again for each answer, a legacy one goes on.
            let expected: &[&str] = match revision.is_modern() {
                true => &["question 1?", "question 2?", "question 3?"],
                false => &["question 1?"],
            };
            assert_eq!(*asked, expected, "{tool} in {revision}");
            let last = asked.last().unwrap();
            assert_eq!(said, format!("asked {last} and heard the answer to {last}"));
        }
    }
}

#[tokio::test]
async fn prompts_and_resources_ask_as_tools_do() {
    let engine = engine();
    for revision in BOTH {
        let client = echoing(&engine, revision);
        let filled = client.prompt("asking_prompt", json!({})).await.unwrap();
        assert_eq!(filled.texts(), ["[prompt?]"], "{revision}");
        let read = client.request("resources/read", json!({"uri": "asking:x"}));
        let read = read.await.unwrap();
        assert_eq!(read["contents"][0]["text"], "[resource?]", "{revision}");
        if revision.is_modern() {
            assert_eq!(
                read["ttlMs"], 0,
                "what one user answered is not for the next request"
            );
        }
    }
}

#[tokio::test]
async fn what_was_reported_before_a_question_is_not_reported_again() {
    let engine = engine();
    for revision in BOTH {
        let client = echoing(&engine, revision).log_level(LogLevel::Info);
        let params = json!({"name": "reports_and_asks", "_meta": {"progressToken": "t"}});
        client.request("tools/call", params).await.unwrap();
        let heard = client.notifications();
        let said: Vec<_> = heard
            .iter()
            .map(|it| match it["method"].as_str() {
                Some("notifications/progress") => it["params"]["progress"].to_string(),
                _ => it["params"]["data"].to_string(),
            })
            .collect();
        assert_eq!(said, ["1", "\"before\"", "\"after\"", "2"], "{revision}");
    }
}

#[tokio::test]
async fn a_user_may_close_a_question_without_saying_anything() {
    let modern = echoing(&engine(), Revision::LATEST);
    let asked = modern
        .send("tools/call", json!({"name": "elicits"}))
        .await
        .unwrap();
    let keys = asked["inputRequests"].as_object().unwrap().keys();
    let answers = keys.map(|key| (key.clone(), json!({"action": "cancel"})));
    let params = json!({
        "name": "elicits",
        "requestState": asked["requestState"],
        "inputResponses": Value::Object(answers.collect()),
    });
    let result = modern.send("tools/call", params).await.unwrap();
    assert_eq!(result["content"][0]["text"], "cancelled");
}

/// Tells when it is dropped.
struct Told(Arc<tokio::sync::Notify>);

impl Drop for Told {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// Has somebody else ask.
#[tool]
async fn lets_ask(context: Context, told: State<tokio::sync::Notify>) -> Result<String, ToolError> {
    let told = Told(Arc::clone(&told.0));
    let asking = tokio::spawn(async move {
        let _told = told;
        ask(&context, "spawned?").await
    });
    asking.await.map_err(ToolError::internal)?
}

#[tokio::test]
async fn a_question_may_be_asked_by_another_task_which_ends_with_the_run() {
    for revision in BOTH {
        let told = Arc::new(tokio::sync::Notify::new());
        let server = Server::new("s").shared_state(Arc::clone(&told));
        let engine = server.tool::<lets_ask>().build().unwrap();
        let client = echoing(&engine, revision);
        if revision.is_modern() {
            let asked = client
                .send("tools/call", json!({"name": "lets_ask"}))
                .await
                .unwrap();
            assert_eq!(asked["resultType"], "input_required", "{asked}");
            super::soon(told.notified()).await;
        }
        assert_eq!(
            super::soon(super::asking::told(&client, "lets_ask")).await,
            "[spawned?]"
        );
        super::soon(told.notified()).await;
    }
}
