//! Asking the user.

mod form;

use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::Context;
use crate::protocol::{Question, QuestionKind, encode_elicitation_complete};
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
    key: Option<Box<str>>,
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
    /// When the client cannot ask its user, refuses to, or answers something else. When no
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
            key: None,
            schema: form::schema::<T>(),
            answer: PhantomData,
        }
    }

    /// Asks the user by a form that is made while the program runs: a JSON Schema as
    /// "Requested Schema" of `client/elicitation` has it.
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
            key: None,
            schema: form::checked(schema),
            answer: PhantomData,
        }
    }

    /// Sends the user to a page, for what the client must not read: a password, a payment,
    /// an authorization by somebody else.
    ///
    /// That the user accepted means that the page was opened, not that anything was done
    /// there: look for that where the page leaves it. The address must hold no secrets, and
    /// the page must find out by itself who opens it.
    ///
    /// # Errors
    ///
    /// When the client cannot open pages or refuses to.
    pub fn elicit_url(&self, message: impl Into<String>, url: impl Into<String>) -> ElicitUrl {
        ElicitUrl {
            context: self.clone(),
            message: message.into(),
            url: url.into(),
            key: None,
            id: None,
        }
    }

    /// Tells the client that what a user was sent to a page for is done. Only revision
    /// 2025-11-25 has it; for others nothing is sent.
    pub fn elicitation_complete(&self, id: &str) {
        let revision = self.revision();
        let rich = revision.has_rich_questions() && !revision.is_modern();
        if let Some(sink) = self.scope().sink.as_ref().filter(|_| rich) {
            sink.notify(encode_elicitation_complete(id));
        }
    }
}

impl<T> Elicit<T> {
    /// Under a key of the author's own. It makes the question known by that name when the
    /// handler runs again, and is the name under which a modern client sees it. A key
    /// that is used again in the same call is numbered: `confirm`, `confirm-2`.
    pub fn key(mut self, key: impl Into<Box<str>>) -> Self {
        self.key = Some(key.into());
        self
    }
}

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
                "requestedSchema": schema,
            });
            let question = Question {
                kind: QuestionKind::Form,
                params: object(params),
            };
            let answer = self.context.ask(self.key, question).await?;
            let answer: Answer = self.context.read(answer, "answer to a form")?;
            Ok(match answer.action {
                Action::Accept => {
                    let content = answer.content.unwrap_or_else(|| json!({}));
                    Elicited::Accepted(self.context.read(content, "answer to this form")?)
                }
                Action::Decline => Elicited::Declined,
                Action::Cancel => Elicited::Cancelled,
            })
        })
    }
}

/// A page for the user, not opened yet. Await it.
#[derive(Clone, Debug)]
#[must_use = "a question is asked when it is awaited"]
pub struct ElicitUrl {
    context: Context,
    message: String,
    url: String,
    key: Option<Box<str>>,
    id: Option<String>,
}

impl ElicitUrl {
    /// Under a key of the author's own, see [`Elicit::key`].
    pub fn key(mut self, key: impl Into<Box<str>>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// With an id by which to say later that it is done, see
    /// [`Context::elicitation_complete`]. Without one, a random id is sent to the clients
    /// whose revision wants one.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }
}

impl IntoFuture for ElicitUrl {
    type Output = Result<Elicited<()>, ToolError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let mut params = object(json!({
                "mode": "url",
                "message": self.message,
                "url": self.url,
            }));
            // A modern question has none, and is known by its content when it is asked again.
            if !self.context.revision().is_modern() {
                let id = self.id.unwrap_or_else(random_id);
                params.insert("elicitationId".to_owned(), id.into());
            }
            let question = Question {
                kind: QuestionKind::Url,
                params,
            };
            let answer = self.context.ask(self.key, question).await?;
            let answer: Answer = self.context.read(answer, "answer to a page")?;
            Ok(match answer.action {
                Action::Accept => Elicited::Accepted(()),
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

fn random_id() -> String {
    let mut bytes = [0; 16];
    match getrandom::fill(&mut bytes) {
        Ok(()) => bytes.iter().map(|b| format!("{b:02x}")).collect(),
        Err(_) => "elicitation".to_owned(),
    }
}
