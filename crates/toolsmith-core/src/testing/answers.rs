//! How a client in memory answers what it is asked.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

type Elicit = Box<dyn Fn(&Value) -> Option<Value> + Send + Sync>;
type Sample = Box<dyn Fn(&Value) -> Value + Send + Sync>;

/// How a client in memory answers what it is asked.
#[derive(Default)]
pub struct Answers(Mutex<Ways>);

#[derive(Default)]
struct Ways {
    elicit: Option<Elicit>,
    sample: Option<Sample>,
    roots: Option<Vec<Value>>,
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Answers")
            .field(&self.capabilities())
            .finish()
    }
}

impl Answers {
    pub(super) fn set_elicit(&self, answer: Elicit) {
        self.ways().elicit = Some(answer);
    }

    pub(super) fn set_sample(&self, answer: Sample) {
        self.ways().sample = Some(answer);
    }

    pub(super) fn set_roots(&self, roots: Vec<Value>) {
        self.ways().roots = Some(roots);
    }

    /// What a client declares that has these answers.
    pub(super) fn capabilities(&self) -> Value {
        let ways = self.ways();
        let mut capabilities = json!({});
        if ways.elicit.is_some() {
            capabilities["elicitation"] = json!({"form": {}, "url": {}});
        }
        if ways.sample.is_some() {
            capabilities["sampling"] = json!({"tools": {}});
        }
        if ways.roots.is_some() {
            capabilities["roots"] = json!({});
        }
        capabilities
    }

    /// The answer to a question: an object with `method` and `params`.
    pub(super) fn answer(&self, question: &Value) -> Value {
        let ways = self.ways();
        let params = &question["params"];
        match question["method"].as_str() {
            Some("elicitation/create") => match ways.elicit.as_ref().map(|ask| ask(params)) {
                Some(Some(_)) if params["mode"] == "url" => json!({"action": "accept"}),
                Some(Some(content)) => json!({"action": "accept", "content": content}),
                Some(None) => json!({"action": "decline"}),
                None => json!({"action": "cancel"}),
            },
            Some("sampling/createMessage") => {
                ways.sample.as_ref().map_or(Value::Null, |ask| ask(params))
            }
            _ => json!({"roots": ways.roots.clone().unwrap_or_default()}),
        }
    }

    fn ways(&self) -> MutexGuard<'_, Ways> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
