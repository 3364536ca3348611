//! Asking the client's model.

mod conversation;

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Context;
use super::ask::Terms;
use crate::protocol::{Question, QuestionKind, Revision, Role, ToolDefinition};
use crate::server::handler::ToolError;

/// What the client's model is to be asked.
///
/// ```
/// use toolsmith_core::server::Sampling;
///
/// let question = Sampling::new("What is the capital of France?")
///     .system("Answer in one word.")
///     .max_tokens(10);
/// # let _ = question;
/// ```
#[derive(Clone, Debug)]
pub struct Sampling {
    messages: Vec<SamplingMessage>,
    max_tokens: u32,
    tools: Vec<Value>,
    params: Map<String, Value>,
}

/// How many tokens are asked for at most unless told otherwise.
const MAX_TOKENS: u32 = 1000;

impl Sampling {
    /// A question of the user's.
    pub fn new(text: impl Into<String>) -> Self {
        Self::conversation([SamplingMessage::user(text)])
    }

    /// A conversation to go on with.
    ///
    /// Where the model used tools in it, the client must have declared `sampling.tools`, and
    /// the message after such a one holds a result for each use of a tool, and nothing else:
    /// see [`SamplingMessage::results`].
    pub fn conversation(messages: impl IntoIterator<Item = SamplingMessage>) -> Self {
        Self {
            messages: messages.into_iter().collect(),
            max_tokens: MAX_TOKENS,
            tools: Vec::new(),
            params: Map::new(),
        }
    }

    /// With one more message.
    #[must_use]
    pub fn message(mut self, message: SamplingMessage) -> Self {
        self.messages.push(message);
        self
    }

    /// With what the model is told beforehand.
    #[must_use]
    pub fn system(self, prompt: impl Into<String>) -> Self {
        self.with("systemPrompt", prompt.into())
    }

    /// With at most so many tokens; 1000 unless told otherwise.
    #[must_use]
    pub fn max_tokens(mut self, tokens: u32) -> Self {
        self.max_tokens = tokens;
        self
    }

    /// With a temperature.
    #[must_use]
    pub fn temperature(self, temperature: f64) -> Self {
        self.with("temperature", temperature)
    }

    /// With texts at which the model is to stop.
    #[must_use]
    pub fn stop_at(self, texts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let texts: Vec<String> = texts.into_iter().map(Into::into).collect();
        self.with("stopSequences", texts)
    }

    /// With names of models that would be good, best first; a part of a name will do.
    #[must_use]
    pub fn prefer(mut self, models: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let models = models.into_iter().map(Into::<String>::into);
        let hints: Vec<Value> = models.map(|name| json!({"name": name})).collect();
        let preferences = self.params.entry("modelPreferences");
        preferences.or_insert_with(|| json!({}))["hints"] = hints.into();
        self
    }

    /// With how much cost, speed and intelligence matter, each from 0 to 1.
    #[must_use]
    pub fn priorities(mut self, cost: f64, speed: f64, intelligence: f64) -> Self {
        let preferences = self.params.entry("modelPreferences");
        let preferences = preferences.or_insert_with(|| json!({}));
        preferences["costPriority"] = cost.into();
        preferences["speedPriority"] = speed.into();
        preferences["intelligencePriority"] = intelligence.into();
        self
    }

    /// With a tool that the model may use. The client must have declared `sampling.tools`.
    #[must_use]
    pub fn tool(mut self, tool: &ToolDefinition) -> Self {
        let tool = serde_json::to_value(tool.wire(Revision::LATEST_LEGACY));
        self.tools.extend(tool.ok());
        self
    }

    /// With whether the model must use a tool.
    #[must_use]
    pub fn tool_choice(self, choice: ToolChoice) -> Self {
        self.with("toolChoice", json!({"mode": choice}))
    }

    fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.params.insert(key.to_owned(), value.into());
        self
    }

    fn question(mut self) -> Result<Question, ToolError> {
        conversation::check(&self.messages).map_err(ToolError::internal)?;
        let messages = serde_json::to_value(&self.messages).map_err(ToolError::internal)?;
        self.params.insert("messages".to_owned(), messages);
        self.params
            .insert("maxTokens".to_owned(), self.max_tokens.into());
        let tools = !self.tools.is_empty()
            || self.params.contains_key("toolChoice")
            || conversation::is_about_tools(&self.messages);
        if !self.tools.is_empty() {
            self.params.insert("tools".to_owned(), self.tools.into());
        }
        Ok(Question {
            kind: match tools {
                true => QuestionKind::SampleWithTools,
                false => QuestionKind::Sample,
            },
            params: self.params,
        })
    }
}

/// Whether the model must use a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ToolChoice {
    /// As it likes.
    Auto,
    /// It must use one.
    Required,
    /// It must use none.
    None,
}

/// One message of a conversation with a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SamplingMessage {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    #[serde(with = "one_or_many")]
    pub content: Vec<SamplingContent>,
}

impl SamplingMessage {
    /// Text of the user.
    pub fn user(text: impl Into<String>) -> Self {
        Self {
            role: Role::User,
            content: vec![SamplingContent::text(text)],
        }
    }

    /// Text of the model.
    pub fn assistant(text: impl Into<String>) -> Self {
        Self {
            role: Role::Assistant,
            content: vec![SamplingContent::text(text)],
        }
    }

    /// What tools came to that the model wanted to use in the message before. Such a message
    /// holds nothing else.
    pub fn results(results: impl IntoIterator<Item = SamplingContent>) -> Self {
        Self {
            role: Role::User,
            content: results.into_iter().collect(),
        }
    }
}

/// A part of a message of a conversation with a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
#[non_exhaustive]
pub enum SamplingContent {
    /// Text.
    Text {
        /// The text.
        text: String,
    },
    /// A picture.
    Image {
        /// The picture, Base64.
        data: String,
        /// Its media type.
        mime_type: String,
    },
    /// A sound.
    Audio {
        /// The sound, Base64.
        data: String,
        /// Its media type.
        mime_type: String,
    },
    /// The model wants to use a tool.
    ToolUse {
        /// What the result is to name.
        id: String,
        /// The tool.
        name: String,
        /// Its arguments.
        input: Map<String, Value>,
    },
    /// What a tool came to.
    ToolResult {
        /// Which use of the tool it was.
        tool_use_id: String,
        /// What it came to.
        content: Vec<SamplingContent>,
        /// The tool failed.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_error: bool,
    },
}

impl SamplingContent {
    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        SamplingContent::Text { text: text.into() }
    }

    /// What a tool came to that the model wanted to use.
    pub fn tool_result(tool_use_id: impl Into<String>, text: impl Into<String>) -> Self {
        SamplingContent::ToolResult {
            tool_use_id: tool_use_id.into(),
            content: vec![SamplingContent::text(text)],
            is_error: false,
        }
    }
}

/// On the wire one part stands by itself, and several in an array.
mod one_or_many {
    use super::SamplingContent;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        Many(Vec<SamplingContent>),
        One(SamplingContent),
    }

    pub(super) fn serialize<S: Serializer>(
        content: &[SamplingContent],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match content {
            [one] => one.serialize(to),
            many => many.serialize(to),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<SamplingContent>, D::Error> {
        Ok(match OneOrMany::deserialize(from)? {
            OneOrMany::Many(many) => many,
            OneOrMany::One(one) => vec![one],
        })
    }
}

/// What the client's model said.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sampled {
    /// Who speaks: the model.
    pub role: Role,
    /// What is said.
    #[serde(with = "one_or_many")]
    pub content: Vec<SamplingContent>,
    /// Which model it was.
    pub model: String,
    /// Why it stopped, where that is known.
    #[serde(default)]
    pub stop_reason: Option<StopReason>,
}

