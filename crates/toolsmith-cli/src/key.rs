//! `toolsmith key`: API keys that a server takes.
//!
//! The keys are kept as digests in a file that the server has, too; it sees a change within
//! a second.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand};
use serde::Serialize;
use toolsmith::auth::api_keys::{self, ApiKeyInfo, NewApiKey};

use crate::error::{Exit, Failure, Result};
use crate::output::{Output, clean};

/// What to do with keys.
#[derive(Debug, Args)]
pub(crate) struct KeyArgs {
    #[command(subcommand)]
    verb: KeyVerb,
}

#[derive(Debug, Subcommand)]
enum KeyVerb {
    /// Make a key and print it, once: only its digest is kept
    Create(CreateArgs),
    /// List the keys; what is printed is no secret
    List(ListArgs),
    /// Take a key back, by its id
    Revoke(RevokeArgs),
}

/// Which file.
#[derive(Debug, Args)]
struct FileArgs {
    /// The file that the keys are kept in, which the server is given, too
    #[arg(long, value_name = "FILE", env = "TOOLSMITH_API_KEY_FILE")]
    file: PathBuf,
}

#[derive(Debug, Args)]
struct CreateArgs {
    #[command(flatten)]
    file: FileArgs,
    /// What you call the key: who has it, or what for
    #[arg(long, value_name = "NAME")]
    name: String,
    /// A scope that it grants; may be repeated
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// The tenant of who has it
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    /// How long it is good, for example 90d [default: until it is revoked]
    #[arg(long, value_name = "TIME", value_parser = lifetime)]
    expires: Option<Duration>,
}

#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    file: FileArgs,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct RevokeArgs {
    /// The id of the key, as `toolsmith key list` shows it
    id: String,
    #[command(flatten)]
    file: FileArgs,
}

pub(crate) fn run(args: KeyArgs, out: &mut Output) -> Result<()> {
    match args.verb {
        KeyVerb::Create(args) => create(args, out),
        KeyVerb::List(args) => list(&args, out),
        KeyVerb::Revoke(args) => revoke(&args),
    }
}

/// The key alone goes to stdout, so that a script can take it from there.
fn create(args: CreateArgs, out: &mut Output) -> Result<()> {
    let mut new = args
        .scopes
        .into_iter()
        .fold(NewApiKey::new(args.name), NewApiKey::scope);
    if let Some(tenant) = args.tenant {
        new = new.tenant(tenant);
    }
    if let Some(time) = args.expires {
        new = new.lifetime(time);
    }
    let made = api_keys::create(&args.file.file, new).map_err(|error| failed(&error))?;
    out.line(made.key())?;
    out.flush()
}

fn list(args: &ListArgs, out: &mut Output) -> Result<()> {
    let keys = api_keys::list(&args.file.file).map_err(|error| failed(&error))?;
    if args.json {
        let keys: Vec<_> = keys.iter().map(Listed::new).collect();
        out.json(&keys)?;
        return out.flush();
    }
    let now = SystemTime::now();
    for key in &keys {
        out.foreign(&line(key, now))?;
    }
    out.flush()
}

fn revoke(args: &RevokeArgs) -> Result<()> {
    let file = &args.file.file;
    match api_keys::revoke(file, &args.id).map_err(|error| failed(&error))? {
        true => Ok(()),
        false => Err(unknown(file, &args.id)),
    }
}

fn unknown(file: &Path, id: &str) -> Failure {
    let id = clean(id);
    Failure::usage(format!("{} has no key with the id {id}", file.display()))
        .hint("`toolsmith key list` shows the ids; an id is not the whole key")
}

fn failed(error: &toolsmith::Error) -> Failure {
    match error.is_setting() {
        true => Failure::usage(error.to_string()),
        false => Failure::new(Exit::Files, error.to_string()),
    }
}

/// A key as scripts read it.
#[derive(Serialize)]
struct Listed<'a> {
    id: &'a str,
    name: &'a str,
    scopes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<&'a str>,
    created: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
}

impl<'a> Listed<'a> {
    fn new(key: &'a ApiKeyInfo) -> Self {
        Self {
            id: &key.id,
            name: &key.name,
            scopes: &key.scopes,
            tenant: key.tenant.as_deref(),
            created: date(key.created),
            expires: key.expires.map(date),
        }
    }
}

/// A key as people read it: `id  name  scopes  tenant  created  expires`.
fn line(key: &ApiKeyInfo, now: SystemTime) -> String {
    let scopes = match key.scopes.is_empty() {
        true => "no scopes".to_owned(),
        false => key.scopes.join(" "),
    };
    let tenant = key.tenant.as_ref();
    let tenant = tenant
        .map(|it| format!("  tenant {it}"))
        .unwrap_or_default();
    let end = match key.expires {
        None => "until it is revoked".to_owned(),
        Some(at) if at <= now => format!("expired {}", date(at)),
        Some(at) => format!("until {}", date(at)),
    };
    let (id, name, created) = (&key.id, &key.name, date(key.created));
    format!("{id}  {name}  [{scopes}]{tenant}  made {created}, {end}")
}

fn date(at: SystemTime) -> String {
    humantime::format_rfc3339_seconds(at).to_string()
}

fn lifetime(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text);
    match time {
        Ok(time) if !time.is_zero() => Ok(time),
        _ => Err("expected a time such as 12h, 90d or 1year".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_is_written_as_people_write_it() {
        assert_eq!(lifetime("90d"), Ok(Duration::from_secs(90 * 86_400)));
        for bad in ["", "0s", "90", "-1d", "soon"] {
            assert!(lifetime(bad).is_err(), "{bad}");
        }
    }
}
