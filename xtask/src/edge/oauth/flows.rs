//! Clients that others wrote go the whole way: the challenge, the metadata, registration,
//! login, token, call, and more scopes when they are asked for.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::calls::metadata_url;
use super::{Authority, Lab, NEEDED};
use crate::bench::request::{LEGACY, MODERN};
use crate::servers::HttpServer;

/// The tool that needs more than the server asks of everyone, and what it needs.
const STEP_UP: (&str, &str) = ("write", "files:write");
/// What a client is known by that has its metadata at a URL.
const DOCUMENT: &str = "https://client.example/metadata.json";

/// Where an authorization server says what it has.
const FOUND: &str = "/.well-known/oauth-authorization-server";

pub(super) fn check(lab: &Lab<'_>) -> Result<String> {
    let ours = &lab.ours;
    for era in ["modern", "legacy"] {
        let go = |server: &HttpServer| registered(lab, server, era);
        lab.with_server(&ours.issuer, go)
            .with_context(|| format!("TypeScript, {era}"))?;
    }
    lab.with_server(&ours.issuer, |server| documented(lab, server))
        .context("TypeScript, known by a document")?;
    introspected(lab).context("TypeScript, with opaque tokens")?;
    lab.with_server(&ours.issuer, |server| rmcp(lab, server))
        .context("rmcp")?;
    Ok("the TypeScript client went the whole way four times, rmcp's once".to_owned())
}

/// A client that registers itself, once.
fn registered(lab: &Lab<'_>, server: &HttpServer, era: &str) -> Result<()> {
    let before = lab.ours.times_asked("/reg")?;
    let seen = typescript(lab, &lab.ours, server, &["--era", era])?;
    let after = lab.ours.times_asked("/reg")?;
    ensure!(after == before + 1, "{} registrations", after - before);
    let revision = if era == "modern" { MODERN } else { LEGACY };
    ensure!(seen["connect"]["revision"] == revision, "{seen}");
    readable(&seen, &lab.ours, server)
}

/// A client that has its metadata at a URL, and registers nowhere.
fn documented(lab: &Lab<'_>, server: &HttpServer) -> Result<()> {
    let before = lab.ours.times_asked("/reg")?;
    let known = ["--document", DOCUMENT, "--control", lab.ours.control()];
    let seen = typescript(lab, &lab.ours, server, &known)?;
    ensure!(lab.ours.times_asked("/reg")? == before, "it registered");
    ensure!(seen["token"]["client_id"] == DOCUMENT, "{seen}");
    readable(&seen, &lab.ours, server)
}

/// The server asks about tokens that it cannot read.
fn introspected(lab: &Lab<'_>) -> Result<()> {
    let opaque = &lab.opaque;
    let endpoint = format!("{}/token/introspection", opaque.issuer);
    let file = lab.kit.kept("oauth-secret");
    std::fs::write(&file, &opaque.client_secret)?;
    let file = file.to_string_lossy();
    let flags = [
        "--auth-introspection",
        &endpoint,
        "--auth-introspection-issuer",
        &opaque.issuer,
        "--auth-client-id",
        &opaque.client_id,
        "--auth-client-secret-file",
        &file,
    ];
    lab.with_flags(&flags, |server| {
        let seen = typescript(lab, opaque, server, &[])?;
        for name in ["token", "step_up_token", "refresh_token"] {
            ensure!(seen[name]["opaque"] == true, "`{name}`: {seen}");
        }
        Ok(())
    })
}

