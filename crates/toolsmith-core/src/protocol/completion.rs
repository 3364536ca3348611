//! Values that an argument of a prompt or a template may have.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The most values that one answer may hold.
///
/// Implements "Completion Results" of `server/utilities/completion`.
pub const MAX_COMPLETIONS: usize = 100;

/// What a `completion/complete` asks for.
#[derive(Clone, Debug, Deserialize)]
pub struct CompleteParams {
    /// What the argument belongs to.
    #[serde(rename = "ref")]
    pub reference: CompletionReference,
    /// The argument, and what was typed of it.
    pub argument: CompletionArgument,
    /// What is known of the other arguments.
    #[serde(default)]
    pub context: CompletionContext,
}

/// What an argument belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "type")]
pub enum CompletionReference {
    /// A prompt, by its name.
    #[serde(rename = "ref/prompt")]
    Prompt {
        /// The name.
        name: Box<str>,
    },
    /// A template, by its URI template.
    #[serde(rename = "ref/resource")]
    Resource {
        /// The URI template.
        uri: Box<str>,
    },
}

/// An argument, and what was typed of it.
#[derive(Clone, Debug, Deserialize)]
pub struct CompletionArgument {
    /// Its name.
    pub name: Box<str>,
    /// What was typed.
    pub value: String,
}

/// What is known of the other arguments.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct CompletionContext {
    /// Their values, by name.
    #[serde(default)]
    pub arguments: BTreeMap<String, String>,
}

/// The values that an argument may have, best first.
///
/// ```
/// use toolsmith_core::protocol::Completions;
///
/// let all = ["python", "pytorch", "rust"];
/// let some = Completions::matching("PY", all);
/// assert_eq!(some.values(), ["python", "pytorch"]);
/// assert!(!some.has_more());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completions {
    values: Vec<String>,
    total: Option<usize>,
    more: bool,
}

impl Completions {
    /// These values. More than 100 are cut off, and the answer says how many there were.
    pub fn new<I>(values: I) -> Self
    where
        I: IntoIterator<Item: Into<String>>,
    {
        let mut values: Vec<String> = values.into_iter().map(Into::into).collect();
        let total = values.len();
        values.truncate(MAX_COMPLETIONS);
        Self {
            more: total > values.len(),
            total: Some(total),
            values,
        }
    }

    /// Those that begin with what was typed, whatever the case of its letters.
    pub fn matching<I>(typed: &str, values: I) -> Self
    where
        I: IntoIterator<Item: Into<String>>,
    {
        let typed = typed.to_lowercase();
        let values = values.into_iter().map(Into::into);
        Self::new(values.filter(|value| value.to_lowercase().starts_with(&typed)))
    }

    /// The same, of so many that there are in all.
    #[must_use]
    pub fn of_total(mut self, total: usize) -> Self {
        self.more = total > self.values.len();
        self.total = Some(total);
        self
    }

    /// The values.
    pub fn values(&self) -> &[String] {
        &self.values
    }

    /// How many there are in all, where that is known.
    pub fn total(&self) -> Option<usize> {
        self.total
    }

    /// Whether there are more than these.
    pub fn has_more(&self) -> bool {
        self.more
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_a_hundred_are_cut_off_and_counted() {
        let many = Completions::new((0..250).map(|n| n.to_string()));
        assert_eq!(many.values().len(), MAX_COMPLETIONS);
        assert_eq!((many.total(), many.has_more()), (Some(250), true));
        let few = Completions::new(["a"]).of_total(10);
        assert_eq!((few.total(), few.has_more()), (Some(10), true));
    }
}
