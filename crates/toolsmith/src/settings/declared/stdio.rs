//! The settings of the stdio transport.

use super::{Part, Setting, row};

/// The rows of the table.
pub(super) fn rows() -> [Setting; 1] {
    [row(
        "Limits of stdio",
        Part::Stdio,
        "max_line",
        "SIZE",
        Some("4MiB"),
        "The longest line that is taken, such as 64KiB; without a unit, bytes",
    )]
}
