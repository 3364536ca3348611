//! Questions of the modern era: a handler that asks is dropped, and runs again from the top
//! when the client comes back with the answers.
//!
//! A question is known by the key that its author gave it, or by a digest of its content
//! and by which of the questions with that content it is. What has been answered so far
//! travels through the client, sealed. Implements the multi round-trip requests of revision
//! 2026-07-28, `basic/patterns/mrtr`.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Poll, Waker};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::handler::ToolError;
use crate::protocol::{ErrorKind, ProtocolError, Question};

/// The most answers that one request may bring.
const MAX_ANSWERS: usize = 64;
/// The most log messages that are remembered, so as not to be sent again.
const MAX_REMEMBERED: usize = 256;

/// What a handler has asked and been told, over all of its runs.
#[derive(Debug, Default)]
pub(super) struct Asking {
    state: Mutex<State>,
    driver: AtomicWaker,
}

#[derive(Debug, Default)]
struct State {
    answers: HashMap<Box<str>, Known>,
    /// What is being waited for, in the order in which it was asked.
    pending: Vec<Pending>,
    /// How often each content was asked in this run.
    counts: HashMap<String, u32>,
    reported: Reported,
    /// How many log messages this run has come by.
    logs: usize,
    /// The run is over, and nobody is answered any more.
    over: bool,
}

#[derive(Debug)]
struct Known {
    /// What was asked; `None` where only the key says so.
    digest: Option<String>,
    answer: Value,
}

#[derive(Debug)]
struct Pending {
    key: Box<str>,
    digest: String,
    question: Question,
    /// Whoever waits, who may be another task than the one that is dropped with the run.
    waker: Waker,
}

/// What the client was told by earlier runs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Reported {
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    progress: Option<f64>,
    #[serde(rename = "l", default, skip_serializing_if = "Vec::is_empty")]
    logs: Vec<u32>,
}

/// What travels through the client.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Carried {
    /// What was answered: what was asked, and the answer.
    #[serde(rename = "a", default)]
    answers: HashMap<Box<str>, (String, Value)>,
    /// What is to be answered: what was asked.
    #[serde(rename = "q", default)]
    asked: HashMap<Box<str>, String>,
    #[serde(flatten)]
    reported: Reported,
}

/// What a handler waits for.
#[derive(Debug)]
pub(super) struct Waits {
    /// The questions, by key.
    pub(super) questions: Vec<(Box<str>, Question)>,
    /// What is needed to run again, not sealed yet.
    pub(super) carried: Vec<u8>,
}

impl Asking {
    /// What a request brings: the state that was sealed, opened again, and the answers.
    pub(super) fn resume(
        carried: Option<&[u8]>,
        responses: Option<&Bytes>,
    ) -> Result<Self, ProtocolError> {
        let given = responses.map_or_else(|| Ok(HashMap::new()), given)?;
        let mut state = State::default();
        match carried {
            None => {
                // Nobody can say what was asked, so that only a key that an author chose
                // finds its answer.
                let known = |(key, answer)| {
                    (
                        key,
                        Known {
                            digest: None,
                            answer,
                        },
                    )
                };
                state.answers = given.into_iter().map(known).collect();
            }
            Some(carried) => {
                let carried: Carried = serde_json::from_slice(carried).map_err(|_| bad_state())?;
                let known = |(key, (digest, answer))| {
                    let digest = Some(digest);
                    (key, Known { digest, answer })
                };
                state.answers = carried.answers.into_iter().map(known).collect();
                for (key, answer) in given {
                    if let Some(digest) = carried.asked.get(&key).cloned() {
                        let digest = Some(digest);
                        state.answers.insert(key, Known { digest, answer });
                    }
                }
                state.reported = carried.reported;
            }
        }
        Ok(Self {
            state: Mutex::new(state),
            driver: AtomicWaker::new(),
        })
    }

