//! What the suite says that it has: the output of its `list` command.

use std::collections::BTreeSet;

/// The heading of the scenarios against a server.
const SERVER: &str = "Server scenarios";
/// What stands behind a scenario of no revision.
const EXTENSION: &str = "extension";

/// A scenario against a server, and where it applies.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Scenario {
    pub(super) name: String,
    /// The revisions; none for an extension, which has a life of its own.
    pub(super) revisions: Vec<String>,
}

impl Scenario {
    pub(super) fn is_extension(&self) -> bool {
        self.revisions.is_empty()
    }

    pub(super) fn is_at(&self, revision: &str) -> bool {
        self.revisions.iter().any(|it| it == revision)
    }
}

/// Reads `list --server`: lines such as `- ping [2025-06-18,2025-11-25]`.
pub(super) fn scenarios(text: &str) -> Vec<Scenario> {
    let lines = text.lines().filter_map(item);
    lines
        .map(|(name, tag)| {
            let revisions = tag.unwrap_or_default().split(',').map(str::trim);
            let revisions = revisions.filter(|it| !it.is_empty() && *it != EXTENSION);
            Scenario {
                name: name.to_owned(),
                revisions: revisions.map(str::to_owned).collect(),
            }
        })
        .collect()
}

/// Reads `list --requirements`: the scenarios against a server that are run, whether or not
/// they are scored.
pub(super) fn required(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut of_server = false;
    for line in text.lines() {
        match item(line) {
            Some((name, None)) if of_server => names.insert(name.to_owned()),
            Some((name, Some("server"))) => names.insert(name.to_owned()),
            Some(_) => false,
            None => {
                // A blank line does not end a list, the next heading does.
                if !line.trim().is_empty() {
                    of_server = line.starts_with(SERVER);
                }
                false
            }
        };
    }
    names
}

/// `- name [tag]`, or `- name`.
fn item(line: &str) -> Option<(&str, Option<&str>)> {
    let item = line.trim().strip_prefix("- ")?;
    match item.split_once(" [") {
        Some((name, tag)) => Some((name, Some(tag.trim_end_matches(']')))),
        None => Some((item, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_is_listed_with_its_revisions() {
        let text = "Server scenarios (test against a server):\n  - ping [2025-06-18,2025-11-25]\n  - tasks-lifecycle [extension]\n";
        let listed = scenarios(text);
        let names: Vec<_> = listed.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["ping", "tasks-lifecycle"]);
        assert!(listed[0].is_at("2025-11-25") && !listed[0].is_at("2026-07-28"));
        assert!(!listed[0].is_extension() && listed[1].is_extension());
    }

    #[test]
    fn what_is_required_of_a_client_is_not_required_of_us() {
        let text = "\
Required for 2025-11-25 (3 scenarios):

Server scenarios (test against a server):
  - ping

Client scenarios (test against a client):
  - initialize

Run and reported, but never scored:
  extension (1):
    - auth/dpop [client]
  pending (1):
    - server-sse-polling [server]
";
        let names = required(text);
        assert_eq!(
            names.iter().collect::<Vec<_>>(),
            ["ping", "server-sse-polling"]
        );
    }
}
