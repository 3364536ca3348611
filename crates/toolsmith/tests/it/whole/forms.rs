//! Forms for the user, as clients of each revision are sent them.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use toolsmith::prelude::*;
use toolsmith::protocol::Revision;
use toolsmith::server::Engine;
use toolsmith::testing::TestClient;

use super::client;

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Meal {
    Fish,
    Meat,
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
enum Seat {
    /// At the window
    A,
    /// At the aisle
    B,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Booking {
    /// Who flies.
    #[schemars(length(min = 1, max = 40))]
    name: String,
    #[serde(default = "one")]
    bags: u8,
    vegetarian: Option<bool>,
    meal: Meal,
    seat: Seat,
}

fn one() -> u8 {
    1
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Choices {
    meals: Vec<Meal>,
    seats: Vec<Seat>,
}

#[tool]
async fn book(context: Context) -> Result<String, ToolError> {
    let it = context.elicit::<Booking>("Which seat?").await?.accepted()?;
    Ok(format!(
        "{} {} {:?} {:?} {:?}",
        it.name, it.bags, it.vegetarian, it.meal, it.seat
    ))
}

#[tool]
async fn choose(context: Context) -> Result<String, ToolError> {
    let it = context.elicit::<Choices>("Which ones?").await?.accepted()?;
    Ok(format!("{:?} {:?}", it.meals, it.seats))
}

#[tool]
async fn made(context: Context) -> Result<String, ToolError> {
    let schema = json!({"type": "object", "properties": {"x": {"type": "integer", "default": 3}}});
    let it = context.elicit_form("Made.", schema).await?.accepted()?;
    Ok(it["x"].to_string())
}

/// A form with more in it than forms have.
#[tool]
async fn made_of_json_schema(context: Context) -> Result<String, ToolError> {
    let schema = json!({
        "type": "object",
        "properties": {
            "n": {"type": "integer", "maximum": 5},
            "time": {"type": ["string", "null"], "format": "time"},
            "one": {"anyOf": [{"const": "a", "title": "A"}, {"const": "b", "title": "B"}]},
        },
        "required": ["n"],
        "additionalProperties": false,
    });
    let it = context.elicit_form("Made.", schema).await?.accepted()?;
    Ok(Value::Object(it).to_string())
}

#[tool]
async fn impossible(context: Context) -> Result<String, ToolError> {
    #[derive(serde::Deserialize, schemars::JsonSchema)]
    struct Nested {
        inner: Inner,
    }
    #[derive(serde::Deserialize, schemars::JsonSchema)]
    struct Inner {
        x: u8,
    }
    let it = context.elicit::<Nested>("?").await?.accepted()?;
    Ok(it.inner.x.to_string())
}

fn engine() -> Engine {
    let server = Server::new("s")
        .tool::<book>()
        .tool::<choose>()
        .tool::<made>()
        .tool::<made_of_json_schema>();
    server.tool::<impossible>().build().unwrap()
}

type Asked = Arc<Mutex<Vec<Value>>>;

/// A client that answers so, and what it was asked.
fn answering(engine: &Engine, revision: Revision, answer: Value) -> (TestClient, Asked) {
    let asked = Asked::default();
    let heard = Arc::clone(&asked);
    let client = client(engine, revision).on_elicit(move |params| {
        heard.lock().unwrap().push(params.clone());
        Some(answer.clone())
    });
    (client, asked)
}

fn of(params: &Value, field: &str) -> Value {
    params["requestedSchema"]["properties"][field].clone()
}

#[tokio::test]
async fn a_form_has_fields_with_defaults_bounds_and_choices() {
    let engine = engine();
    let answer = json!({"name": "Ada", "meal": "fish", "seat": "B"});
    for revision in [
        Revision::V2025_06_18,
        Revision::V2025_11_25,
        Revision::LATEST,
    ] {
        let (client, asked) = answering(&engine, revision, answer.clone());
        let booked = client.call("book", json!({})).await.unwrap();
        assert_eq!(booked.text(), "Ada 1 None Fish B", "{revision}");
        let asked = asked.lock().unwrap();
        let params = &asked[0];
        assert_eq!(params["message"], "Which seat?");
        let mode = params.get("mode");
        let rich = revision >= Revision::V2025_11_25;
        assert_eq!(mode.is_some_and(|it| it == "form"), rich, "{params}");
        assert_eq!(
            of(params, "name"),
            json!({"type": "string", "description": "Who flies.", "minLength": 1, "maxLength": 40})
        );
        assert_eq!(of(params, "bags")["default"], 1);
        assert_eq!(of(params, "vegetarian"), json!({"type": "boolean"}));
        assert_eq!(
            params["requestedSchema"]["required"],
            json!(["name", "meal", "seat"])
        );
        assert_eq!(
            of(params, "meal"),
            json!({"type": "string", "enum": ["fish", "meat"]})
        );
        let titled = if rich {
            json!({"type": "string", "oneOf": [
                {"const": "A", "title": "At the window"},
                {"const": "B", "title": "At the aisle"},
            ]})
        } else {
            json!({"type": "string", "enum": ["A", "B"],
                "enumNames": ["At the window", "At the aisle"]})
        };
        assert_eq!(of(params, "seat"), titled, "{revision}");
    }
}

#[tokio::test]
async fn several_may_be_chosen_where_the_revision_has_it() {
    let engine = engine();
    let answer = json!({"meals": ["meat"], "seats": ["A", "B"]});
    for revision in [Revision::V2025_11_25, Revision::LATEST] {
        let (client, asked) = answering(&engine, revision, answer.clone());
        let chosen = client.call("choose", json!({})).await.unwrap();
        assert_eq!(chosen.text(), "[Meat] [A, B]", "{revision}");
        let asked = asked.lock().unwrap();
        assert_eq!(
            of(&asked[0], "meals"),
            json!({"type": "array", "items": {"type": "string", "enum": ["fish", "meat"]}})
        );
        assert_eq!(
            of(&asked[0], "seats")["items"]["anyOf"][0],
            json!({"const": "A", "title": "At the window"})
        );
    }
    let (client, asked) = answering(&engine, Revision::V2025_06_18, answer);
    let refused = client.call("choose", json!({})).await.unwrap();
    assert!(
        refused.is_error() && refused.text().contains("2025-06-18"),
        "{}",
        refused.text()
    );
    assert!(
        asked.lock().unwrap().is_empty(),
        "it was asked what it does not know"
    );
}

#[tokio::test]
async fn a_form_may_be_made_while_the_program_runs() {
    let engine = engine();
    for revision in super::BOTH {
        let (client, asked) = answering(&engine, revision, json!({"x": 5}));
        assert_eq!(client.call("made", json!({})).await.unwrap().text(), "5");
        assert_eq!(of(&asked.lock().unwrap()[0], "x")["default"], 3);
    }
}

/// The revisions that have forms.
const WITH_FORMS: [Revision; 3] = [
    Revision::V2025_06_18,
    Revision::V2025_11_25,
    Revision::LATEST,
];

#[tokio::test]
async fn a_form_of_an_authors_is_sent_with_what_clients_know() {
    let engine = engine();
    for revision in WITH_FORMS {
        let (client, asked) = answering(&engine, revision, json!({"n": 5, "one": "b"}));
        let made = client.call("made_of_json_schema", json!({})).await.unwrap();
        assert_eq!(made.text(), r#"{"n":5,"one":"b"}"#, "{revision}");
        let asked = asked.lock().unwrap();
        let one = match revision >= Revision::V2025_11_25 {
            true => json!({"type": "string", "oneOf": [
                {"const": "a", "title": "A"},
                {"const": "b", "title": "B"},
            ]}),
            false => json!({"type": "string", "enum": ["a", "b"], "enumNames": ["A", "B"]}),
        };
        let form = json!({
            "type": "object",
            "properties": {
                "n": {"type": "integer", "maximum": 5},
                "time": {"type": "string"},
                "one": one,
            },
            "required": ["n"],
        });
        assert_eq!(asked[0]["requestedSchema"], form, "{revision}");
    }
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_refused_by_the_name_of_its_field() {
    let engine = engine();
    let long = "x".repeat(41);
    for revision in WITH_FORMS {
        for (tool, wrong, named) in [
            ("book", json!({"name": "Ada", "seat": "A"}), "`meal`"),
            (
                "book",
                json!({"name": 1, "meal": "fish", "seat": "A"}),
                "`name`: expected text",
            ),
            (
                "book",
                json!({"name": "", "meal": "fish", "seat": "A"}),
                "`name`: expected 1 char",
            ),
            (
                "book",
                json!({"name": long, "meal": "fish", "seat": "A"}),
                "`name`: expected 40",
            ),
            (
                "book",
                json!({"name": "A", "meal": "soup", "seat": "A"}),
                "`meal`: expected one of",
            ),
            (
                "book",
                json!({"name": "A", "meal": "fish", "seat": "A", "x": 1}),
                "`x`",
            ),
            (
                "made_of_json_schema",
                json!({"n": 99}),
                "`n`: expected 5 at most",
            ),
            (
                "made_of_json_schema",
                json!({"n": 5, "bogus": true}),
                "`bogus`",
            ),
            (
                "made_of_json_schema",
                json!({"n": 5, "one": "c"}),
                "`one`: expected one of",
            ),
            ("made_of_json_schema", json!({"one": "a"}), "`n` is missing"),
        ] {
            let (client, _) = answering(&engine, revision, wrong.clone());
            let answer = client.call(tool, json!({})).await;
            // A modern answer is a part of the request; a legacy one came by itself.
            let said = if revision.is_modern() {
                let failure = answer.unwrap_err();
                assert_eq!(failure.code, -32602, "{wrong}: {failure}");
                failure.message
            } else {
                let failed = answer.unwrap();
                assert!(failed.is_error(), "{revision}, {wrong}: {failed:?}");
                failed.text()
            };
            let fits = said.contains("answer") && said.contains(named);
            assert!(fits, "{revision}, {wrong}: {said}");
        }
    }
}

#[tokio::test]
async fn a_type_that_no_client_can_show_asks_nobody() {
    let engine = engine();
    for revision in super::BOTH {
        let (client, asked) = answering(&engine, revision, json!({}));
        let failed = client.call("impossible", json!({})).await.unwrap();
        assert!(failed.is_error(), "{}", failed.text());
        assert!(asked.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn an_answer_that_does_not_fit_its_form_is_told_which_fields() {
    let engine = engine();
    let answer = json!({"name": 7, "bags": 300, "meal": "fish"});
    for revision in [
        Revision::V2025_06_18,
        Revision::V2025_11_25,
        Revision::LATEST,
    ] {
        let (client, _) = answering(&engine, revision, answer.clone());
        let said = match client.call("book", json!({})).await {
            Ok(result) => result.text().to_owned(),
            Err(error) => error.to_string(),
        };
        for part in [
            "answer to this form",
            "`name`: expected text, got 7",
            "`bags`: expected 255 at most, got 300",
            "`seat` is missing",
        ] {
            assert!(
                said.contains(part),
                "{revision}: {part:?} is not in {said:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_number_without_a_fraction_answers_for_an_integer() {
    let engine = engine();
    let answer = json!({"name": "Ada", "bags": 2.0, "meal": "fish", "seat": "B"});
    let (client, _) = answering(&engine, Revision::LATEST, answer);
    let booked = client.call("book", json!({})).await.unwrap();
    assert_eq!(booked.text(), "Ada 2 None Fish B");
}
