//! Whether what a server says is what it should, before and while it is measured.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::client::{Answer, Client};
use super::message;
use super::request::Request;

/// How often an answer is looked at while the load runs.
const BETWEEN: Duration = Duration::from_millis(50);
/// How much of a wrong answer is shown.
const SHOWN: usize = 300;

/// What an answer must hold.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    id: u64,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Text(String),
    Tools(usize),
    Progress(usize),
    Session,
}

impl Expected {
    pub(super) fn text(id: u64, text: impl Into<String>) -> Self {
        let what = What::Text(text.into());
        Self { id, what }
    }

    pub(super) fn tools(id: u64, count: usize) -> Self {
        let what = What::Tools(count);
        Self { id, what }
    }

    pub(super) fn progress(id: u64, count: usize) -> Self {
        let what = What::Progress(count);
        Self { id, what }
    }

    pub(super) fn session() -> Self {
        let what = What::Session;
        Self { id: 1, what }
    }

    /// Says what is wrong with an answer, if anything is.
    pub(super) fn check(&self, answer: &Answer) -> Result<()> {
        self.holds(answer).with_context(|| {
            let body: String = answer.body.chars().take(SHOWN).collect();
            format!("it answered {}: {body}", answer.status)
        })
    }

    fn holds(&self, answer: &Answer) -> Result<()> {
        ensure!(answer.status == 200, "the status is not 200");
        let messages = message::all(answer)?;
        let last = messages.last().context("there is no message")?;
        self.holds_at_the_end(last)?;
        if let What::Progress(count) = self.what {
            let progress = |it: &&Value| it["method"] == "notifications/progress";
            let got = messages.iter().filter(progress).count();
            ensure!(got == count, "{got} notifications, not {count}");
        }
        if let What::Session = self.what {
            let id = answer.field("mcp-session-id").unwrap_or_default();
            ensure!(!id.is_empty(), "it opens no session");
        }
        Ok(())
    }

    fn holds_at_the_end(&self, message: &Value) -> Result<()> {
        ensure!(message["id"] == self.id, "the id is not {}", self.id);
        let result = &message["result"];
        let text = &result["content"][0]["text"];
        match &self.what {
            What::Text(wanted) => ensure!(text == wanted, "the text is another"),
            What::Progress(_) => ensure!(text.is_string(), "there is no text"),
            What::Session => ensure!(result["serverInfo"].is_object(), "it says not who it is"),
            What::Tools(wanted) => {
                let got = result["tools"].as_array().map_or(0, Vec::len);
                ensure!(got == *wanted, "{got} tools, not {wanted}");
            }
        }
        Ok(())
    }

    /// A line of a pipe must hold the same.
    pub(super) fn check_line(&self, line: &str) -> Result<()> {
        let message: Value = serde_json::from_str(line)?;
        let held = self.holds_at_the_end(&message);
        held.with_context(|| format!("it answered {line}"))
    }
}

/// The floor must send what ours sends, or it does something else.
pub(super) fn same(ours: &Answer, floor: &Answer) -> Result<()> {
    let (kind, other) = (ours.field("content-type"), floor.field("content-type"));
    ensure!(
        kind == other,
        "ours sends {kind:?}, and the floor {other:?}"
    );
    let (ours, floor) = (
        message::without_event_ids(ours),
        message::without_event_ids(floor),
    );
    let place = ours
        .bytes()
        .zip(floor.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    let near = |text: &str| -> String {
        let start = text.floor_char_boundary(place.saturating_sub(40));
        text[start..].chars().take(SHOWN).collect()
    };
    ensure!(
        ours == floor,
        "the answers differ at byte {place}\nours:  …{}\nfloor: …{}",
        near(&ours),
        near(&floor)
    );
    Ok(())
}

/// What was seen of a sample of answers.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) checked: u64,
    pub(super) wrong: u64,
    pub(super) first_wrong: Option<String>,
}

/// Asks again and again over a connection of its own, beside the load, and looks at every
/// answer.
pub(super) fn watch(
    url: &str,
    over: &AtomicBool,
    next: impl Fn(u64) -> (Request, Expected),
) -> Seen {
    let mut seen = Seen::default();
    let mut client = None;
    while !over.load(Ordering::Relaxed) {
        seen.checked += 1;
        if let Err(error) = once(url, &mut client, next(seen.checked)) {
            seen.wrong += 1;
            client = None;
            seen.first_wrong.get_or_insert(format!("{error:#}"));
        }
        std::thread::sleep(BETWEEN);
    }
    seen
}

fn once(url: &str, client: &mut Option<Client>, next: (Request, Expected)) -> Result<()> {
    let connected = match client.take() {
        Some(client) => client,
        None => Client::connect(url)?,
    };
    let answer = client.insert(connected).post(&next.0)?;
    next.1.check(&answer)
}
