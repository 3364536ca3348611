//! A tool that needs more than the server asks of everyone says what, and is not run.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::calls::{Refusal, refused, send, text, trace, with};
use super::challenge::Challenge;
use super::{Authority, Lab, NEEDED};
use crate::bench::client::Answer;
use crate::bench::request::{Request, initialize};
use crate::edge::calls;
use crate::servers::HttpServer;

/// A tool, what it needs, and what is too little for it.
struct Needs {
    tool: &'static str,
    needed: &'static [&'static str],
    granted: &'static [&'static str],
}

const NEEDS: [Needs; 2] = [
    Needs {
        tool: "write",
        needed: &["files:write"],
        granted: &["files:read", "files:read files:share"],
    },
    Needs {
        tool: "share",
        needed: &["files:write", "files:share"],
        granted: &[
            "files:read",
            "files:read files:write",
            "files:read files:share",
        ],
    },
];

pub(super) fn check(lab: &Lab<'_>) -> Result<String> {
    let ours = &lab.ours;
    let count = lab.with_server(&ours.issuer, |server| {
        let counts = NEEDS.iter().map(|needs| needs.all(server, ours));
        counts.sum::<Result<usize>>()
    })?;
    Ok(format!(
        "{count} calls were refused for want of scopes, and not run"
    ))
}

impl Needs {
    /// Refused in both eras in the same words, whichever scopes are missing, until none is.
    fn all(&self, server: &HttpServer, ours: &Authority) -> Result<usize> {
        let tool = self.tool;
        let mut challenged = BTreeMap::<String, usize>::new();
        for scope in self.granted {
            let token = minted(server, ours, scope)?;
            for request in [trace(tool, tool), in_a_session(server, tool, &token)?] {
                let answer = send(server, &with(request, &token))?;
                let named = self.refused(server, &answer, &token);
                let named = named.with_context(|| format!("`{tool}` with {scope}"))?;
                *challenged.entry(named).or_default() += 1;
            }
        }
        ensure!(challenged.len() == 1, "not one challenge: {challenged:?}");
        let whole = minted(server, ours, "files:read files:write files:share")?;
        ensure!(seen(server, tool, &whole)? == "0", "`{tool}` was run");
        text(server, trace(tool, tool), &whole)?;
        ensure!(seen(server, tool, &whole)? == "1", "`{tool}` was not run");
        Ok(challenged.values().sum())
    }

    /// Gives the scopes that the challenge names: all that the tool needs and that is asked of
    /// everyone, and no others.
    fn refused(&self, server: &HttpServer, answer: &Answer, token: &str) -> Result<String> {
        let scope = Challenge::of(answer)?.get("scope").map(str::to_owned);
        let scope = scope.with_context(|| format!("no scope: {answer:?}"))?;
        let names: Vec<_> = scope.split(' ').collect();
        let are_needed = |it: &&str| *it == NEEDED || self.needed.contains(it);
        ensure!(names.iter().all(are_needed), "too much: {answer:?}");
        ensure!(
            names.contains(&NEEDED) && self.needed.iter().all(|it| names.contains(it)),
            "too little: {answer:?}"
        );
        let refusal = Refusal {
            status: 403,
            error: Some("insufficient_scope"),
            why: "the token does not grant enough",
            scope: Some(&scope),
        };
        refused(server, answer, refusal, token)?;
        Ok(scope)
    }
}

fn minted(server: &HttpServer, ours: &Authority, scope: &str) -> Result<String> {
    ours.mint(&json!({"claims": {"aud": server.url, "scope": scope}}))
}

/// The same call in a session of the legacy era.
fn in_a_session(server: &HttpServer, tool: &str, token: &str) -> Result<Request> {
    let opened = send(server, &with(initialize(), token))?;
    let session = opened.field("mcp-session-id");
    let session = session.with_context(|| format!("no session: {opened:?}"))?;
    Ok(calls::legacy(
        tool,
        &json!({"name": tool, "step": 1}),
        session,
    ))
}

fn seen(server: &HttpServer, name: &str, token: &str) -> Result<String> {
    text(server, calls::modern("seen", &json!({"name": name})), token)
}
