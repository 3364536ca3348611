//! Asking the user.

mod answer;
mod form;
mod format;
mod page;

use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

pub use page::{ElicitUrl, Elicitations};

use super::Context;
use super::ask::Terms;
use crate::protocol::{Question, QuestionKind};
use crate::server::handler::ToolError;

/// What the user made of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Elicited<T> {
    /// The user answered.
    Accepted(T),
    /// The user said no.
    Declined,
    /// The user closed the question without saying anything.
    Cancelled,
}

impl<T> Elicited<T> {
    /// The answer; where there is none, a failure of the tool that says so.
    ///
    /// # Errors
    ///
    /// When the user declined or cancelled.
    pub fn accepted(self) -> Result<T, ToolError> {
        match self {
            Elicited::Accepted(answer) => Ok(answer),
            Elicited::Declined => Err(ToolError::user("the user declined to answer")),
            Elicited::Cancelled => Err(ToolError::user("the user closed the question")),
        }
    }

    /// The answer, if there is one.
    pub fn ok(self) -> Option<T> {
        match self {
            Elicited::Accepted(answer) => Some(answer),
            Elicited::Declined | Elicited::Cancelled => None,
        }
    }
}

/// A form for the user, not asked yet. Await it.
#[derive(Clone, Debug)]
#[must_use = "a question is asked when it is awaited"]
pub struct Elicit<T> {
    context: Context,
    message: String,
    terms: Terms,
    schema: Result<Value, String>,
    answer: PhantomData<fn() -> T>,
}

impl Context {
    /// Asks the user by a form, whose fields are those of a type.
    ///
    /// The type is a struct of texts, numbers, `bool`s, enums without data and `Vec`s of
    /// those, or `Option`s of any of them. `#[serde(default)]` with
    /// `#[schemars(default = "…")]` fills a field in; doc comments describe the fields; the
    /// doc comment or `#[schemars(title = "…")]` of a variant is what the user reads of a
    /// choice.
    ///
    /// Secrets must not be asked for like this, because the client reads the answer: use
    /// [`elicit_url`](Self::elicit_url).
    ///
    /// # Errors
    ///
    /// When the client cannot ask its user, refuses to, or answers what does not fit the form. When no
    /// form can show the type, whoever the client is: that is in its schema, which the
    /// compiler cannot see. The model is told that the tool failed, and the log names the
    /// type and the field.
    ///
    /// ```
    /// use schemars::JsonSchema;
    /// use serde::Deserialize;
    /// use toolsmith_core::server::Context;
    /// use toolsmith_core::server::handler::ToolError;
    ///
    /// #[derive(Deserialize, JsonSchema)]
    /// struct Booking {
    ///     /// How many seats.
    ///     seats: u8,
    ///     window: bool,
    /// }
    ///
    /// async fn book(ctx: Context) -> Result<String, ToolError> {
    ///     let booking = ctx.elicit::<Booking>("What shall I book?").await?.accepted()?;
    ///     Ok(format!("{} seats are booked.", booking.seats))
    /// }
    /// ```
    pub fn elicit<T: DeserializeOwned + JsonSchema>(
        &self,
        message: impl Into<String>,
    ) -> Elicit<T> {
        Elicit {
            context: self.clone(),
            message: message.into(),
            terms: Terms::default(),
            schema: form::schema::<T>(),
            answer: PhantomData,
        }
    }

    /// Asks the user by a form that is made while the program runs: a JSON Schema as
    /// "Requested Schema" of `client/elicitation` has it. What forms do not have of JSON
    /// Schema is not sent.
    ///
    /// # Errors
    ///
    /// As [`elicit`](Self::elicit).
    pub fn elicit_form(
        &self,
        message: impl Into<String>,
        schema: Value,
    ) -> Elicit<Map<String, Value>> {
        Elicit {
            context: self.clone(),
            message: message.into(),
            terms: Terms::default(),
            schema: form::checked(&schema),
            answer: PhantomData,
        }
    }
}

impl<T> Elicit<T> {
    /// Under a key of the author's own. It makes the question known by that name when the
    /// handler runs again, and is the name under which a modern client sees it. A key
    /// that is used again in the same call is numbered: `confirm`, `confirm-2`.
    pub fn key(mut self, key: impl Into<Box<str>>) -> Self {
        self.terms.key = Some(key.into());
        self
    }

    /// For so long at most, whatever [`Server::question_timeout`] says. A question that was
    /// not answered by then is taken back, and fails.
    ///
    /// Holds where the handler waits: in the legacy era, and in a task. The server's holds
    /// for requests to a legacy client. A modern client that was asked comes back with the
    /// answer within [`Server::state_ttl`].
    ///
    /// [`Server::question_timeout`]: crate::server::Server::question_timeout
    /// [`Server::state_ttl`]: crate::server::Server::state_ttl
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.terms.timeout = Some(timeout);
        self
    }
}

/// What the content of an answer is to be.
const FORM: &str = "answer to this form";

#[derive(Deserialize)]
struct Answer {
    action: Action,
    #[serde(default)]
    content: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Accept,
    Decline,
    Cancel,
}

impl<T: DeserializeOwned + Send + 'static> IntoFuture for Elicit<T> {
    type Output = Result<Elicited<T>, ToolError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let schema = self.schema.map_err(ToolError::internal)?;
            let params = json!({
                "mode": "form",
                "message": self.message,
                "requestedSchema": &schema,
            });
            let question = Question {
                kind: QuestionKind::Form,
                params: object(params),
            };
            let answer = self.context.ask(self.terms, question).await?;
            let answer: Answer = self.context.read(&answer, "answer to a form")?;
            Ok(match answer.action {
                Action::Accept => {
                    let content = answer.content.unwrap_or_else(|| json!({}));
                    let content = answer::fitting(&schema, content)
                        .map_err(|why| self.context.misfit(FORM, &why))?;
                    Elicited::Accepted(self.context.read_as(&content.into(), FORM, Some(schema))?)
                }
                Action::Decline => Elicited::Declined,
                Action::Cancel => Elicited::Cancelled,
            })
        })
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}
