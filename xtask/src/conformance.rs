//! The official conformance suite against the server in `conformance/`.
//!
//! The suite itself says whether anything failed that `conformance/expected-failures.yml`
//! does not list. It is quiet about scenarios that did not run or are not scored, so what
//! must pass is looked up in its results as well.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::outcome::{Outcome, Report};
use crate::run::tail;
use crate::servers::{HttpServer, START};
use crate::setup::{self, Node};
use crate::workspace::Workspace;

const LIMIT: Duration = Duration::from_secs(300);
const SUITE: &str = "node_modules/@modelcontextprotocol/conformance/dist/index.js";

/// Scenarios of every revision since 2025-06-18 that must pass.
const TOOLS: &[&str] = &[
    "tools-list",
    "tools-call-simple-text",
    "tools-call-image",
    "tools-call-audio",
    "tools-call-mixed-content",
    "tools-call-error",
];
const HANDSHAKE: &[&str] = &["server-initialize", "server-session-lifecycle", "ping"];
const SESSION: &[&str] = &["server-session-lifecycle"];
const SINCE_2025_11: &[&str] = &["json-schema-2020-12", "dns-rebinding-protection"];
const MODERN: &[&str] = &["http-header-validation"];

/// The one scenario of which single checks may fail, until elicitation and logging come.
const STATELESS: &str = "server-stateless";
const STATELESS_MAY_FAIL: &[&str] = &[
    "sep-2575-http-server-no-independent-requests-on-stream",
    "sep-2575-server-no-log-without-loglevel",
];

/// One run of the suite.
struct Run {
    revision: &'static str,
    /// What selects the scenarios.
    option: &'static str,
    must_pass: &'static [&'static [&'static str]],
}

const RUNS: &[Run] = &[
    Run {
        revision: "2025-03-26",
        option: "--spec-version",
        must_pass: &[SESSION],
    },
    Run {
        revision: "2025-06-18",
        option: "--spec-version",
        must_pass: &[HANDSHAKE, TOOLS],
    },
    Run {
        revision: "2025-11-25",
        option: "--requirements",
        must_pass: &[HANDSHAKE, TOOLS, SINCE_2025_11],
    },
    Run {
        revision: "2026-07-28",
        option: "--requirements",
        must_pass: &[TOOLS, SINCE_2025_11, MODERN, &[STATELESS]],
    },
];

pub(crate) fn check(workspace: &Workspace) -> Outcome {
    let node = setup::node(workspace)?;
    let mut command = Command::new(workspace.build_debug()?.join("conformance-server"));
    command.args(["--transport", "http", "--port", "0"]);
    let server = HttpServer::start(command, START)?;
    let mut problems = Vec::new();
    let mut notes = Vec::new();
    for run in RUNS {
        match suite(workspace, &node, &server.url, run) {
            Ok(note) => notes.push(note),
            Err(error) => problems.push(format!("{}: {error:#}", run.revision)),
        }
    }
    if !problems.is_empty() {
        bail!(
            "{}\nthe server said:\n{}",
            problems.join("\n"),
            tail(&server.log())
        );
    }
    Ok(Report::with_notes(notes))
}

/// Runs the suite for one revision. Returns a line for the summary.
fn suite(workspace: &Workspace, node: &Node, url: &str, run: &Run) -> Result<String> {
    let results = workspace.target.join("conformance").join(run.revision);
    if results.exists() {
        std::fs::remove_dir_all(&results)?;
    }
    let expected = expected_failures(workspace, run.revision);
    ensure!(expected.exists(), "there is no {}", expected.display());
    let task = node
        .script(SUITE)
        .args(["server", "--url", url, run.option, run.revision])
        .args(["--expected-failures".as_ref(), expected.as_os_str()])
        .args(["--output-dir".as_ref(), results.as_os_str()])
        .limit(LIMIT);
    println!("$ {}", task.line());
    let output = task.output()?;
    let summary = output
        .stdout
        .split_once("=== SUMMARY ===")
        .map_or(output.stdout.as_str(), |(_, end)| end);
    println!("{}", summary.trim());
    let scenarios = read(&results)?;
    let missing = must_pass(&scenarios, run);
    if !missing.is_empty() {
        bail!("what must pass did not:\n{}", missing.join("\n"));
    }
    if !output.status.success() {
        bail!(
            "the suite ended with {}:\n{}{}",
            output.status,
            tail(&output.stdout),
            tail(&output.stderr)
        );
    }
    let passed = scenarios
        .values()
        .filter(|checks| checks.iter().all(|check| check.status != "FAILURE"))
        .count();
    Ok(format!(
        "{}: {passed} of {} scenarios pass",
        run.revision,
        scenarios.len()
    ))
}

/// One list for all runs, unless a revision has one of its own.
fn expected_failures(workspace: &Workspace, revision: &str) -> PathBuf {
    let folder = workspace.root.join("conformance");
    let own = folder.join(format!("expected-failures-{revision}.yml"));
    if own.exists() {
        own
    } else {
        folder.join("expected-failures.yml")
    }
}

/// One check of a scenario, as the suite wrote it down.
#[derive(Debug)]
struct Check {
    id: String,
    status: String,
    message: String,
}

type Scenarios = BTreeMap<String, Vec<Check>>;

/// Reads the suite's results: a folder `server-<scenario>-<time>` for each scenario.
fn read(results: &Path) -> Result<Scenarios> {
    let mut scenarios = Scenarios::new();
    for entry in std::fs::read_dir(results).context("the suite wrote no results")? {
        let entry = entry?;
        let folder = entry.file_name().to_string_lossy().into_owned();
        let Some(name) = scenario(&folder) else {
            continue;
        };
        let text = std::fs::read_to_string(entry.path().join("checks.json"))?;
        let checks: Value = serde_json::from_str(&text)?;
        let checks = checks.as_array().into_iter().flatten().map(|check| {
            let field = |name: &str| check[name].as_str().unwrap_or_default().to_owned();
            Check {
                id: field("id"),
                status: field("status"),
                message: field("errorMessage"),
            }
        });
        scenarios.insert(name.to_owned(), checks.collect());
    }
    Ok(scenarios)
}

/// `server-ping-2026-11-22T07-06-38-091Z` as `ping`.
fn scenario(folder: &str) -> Option<&str> {
    const TIME: usize = "-2026-11-22T07-06-38-091Z".len();
    folder
        .strip_prefix("server-")?
        .get(..folder.len().checked_sub("server-".len() + TIME)?)
}

/// What should have passed and did not, or did not run.
fn must_pass(scenarios: &Scenarios, run: &Run) -> Vec<String> {
    let mut missing = Vec::new();
    for name in run.must_pass.iter().copied().flatten() {
        let Some(checks) = scenarios.get(*name) else {
            missing.push(format!("{name}: did not run"));
            continue;
        };
        if !checks.iter().any(|check| check.status == "SUCCESS") {
            missing.push(format!("{name}: no check succeeded"));
        }
        let bad = checks
            .iter()
            .filter(|check| matches!(check.status.as_str(), "FAILURE" | "WARNING"));
        for check in bad.filter(|check| !may_fail(name, &check.id)) {
            missing.push(format!(
                "{name}:{}: {} {}",
                check.id, check.status, check.message
            ));
        }
    }
    missing
}

fn may_fail(scenario: &str, check: &str) -> bool {
    scenario == STATELESS && STATELESS_MAY_FAIL.contains(&check)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, id: &str, status: &str) -> Scenarios {
        let check = Check {
            id: id.to_owned(),
            status: status.to_owned(),
            message: String::new(),
        };
        let fine = Check {
            id: "fine".to_owned(),
            status: "SUCCESS".to_owned(),
            message: String::new(),
        };
        Scenarios::from([(name.to_owned(), vec![fine, check])])
    }

