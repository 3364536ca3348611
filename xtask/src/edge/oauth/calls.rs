//! Calls with a token, and what comes back to those without a good one.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::challenge::Challenge;
use super::leaks::line_with;
use crate::bench::client::{Answer, Client};
use crate::bench::request::Request;
use crate::edge::calls;
use crate::servers::HttpServer;

/// How a request is to be refused.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refusal<'a> {
    pub(super) status: u16,
    /// None where nothing was brought that could be wrong.
    pub(super) error: Option<&'a str>,
    /// What `error_description` says.
    pub(super) why: &'a str,
    /// What the challenge names, in this order.
    pub(super) scope: Option<&'a str>,
}

pub(super) fn add() -> Request {
    calls::modern("add", &json!({"a": 2, "b": 3}))
}

/// A call that leaves a trace if it is run.
pub(super) fn trace(tool: &str, name: &str) -> Request {
    calls::modern(tool, &json!({"name": name, "step": 1}))
}

pub(super) fn with(mut request: Request, token: &str) -> Request {
    let bearer = format!("Bearer {token}");
    request.fields.push(("Authorization", bearer));
    request
}

pub(super) fn send(server: &HttpServer, request: &Request) -> Result<Answer> {
    Client::connect(&server.url)?.post(request)
}

/// A token lets a call through.
pub(super) fn accepted(server: &HttpServer, token: &str) -> Result<()> {
    let text = calls::text(&send(server, &with(add(), token))?)?;
    ensure!(text == "5", "2 and 3 are {text}");
    Ok(())
}

/// The text that a call with a token comes to.
pub(super) fn text(server: &HttpServer, request: Request, token: &str) -> Result<String> {
    calls::text(&send(server, &with(request, token))?)
}

/// An answer refuses in the form that RFC 6750 has for it, and says nothing of the token.
pub(super) fn refused(
    server: &HttpServer,
    answer: &Answer,
    refusal: Refusal<'_>,
    token: &str,
) -> Result<()> {
    let shown = || format!("it answered {answer:?}, not {refusal:?}");
    ensure!(answer.status == refusal.status, "{}", shown());
    let challenge = Challenge::of(answer).with_context(shown)?;
    ensure!(challenge.get("error") == refusal.error, "{}", shown());
    let why = challenge.get("error_description");
    ensure!(why == refusal.error.map(|_| refusal.why), "{}", shown());
    ensure!(challenge.get("scope") == refusal.scope, "{}", shown());
    let place = challenge.get("resource_metadata");
    let at = metadata_url(&server.url)?;
    ensure!(place == Some(at.as_str()), "not {at}: {}", shown());
    let message: Value = serde_json::from_str(&answer.body).with_context(shown)?;
    let says_why = message["error"]["message"].as_str();
    ensure!(says_why.is_some_and(|it| !it.is_empty()), "{}", shown());
    ensure!(message["id"] == 1, "not the id of the call: {}", shown());
    let said = format!("{answer:?}");
    ensure!(
        token.is_empty() || line_with(token, &said).is_none(),
        "the answer has the token: {said}"
    );
    Ok(())
}

/// Nobody can tell whether the token is good: the client keeps it and comes back.
pub(super) fn unavailable(answer: &Answer) -> Result<u64> {
    let shown = || format!("it answered {answer:?}, not 503");
    ensure!(answer.status == 503, "{}", shown());
    ensure!(answer.field("www-authenticate").is_none(), "{}", shown());
    let after = answer.field("retry-after").and_then(|it| it.parse().ok());
    let after: u64 = after.with_context(shown)?;
    ensure!((1..=60).contains(&after), "{}", shown());
    Ok(after)
}

/// Where the metadata of a server is, as RFC 9728 places it.
pub(super) fn metadata_url(url: &str) -> Result<String> {
    let (base, path) = url.rsplit_once('/').context("an address without a path")?;
    Ok(format!(
        "{base}/.well-known/oauth-protected-resource/{path}"
    ))
}
