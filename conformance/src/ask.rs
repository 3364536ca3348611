//! Tools that ask the client's model or user once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use toolsmith::prelude::*;

pub(crate) fn add_to(server: Server) -> Server {
    server
        .tool::<test_sampling>()
        .tool::<test_elicitation>()
        .tool::<test_elicitation_sep1034_defaults>()
        .tool::<test_elicitation_sep1330_enums>()
        .tool::<test_streaming_elicitation>()
}

/// Asks the client's model.
#[tool]
async fn test_sampling(
    ctx: Context,
    /// What the model is asked.
    prompt: String,
) -> Result<String, ToolError> {
    let sampled = ctx.sample(Sampling::new(prompt).max_tokens(100)).await?;
    Ok(format!("LLM response: {}", sampled.text()))
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Person {
    /// User's response
    username: String,
    /// User's email address
    email: String,
}

/// Asks the user for a name and an address.
#[tool]
async fn test_elicitation(
    ctx: Context,
    /// What the user reads.
    message: String,
) -> Result<String, ToolError> {
    let answer = ctx.elicit::<Person>(message).await?;
    Ok(match answer {
        Elicited::Accepted(Person { username, email }) => {
            format!("User response: {username}, {email}")
        }
        other => format!("User response: {other:?}"),
    })
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default)]
struct Defaults {
    name: String,
    age: i64,
    score: f64,
    status: Status,
    verified: bool,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Status {
    Active,
    Inactive,
    Pending,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            name: "John Doe".to_owned(),
            age: 30,
            score: 95.5,
            status: Status::Active,
            verified: true,
        }
    }
}

/// Asks with a form whose fields are filled in.
#[tool]
async fn test_elicitation_sep1034_defaults(ctx: Context) -> Result<String, ToolError> {
    let answer = ctx.elicit::<Defaults>("Please check these values").await?;
    Ok(format!("Elicitation completed: {answer:?}"))
}

/// Asks with a form of every kind of choice. The deprecated one has names beside its
/// values, which no type can say, so that the form is written out.
#[tool]
async fn test_elicitation_sep1330_enums(ctx: Context) -> Result<String, ToolError> {
    let options = json!(["option1", "option2", "option3"]);
    let form = json!({
        "type": "object",
        "properties": {
            "untitledSingle": {"type": "string", "enum": options},
            "titledSingle": {
                "type": "string",
                "oneOf": [
                    {"const": "value1", "title": "First Option"},
                    {"const": "value2", "title": "Second Option"},
                    {"const": "value3", "title": "Third Option"},
                ],
            },
            "legacyEnum": {
                "type": "string",
                "enum": ["opt1", "opt2", "opt3"],
                "enumNames": ["Option One", "Option Two", "Option Three"],
            },
            "untitledMulti": {"type": "array", "items": {"type": "string", "enum": options}},
            "titledMulti": {
                "type": "array",
                "items": {
                    "anyOf": [
                        {"const": "value1", "title": "First Choice"},
                        {"const": "value2", "title": "Second Choice"},
                        {"const": "value3", "title": "Third Choice"},
                    ],
                },
            },
        },
    });
    let answer = ctx.elicit_form("Please choose", form).await?;
    Ok(format!("Elicitation completed: {answer:?}"))
}

/// Asks the user to go on.
#[tool]
async fn test_streaming_elicitation(ctx: Context) -> Result<&'static str, ToolError> {
    #[derive(Deserialize, JsonSchema)]
    struct Confirmation {
        confirm: bool,
    }
    let answer = ctx.elicit::<Confirmation>("Shall it go on?").await?;
    Ok(match answer.ok() {
        Some(Confirmation { confirm: true }) => "It went on.",
        _ => "It did not go on.",
    })
}