/// Goes, and looks at what is the same for all clients.
fn typescript(
    lab: &Lab<'_>,
    authority: &Authority,
    server: &HttpServer,
    more: &[&str],
) -> Result<Value> {
    let (tokens, found) = (
        authority.times_asked("/token")?,
        authority.times_asked(FOUND)?,
    );
    let words = ["--url", &server.url, "--step-up", STEP_UP.0];
    let scripts = lab.kit.scripts()?;
    let seen = scripts.report("oauth/typescript.mjs", &[&words, more].concat())?;
    let tools = seen["connect"]["tools"].as_array();
    let has = |tool: &str| tools.is_some_and(|all| all.contains(&json!(tool)));
    ensure!(has("add"), "no tools: {seen}");
    ensure!(!has(STEP_UP.0), "what it may not call is listed: {seen}");
    ensure!(seen["call"] == "5", "call: {seen}");
    ensure!(seen["step_up"] == "written", "step-up: {seen}");
    ensure!(seen["refresh"] == "7", "refresh: {seen}");
    visits(&seen, server)?;
    scopes(&seen["token"]["scope"], &[NEEDED]).with_context(|| format!("{seen}"))?;
    for name in ["step_up_token", "refresh_token"] {
        let scope = &seen[name]["scope"];
        scopes(scope, &[NEEDED, STEP_UP.1]).with_context(|| format!("`{name}`: {seen}"))?;
    }
    // One for the login, one for the step-up, and one that took no visit.
    let tokens = authority.times_asked("/token")? - tokens;
    ensure!(tokens == 3, "{tokens} requests for tokens: {seen}");
    let found = authority.times_asked(FOUND)? > found;
    ensure!(found, "nobody asked for the metadata: {seen}");
    Ok(seen)
}

/// What is said in tokens that can be read.
fn readable(seen: &Value, authority: &Authority, server: &HttpServer) -> Result<()> {
    for name in ["token", "step_up_token", "refresh_token"] {
        let token = &seen[name];
        ensure!(token["iss"] == authority.issuer, "`{name}`: {seen}");
        ensure!(token["aud"] == server.url, "`{name}`: {seen}");
    }
    Ok(())
}

/// A browser was sent there twice, for this resource: to log in, and for more scopes.
fn visits(seen: &Value, server: &HttpServer) -> Result<()> {
    let visits = seen["visits"].as_array();
    let visits = visits.with_context(|| format!("no visits: {seen}"))?;
    ensure!(visits.len() == 2, "{} visits: {seen}", visits.len());
    for (visit, asked) in visits.iter().zip([&[NEEDED][..], &[NEEDED, STEP_UP.1]]) {
        ensure!(visit["resource"] == server.url, "resource: {seen}");
        ensure!(visit["method"] == "S256", "PKCE: {seen}");
        scopes(&visit["scope"], asked).with_context(|| format!("{seen}"))?;
    }
    Ok(())
}

/// These and no others, but for the one by which tokens can be refreshed.
fn scopes(said: &Value, expected: &[&str]) -> Result<()> {
    let said = said.as_str().context("no scopes")?;
    let mut scopes: Vec<_> = said.split(' ').collect();
    scopes.retain(|it| *it != "offline_access");
    scopes.sort_unstable();
    ensure!(scopes == expected, "the scopes are `{said}`");
    Ok(())
}

fn rmcp(lab: &Lab<'_>, server: &HttpServer) -> Result<()> {
    let program = lab.kit.program.with_file_name("rmcp-authorized");
    let program = program.to_string_lossy();
    let words = ["--program", &program, "--url", &server.url];
    let seen = lab.kit.scripts()?.report("oauth/rmcp.mjs", &words)?;
    ensure!(seen["revision"] == MODERN, "{seen}");
    let challenge = seen["challenge"].as_str().unwrap_or_default();
    let place = metadata_url(&server.url)?;
    ensure!(challenge.contains(&place), "no {place}: {seen}");
    ensure!(seen["call"] == "5", "call: {seen}");
    let missing = seen["missing"].as_str().unwrap_or_default();
    ensure!(
        missing.contains(STEP_UP.1),
        "not told what is missing: {seen}"
    );
    ensure!(seen["step_up"] == "written", "step-up: {seen}");
    ensure!(seen["before"] == json!([NEEDED]), "{seen}");
    ensure!(seen["after"] == json!([NEEDED, STEP_UP.1]), "{seen}");
    visits(&seen, server)
}
