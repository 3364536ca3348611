//! A server that is told to stop while it is called 500 times a second.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rustix::process::Signal;
use serde_json::json;

use super::{RATE, WORKERS};
use crate::bench::client::Client;
use crate::edge::calls;
use crate::edge::kit::{Kit, signal};
use crate::edge::load::Load;

/// How long it is called before it is told to stop.
const BEFORE: Duration = Duration::from_secs(3);
/// How long after that one asks who had been silent: before the server ends silent ones.
const SOON: Duration = Duration::from_millis(150);
/// How long after that one goes on who had begun: when silent ones have been ended.
const LATER: Duration = Duration::from_millis(1200);
const END: Duration = Duration::from_secs(15);

pub(super) fn check(kit: &Kit<'_>) -> Result<String> {
    let mut server = kit.server(&[])?;
    let load = Load {
        url: server.url.clone(),
        workers: WORKERS,
        rate: RATE,
        mixed: true,
    };
    let calling = load.start();
    let asks = &calls::modern("add", &json!({"a": 2, "b": 3}));
    let used = || -> Result<Client> {
        let mut client = Client::connect(&server.url)?;
        calls::text(&client.post(asks)?)?;
        Ok(client)
    };
    let (mut asks_soon, mut silent) = (used()?, used()?);
    // The first bytes of a request, and all but its last.
    let mut begun = [1, 20, asks_soon.written(asks).len() - 1].map(|sent| (sent, used()));
    std::thread::sleep(BEFORE);
    for (sent, client) in &mut begun {
        let client = client
            .as_mut()
            .map_err(|error| anyhow::anyhow!("{error:#}"))?;
        let whole = client.written(asks);
        client.send(&whole.as_bytes()[..*sent])?;
    }
    std::thread::sleep(SOON);
    calling.server_is_told();
    signal(&server, Signal::TERM)?;
    std::thread::sleep(SOON);
    let answer = asks_soon
        .post(asks)
        .context("one that had been silent asks")?;
    is_last(&answer)?;
    std::thread::sleep(LATER);
    for (sent, client) in begun {
        let mut client = client?;
        let whole = client.written(asks);
        let goes_on = client.send(&whole.as_bytes()[sent..]);
        let answer = goes_on.and_then(|()| client.answer());
        let answer =
            answer.with_context(|| format!("a request of which {sent} bytes were read"))?;
        is_last(&answer)?;
    }
    silent.end().context("one that stays silent")?;
    let status = server.wait(END)?;
    let tally = calling.end()?;
    ensure!(
        status.success(),
        "it ended with {status}:\n{}",
        server.log()
    );
    tally.whole()?;
    ensure!(tally.last > 0, "no answer said that it was the last");
    let before = tally.times.len() as f64 / (BEFORE + SOON).as_secs_f64();
    Ok(format!(
        "{} calls until the end, about {before:.0} a second, none lost; {} connections ended with `Connection: close`, {} while they were silent, {} came too late",
        tally.times.len(),
        tally.last,
        tally.silent,
        tally.untaken
    ))
}

fn is_last(answer: &crate::bench::client::Answer) -> Result<()> {
    calls::text(answer)?;
    ensure!(
        answer.is_last(),
        "it does not say that it is the last: {answer:?}"
    );
    Ok(())
}