/// Why a model stopped.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum StopReason {
    /// It had said what it wanted to say.
    EndTurn,
    /// It came by a text at which it was to stop.
    StopSequence,
    /// It came to the most tokens.
    MaxTokens,
    /// It wants to use tools.
    ToolUse,
    /// Something else, in the client's words.
    Other(String),
}

impl From<String> for StopReason {
    fn from(text: String) -> Self {
        match text.as_str() {
            "endTurn" => StopReason::EndTurn,
            "stopSequence" => StopReason::StopSequence,
            "maxTokens" => StopReason::MaxTokens,
            "toolUse" => StopReason::ToolUse,
            _ => StopReason::Other(text),
        }
    }
}

impl Sampled {
    /// The text of the answer; empty when there is none.
    pub fn text(&self) -> String {
        let texts = self.content.iter().filter_map(|part| match part {
            SamplingContent::Text { text } => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }

    /// The answer as a message, to go on with the conversation.
    pub fn message(&self) -> SamplingMessage {
        SamplingMessage {
            role: self.role,
            content: self.content.clone(),
        }
    }
}

/// A question to the client's model, not asked yet. Await it.
#[derive(Clone, Debug)]
#[must_use = "a question is asked when it is awaited"]
pub struct Sample {
    context: Context,
    sampling: Sampling,
    terms: Terms,
}

impl Context {
    /// Asks the client's model. The client may show the question to its user first, and
    /// may change it.
    ///
    /// Revision 2026-07-28 has it for a while still, and advises to call a model directly.
    ///
    /// # Errors
    ///
    /// When the client has no model to ask, refuses to, or answers something else; when the
    /// conversation does not answer every use of a tool.
    pub fn sample(&self, sampling: Sampling) -> Sample {
        Sample {
            context: self.clone(),
            sampling,
            terms: Terms::default(),
        }
    }
}

impl Sample {
    /// Under a key of the author's own, see [`Elicit::key`](super::Elicit::key).
    pub fn key(mut self, key: impl Into<Box<str>>) -> Self {
        self.terms.key = Some(key.into());
        self
    }

    /// For so long at most, see [`Elicit::timeout`](super::Elicit::timeout).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.terms.timeout = Some(timeout);
        self
    }
}

impl IntoFuture for Sample {
    type Output = Result<Sampled, ToolError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let question = self.sampling.question()?;
            let answer = self.context.ask(self.terms, question).await?;
            self.context.read(&answer, "message of a model")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_stands_by_itself_and_several_in_an_array() {
        let one = serde_json::to_value(SamplingMessage::user("hi")).unwrap();
        assert_eq!(
            one,
            json!({"role": "user", "content": {"type": "text", "text": "hi"}})
        );
        let two = SamplingMessage::results([
            SamplingContent::tool_result("a", "1"),
            SamplingContent::tool_result("b", "2"),
        ]);
        let two = serde_json::to_value(two).unwrap();
        assert_eq!(two["content"][1]["toolUseId"], "b");
    }

    #[test]
    fn what_a_model_says_is_read_in_both_forms() {
        let read = |content: Value| -> Sampled {
            serde_json::from_value(json!({
                "role": "assistant", "content": content, "model": "m", "stopReason": "toolUse",
            }))
            .unwrap()
        };
        let text = read(json!({"type": "text", "text": "Paris"}));
        assert_eq!(text.text(), "Paris");
        assert_eq!(text.stop_reason, Some(StopReason::ToolUse));
        let uses = read(json!([{"type": "tool_use", "id": "1", "name": "t", "input": {}}]));
        assert!(matches!(uses.content[0], SamplingContent::ToolUse { .. }));
    }

    #[test]
    fn tools_need_a_capability_of_their_own() {
        let plain = Sampling::new("?").question().unwrap();
        assert_eq!(plain.kind, QuestionKind::Sample);
        let with = Sampling::new("?")
            .tool(&ToolDefinition::new("t"))
            .question();
        assert_eq!(with.unwrap().kind, QuestionKind::SampleWithTools);
    }
}
