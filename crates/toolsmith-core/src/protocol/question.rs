//! What a server asks of a client while it works on a request.

use serde_json::{Map, Value, json};

use super::{ClientCapability, Revision};

/// The `_meta` key that joins a message to the task that it is about.
pub(super) const RELATED_TASK: &str = "io.modelcontextprotocol/related-task";

/// The `_meta` of a message of the legacy era that belongs to a task.
pub(super) fn related_to(task: &str) -> Value {
    json!({RELATED_TASK: {"taskId": task}})
}

/// A question to a client: of its user, its model, or itself. Era-free: in the legacy era
/// it is a request, in the modern one a part of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// What is asked.
    pub kind: QuestionKind,
    /// With what, as the newest revision writes it.
    pub params: Map<String, Value>,
}

/// What is asked of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QuestionKind {
    /// The user, by a form.
    Form,
    /// The user, at a URL.
    Url,
    /// The client's model.
    Sample,
    /// The client's model, which is offered tools.
    SampleWithTools,
    /// Which roots there are.
    Roots,
}

impl QuestionKind {
    /// The method on the wire.
    pub const fn method(self) -> &'static str {
        match self {
            QuestionKind::Form | QuestionKind::Url => "elicitation/create",
            QuestionKind::Sample | QuestionKind::SampleWithTools => "sampling/createMessage",
            QuestionKind::Roots => "roots/list",
        }
    }

    /// What the client must have declared.
    pub const fn needs(self) -> ClientCapability {
        match self {
            QuestionKind::Form => ClientCapability::Elicitation,
            QuestionKind::Url => ClientCapability::ElicitationUrl,
            QuestionKind::Sample => ClientCapability::Sampling,
            QuestionKind::SampleWithTools => ClientCapability::SamplingTools,
            QuestionKind::Roots => ClientCapability::Roots,
        }
    }
}

impl Question {
    /// The question as a client of a revision knows it; `Err` says why it cannot be asked.
    ///
    /// # Errors
    ///
    /// When the revision has no way to ask it.
    pub fn known_to(&self, revision: Revision) -> Result<Map<String, Value>, String> {
        let mut params = self.params.clone();
        match self.kind {
            QuestionKind::Form if !revision.has_elicitation() => {
                return Err(cannot("ask the user by a form", revision));
            }
            QuestionKind::Form if !revision.has_rich_questions() => {
                params.remove("mode");
                older_form(&mut params, revision)?;
            }
            QuestionKind::Url if !revision.has_rich_questions() => {
                return Err(cannot("send the user to a URL", revision));
            }
            QuestionKind::Url if revision.is_modern() => {
                params.remove("elicitationId");
            }
            QuestionKind::SampleWithTools if !revision.has_rich_questions() => {
                return Err(cannot("speak of tools with the client's model", revision));
            }
            QuestionKind::Sample if !revision.has_rich_questions() => {
                older_messages(&mut params, revision)?;
            }
            _ => {}
        }
        Ok(params)
    }
}

fn cannot(what: &str, revision: Revision) -> String {
    format!("revision {revision}, which the client speaks, has no way to {what}")
}

/// Turns titled choices into those of revision 2025-06-18, which has no choice of several.
fn older_form(params: &mut Map<String, Value>, revision: Revision) -> Result<(), String> {
    let properties = params
        .get_mut("requestedSchema")
        .and_then(|schema| schema.get_mut("properties"))
        .and_then(Value::as_object_mut);
    for (name, property) in properties.into_iter().flatten() {
        let Some(property) = property.as_object_mut() else {
            continue;
        };
        if property.get("type").and_then(Value::as_str) == Some("array") {
            return Err(cannot(
                &format!("let the user choose several (`{name}`)"),
                revision,
            ));
        }
        if let Some(Value::Array(choices)) = property.remove("oneOf") {
            let of = |key: &str| -> Vec<Value> {
                choices.iter().filter_map(|c| c.get(key).cloned()).collect()
            };
            property.insert("enum".to_owned(), json!(of("const")));
            property.insert("enumNames".to_owned(), json!(of("title")));
        }
    }
    Ok(())
}

/// Writes each part of what is said as a message of its own: older revisions have messages
/// of one part, and the oldest one has no sounds.
fn older_messages(params: &mut Map<String, Value>, revision: Revision) -> Result<(), String> {
    let Some(Value::Array(messages)) = params.get_mut("messages") else {
        return Ok(());
    };
    let mut older = Vec::with_capacity(messages.len());
    for message in std::mem::take(messages) {
        match message.get("content") {
            Some(Value::Array(parts)) => older.extend(parts.iter().map(|part| {
                let mut alone = message.clone();
                alone["content"] = part.clone();
                alone
            })),
            _ => older.push(message),
        }
    }
    let is_sound = |message: &Value| message["content"]["type"] == "audio";
    if !revision.has_annotations() && older.iter().any(is_sound) {
        return Err(cannot("let the client's model hear a sound", revision));
    }
    *messages = older;
    Ok(())
}

/// Writes a question as a request of the legacy era.
pub fn encode_question(
    question: &Question,
    id: u64,
    revision: Revision,
    task: Option<&str>,
) -> Result<Vec<u8>, String> {
    let mut params = question.known_to(revision)?;
    if let Some(task) = task {
        params.insert("_meta".to_owned(), related_to(task));
    }
    let mut message = json!({"jsonrpc": "2.0", "id": id, "method": question.kind.method()});
    if let Some(message) = message.as_object_mut().filter(|_| !params.is_empty()) {
        message.insert("params".to_owned(), Value::Object(params));
    }
    Ok(message.to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(property: Value) -> Question {
        let params = json!({
            "mode": "form",
            "message": "?",
            "requestedSchema": {"type": "object", "properties": {"x": property}},
        });
        Question {
            kind: QuestionKind::Form,
            params: params.as_object().unwrap().clone(),
        }
    }

    #[test]
    fn titled_choices_become_those_that_an_older_client_knows() {
        let titled = json!({"type": "string", "oneOf": [{"const": "a", "title": "A"}]});
        let older = form(titled.clone())
            .known_to(Revision::V2025_06_18)
            .unwrap();
        let x = &older["requestedSchema"]["properties"]["x"];
        assert_eq!(
            *x,
            json!({"type": "string", "enum": ["a"], "enumNames": ["A"]})
        );
        assert!(older.get("mode").is_none());
        let newer = form(titled).known_to(Revision::LATEST).unwrap();
        assert_eq!(newer["mode"], "form");
    }

    #[test]
    fn what_a_revision_cannot_ask_is_said() {
        let several = form(json!({"type": "array", "items": {"enum": ["a"]}}));
        let why = several.known_to(Revision::V2025_06_18).unwrap_err();
        assert!(why.contains("`x`") && why.contains("2025-06-18"), "{why}");
        assert!(several.known_to(Revision::V2025_11_25).is_ok());
        let plain = form(json!({"type": "string"}));
        assert!(plain.known_to(Revision::V2025_03_26).is_err());
    }
}
