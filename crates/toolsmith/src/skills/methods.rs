//! The methods of the extension.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::catalog::Catalog;
use crate::protocol::{Caching, Params};
use crate::server::Context;
use crate::server::handler::ToolError;

type Members = Result<Map<String, Value>, ToolError>;

/// The longest URI that is repeated in an error, in characters.
const MAX_SHOWN: usize = 200;

#[derive(Deserialize)]
struct FromCursor {
    #[serde(default)]
    cursor: Option<String>,
}

#[derive(Deserialize)]
struct OfUri {
    uri: String,
    #[serde(default)]
    cursor: Option<String>,
}

/// `skills/list`: the skills, a page at a time.
pub(super) fn list(catalog: &Catalog, params: &Params, context: &Context) -> Members {
    let from: FromCursor = read(params)?;
    let entries = catalog.entries();
    let cursor = from.cursor.as_deref();
    let (range, next) = context.page("skills/list", entries, cursor, |entry| &entry.uri)?;
    let shown = entries.get(range).unwrap_or_default();
    let skills: Value = shown.iter().map(|entry| entry.json.clone()).collect();
    let mut members = Map::from_iter([("skills".to_owned(), skills)]);
    put_next(&mut members, next);
    put_caching(&mut members, catalog.caching);
    Ok(members)
}

/// `skills/get`: one skill.
pub(super) fn get(catalog: &Catalog, params: &Params) -> Members {
    let OfUri { uri, .. } = read(params)?;
    let mut entries = catalog.entries().iter();
    let Some(entry) = entries.find(|entry| entry.uri == uri) else {
        let message = format!("no skill is served at {}", shown(&uri));
        return Err(ToolError::invalid(message));
    };
    let mut members = Map::from_iter([("skill".to_owned(), entry.json.clone())]);
    put_caching(&mut members, catalog.caching);
    Ok(members)
}

/// `resources/directory/read`: what is in a folder, a page at a time.
pub(super) fn read_directory(catalog: &Catalog, params: &Params, context: &Context) -> Members {
    let OfUri { uri, cursor } = read(params)?;
    let Some(children) = catalog.children(&uri) else {
        let message = format!("{} is not a directory resource", shown(&uri));
        return Err(ToolError::invalid(message));
    };
    let list = format!("resources/directory/read {uri}");
    let (range, next) = context.page(&list, &children, cursor.as_deref(), |it| &it.uri)?;
    let page = children.get(range).unwrap_or_default();
    let resources: Value = page
        .iter()
        .map(|it| it.to_json(context.revision()))
        .collect();
    let mut members = Map::from_iter([("resources".to_owned(), resources)]);
    put_next(&mut members, next);
    Ok(members)
}

fn read<T: DeserializeOwned>(params: &Params) -> Result<T, ToolError> {
    params
        .typed()
        .map_err(|error| ToolError::invalid(error.message))
}

fn put_next(members: &mut Map<String, Value>, next: Option<String>) {
    members.extend(next.map(|next| ("nextCursor".to_owned(), Value::String(next))));
}

fn put_caching(members: &mut Map<String, Value>, caching: Caching) {
    let ttl = u64::try_from(caching.ttl().as_millis()).unwrap_or(u64::MAX);
    let scope = if caching.is_public() {
        "public"
    } else {
        "private"
    };
    members.insert("ttlMs".to_owned(), json!(ttl.min(i64::MAX as u64)));
    members.insert("cacheScope".to_owned(), json!(scope));
}

/// A URI from outside as it may be repeated: bounded.
fn shown(uri: &str) -> String {
    uri.chars().take(MAX_SHOWN).collect()
}
