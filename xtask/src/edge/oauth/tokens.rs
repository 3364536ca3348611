//! A table of tokens, one fault each, between good ones.

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::calls::{Refusal, accepted, add, refused, send, with};
use super::front;
use super::rows::{ELSEWHERE, Row, rows};
use super::{Authority, Lab, NEEDED};
use crate::servers::HttpServer;

/// A name that our server has beside its address.
const ALSO: &str = "urn:example:edge";

pub(super) fn check(lab: &Lab<'_>) -> Result<String> {
    let mut count = 0;
    for (ours, other) in [(&lab.ours, &lab.other), (&lab.other, &lab.ours)] {
        let flags = ["--auth-issuer", &ours.issuer, "--auth-audience", ALSO];
        let rows = lab.with_flags(&flags, |server| table(server, ours, other))?;
        let logs = lab.logs.borrow();
        logged(&rows, logs.last().map_or("", String::as_str))?;
        count += rows.len();
    }
    Ok(format!(
        "{count} bad tokens were refused, each for its fault"
    ))
}

fn table(server: &HttpServer, ours: &Authority, other: &Authority) -> Result<Vec<Row>> {
    front::metadata(server, ours)?;
    front::without_token(server)?;
    let good = || ours.mint(&json!({"claims": {"aud": server.url}}));
    for (name, audience) in [
        ("several audiences", json!([ELSEWHERE, server.url])),
        ("our other name", json!(ALSO)),
        ("a slash at the end", json!(format!("{}/", server.url))),
        ("capital letters", json!(server.url.replace("http", "HTTP"))),
    ] {
        let token = ours.mint(&json!({"claims": {"aud": audience}}))?;
        accepted(server, &token).context(name)?;
    }
    let rows = rows(server, ours, other)?;
    for row in &rows {
        let good = good()?;
        let all = accepted(server, &good)
            .context("the good token before it")
            .and_then(|()| row.refused(server))
            .and_then(|()| accepted(server, &good).context("the good token after it"));
        all.with_context(|| format!("`{}`", row.name))?;
    }
    front::in_the_query(server, &good()?)?;
    front::twice(server, &good()?)?;
    Ok(rows)
}

/// The log has a line for each that was refused as bad; that it has no token is looked at
/// when everything was given out.
fn logged(rows: &[Row], log: &str) -> Result<()> {
    let lines = log.lines().filter(|it| it.contains("a token was refused"));
    let (lines, bad) = (lines.count(), rows.iter().filter(|it| it.status == 401));
    let bad = bad.count();
    ensure!(lines >= bad, "{lines} lines of the log for {bad} tokens");
    Ok(())
}

impl Row {
    fn refused(&self, server: &HttpServer) -> Result<()> {
        let error = match self.status {
            403 => "insufficient_scope",
            _ => "invalid_token",
        };
        let refusal = Refusal {
            status: self.status,
            error: Some(error),
            why: self.why,
            scope: Some(NEEDED),
        };
        let answer = send(server, &with(add(), &self.token))?;
        refused(server, &answer, refusal, &self.token)
    }
}
