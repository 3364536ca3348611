//! What the suite found out: the files that it writes for each scenario.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::AddAssign;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;

/// A check that the suite skips whatever the server is. One that it does not skip any more
/// has no place here.
struct Excuse {
    revision: &'static str,
    scenario: &'static str,
    check: &'static str,
    why: &'static str,
}

const EXCUSES: &[Excuse] = &[
    Excuse {
        revision: "2026-07-28",
        scenario: "tasks-status-notifications",
        check: "tasks-status-notifications",
        why: "the suite does not read them yet where the extension sends them",
    },
    Excuse {
        revision: "2025-11-25",
        scenario: "sep-2640-skills-enumeration",
        check: "sep-2640-skills-list-cache-attributes",
        why: "the revision has no caching hints",
    },
    Excuse {
        revision: "2025-11-25",
        scenario: "sep-2640-skills-enumeration",
        check: "sep-2640-skills-get-cache-attributes",
        why: "the revision has no caching hints",
    },
];

/// One check of a scenario, as the suite wrote it down.
#[derive(Debug)]
struct Check {
    id: String,
    status: String,
    message: String,
}

impl Check {
    fn passed(&self) -> bool {
        self.status == "SUCCESS"
    }

    /// A warning is as bad: it is what the specification says should be.
    fn failed(&self) -> bool {
        matches!(self.status.as_str(), "FAILURE" | "WARNING")
    }

    /// The server lacks what would be checked.
    fn skipped(&self) -> bool {
        self.status == "SKIPPED"
    }
}

/// The checks of every scenario that ran.
#[derive(Debug)]
pub(super) struct Results {
    revision: String,
    scenarios: BTreeMap<String, Vec<Check>>,
}

/// How many checks passed, of how many that say anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    scenarios: usize,
    passed: usize,
    failed: usize,
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.scenarios += other.scenarios;
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.passed + self.failed;
        write!(
            f,
            "{} of {total} checks pass, in {} scenarios",
            self.passed, self.scenarios
        )
    }
}

impl Results {
    /// Reads a folder `server-<scenario>-<time>` for each scenario.
    pub(super) fn read(revision: &str, folder: &Path) -> Result<Self> {
        let mut scenarios = BTreeMap::new();
        for entry in std::fs::read_dir(folder).context("the suite wrote no results")? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let Some(name) = scenario(&name) else {
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
        Ok(Self {
            revision: revision.to_owned(),
            scenarios,
        })
    }

    /// The checks of each scenario, counted.
    pub(super) fn counts(&self) -> impl Iterator<Item = (&str, Count)> {
        let count = |checks: &Vec<Check>| Count {
            scenarios: 1,
            passed: checks.iter().filter(|it| it.passed()).count(),
            failed: checks.iter().filter(|it| it.failed()).count(),
        };
        self.scenarios
            .iter()
            .map(move |(name, checks)| (name.as_str(), count(checks)))
    }

    /// What failed, and what of the wanted scenarios did not run.
    pub(super) fn problems(&self, wanted: &BTreeSet<String>) -> Vec<String> {
        let missing = wanted
            .iter()
            .filter(|name| !self.scenarios.contains_key(*name));
        let mut problems: Vec<_> = missing.map(|name| format!("{name}: did not run")).collect();
        for (name, checks) in &self.scenarios {
            let excuses: Vec<_> = self.excuses(name).collect();
            let excused = |check: &Check| {
                check.skipped() && excuses.iter().any(|excuse| excuse.check == check.id)
            };
            if !checks.iter().any(|it| it.passed() || excused(it)) {
                problems.push(format!("{name}: no check succeeded"));
            }
            let bad = |check: &Check| check.failed() || (check.skipped() && !excused(check));
            for check in checks.iter().filter(|check| bad(check)) {
                let Check {
                    id,
                    status,
                    message,
                } = check;
                problems.push(format!("{name}:{id}: {status} {message}"));
            }
            for Excuse { check, .. } in &excuses {
                if !checks.iter().any(|it| it.skipped() && it.id == *check) {
                    problems.push(format!(
                        "{name}:{check}: is not skipped any more; take it out of `EXCUSES`"
                    ));
                }
            }
        }
        problems
    }

    /// What was skipped, through no fault of ours.
    pub(super) fn remarks(&self) -> impl Iterator<Item = String> {
        let excuses = self.scenarios.keys().flat_map(|name| self.excuses(name));
        excuses.map(|it| {
            let Excuse {
                revision,
                check,
                why,
                ..
            } = it;
            format!("the suite skips {check} at {revision}: {why}")
        })
    }

    fn excuses(&self, scenario: &str) -> impl Iterator<Item = &'static Excuse> {
        EXCUSES
            .iter()
            .filter(move |it| it.scenario == scenario && it.revision == self.revision)
    }
}

