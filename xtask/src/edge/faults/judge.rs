//! Whether what came back is one of the fine answers.

use anyhow::{Result, ensure};

use super::case::Case;
use super::sender::Seen;
use crate::bench::client::{Answer, read};

/// How much of an answer is shown.
const SHOWN: usize = 300;

/// Fails when it is none of the fine answers.
pub(super) fn judge(case: &Case, seen: &Seen) -> Result<()> {
    let answers = answers(&seen.bytes);
    let statuses: Vec<u16> = answers.iter().map(|it| it.status).collect();
    let shown: String = String::from_utf8_lossy(&seen.bytes)
        .chars()
        .take(SHOWN)
        .collect();
    let wrong = |what: &str| {
        format!(
            "{} ({}): {what}; it answered {:?} in {:.1} s, the connection is {}: {shown:?}",
            case.name,
            case.why,
            &statuses[..statuses.len().min(5)],
            seen.took.as_secs_f64(),
            if seen.closed { "ended" } else { "open" }
        )
    };
    let fine = &case.fine;
    match statuses.iter().find(|it| **it >= 200) {
        Some(first) => ensure!(
            fine.statuses.contains(first),
            "{}",
            wrong(&format!("{first} is not of {:?}", fine.statuses))
        ),
        None => ensure!(
            fine.may_close && seen.closed || case.breaks_off(),
            "{}",
            wrong("no answer")
        ),
    }
    ensure!(
        seen.closed || !fine.closes,
        "{}",
        wrong("it is to end the connection")
    );
    let count = statuses.iter().filter(|it| **it >= 200).count();
    ensure!(
        fine.answers.is_none_or(|it| it == count),
        "{}",
        wrong(&format!("{count} answers, not {:?}", fine.answers))
    );
    ensure!(
        fine.answers_at_most.is_none_or(|most| count <= most),
        "{}",
        wrong(&format!(
            "{count} answers, more than {:?}",
            fine.answers_at_most
        ))
    );
    let never = statuses.iter().find(|it| fine.never.contains(it));
    ensure!(
        never.is_none(),
        "{}",
        wrong(&format!("{never:?} must not come"))
    );
    if let Some(field) = &fine.field {
        let mut final_ones = answers.iter().filter(|it| it.status >= 200);
        let has = final_ones
            .next()
            .is_some_and(|it| it.field(field).is_some());
        ensure!(has, "{}", wrong(&format!("no field {field}")));
    }
    Ok(())
}

/// The answers that are whole.
fn answers(mut bytes: &[u8]) -> Vec<Answer> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let Ok(answer) = read(&mut bytes) else { break };
        all.push(answer);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::case;
    use super::*;

    const FILE: &str = r#"{"cases": [{"name": "n", "why": "w", "send": [],
        "fine": {"status": [400, "close"], "answers_at_most": 1, "closes": true, "never": [100], "header": "x-y"}}]}"#;

    fn judged(bytes: &str, closed: bool) -> Result<()> {
        let case = case::read(FILE, "h").unwrap().remove(0);
        let seen = Seen {
            bytes: bytes.as_bytes().to_vec(),
            closed,
            ..Seen::default()
        };
        judge(&case, &seen)
    }

    #[test]
    fn every_clause_is_looked_at() {
        let fine = "HTTP/1.1 400 Bad Request\r\nx-y: z\r\ncontent-length: 0\r\n\r\n";
        judged(fine, true).unwrap();
        for (bytes, closed, word) in [
            (fine, false, "to end"),
            ("", false, "no answer"),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
                true,
                "200 is not",
            ),
            (
                "HTTP/1.1 400 X\r\ncontent-length: 0\r\n\r\n",
                true,
                "no field",
            ),
            (&fine.repeat(2), true, "more than"),
            (&format!("HTTP/1.1 100 Go\r\n\r\n{fine}"), true, "must not"),
        ] {
            let error = judged(bytes, closed).unwrap_err().to_string();
            assert!(error.contains(word), "{word}: {error}");
        }
    }
}