    /// Asks. The future is ready if the answer is there, and pending for ever if it is not:
    /// the run is dropped then.
    pub(super) fn ask(
        self: &Arc<Self>,
        key: Option<Box<str>>,
        question: Question,
    ) -> impl Future<Output = Result<Value, ToolError>> + Send + use<> {
        Ask {
            asking: Arc::clone(self),
            key,
            question: Some(question),
            registered: None,
        }
    }

    /// Whether the request brings answers.
    pub(super) fn has_answers(&self) -> bool {
        !self.state().answers.is_empty()
    }

    /// Has this task woken by whoever asks from another one.
    pub(super) fn wake(&self, waker: &Waker) {
        self.driver.register(waker);
    }

    /// Whether a progress report is news to the client.
    pub(super) fn is_new_progress(&self, progress: f64) -> bool {
        let before = self.state().reported.progress;
        before.is_none_or(|before| progress > before)
    }

    /// Notes how far the client was told that the call has come.
    pub(super) fn told_progress(&self, progress: f64) {
        self.state().reported.progress = Some(progress);
    }

    /// Whether a log message is news to the client: it is not while a run says again what
    /// the one before it said.
    pub(super) fn is_new_log(&self, message: &[u8]) -> bool {
        let digest = Sha256::digest(message);
        let digest = u32::from_le_bytes([digest[0], digest[1], digest[2], digest[3]]);
        let mut state = self.state();
        let at = state.logs;
        state.logs += 1;
        if state.reported.logs.get(at) == Some(&digest) {
            return false;
        }
        if at < MAX_REMEMBERED {
            state.reported.logs.truncate(at);
            state.reported.logs.push(digest);
        }
        true
    }

    /// Ends the run: whoever still waits, in a task of its own, is told that it is over.
    pub(super) fn end(&self) {
        let waiting = {
            let mut state = self.state();
            state.over = true;
            std::mem::take(&mut state.pending)
        };
        for pending in waiting {
            pending.waker.wake();
        }
    }

