//! What is told to everyone, and requests whose credentials are missing or not to be read.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::calls::{Refusal, add, metadata_url, refused, send, with};
use super::challenge::Challenge;
use super::{Authority, NEEDED};
use crate::bench::client::{Answer, Client};
use crate::servers::HttpServer;

/// The challenge of who brings nothing names no error.
pub(super) fn without_token(server: &HttpServer) -> Result<()> {
    let nothing = Refusal {
        status: 401,
        error: None,
        why: "",
        scope: Some(NEEDED),
    };
    refused(server, &send(server, &add())?, nothing, "").context("without a token")?;
    let mut basic = add();
    let proof = "Basic YTpi".to_owned();
    basic.fields.push(("Authorization", proof));
    refused(server, &send(server, &basic)?, nothing, "").context("with `Basic`")
}

/// Both places have the metadata, which says who gives out tokens.
pub(super) fn metadata(server: &HttpServer, ours: &Authority) -> Result<()> {
    let at = metadata_url(&server.url)?;
    let root = at.trim_end_matches("/mcp");
    for url in [&at, root] {
        let answer = Client::connect(url)?.get()?;
        ensure!(answer.status == 200, "{url} answered {answer:?}");
        let document: Value = serde_json::from_str(&answer.body)?;
        let expected = json!({
            "resource": server.url,
            "authorization_servers": [ours.issuer],
            "scopes_supported": [NEEDED],
            "bearer_methods_supported": ["header"],
        });
        ensure!(document == expected, "{url} says {document}");
    }
    Ok(())
}

/// A good token in the query is none, whether or not it is in its field, too.
pub(super) fn in_the_query(server: &HttpServer, good: &str) -> Result<()> {
    let url = format!("{}?access_token={good}", server.url);
    for request in [add(), with(add(), good)] {
        let answer = Client::connect(&url)?.post(&request)?;
        unreadable(server, &answer, good).context("in the query")?;
    }
    Ok(())
}

/// Two fields say that there are two callers.
pub(super) fn twice(server: &HttpServer, good: &str) -> Result<()> {
    let request = with(with(add(), good), good);
    unreadable(server, &send(server, &request)?, good).context("in two fields")
}

fn unreadable(server: &HttpServer, answer: &Answer, good: &str) -> Result<()> {
    let why = Challenge::of(answer)?;
    let why = why.get("error_description").unwrap_or_default().to_owned();
    let refusal = Refusal {
        status: 400,
        error: Some("invalid_request"),
        why: &why,
        scope: None,
    };
    refused(server, answer, refusal, good)
}
