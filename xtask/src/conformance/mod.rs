//! The official conformance suite against the server in `conformance/`.
//!
//! The suite's own list says what is to run. The suite is quiet about scenarios that did not
//! run or are not scored, so every scenario of the list is looked up in its results: each
//! must have run, with a check that succeeded and none that failed, warned or was skipped.

mod listed;
mod results;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail, ensure};

use crate::outcome::{Outcome, Report};
use crate::run::tail;
use crate::servers::{HttpServer, START};
use crate::setup::{self, Node};
use crate::workspace::Workspace;
use listed::Scenario;
use results::{Count, Results};

const LIMIT: Duration = Duration::from_secs(300);
const SUITE: &str = "node_modules/@modelcontextprotocol/conformance/dist/index.js";

/// How the suite is asked for everything of one revision. Where there is a list of
/// requirements, that is run: it has every scenario of the revision, and more.
const REVISIONS: &[(&str, &[&str])] = &[
    ("2025-03-26", &["--suite", "all", "--spec-version"]),
    ("2025-06-18", &["--suite", "all", "--spec-version"]),
    ("2025-11-25", &[REQUIREMENTS]),
    ("2026-07-28", &[REQUIREMENTS]),
];
const REQUIREMENTS: &str = "--requirements";

/// An extension, and the revisions that it applies to.
struct Extension {
    name: &'static str,
    /// How the names of its scenarios begin.
    begin: &'static str,
    revisions: &'static [&'static str],
}

const EXTENSIONS: &[Extension] = &[
    // The tasks of 2025-11-25 are something else, which the suite has no scenarios for.
    Extension {
        name: "tasks",
        begin: "tasks-",
        revisions: &["2026-07-28"],
    },
    Extension {
        name: "skills",
        begin: "sep-2640-",
        revisions: &["2025-11-25", "2026-07-28"],
    },
];

/// The suite, and the server that it runs against.
struct Suite<'a> {
    workspace: &'a Workspace,
    node: Node,
    url: String,
}

/// One run of the suite.
struct Run {
    revision: &'static str,
    /// Where its results go.
    folder: String,
    /// What selects the scenarios.
    select: Vec<String>,
    wanted: BTreeSet<String>,
}

pub(crate) fn check(workspace: &Workspace) -> Outcome {
    let node = setup::node(workspace)?;
    let mut command = Command::new(workspace.build_debug()?.join("conformance-server"));
    command.args(["--transport", "http", "--port", "0"]);
    let server = HttpServer::start(command, START)?;
    let suite = Suite {
        workspace,
        node,
        url: server.url.clone(),
    };
    let listed = listed::scenarios(&suite.list(&["--server"])?);
    ensure!(!listed.is_empty(), "the suite lists no scenario");
    let mut problems = unknown(&listed);
    let mut counts = BTreeMap::<String, Count>::new();
    let mut notes = Vec::new();
    for run in suite.runs(&listed)? {
        match suite.run(&run) {
            Ok(results) => {
                let bad = results.problems(&run.wanted).into_iter();
                problems.extend(bad.map(|problem| format!("{}: {problem}", run.revision)));
                for (scenario, count) in results.counts() {
                    let of = match extension(scenario, &listed) {
                        Some(extension) => format!("{} at {}", extension.name, run.revision),
                        None => run.revision.to_owned(),
                    };
                    *counts.entry(of).or_default() += count;
                }
                notes.extend(results.remarks());
            }
            Err(error) => problems.push(format!("{}: {error:#}", run.revision)),
        }
    }
    if let Err(error) = scripted(workspace) {
        problems.push(format!("the scripted conversations: {error:#}"));
    }
    let counts = counts.iter().map(|(of, count)| format!("{of}: {count}"));
    let counts: Vec<_> = counts.collect();
    if !problems.is_empty() {
        bail!(
            "{}\n{}\nthe server said:\n{}",
            problems.join("\n"),
            counts.join("\n"),
            tail(&server.log())
        );
    }
    notes.splice(..0, counts);
    Ok(Report::with_notes(notes))
}

/// Conversations of our own, for the revisions that the suite hardly covers.
fn scripted(workspace: &Workspace) -> Result<()> {
    const NAME: &str = "conversation::scripted";
    workspace
        .cargo([
            "test",
            // As all tests are built, so that nothing is built twice.
            "--workspace",
            "--all-features",
            "--test",
            "it",
            NAME,
        ])
        .run()
}

