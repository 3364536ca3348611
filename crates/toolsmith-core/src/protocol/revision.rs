//! The dated revisions, and what each of them has. The only file that spells a date.

use std::fmt;

/// A dated revision of the Model Context Protocol that this server speaks.
///
/// Revisions are ordered by date:
///
/// ```
/// use toolsmith_core::protocol::{Era, Revision};
///
/// assert!(Revision::V2024_11_05 < Revision::LATEST);
/// assert_eq!(Revision::parse("2025-06-18"), Some(Revision::V2025_06_18));
/// assert_eq!(Revision::parse("1999-12-31"), None);
/// assert_eq!(Revision::LATEST.era(), Era::Modern);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Revision {
    /// The first public revision.
    V2024_11_05,
    /// Streamable HTTP, tool annotations, audio, JSON-RPC batches.
    V2025_03_26,
    /// Structured output, titles, resource links; batches are gone.
    V2025_06_18,
    /// Icons, and the last revision with a handshake.
    V2025_11_25,
    /// Stateless: every request stands alone.
    V2026_07_28,
}

/// How a revision opens a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Era {
    /// `initialize` first; over HTTP, sessions. Revisions up to 2025-11-25.
    Legacy,
    /// No handshake: each request carries its revision and capabilities.
    Modern,
}

/// One row of the table of revisions: what a revision is called and what it has.
struct Row {
    name: &'static str,
    era: Era,
    has: Features,
}

/// What differs between revisions on the wire, as far as this server writes it.
#[derive(Clone, Copy)]
struct Features {
    /// Tool annotations, audio content, a message on progress notifications.
    annotations: bool,
    /// A JSON-RPC batch may be sent.
    batches: bool,
    /// `structuredContent`, `outputSchema`, `title`, `_meta` on definitions, resource links.
    structured: bool,
    /// `icons` and `websiteUrl`.
    icons: bool,
}

const fn features(annotations: bool, batches: bool, structured: bool, icons: bool) -> Features {
    Features {
        annotations,
        batches,
        structured,
        icons,
    }
}

const TABLE: [Row; 5] = [
    Row {
        name: "2024-11-05",
        era: Era::Legacy,
        has: features(false, false, false, false),
    },
    Row {
        name: "2025-03-26",
        era: Era::Legacy,
        has: features(true, true, false, false),
    },
    Row {
        name: "2025-06-18",
        era: Era::Legacy,
        has: features(true, false, true, false),
    },
    Row {
        name: "2025-11-25",
        era: Era::Legacy,
        has: features(true, false, true, true),
    },
    Row {
        name: "2026-07-28",
        era: Era::Modern,
        has: features(true, false, true, true),
    },
];

impl Revision {
    /// Every revision, oldest first.
    pub const ALL: [Revision; 5] = [
        Revision::V2024_11_05,
        Revision::V2025_03_26,
        Revision::V2025_06_18,
        Revision::V2025_11_25,
        Revision::V2026_07_28,
    ];
    /// The newest revision.
    pub const LATEST: Revision = Revision::V2026_07_28;
    /// The newest revision that opens with `initialize`.
    pub const LATEST_LEGACY: Revision = Revision::V2025_11_25;

    /// The revision of this name, if there is one.
    pub fn parse(name: &str) -> Option<Revision> {
        Self::ALL.into_iter().find(|r| r.as_str() == name)
    }

    /// The name on the wire, a date.
    pub const fn as_str(self) -> &'static str {
        TABLE[self as usize].name
    }

    /// The era that the revision belongs to.
    pub const fn era(self) -> Era {
        TABLE[self as usize].era
    }

    /// Whether the revision belongs to the modern era.
    pub const fn is_modern(self) -> bool {
        matches!(self.era(), Era::Modern)
    }

    /// What a legacy `initialize` that asks for `requested` is answered with: the same
    /// revision when it is a legacy one, the newest legacy one otherwise.
    ///
    /// Implements version negotiation of the lifecycle pages of the legacy revisions.
    pub fn negotiate(requested: &str) -> Revision {
        match Self::parse(requested) {
            Some(revision) if !revision.is_modern() => revision,
            _ => Self::LATEST_LEGACY,
        }
    }

    /// The names to list as supported: modern ones first, then legacy ones, newest first.
    pub fn supported_names() -> impl Iterator<Item = &'static str> {
        Self::ALL.into_iter().rev().map(Self::as_str)
    }

    /// Tool annotations, audio content and messages on progress exist.
    pub const fn has_annotations(self) -> bool {
        TABLE[self as usize].has.annotations
    }

    /// A JSON-RPC batch may be sent.
    pub const fn has_batches(self) -> bool {
        TABLE[self as usize].has.batches
    }

    /// Structured content, output schemas, titles and resource links exist.
    pub const fn has_structured_content(self) -> bool {
        TABLE[self as usize].has.structured
    }

    /// The user can be asked by a form.
    pub const fn has_elicitation(self) -> bool {
        self.is_at_least(Revision::V2025_06_18)
    }

    /// The user can be sent to a URL, choices have titles and may be several, a model can
    /// be offered tools, and a stream begins with an event that has nothing but an id.
    pub const fn has_rich_questions(self) -> bool {
        self.is_at_least(Revision::V2025_11_25)
    }

    /// A page that the user is sent to has an id, by which it is said that all is done there,
    /// and a request may be refused until then.
    pub const fn has_elicitation_ids(self) -> bool {
        matches!(self, Revision::V2025_11_25)
    }

    /// A legacy client may ask for a call to become a task.
    pub const fn has_legacy_tasks(self) -> bool {
        matches!(self, Revision::V2025_11_25)
    }

    const fn is_at_least(self, other: Revision) -> bool {
        self as usize >= other as usize
    }

    /// Icons and website addresses exist.
    pub const fn has_icons(self) -> bool {
        TABLE[self as usize].has.icons
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        for revision in Revision::ALL {
            assert_eq!(Revision::parse(revision.as_str()), Some(revision));
        }
        assert!(Revision::ALL.is_sorted());
    }

    #[test]
    fn an_unknown_or_modern_revision_negotiates_to_the_newest_legacy_one() {
        for asked in ["2026-07-28", "1999-12-31", "", "v999"] {
            assert_eq!(
                Revision::negotiate(asked),
                Revision::LATEST_LEGACY,
                "{asked}"
            );
        }
        assert_eq!(Revision::negotiate("2024-11-05"), Revision::V2024_11_05);
    }
}
