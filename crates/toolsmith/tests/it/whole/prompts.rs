//! Prompts: what a client is told of them, and what filling them in comes to.

use serde_json::json;
use toolsmith::prelude::*;
use toolsmith::protocol::Revision;
use toolsmith::server::Engine;

use super::{BOTH, client, code, named, soon};

/// Reviews code.
#[prompt(
    title = "Review",
    icons("https://example.com/review.png"),
    tags("code")
)]
fn review(
    /// The code.
    code: String,
    /// How many remarks.
    #[default(3)]
    remarks: u8,
    strict: Option<bool>,
) -> String {
    format!("{code}: {remarks} remarks, strict: {strict:?}")
}

#[prompt]
async fn talk(context: Context) -> Result<Vec<PromptMessage>, ToolError> {
    Ok(vec![
        PromptMessage::user(format!("I speak {}.", context.revision())),
        PromptMessage::assistant(Content::image(b"x", "image/png")),
        PromptMessage::user(Content::resource(EmbeddedResource::text("a://b", "c"))),
    ])
}

#[prompt(timeout = "50ms")]
async fn slow() -> String {
    std::future::pending().await
}

fn engine() -> Engine {
    let made = DynamicPrompt::new("made", |arguments, _| async move {
        format!("about {}", arguments["topic"])
    })
    .description("Made.")
    .required_argument("topic", "What about.")
    .argument("style", "How.");
    Server::new("s")
        .prompt::<review>()
        .prompt::<talk>()
        .prompt::<slow>()
        .dynamic_prompt(made)
        .build()
        .unwrap()
}

#[tokio::test]
async fn what_is_listed_is_what_the_revision_knows() {
    let engine = engine();
    for revision in Revision::ALL {
        let client = client(&engine, revision);
        let list = client.list("prompts/list", "prompts").await.unwrap();
        let names: Vec<_> = list.iter().map(|it| &it["name"]).collect();
        assert_eq!(names, ["review", "talk", "slow", "made"], "{revision}");
        let review = named(&list, "name", "review");
        assert_eq!(review["description"], "Reviews code.");
        assert_eq!(
            review["arguments"],
            json!([
                {"name": "code", "description": "The code.", "required": true},
                {"name": "remarks", "description": "How many remarks."},
                {"name": "strict"},
            ]),
            "{revision}"
        );
        let titled = review.get("title").is_some();
        assert_eq!(titled, revision >= Revision::V2025_06_18, "{review}");
        let pictured = review.get("icons").is_some();
        assert_eq!(pictured, revision >= Revision::V2025_11_25, "{review}");
        assert!(named(&list, "name", "talk").get("arguments").is_none());
    }
}

#[tokio::test]
async fn arguments_are_texts_that_are_read_as_their_types() {
    let engine = engine();
    for revision in Revision::ALL {
        let client = client(&engine, revision);
        let filled = client.prompt("review", json!({"code": "x"})).await.unwrap();
        assert_eq!(filled.texts(), ["x: 3 remarks, strict: None"]);
        let all = json!({"code": "12", "remarks": "7", "strict": "true"});
        let filled = client.prompt("review", all).await.unwrap();
        assert_eq!(filled.texts(), ["12: 7 remarks, strict: Some(true)"]);
        assert_eq!(filled.json()["messages"][0]["role"], "user");
        let made = client
            .prompt("made", json!({"topic": "rain"}))
            .await
            .unwrap();
        assert_eq!(made.texts(), ["about rain"]);
    }
}

#[tokio::test]
async fn everything_that_is_wrong_with_arguments_is_named() {
    let engine = engine();
    for revision in BOTH {
        let client = client(&engine, revision);
        let wrong = json!({"remarks": "many", "colour": "red"});
        let failure = client.prompt("review", wrong).await.unwrap_err();
        assert_eq!(failure.code, -32602, "{failure}");
        for name in ["`remarks`", "`colour`", "`code` is missing"] {
            assert!(failure.message.contains(name), "{failure}");
        }
        for wrong in [
            json!({}),
            json!({"topic": "a", "colour": "b"}),
            json!({"topic": 1}),
        ] {
            assert_eq!(code(client.prompt("made", wrong).await), -32602);
        }
        let wrong = json!({"style": "a", "colour": "b"});
        let failure = client.prompt("made", wrong).await.unwrap_err();
        assert_eq!(
            failure.message,
            "Invalid arguments: `colour` is unknown; it takes `topic`, `style`; `topic` is missing."
        );
        assert_eq!(code(client.prompt("nothing", json!({})).await), -32602);
        assert_eq!(code(client.request("prompts/get", json!({})).await), -32602);
    }
}

#[tokio::test]
async fn a_place_in_an_argument_that_is_json_is_named() {
    #[derive(serde::Deserialize, schemars::JsonSchema)]
    struct Range {
        from: u32,
        to: u32,
    }
    #[prompt]
    fn cut(range: Range) -> String {
        format!("{} to {}", range.from, range.to)
    }
    let engine = Server::new("s").prompt::<cut>().build().unwrap();
    let client = client(&engine, Revision::LATEST);
    let range = |text: &str| json!({ "range": text });
    let cut = client.prompt("cut", range(r#"{"from": 1, "to": 2}"#)).await;
    assert_eq!(cut.unwrap().texts(), ["1 to 2"]);
    for (text, what) in [
        (
            r#"{"from": 1, "to": "a"}"#,
            "`range.to`: expected an integer from 0 to 4294967295, got the string \"a\"",
        ),
        (r#"{"from": 1}"#, "`range.to` is missing"),
        (
            "1-2",
            "`range`: expected an object as JSON, got the string \"1-2\"",
        ),
    ] {
        let failure = client.prompt("cut", range(text)).await.unwrap_err();
        assert_eq!(failure.message, format!("Invalid arguments: {what}."));
    }
}

#[test]
fn a_prompt_has_no_two_arguments_of_one_name() {
    let twice = DynamicPrompt::new("p", |_, _| async { "" })
        .argument("a", "")
        .required_argument("b", "")
        .required_argument("a", "");
    let error = Server::new("s").dynamic_prompt(twice).build().unwrap_err();
    assert!(
        error.problems()[0].contains("two arguments named `a`"),
        "{error}"
    );
}

#[tokio::test]
async fn messages_have_roles_and_any_content() {
    let engine = engine();
    for revision in BOTH {
        let filled = client(&engine, revision).prompt("talk", json!({})).await;
        let filled = filled.unwrap();
        let messages = &filled.json()["messages"];
        assert_eq!(
            messages[0]["content"]["text"],
            format!("I speak {revision}.")
        );
        assert_eq!(messages[1]["role"], "assistant");
        assert_eq!(messages[1]["content"]["mimeType"], "image/png");
        assert_eq!(messages[2]["content"]["resource"]["uri"], "a://b");
    }
}

#[tokio::test]
async fn a_prompt_that_takes_too_long_is_answered_on_time() {
    let engine = engine();
    for revision in BOTH {
        let client = client(&engine, revision);
        let failure = soon(client.prompt("slow", json!({}))).await;
        assert_eq!(code(failure), -31001, "{revision}");
    }
}