/// What the suite has scenarios for and what is not run, because nobody knew of it.
fn unknown(listed: &[Scenario]) -> Vec<String> {
    let revisions = listed.iter().flat_map(|it| &it.revisions);
    let revisions = revisions.filter(|it| !REVISIONS.iter().any(|(known, _)| known == it));
    let extensions = listed.iter().filter(|it| it.is_extension());
    let extensions = extensions.map(|it| &it.name);
    let extensions = extensions.filter(|name| extension(name, listed).is_none());
    let unknown: BTreeSet<_> = revisions.chain(extensions).collect();
    let unknown = unknown.into_iter();
    unknown
        .map(|it| {
            format!("{it}: the suite has it, and it is not run; see `REVISIONS`, `EXTENSIONS`")
        })
        .collect()
}

/// The extension that a scenario is a part of.
fn extension(scenario: &str, listed: &[Scenario]) -> Option<&'static Extension> {
    let listed = listed.iter().find(|it| it.name == scenario);
    listed.filter(|it| it.is_extension())?;
    EXTENSIONS.iter().find(|it| scenario.starts_with(it.begin))
}

impl Suite<'_> {
    fn list(&self, args: &[&str]) -> Result<String> {
        let task = self.node.script(SUITE).args(["list"]).args(args);
        Ok(task.limit(LIMIT).output()?.success()?.stdout)
    }

    /// Everything that the suite is to run.
    fn runs(&self, listed: &[Scenario]) -> Result<Vec<Run>> {
        let mut runs = Vec::new();
        for (revision, options) in REVISIONS {
            let at = listed.iter().filter(|it| it.is_at(revision));
            let mut wanted: BTreeSet<_> = at.map(|it| it.name.clone()).collect();
            if options.contains(&REQUIREMENTS) {
                wanted.extend(listed::required(&self.list(&[REQUIREMENTS, revision])?));
            }
            // No option has the extensions that the revision does not require.
            for Scenario { name, .. } in listed {
                let of = extension(name, listed);
                let applies = of.is_some_and(|it| it.revisions.contains(revision));
                if applies && !wanted.contains(name) {
                    let select = ["--scenario", name, "--force", "--spec-version", revision];
                    runs.push(Run {
                        revision,
                        folder: format!("{revision}-{name}"),
                        select: select.map(str::to_owned).to_vec(),
                        wanted: BTreeSet::from([name.clone()]),
                    });
                }
            }
            let select = options.iter().chain([revision]);
            runs.push(Run {
                revision,
                folder: (*revision).to_owned(),
                select: select.map(|it| (*it).to_owned()).collect(),
                wanted,
            });
        }
        Ok(runs)
    }

    fn run(&self, run: &Run) -> Result<Results> {
        let folder = self.workspace.target.join("conformance").join(&run.folder);
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        let task = self
            .node
            .script(SUITE)
            .args(["server", "--url", &self.url])
            .args(&run.select)
            .args([Path::new("--output-dir"), &folder])
            .limit(LIMIT);
        println!("$ {}", task.line());
        let output = task.output()?;
        let results = match Results::read(run.revision, &folder) {
            Ok(results) => results,
            Err(error) => bail!(
                "{error:#}; it ended with {}:\n{}{}",
                output.status,
                tail(&output.stdout),
                tail(&output.stderr)
            ),
        };
        // What failed is told from the results. This is for what they do not say.
        if !output.status.success() && results.problems(&run.wanted).is_empty() {
            bail!(
                "the suite ended with {}:\n{}{}",
                output.status,
                tail(&output.stdout),
                tail(&output.stderr)
            );
        }
        Ok(results)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed() -> Vec<Scenario> {
        listed::scenarios(
            "- ping [2025-06-18]\n- tasks-lifecycle [extension]\n- new-thing [extension]\n- later [2027-01-01]",
        )
    }

    #[test]
    fn a_revision_or_an_extension_that_is_not_run_is_a_problem() {
        let unknown = unknown(&listed());
        assert_eq!(unknown.len(), 2, "{unknown:?}");
        assert!(unknown[0].starts_with("2027-01-01"), "{unknown:?}");
        assert!(unknown[1].starts_with("new-thing"), "{unknown:?}");
    }

    #[test]
    fn a_scenario_is_a_part_of_an_extension_if_the_suite_says_so() {
        let name = |scenario| extension(scenario, &listed()).map(|it| it.name);
        assert_eq!(name("ping"), None);
        assert_eq!(name("tasks-lifecycle"), Some("tasks"));
        assert_eq!(name("new-thing"), None);
    }
}
