//! Legacy sessions over HTTP.

use anyhow::{Context as _, Result, ensure};

use super::checking::Expected;
use super::client::Client;
use super::request::{INITIALIZED, Request, initialize};

/// What the floor is sent, which has no sessions: as long as an id of ours.
const NONE: &str = "00000000000000000000000000000000";

/// Opens one, and returns its id, or nothing where a server keeps none.
pub(crate) fn open(url: &str) -> Result<Option<String>> {
    let mut client = Client::connect(url)?;
    let answer = client.post(&initialize())?;
    ensure!(
        answer.status == 200,
        "`initialize` got {}: {}",
        answer.status,
        answer.body
    );
    let session = answer.field("mcp-session-id").map(str::to_owned);
    let ready = Request::legacy(INITIALIZED.to_owned(), session.as_deref());
    let answer = client.post(&ready).context("`notifications/initialized`")?;
    ensure!(
        (200..300).contains(&answer.status),
        "`notifications/initialized` got {}: {}",
        answer.status,
        answer.body
    );
    Ok(session)
}

/// Opens one by `initialize` alone, and looks at the answer.
pub(super) fn open_checked(url: &str) -> Result<()> {
    let answer = Client::connect(url)?.post(&initialize())?;
    Expected::session().check(&answer)
}

/// An id for whoever has no sessions.
pub(super) fn none() -> String {
    NONE.to_owned()
}