    /// What is being waited for, and everything that is needed to run again. Of more questions
    /// than one request may bring answers to, the first: the rest is asked in the next round.
    pub(super) fn waits(&self) -> Option<Waits> {
        let state = self.state();
        if state.pending.is_empty() {
            return None;
        }
        let questions = state.pending.iter().take(MAX_ANSWERS);
        let questions = questions.map(|it| (it.key.clone(), it.question.clone()));
        let answers = state.answers.iter().filter_map(|(key, known)| {
            // What was not known to have been asked is brought again, if it is needed.
            let digest = known.digest.clone()?;
            Some((key.clone(), (digest, known.answer.clone())))
        });
        let asked = state.pending.iter().take(MAX_ANSWERS);
        let carried = Carried {
            answers: answers.collect(),
            asked: asked
                .map(|it| (it.key.clone(), it.digest.clone()))
                .collect(),
            reported: state.reported.clone(),
        };
        Some(Waits {
            questions: questions.collect(),
            carried: serde_json::to_vec(&carried).unwrap_or_default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answers that a request brings, by key.
pub(super) fn given(json: &Bytes) -> Result<HashMap<Box<str>, Value>, ProtocolError> {
    if json.as_ref() == b"null" {
        return Ok(HashMap::new());
    }
    let invalid = |what: &str| {
        ProtocolError::new(ErrorKind::InvalidParams, format!("`inputResponses` {what}"))
    };
    let given: HashMap<Box<str>, Value> = serde_json::from_slice(json)
        .map_err(|_| invalid("is an object with an answer under each key"))?;
    if given.len() > MAX_ANSWERS {
        return Err(invalid(&format!("holds at most {MAX_ANSWERS} answers")));
    }
    if let Some((key, _)) = given.iter().find(|(_, answer)| !answer.is_object()) {
        let key: String = key.chars().take(64).collect();
        return Err(invalid(&format!(
            "has an answer that is no object, under `{key}`"
        )));
    }
    Ok(given)
}

/// The refusal of state that was not sealed for this request, or is too old.
pub(super) fn bad_state() -> ProtocolError {
    ProtocolError::new(
        ErrorKind::InvalidParams,
        "`requestState` is not one that was given out for this request, or has expired; send the request again without it",
    )
}

/// One question.
struct Ask {
    asking: Arc<Asking>,
    key: Option<Box<str>>,
    question: Option<Question>,
    /// The key under which it waits.
    registered: Option<Box<str>>,
}

impl Future for Ask {
    type Output = Result<Value, ToolError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let asking = Arc::clone(&self.asking);
        let mut state = asking.state();
        if state.over {
            return Poll::Ready(Err(ToolError::user(
                "the call is over, and nobody can be asked any more",
            )));
        }
        let Some(question) = self.question.take() else {
            let mine = (state.pending.iter_mut())
                .find(|it| self.registered.as_ref().is_some_and(|key| *key == it.key));
            if let Some(mine) = mine {
                mine.waker.clone_from(cx.waker());
            }
            return Poll::Pending;
        };
        let digest = digest_of(&question);
        let chosen = self.key.is_some();
        let key = match self.key.take() {
            // A key that is used again in a run is another one: its answer is its own.
            Some(key) => {
                let count = state.counts.entry(format!("key {key}")).or_default();
                *count += 1;
                match *count {
                    1 => key,
                    count => format!("{key}-{count}").into(),
                }
            }
            None => {
                let count = state.counts.entry(digest.clone()).or_default();
                *count += 1;
                format!("{digest}-{count}").into()
            }
        };
        if let Some(known) = state.answers.get(&key) {
            let same = match &known.digest {
                Some(asked) => *asked == digest,
                None => chosen,
            };
            if same {
                let answer = known.answer.clone();
                if let Some(known) = state.answers.get_mut(&key) {
                    known.digest = Some(digest);
                }
                return Poll::Ready(Ok(answer));
            }
        }
        if state.pending.iter().any(|it| it.key == key) {
            return Poll::Ready(Err(ToolError::internal(format!(
                "two questions that wait for answers have the key `{key}`; give each its own"
            ))));
        }
        state.pending.push(Pending {
            key: key.clone(),
            digest,
            question,
            waker: cx.waker().clone(),
        });
        drop(state);
        self.registered = Some(key);
        asking.driver.wake();
        Poll::Pending
    }
}

/// A question that nobody waits for any more is not asked.
impl Drop for Ask {
    fn drop(&mut self) {
        if let Some(key) = &self.registered {
            self.asking.state().pending.retain(|it| it.key != *key);
        }
    }
}

/// What is asked, in a few characters.
fn digest_of(question: &Question) -> String {
    let mut hash = Sha256::new();
    hash.update(question.kind.method().as_bytes());
    hash.update([0]);
    hash.update(
        Value::Object(question.params.clone())
            .to_string()
            .as_bytes(),
    );
    let digest = hash.finalize();
    digest[..6]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::QuestionKind;
    use futures_util::FutureExt as _;
    use serde_json::json;

    fn question(text: &str) -> Question {
        Question {
            kind: QuestionKind::Form,
            params: json!({"message": text}).as_object().unwrap().clone(),
        }
    }

    enum Run<T> {
        Ended(T),
        Waits {
            questions: Vec<(Box<str>, Question)>,
            carried: Vec<u8>,
        },
    }

    fn run<T, F, Fut>(asking: Asking, handler: F) -> Run<T>
    where
        F: FnOnce(Arc<Asking>) -> Fut,
        Fut: Future<Output = T>,
    {
        let asking = Arc::new(asking);
        let work = handler(Arc::clone(&asking));
        futures_util::pin_mut!(work);
        match (&mut work).now_or_never() {
            Some(ended) => Run::Ended(ended),
            None => {
                let Waits { questions, carried } = asking.waits().expect("it waits for ever");
                Run::Waits { questions, carried }
            }
        }
    }

    fn resumed(carried: &[u8], answers: Value) -> Asking {
        let answers = Bytes::from(answers.to_string());
        Asking::resume(Some(carried), Some(&answers)).unwrap()
    }

    async fn two(asking: Arc<Asking>, first: &str, second: &str) -> (Value, Value) {
        let one = asking.ask(None, question(first)).await.unwrap();
        let two = asking.ask(None, question(second)).await.unwrap();
        (one, two)
    }

    #[test]
    fn a_handler_runs_again_with_the_answers_so_far() {
        let Run::Waits { questions, carried } = run(Asking::default(), |it| two(it, "a?", "b?"))
        else {
            panic!("it did not ask");
        };
        assert_eq!(questions.len(), 1);
        let key = &*questions[0].0;
        let Run::Waits { questions, carried } =
            run(resumed(&carried, json!({key: {"n": 1}})), |it| {
                two(it, "a?", "b?")
            })
        else {
            panic!("it did not ask again");
        };
        assert_eq!(questions[0].1.params["message"], "b?");
        let key = &*questions[0].0;
        let Run::Ended(answers) = run(resumed(&carried, json!({key: {"n": 2}})), |it| {
            two(it, "a?", "b?")
        }) else {
            panic!("it asked a third time");
        };
        assert_eq!(answers, (json!({"n": 1}), json!({"n": 2})));
    }

    #[test]
    fn a_question_that_changed_does_not_take_the_answer_of_the_one_before() {
        let Run::Waits { questions, carried } = run(Asking::default(), |it| two(it, "a?", "b?"))
        else {
            panic!("it did not ask");
        };
        let key = &*questions[0].0;
        let Run::Waits { questions, .. } = run(resumed(&carried, json!({key: {"n": 1}})), |it| {
            two(it, "c?", "b?")
        }) else {
            panic!("the answer went to another question");
        };
        assert_eq!(questions[0].1.params["message"], "c?");
    }

    #[test]
    fn a_chosen_key_is_not_enough_when_the_question_changed() {
        let ask = |text: &'static str| {
            move |it: Arc<Asking>| async move { it.ask(Some("k".into()), question(text)).await }
        };
        let Run::Waits { carried, .. } = run(Asking::default(), ask("delete a?")) else {
            panic!("it did not ask");
        };
        let answer = json!({"k": {"yes": true}});
        let changed = run(resumed(&carried, answer.clone()), ask("delete b?"));
        assert!(matches!(changed, Run::Waits { .. }));
        let same = run(resumed(&carried, answer), ask("delete a?"));
        assert!(matches!(same, Run::Ended(Ok(_))));
    }

    #[test]
    fn equal_questions_are_told_apart_by_which_of_them_it_is() {
        let both = |it: Arc<Asking>| async move {
            let one = it.ask(None, question("more?"));
            let two = it.ask(None, question("more?"));
            futures_util::future::join(one, two).await
        };
        let Run::Waits { questions, carried } = run(Asking::default(), both) else {
            panic!("it did not ask");
        };
        assert_eq!(questions.len(), 2, "what waits together goes out together");
        let (first, second) = (&*questions[0].0, &*questions[1].0);
        let answers = json!({second: {"n": 2}, first: {"n": 1}});
        let Run::Ended((one, two)) = run(resumed(&carried, answers), both) else {
            panic!("it asked again");
        };
        assert_eq!(
            (one.unwrap(), two.unwrap()),
            (json!({"n": 1}), json!({"n": 2}))
        );
    }

    /// Guards against more questions at once than there may be answers.
    #[test]
    fn more_questions_than_there_may_be_answers_are_asked_in_rounds() {
        let all = |it: Arc<Asking>| async move {
            let asked = (0..150).map(|n| it.ask(None, question(&n.to_string())));
            futures_util::future::join_all(asked).await
        };
        let mut asking = Asking::default();
        let mut rounds = Vec::new();
        let answers = loop {
            match run(asking, all) {
                Run::Ended(answers) => break answers,
                Run::Waits { questions, carried } => {
                    rounds.push(questions.len());
                    let answers = questions
                        .into_iter()
                        .map(|(key, it)| (key.into(), json!({"to": it.params["message"]})));
                    asking = resumed(&carried, Value::Object(answers.collect()));
                }
            }
        };
        assert_eq!(rounds, [64, 64, 22]);
        for (n, answer) in answers.into_iter().enumerate() {
            assert_eq!(answer.unwrap(), json!({"to": n.to_string()}));
        }
    }

    #[test]
    fn an_answer_that_was_not_asked_for_is_taken_by_a_chosen_key_only() {
        let unasked = || {
            let digest = digest_of(&question("a?"));
            let answers = json!({"k": {"n": 1}, format!("{digest}-1"): {"n": 1}});
            Asking::resume(None, Some(&Bytes::from(answers.to_string()))).unwrap()
        };
        let chosen = run(unasked(), |it| async move {
            it.ask(Some("k".into()), question("a?")).await
        });
        assert!(matches!(chosen, Run::Ended(Ok(_))));
        let by_content = run(
            unasked(),
            |it| async move { it.ask(None, question("a?")).await },
        );
        assert!(matches!(by_content, Run::Waits { .. }));
    }

    #[test]
    fn what_was_reported_before_is_not_news() {
        let asking = Asking::default();
        assert!(asking.is_new_progress(1.0) && asking.is_new_progress(1.0));
        asking.told_progress(1.0);
        assert!(!asking.is_new_progress(1.0));
        assert!(asking.is_new_log(b"one"));
        let again = Asking::default();
        again.state().reported = asking.state().reported.clone();
        assert!(!again.is_new_progress(1.0) && again.is_new_progress(2.0));
        assert!(!again.is_new_log(b"one") && again.is_new_log(b"two"));
        let differs = Asking::default();
        differs.state().reported = asking.state().reported.clone();
        assert!(differs.is_new_log(b"else") && differs.is_new_log(b"one"));
    }

    #[test]
    fn answers_that_are_none_are_refused() {
        for bad in ["5", "[]", r#"{"a":5}"#, r#"{"a":null}"#] {
            assert!(
                Asking::resume(None, Some(&Bytes::from(bad))).is_err(),
                "{bad}"
            );
        }
        assert!(Asking::resume(None, Some(&Bytes::from("null"))).is_ok());
        assert!(Asking::resume(Some(b"no json"), None).is_err());
    }

    #[test]
    fn a_key_that_is_used_again_has_an_answer_of_its_own() {
        let asking = Arc::new(Asking::default());
        let key = || Some("k".into());
        let mut first = Box::pin(asking.ask(key(), question("A?")));
        let mut second = Box::pin(asking.ask(key(), question("B?")));
        assert!(first.as_mut().now_or_never().is_none());
        assert!(second.as_mut().now_or_never().is_none());
        let waits = asking.waits().unwrap();
        let keys: Vec<_> = waits.questions.iter().map(|(key, _)| &**key).collect();
        assert_eq!(keys, ["k", "k-2"]);
        let answers = json!({"k": {"is": "a"}, "k-2": {"is": "b"}}).to_string();
        let again = Asking::resume(Some(&waits.carried), Some(&answers.into())).unwrap();
        let again = Arc::new(again);
        for (text, answer) in [("A?", "a"), ("B?", "b")] {
            let told = again.ask(key(), question(text)).now_or_never();
            let told = told.unwrap_or_else(|| panic!("{text} was asked again"));
            assert_eq!(told.unwrap(), json!({"is": answer}));
        }
    }
}
