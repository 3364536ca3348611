//! A table of tokens, one fault each, between good ones.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::calls::{Refusal, accepted, add, metadata_url, refused, send, with};
use super::challenge::Challenge;
use super::{Authority, Lab, NEEDED};
use crate::bench::client::{Answer, Client};
use crate::bench::request::Request;
use crate::servers::HttpServer;

/// What clocks may differ by, in seconds, and more than that.
pub(super) const LEEWAY: i64 = 60;
const FAR: i64 = 2 * LEEWAY;
/// Another server of ours, which tokens are made for, too.
const ELSEWHERE: &str = "https://elsewhere.example/mcp";
/// A name that our server has beside its address.
const ALSO: &str = "urn:example:edge";

const ISSUER: &str = "the issuer of the token is not trusted here";
pub(super) const KEY: &str = "the token is signed with a key that its issuer does not publish";
const AUDIENCE: &str = "the token was made for another resource";
const SIGNATURE: &str = "the signature of the token is wrong";
const ALGORITHM: &str = "the token is signed with an algorithm that is not accepted";
pub(super) const EXPIRED: &str = "the token has expired";
const NOT_YET: &str = "the token is not valid yet";
const CLAIMS: &str = "a claim of the token is missing or malformed";
const TYPE: &str = "the token is not an access token";
const UNKNOWN: &str = "the token is not known here";
const TOO_LITTLE: &str = "the token does not grant enough";

/// A token, and why it is refused.
struct Row {
    name: &'static str,
    token: String,
    status: u16,
    why: &'static str,
}

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
    metadata(server, ours)?;
    without_token(server)?;
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
    in_the_query(server, &good()?)?;
    twice(server, &good()?)?;
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

fn rows(server: &HttpServer, ours: &Authority, other: &Authority) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut bad = |name, token: String, why| {
        let status = if why == TOO_LITTLE { 403 } else { 401 };
        rows.push(Row {
            name,
            token,
            status,
            why,
        });
    };
    for (name, claims, why) in claims(&server.url, &ours.issuer)? {
        bad(name, minted(ours, server, claims, json!({}))?, why);
    }
    for (name, header, claims, why) in [
        ("no key of ours", json!({"kid": "nobody"}), json!({}), KEY),
        (
            "another type",
            json!({"typ": "logout+jwt"}),
            json!({}),
            TYPE,
        ),
        (
            "an ID token for us",
            json!({"typ": "JWT"}),
            json!({"at_hash": "x"}),
            TYPE,
        ),
    ] {
        bad(name, minted(ours, server, claims, header)?, why);
    }
    for (name, sign, why) in [
        ("a stranger's key by our key's name", "stranger", SIGNATURE),
        ("alg none", "none", ALGORITHM),
        ("HS256 by the public key", "hs256", ALGORITHM),
    ] {
        let wish = json!({"claims": {"aud": server.url}, "sign": sign});
        bad(name, ours.mint(&wish)?, why);
    }
    let theirs = json!({"claims": {"aud": server.url}});
    bad("another issuer", other.mint(&theirs)?, ISSUER);
    let small = minted(ours, server, json!({"scope": ""}), json!({}))?;
    let large = minted(ours, server, json!({}), json!({}))?;
    bad("another's claims", spliced(&large, &small)?, SIGNATURE);
    let given = ours.login(&server.url, "openid files:read offline_access")?;
    bad("a real ID token", field(&given, "id_token")?, AUDIENCE);
    bad("a refresh token", field(&given, "refresh_token")?, UNKNOWN);
    accepted(server, &field(&given, "access_token")?).context("the token of a login")?;
    let given = ours.login(ELSEWHERE, "files:read")?;
    bad(
        "another's real token",
        field(&given, "access_token")?,
        AUDIENCE,
    );
    let given = ours.login(&server.url, "files:write")?;
    bad(
        "too little, really",
        field(&given, "access_token")?,
        TOO_LITTLE,
    );
    Ok(rows)
}

/// Claims with one fault each.
fn claims(url: &str, issuer: &str) -> Result<Vec<(&'static str, Value, &'static str)>> {
    let now = now()?;
    let base = url.trim_end_matches("/mcp");
    Ok(vec![
        (
            "an issuer nobody knows",
            json!({"iss": "https://a.example"}),
            ISSUER,
        ),
        (
            "an issuer with a slash",
            json!({"iss": format!("{issuer}/")}),
            ISSUER,
        ),
        ("another audience", json!({"aud": ELSEWHERE}), AUDIENCE),
        ("an audience above us", json!({"aud": base}), AUDIENCE),
        (
            "an audience beside us",
            json!({"aud": format!("{url}2")}),
            AUDIENCE,
        ),
        (
            "our path in capitals",
            json!({"aud": url.replace("/mcp", "/MCP")}),
            AUDIENCE,
        ),
        ("no audience", json!({"aud": null}), AUDIENCE),
        ("expired", json!({"exp": now - FAR}), EXPIRED),
        ("without an end", json!({"exp": null}), CLAIMS),
        ("not yet valid", json!({"nbf": now + FAR}), NOT_YET),
        ("issued tomorrow", json!({"iat": now + FAR}), NOT_YET),
        ("nobody's", json!({"sub": null}), CLAIMS),
        ("without scopes", json!({"scope": null}), TOO_LITTLE),
        (
            "other scopes",
            json!({"scope": "files:write files:reader"}),
            TOO_LITTLE,
        ),
    ])
}

/// In seconds, as tokens have it.
pub(super) fn now() -> Result<i64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(i64::try_from(now.as_secs())?)
}

/// A good token for a server, but for these.
fn minted(ours: &Authority, server: &HttpServer, claims: Value, header: Value) -> Result<String> {
    let mut all = json!({"aud": server.url});
    if let (Some(all), Value::Object(claims)) = (all.as_object_mut(), claims) {
        all.extend(claims);
    }
    ours.mint(&json!({"claims": all, "header": header}))
}

/// What one token says, signed as another is.
fn spliced(says: &str, signed: &str) -> Result<String> {
    let (said, _) = says.rsplit_once('.').context("no signed token")?;
    let (_, signature) = signed.rsplit_once('.').context("no signed token")?;
    Ok(format!("{said}.{signature}"))
}

fn field(given: &Value, name: &str) -> Result<String> {
    let text = given[name].as_str();
    Ok(text
        .with_context(|| format!("no {name} was given"))?
        .to_owned())
}

/// The challenge of who brings nothing names no error.
fn without_token(server: &HttpServer) -> Result<()> {
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
fn metadata(server: &HttpServer, ours: &Authority) -> Result<()> {
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
fn in_the_query(server: &HttpServer, good: &str) -> Result<()> {
    let url = format!("{}?access_token={good}", server.url);
    for request in [add(), with(add(), good)] {
        let answer = Client::connect(&url)?.post(&request)?;
        unreadable(server, &answer, good).context("in the query")?;
    }
    Ok(())
}

/// Two fields say that there are two callers.
fn twice(server: &HttpServer, good: &str) -> Result<()> {
    let request: Request = with(with(add(), good), good);
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
