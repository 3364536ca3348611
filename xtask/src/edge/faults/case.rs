//! One shape of `xtask/edge/faults.json`: what is sent, and which answers are fine.

use std::time::Duration;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// What the file has where a request that is hidden in another names what it did; a name of
/// the same length takes its place, so that lengths that are written down stay right.
const HIDDEN: &str = "smuggled";

/// One shape.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) why: String,
    /// By what name the server would know of a request that was hidden in it.
    pub(super) hidden: String,
    pub(super) send: Vec<Part>,
    pub(super) fine: Fine,
    /// Whether it reads nothing before it has sent everything.
    pub(super) reads_late: bool,
    /// What of it is not so yet.
    pub(super) not_yet: Option<String>,
}

/// Something that is sent or done.
#[derive(Debug)]
pub(super) enum Part {
    Bytes {
        bytes: Vec<u8>,
        times: usize,
        pause: Duration,
    },
    /// Nothing more will be sent.
    Shutdown,
    /// The connection is broken off.
    Reset,
}

/// What is a fine answer.
#[derive(Debug)]
pub(super) struct Fine {
    /// The statuses that the first answer may have.
    pub(super) statuses: Vec<u16>,
    /// Whether no answer and the end of the connection is fine, too.
    pub(super) may_close: bool,
    pub(super) answers: Option<usize>,
    pub(super) answers_at_most: Option<usize>,
    /// The server ends the connection.
    pub(super) closes: bool,
    pub(super) never: Vec<u16>,
    /// A field that the answer has.
    pub(super) field: Option<String>,
}

/// Reads the shapes, for a server at an address.
pub(super) fn read(text: &str, host: &str) -> Result<Vec<Case>> {
    let file: Value = serde_json::from_str(text)?;
    let cases = file["cases"].as_array().context("no cases")?;
    let cases = cases.iter().enumerate().map(|(number, case)| {
        let name = case["name"].as_str().unwrap_or_default();
        one(case, number, host).with_context(|| format!("the case `{name}`"))
    });
    cases.collect()
}

fn one(case: &Value, number: usize, host: &str) -> Result<Case> {
    let text = |name: &str| case[name].as_str().map(str::to_owned);
    let hidden = format!("smug{number:04}");
    let parts = case["send"].as_array().context("nothing to send")?;
    let parts = parts.iter().map(|it| part(it, &hidden, host));
    Ok(Case {
        name: text("name").context("no name")?,
        why: text("why").context("no reason")?,
        send: parts.collect::<Result<_>>()?,
        hidden,
        not_yet: text("not_yet"),
        fine: fine(&case["fine"])?,
        reads_late: case["reads_late"] == true,
    })
}

fn part(part: &Value, hidden: &str, host: &str) -> Result<Part> {
    if !part["shutdown"].is_null() {
        return Ok(Part::Shutdown);
    }
    if part["reset"] == true {
        return Ok(Part::Reset);
    }
    let bytes = match (part["text"].as_str(), part["base64"].as_str()) {
        // Latin-1: a character is a byte.
        (Some(text), _) => text
            .replace("{host}", host)
            .replace(HIDDEN, hidden)
            .chars()
            .map(|it| u8::try_from(it).context("a character that is no byte"))
            .collect::<Result<_>>()?,
        (_, Some(encoded)) => STANDARD.decode(encoded)?,
        _ => anyhow::bail!("a part that is nothing: {part}"),
    };
    Ok(Part::Bytes {
        bytes,
        times: part["times"].as_u64().unwrap_or(1).try_into()?,
        pause: Duration::from_millis(part["pause_ms"].as_u64().unwrap_or(0)),
    })
}

fn fine(fine: &Value) -> Result<Fine> {
    let all = fine["status"].as_array().context("no status is fine")?;
    let codes = |all: &[Value]| -> Vec<u16> {
        let codes = all.iter().filter_map(Value::as_u64);
        codes.filter_map(|it| it.try_into().ok()).collect()
    };
    let count = |name: &str| fine[name].as_u64().and_then(|it| it.try_into().ok());
    Ok(Fine {
        statuses: codes(all),
        may_close: all.iter().any(|it| it == "close"),
        answers: count("answers"),
        answers_at_most: count("answers_at_most"),
        closes: fine["closes"] == true,
        never: codes(fine["never"].as_array().map_or(&[], Vec::as_slice)),
        field: fine["header"].as_str().map(str::to_owned),
    })
}

impl Case {
    /// Whether the connection is broken off, so that there is nothing to hear.
    pub(super) fn breaks_off(&self) -> bool {
        self.send.iter().any(|it| matches!(it, Part::Reset))
    }
}

impl Fine {
    /// Whether what is hidden may be an honest request of its own.
    pub(super) fn lets_the_hidden_run(&self) -> bool {
        self.answers_at_most.is_some_and(|most| most > 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shapes_are_read() {
        let cases = read(include_str!("../../../edge/faults.json"), "127.0.0.1:7").unwrap();
        assert!(cases.len() > 60, "{}", cases.len());
        let first = &cases[0];
        let text = format!("{:?}", first.send[0]);
        assert!(
            first.fine.closes && first.fine.statuses == [400],
            "{first:?}"
        );
        assert!(!text.is_empty() && HIDDEN.len() == first.hidden.len());
        let bytes = cases
            .iter()
            .flat_map(|it| &it.send)
            .filter_map(|it| match it {
                Part::Bytes { bytes, .. } => Some(bytes.as_slice()),
                _ => None,
            });
        let mut texts = bytes.map(String::from_utf8_lossy);
        assert!(!texts.any(|it| it.contains(HIDDEN) || it.contains("{host}")));
    }
}