    fn run(must_pass: &'static [&'static [&'static str]]) -> Run {
        Run {
            revision: "2026-07-28",
            option: "--requirements",
            must_pass,
        }
    }

    #[test]
    fn a_scenario_is_named_by_its_folder() {
        assert_eq!(
            scenario("server-ping-2026-11-22T07-06-38-091Z"),
            Some("ping")
        );
        assert_eq!(
            scenario("server-server-session-lifecycle-2026-11-22T07-06-39-391Z"),
            Some("server-session-lifecycle")
        );
        assert_eq!(scenario("notes"), None);
    }

    #[test]
    fn a_scenario_that_did_not_run_is_not_a_pass() {
        let missing = must_pass(&Scenarios::new(), &run(&[&["ping"]]));
        assert_eq!(missing, ["ping: did not run"]);
        assert!(must_pass(&with("ping", "ping", "SUCCESS"), &run(&[&["ping"]])).is_empty());
        assert_eq!(
            must_pass(&with("ping", "ping", "FAILURE"), &run(&[&["ping"]])).len(),
            1
        );
    }

    #[test]
    fn only_named_checks_of_the_stateless_scenario_may_fail() {
        let allowed = with(STATELESS, STATELESS_MAY_FAIL[0], "FAILURE");
        assert!(must_pass(&allowed, &run(&[&[STATELESS]])).is_empty());
        let other = with(STATELESS, "sep-2575-server-implements-discover", "FAILURE");
        assert_eq!(must_pass(&other, &run(&[&[STATELESS]])).len(), 1);
    }
}
