//! Certificates from Pebble, a real ACME server, by the test that the library has for it.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::Notes;
use super::kit::Kit;
use crate::run::Task;
use crate::setup;

/// Building what is not built yet is within it.
const LIMIT: Duration = Duration::from_secs(20 * 60);
/// What is to be held, by the names of the tests.
const HELD: [&str; 2] = [
    "a_certificate_is_ordered_again_and_again_until_there_is_one_and_kept",
    "a_certificate_is_renewed_while_calls_run",
];

pub(super) fn check(kit: &Kit<'_>) -> Result<Notes> {
    // The resolver that it asks is in the same package.
    for name in ["pebble", "pebble-challtestsrv"] {
        setup::program(name, "pebble")?;
    }
    // With the features that all tests are built with, so that nothing is built twice.
    let output = kit
        .workspace
        .cargo(["test", "--workspace", "--all-features", "--test", "acme"])
        .args(["--", "--show-output"])
        .env("PEBBLE", "pebble")
        .limit(LIMIT)
        .output()?
        .success()?;
    let said = output.stdout;
    for name in HELD {
        let line = format!("test {name} ... ok");
        ensure!(said.contains(&line), "no line `{line}`:\n{said}");
    }
    ensure!(!said.contains("left out"), "a test was left out:\n{said}");
    let version = Task::new("dpkg-query")
        .args(["-W", "-f", "${Version}", "pebble"])
        .output()?
        .stdout;
    Ok(vec![format!("pebble {version}: {} tests", HELD.len())])
}
