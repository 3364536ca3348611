//! The last whole run, in the documentation.

use std::path::Path;

use anyhow::{Context as _, Result};

use super::report::{PICTURE, TABLES};
use crate::workspace::Workspace;

const BEGIN: &str = "<!-- bench: begin -->";
const END: &str = "<!-- bench: end -->";

/// Puts the tables between the two marks of the page, and the picture beside it.
pub(super) fn write(workspace: &Workspace, home: &Path) -> Result<()> {
    let tables = std::fs::read_to_string(home.join(TABLES))
        .context("there was no whole run yet: run `cargo xtask bench` first")?;
    let docs = workspace.root.join("docs");
    let page = docs.join("performance.md");
    let text = std::fs::read_to_string(&page).context("there is no docs/performance.md")?;
    std::fs::write(&page, replaced(&text, &tables)?).context("writing docs/performance.md")?;
    std::fs::copy(home.join(PICTURE), docs.join("performance.svg"))
        .context("copying the picture")?;
    Ok(())
}

fn replaced(page: &str, tables: &str) -> Result<String> {
    let (before, rest) = page
        .split_once(BEGIN)
        .context("the page has no first mark")?;
    let (_, after) = rest
        .split_once(END)
        .context("the page has no second mark")?;
    Ok(format!(
        "{before}{BEGIN}\n\n{}\n\n{END}{after}",
        tables.trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_between_the_marks_is_replaced_and_nothing_else() {
        let page = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        let new = replaced(&page, "new\n").unwrap();
        assert_eq!(new, format!("a\n{BEGIN}\n\nnew\n\n{END}\nb\n"));
        assert_eq!(replaced(&new, "new").unwrap(), new);
        assert!(replaced("a", "new").is_err());
    }

    #[test]
    fn the_page_has_both_marks() {
        let workspace = Workspace::find();
        let page = std::fs::read_to_string(workspace.root.join("docs/performance.md")).unwrap();
        assert!(replaced(&page, "x").is_ok());
    }
}
