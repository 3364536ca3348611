//! Tokens with one fault each.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::Authority;
use super::calls::accepted;
use crate::servers::HttpServer;

/// What clocks may differ by, in seconds, and more than that.
pub(super) const LEEWAY: i64 = 60;
const FAR: i64 = 2 * LEEWAY;
/// Another server of ours, which tokens are made for, too.
pub(super) const ELSEWHERE: &str = "https://elsewhere.example/mcp";

/// Why a token is refused, as a challenge says it.
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

/// Its name, what is wrong, and why it is refused.
type Fault = (&'static str, Value, &'static str);

/// A token, and why it is refused.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) token: String,
    pub(super) status: u16,
    pub(super) why: &'static str,
}

pub(super) fn rows(server: &HttpServer, ours: &Authority, other: &Authority) -> Result<Vec<Row>> {
    let mut rows = given(server, ours)?;
    for (name, claims, why) in claims(&server.url, &ours.issuer)? {
        rows.push(Row::new(
            name,
            minted(ours, server, claims, json!({}))?,
            why,
        ));
    }
    for (name, header, why) in headers() {
        // What tells an ID token that has no type.
        let told = json!({"at_hash": "x"});
        rows.push(Row::new(name, minted(ours, server, told, header)?, why));
    }
    for (name, sign, why) in signatures() {
        let wish = json!({"claims": {"aud": server.url}, "sign": sign});
        rows.push(Row::new(name, ours.mint(&wish)?, why));
    }
    let good = json!({"claims": {"aud": server.url}});
    rows.push(Row::new("another issuer", other.mint(&good)?, ISSUER));
    // Without a date, for which a newer key might be looked for later.
    let posing = json!({"iss": ours.issuer, "aud": server.url, "iat": null});
    let posing = other.mint(&json!({"claims": posing}))?;
    rows.push(Row::new("another issuer by our name", posing, KEY));
    let little = minted(ours, server, json!({"scope": ""}), json!({}))?;
    let spliced = spliced(&ours.mint(&good)?, &little)?;
    rows.push(Row::new("another's claims", spliced, SIGNATURE));
    Ok(rows)
}

impl Row {
    fn new(name: &'static str, token: String, why: &'static str) -> Self {
        let status = if why == TOO_LITTLE { 403 } else { 401 };
        Self {
            name,
            token,
            status,
            why,
        }
    }
}

/// What the authorization server gives, and what is not meant for us.
fn given(server: &HttpServer, ours: &Authority) -> Result<Vec<Row>> {
    let own = ours.login(&server.url, "openid files:read offline_access")?;
    let other = ours.login(ELSEWHERE, "files:read")?;
    let little = ours.login(&server.url, "files:write")?;
    accepted(server, &field(&own, "access_token")?).context("the token of a login")?;
    let rows = [
        ("a real ID token", &own, "id_token", AUDIENCE),
        ("a refresh token", &own, "refresh_token", UNKNOWN),
        ("another's real token", &other, "access_token", AUDIENCE),
        ("too little, really", &little, "access_token", TOO_LITTLE),
    ];
    let row = |(name, given, kind, why)| Ok(Row::new(name, field(given, kind)?, why));
    rows.map(row).into_iter().collect()
}

fn headers() -> Vec<Fault> {
    vec![
        ("no key of ours", json!({"kid": "nobody"}), KEY),
        ("another type", json!({"typ": "logout+jwt"}), TYPE),
        ("an ID token for us", json!({"typ": "JWT"}), TYPE),
    ]
}

fn signatures() -> Vec<Fault> {
    vec![
        (
            "a stranger's key by our key's name",
            json!("stranger"),
            SIGNATURE,
        ),
        ("alg none", json!("none"), ALGORITHM),
        ("HS256 by the public key", json!("hs256"), ALGORITHM),
    ]
}

/// Claims with one fault each.
fn claims(url: &str, issuer: &str) -> Result<Vec<Fault>> {
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
