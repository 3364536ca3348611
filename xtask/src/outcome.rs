//! What came of a part.

use anyhow::Result;

/// A part's result: what a reader of the summary should know, or why it failed.
pub(crate) type Outcome = Result<Report>;

/// A part that did not fail.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// The whole part was left out, for this reason.
    pub(crate) skipped: Option<String>,
    /// Single steps that were left out, and other things worth a line.
    pub(crate) notes: Vec<String>,
}

impl Report {
    /// A part that passed, with remarks for the summary.
    pub(crate) fn with_notes(notes: Vec<String>) -> Self {
        Self {
            skipped: None,
            notes,
        }
    }
}

/// Turns a plain result into an outcome without remarks.
pub(crate) fn passed(result: Result<()>) -> Outcome {
    result.map(|()| Report::default())
}
