//! What is wrong with a call's arguments, as far as one answer says it.

use std::fmt;

/// The most problems that one answer names.
const MAX_PROBLEMS: usize = 10;
/// The longest name of an unknown argument that is repeated to the client.
const MAX_NAME: usize = 64;

/// What is wrong with a call's arguments.
#[derive(Debug, Default)]
pub(in crate::server) struct Problems {
    found: Vec<String>,
    more: bool,
}

impl Problems {
    pub(in crate::server) fn add(&mut self, problem: impl FnOnce() -> String) {
        if self.found.len() < MAX_PROBLEMS {
            self.found.push(problem());
        } else {
            self.more = true;
        }
    }

    /// An argument that is not given and has to be.
    pub(in crate::server) fn missing(&mut self, name: &str) {
        self.add(|| format!("`{name}` is missing"));
    }

    /// An argument that nobody knows. `who` takes the `known` ones.
    pub(in crate::server) fn unknown<'a>(
        &mut self,
        name: &str,
        who: &str,
        known: impl Iterator<Item = &'a str>,
    ) {
        self.add(|| {
            let known: Vec<String> = known.map(|name| format!("`{name}`")).collect();
            let name: String = name.chars().take(MAX_NAME).collect();
            match known.as_slice() {
                [] => format!("`{name}` is unknown; {who} takes no arguments"),
                known => format!("`{name}` is unknown; {who} takes {}", known.join(", ")),
            }
        });
    }

    pub(in crate::server) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Whether there is more than one answer says.
    pub(super) fn is_full(&self) -> bool {
        self.more
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = if self.more { "; and more." } else { "." };
        write!(f, "Invalid arguments: {}{end}", self.found.join("; "))
    }
}
