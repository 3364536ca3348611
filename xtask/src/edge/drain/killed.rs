//! A server that is killed, and started again: clients go on as their revision allows.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rustix::process::Signal;
use serde_json::json;

use crate::bench::client::Client;
use crate::bench::session;
use crate::edge::calls;
use crate::edge::kit::{Kit, signal};

const END: Duration = Duration::from_secs(5);

pub(super) fn check(kit: &Kit<'_>) -> Result<String> {
    let mut server = kit.server(&[])?;
    let url = server.url.clone();
    let add = json!({"a": 2, "b": 3});
    let mut modern = Client::connect(&url)?;
    calls::text(&modern.post(&calls::modern("add", &add))?)?;
    let open = || session::open(&url)?.context("no session was opened");
    let id = open()?;
    let legacy = |id: &str| Client::connect(&url)?.post(&calls::legacy("add", &add, id));
    calls::text(&legacy(&id)?).context("in the first session")?;
    signal(&server, Signal::KILL)?;
    ensure!(!server.wait(END)?.success(), "it was not killed");

    let port = server.address().and_then(|it| it.rsplit_once(':'));
    let port = port.and_then(|(_, port)| port.parse().ok());
    let again = kit.server_at(port.context("no port")?, &[])?;
    ensure!(again.url == url, "it is at {} now", again.url);
    // What any client does over HTTP: a connection that broke is opened anew.
    ensure!(
        modern.post(&calls::modern("add", &add)).is_err(),
        "the connection outlived its server"
    );
    let mut modern = Client::connect(&url)?;
    calls::text(&modern.post(&calls::modern("add", &add))?).context("a modern client")?;
    let lost = legacy(&id)?;
    ensure!(lost.status == 404, "the lost session is answered {lost:?}");
    let next = open()?;
    ensure!(next != id, "the new session is the lost one");
    calls::text(&legacy(&next)?).context("in the second session")?;
    Ok("a modern client went on, a legacy one was told 404 and opened another session".to_owned())
}