/// `server-ping-2026-11-22T07-06-38-091Z` as `ping`.
fn scenario(folder: &str) -> Option<&str> {
    const TIME: usize = "-2026-11-22T07-06-38-091Z".len();
    folder
        .strip_prefix("server-")?
        .get(..folder.len().checked_sub("server-".len() + TIME)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, statuses: &[&str]) -> Results {
        let checks = statuses.iter().map(|status| Check {
            id: name.to_owned(),
            status: (*status).to_owned(),
            message: String::new(),
        });
        Results {
            revision: "2026-07-28".to_owned(),
            scenarios: BTreeMap::from([(name.to_owned(), checks.collect())]),
        }
    }

    fn nothing() -> Results {
        Results {
            scenarios: BTreeMap::new(),
            ..with("", &[])
        }
    }

    fn wanted(name: &str) -> BTreeSet<String> {
        BTreeSet::from([name.to_owned()])
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
        let none = nothing().problems(&wanted("ping"));
        assert_eq!(none, ["ping: did not run"]);
        assert!(
            with("ping", &["SUCCESS"])
                .problems(&wanted("ping"))
                .is_empty()
        );
    }

    #[test]
    fn what_fails_or_says_nothing_is_a_problem_wanted_or_not() {
        for bad in [&["SUCCESS", "FAILURE"][..], &["SUCCESS", "WARNING"]] {
            let problems = with("ping", bad).problems(&wanted("ping"));
            assert_eq!(problems.len(), 1, "{problems:?}");
        }
        for quiet in [&["INFO"][..], &[]] {
            let problems = with("ping", quiet).problems(&BTreeSet::new());
            assert_eq!(problems, ["ping: no check succeeded"]);
        }
    }

    #[test]
    fn a_check_that_was_skipped_is_not_a_pass_beside_one_that_was_not() {
        let problems = with("ping", &["SUCCESS", "SKIPPED"]).problems(&wanted("ping"));
        assert_eq!(problems, ["ping:ping: SKIPPED "]);
    }

    #[test]
    fn a_check_that_the_suite_always_skips_is_excused_for_as_long_as_it_does() {
        let name = EXCUSES[0].scenario;
        let mut skipped = with(name, &["SKIPPED"]);
        assert!(skipped.problems(&wanted(name)).is_empty());
        assert_eq!(nothing().problems(&wanted(name)).len(), 1);
        let runs = with(name, &["SUCCESS"]).problems(&wanted(name));
        assert!(
            runs.len() == 1 && runs[0].contains("not skipped"),
            "{runs:?}"
        );
        skipped.revision = "2025-11-25".to_owned();
        let elsewhere = skipped.problems(&wanted(name));
        assert_eq!(elsewhere.len(), 2, "{elsewhere:?}");
    }

    #[test]
    fn only_checks_that_say_something_are_counted() {
        let results = with("ping", &["SUCCESS", "INFO", "SKIPPED", "WARNING"]);
        let mut all = Count::default();
        for (_, count) in results.counts() {
            all += count;
        }
        assert_eq!(all.to_string(), "1 of 2 checks pass, in 1 scenarios");
    }
}
