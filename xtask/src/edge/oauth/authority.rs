//! A real authorization server, and what it does for the test alone.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::bench::client::{Answer, Client};
use crate::bench::request::Request;
use crate::edge::kit::Kit;
use crate::edge::scripts::{Script, Starting};

/// One that answers until this is dropped.
#[derive(Debug)]
pub(super) struct Authority {
    pub(super) issuer: String,
    pub(super) client_id: String,
    pub(super) client_secret: String,
    control: String,
    _script: Script,
}

/// Something that nobody but its owner may read.
#[derive(Debug)]
pub(super) struct Secret {
    pub(super) kind: String,
    pub(super) value: String,
}

/// Starts one, which takes a while to be ready.
pub(super) fn start(kit: &Kit<'_>, name: &str, words: &[&str]) -> Result<Starting> {
    let said = kit.kept(&format!("oauth-{name}.log"));
    let script = "oauth/authorization-server.mjs";
    kit.scripts()?.start(script, words, &said)
}

impl Authority {
    pub(super) fn ready(starting: Starting) -> Result<Self> {
        let (said, script) = starting.ready().context("the authorization server")?;
        let known = &said["introspector"];
        Ok(Self {
            issuer: text(&said["issuer"])?,
            client_id: text(&known["client_id"])?,
            client_secret: text(&known["client_secret"])?,
            control: text(&said["control"])?,
            _script: script,
        })
    }

    /// A token that it would never give: a good one with other claims, or signed otherwise.
    pub(super) fn mint(&self, wish: &Value) -> Result<String> {
        text(&self.ask("mint", wish)?["token"])
    }

    /// The tokens that a client gets which logs in.
    pub(super) fn login(&self, resource: &str, scope: &str) -> Result<Value> {
        self.ask("login", &json!({"resource": resource, "scope": scope}))
    }

    /// Signs with a new key from now on; the old ones stay published where that is said.
    pub(super) fn rotate(&self, keep: bool) -> Result<()> {
        self.ask("rotate", &json!({"keep": keep})).map(drop)
    }

    /// How its keys are answered for: `up`, `error`, `hang` or `huge`.
    pub(super) fn answer_for_keys(&self, mode: &str) -> Result<()> {
        self.ask("jwks", &json!({"mode": mode})).map(drop)
    }

    /// How often it was asked for a path.
    pub(super) fn times_asked(&self, path: &str) -> Result<u64> {
        let seen = value(&self.client("seen")?.get()?)?;
        Ok(seen[path].as_u64().unwrap_or_default())
    }

    /// Everything that it ever gave out and that nobody else may read.
    pub(super) fn secrets(&self) -> Result<Vec<Secret>> {
        let all = value(&self.client("secrets")?.get()?)?;
        let all = all.as_array().context("no list of secrets")?;
        let read = |it: &Value| {
            let (kind, value) = (text(&it["kind"])?, text(&it["value"])?);
            Ok(Secret { kind, value })
        };
        all.iter().map(read).collect()
    }

    /// Where its control port is, for scripts.
    pub(super) fn control(&self) -> &str {
        &self.control
    }

    fn client(&self, action: &str) -> Result<Client> {
        Client::connect(&format!("{}/{action}", self.control))
    }

    fn ask(&self, action: &str, wish: &Value) -> Result<Value> {
        let fields = vec![("Content-Type", "application/json".to_owned())];
        let body = wish.to_string();
        let answer = self.client(action)?.post(&Request { fields, body })?;
        value(&answer).with_context(|| format!("`{action}` with {wish}"))
    }
}

fn value(answer: &Answer) -> Result<Value> {
    ensure!(answer.status == 200, "it answered {}", answer.body);
    serde_json::from_str(&answer.body).context("it answered something else than JSON")
}

fn text(value: &Value) -> Result<String> {
    let text = value.as_str().with_context(|| format!("no text: {value}"));
    Ok(text?.to_owned())
}
