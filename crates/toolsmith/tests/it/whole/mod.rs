//! The whole protocol from one set of handlers, as a client in memory sees it.

mod asking;
mod capabilities;
mod completions;
mod forms;
mod lists;
mod meta;
mod middleware;
mod mounted;
mod prompts;
mod registry;
mod reports;
mod resources;
mod state;
mod stopping;
mod structured;
mod subscriptions;
mod task_input;
mod task_limits;
mod tasks;

use std::time::Duration;

use serde_json::Value;
use toolsmith::protocol::Revision;
use toolsmith::server::Engine;
use toolsmith::testing::{Failure, Sender, TestClient};

use crate::wire::Talk;

/// How long a test waits for what is due at once.
const PATIENCE: Duration = Duration::from_secs(20);

/// A newest client of an older revision, and one of the newest revision.
const BOTH: [Revision; 2] = [Revision::LATEST_LEGACY, Revision::LATEST];

/// A client of a server that speaks a revision, each of whose messages is held against the
/// schema of the revision.
fn client(engine: &Engine, revision: Revision) -> TestClient {
    let talk = Talk::new(revision.as_str());
    let client = TestClient::of(engine.clone()).revision(revision);
    client.on_message(move |sender, message| match sender {
        Sender::Client => talk.client_said(message),
        Sender::Server => talk.server_said(message),
    })
}

/// The code of an error that must be one.
fn code<T: std::fmt::Debug>(result: Result<T, Failure>) -> i64 {
    result.expect_err("it was not refused").code
}

/// The only one of a list with this value under a key.
fn named<'a>(items: &'a [Value], key: &str, value: &str) -> &'a Value {
    let found = items.iter().find(|it| it[key] == value);
    found.unwrap_or_else(|| panic!("no {value} in {items:?}"))
}

/// Waits for what is due at once.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    let ended = tokio::time::timeout(PATIENCE, future).await;
    ended.expect("it took far too long")
}
