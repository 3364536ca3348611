//! Every shape of `xtask/edge/faults.json`, several at a time.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::json;

use super::case::{self, Case};
use super::judge::judge;
use super::sender::send;
use crate::edge::calls::ask;
use crate::edge::kit::Kit;
use crate::edge::proc::{MIB, memory, peak};
use crate::servers::HttpServer;

/// How many are sent at a time.
const AT_ONCE: usize = 8;
/// What the server may hold more than before when all is over, and at the most while it goes
/// on: eight bodies of 4 MiB, several times over.
const KEEPS: u64 = 64 * MIB;
const HOLDS: u64 = 256 * MIB;
/// Limits that are short enough to wait for.
const FLAGS: [&str; 6] = [
    "--header-timeout",
    "2s",
    "--body-timeout",
    "3s",
    "--idle-timeout",
    "3s",
];

pub(super) fn check(kit: &Kit<'_>) -> Result<String> {
    let server = kit.server(&FLAGS)?;
    let cases = read(kit, &server)?;
    let before = memory(server.id())?;
    all(&cases, &server)?;
    let (after, most) = (memory(server.id())?, peak(server.id())?);
    let grown = after.saturating_sub(before);
    ensure!(
        grown <= KEEPS,
        "the server holds {} MiB more than before",
        grown / MIB
    );
    ensure!(most <= HOLDS, "the server held {} MiB", most / MIB);
    let late: Vec<_> = cases.iter().filter(|it| it.not_yet.is_some()).collect();
    let late = late
        .iter()
        .map(|it| it.name.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    Ok(format!(
        "{} shapes, each answered well but for {late}; the server holds {} MiB, {} at the most, {} before",
        cases.len(),
        after / MIB,
        most / MIB,
        before / MIB
    ))
}

pub(super) fn read(kit: &Kit<'_>, server: &HttpServer) -> Result<Vec<Case>> {
    let file = kit.folder("xtask/edge/faults.json");
    let host = server.address().context("no address")?;
    case::read(&std::fs::read_to_string(file)?, host)
}

/// Sends all of them, and says of each what was wrong.
pub(super) fn all(cases: &[Case], server: &HttpServer) -> Result<()> {
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                    if let Err(error) = expected(case, one(case, server)) {
                        let mut wrong = wrong.lock().unwrap_or_else(PoisonError::into_inner);
                        wrong.push(format!("{error:#}"));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap_or_else(PoisonError::into_inner);
    if !wrong.is_empty() {
        bail!("{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    }
    Ok(())
}

/// What is not so yet fails, and is to be said no more once it does not.
fn expected(case: &Case, result: Result<()>) -> Result<()> {
    match (&case.not_yet, result) {
        (None, result) => result,
        (Some(_), Err(_)) => Ok(()),
        (Some(what), Ok(())) => bail!("{}: `not_yet` says that {what}, but it is well", case.name),
    }
}

/// Sends one, and then makes an honest call.
fn one(case: &Case, server: &HttpServer) -> Result<()> {
    let host = server.address().context("no address")?;
    let seen = send(case, host).with_context(|| case.name.clone())?;
    judge(case, &seen)?;
    let hidden = ask(&server.url, "seen", &json!({"name": case.hidden}));
    let hidden = hidden.with_context(|| format!("the call after {}", case.name))?;
    ensure!(
        hidden == "0" || case.fine.lets_the_hidden_run(),
        "{}: the request that was hidden in it ran",
        case.name
    );
    Ok(())
}
