//! What a function becomes.

use std::fmt;

/// What a function becomes. It shows as its word, which is that of its attribute, of its
/// method on the server, and of what is said to an author.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Tool,
    Prompt,
    Resource,
}

impl Kind {
    /// Every kind.
    pub(crate) const ALL: [Kind; 3] = [Kind::Tool, Kind::Prompt, Kind::Resource];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Kind::Tool => "tool",
            Kind::Prompt => "prompt",
            Kind::Resource => "resource",
        }
    }

    /// Its attribute with one more argument, as an author would write it.
    pub(crate) fn with(self, argument: &str) -> String {
        match self {
            Kind::Tool | Kind::Prompt => format!("#[{self}({argument})]"),
            Kind::Resource => format!("#[{self}(\"…\", {argument})]"),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
