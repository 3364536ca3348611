//! A resource and a template with every argument, and the functions that may be one.
use toolsmith::prelude::*;

#[derive(serde::Serialize, schemars::JsonSchema)]
struct Config {
    level: u8,
}

/// The configuration.
#[resource(
    "config://app",
    name = "Configuration of the app",
    title = "Configuration",
    description = concat!("What is ", "configured."),
    mime_type = "application/json",
    size = 120,
    audience("user", "assistant"),
    priority = 0.8,
    last_modified = "2025-01-12T15:00:58Z",
    icons("https://example.com/a.png"),
    tags("config"),
    meta(level = 1),
    ttl = "60s",
    cache = "public",
    timeout = "30s",
    crate = toolsmith,
)]
async fn every_argument(context: Context) -> Json<Config> {
    drop(context);
    Json(Config { level: 1 })
}

#[resource("users://{id}/profile{?limit}", mime_type = "text/plain", ttl = "5m", cache = "private")]
async fn template(
    /// Whose.
    #[complete(ids)]
    id: u64,
    #[default(10)] limit: u32,
    context: Context,
) -> Result<Option<String>, std::io::Error> {
    drop(context);
    Ok((limit > 0).then(|| id.to_string()))
}

async fn ids(typed: Completion) -> Completions {
    typed.matching(["1", "2"])
}

#[resource("logo://small", mime_type = "image/png")]
fn bytes() -> Vec<u8> {
    vec![0x89]
}

#[resource("motd://today", inline)]
fn in_place() -> &'static str {
    "Hello."
}

fn main() {
    assert_eq!(in_place(), "Hello.");
    let server = Server::new("s").resource::<every_argument>().resource::<template>();
    assert!(server.resource::<bytes>().resource::<in_place>().build().is_ok());
}
