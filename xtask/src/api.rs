//! The public API of the libraries, as text that is kept in the repository: a change of
//! the API shows as a change of `xtask/api/<crate>.txt`.
//!
//! It is read from what rustdoc writes, because that needs no nightly compiler. Only our
//! own declarations are taken: no methods that a trait of the standard library provides,
//! and no automatic or blanket implementations, which change with the compiler.

mod html;
mod item;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::cargo;
use crate::outcome::{Outcome, Report};
use crate::workspace::Workspace;

const CRATES: [&str; 3] = ["toolsmith", "toolsmith-core", "toolsmith-macros"];

/// Compares the API with the recorded one, or records it (`--update`).
pub(crate) fn check(workspace: &Workspace, args: &[String]) -> Outcome {
    let update = match args {
        [] => false,
        [flag] if flag == "--update" => true,
        _ => bail!("api takes nothing but --update"),
    };
    cargo::doc(workspace)?;
    let mut changed = Vec::new();
    for name in CRATES {
        let file = workspace.xtask().join("api").join(format!("{name}.txt"));
        let now = extract(&workspace.target.join("doc").join(name.replace('-', "_")))
            .with_context(|| format!("the documentation of {name}"))?;
        if update {
            std::fs::create_dir_all(workspace.xtask().join("api"))?;
            std::fs::write(&file, now)?;
            continue;
        }
        let recorded = std::fs::read_to_string(&file).with_context(|| {
            format!("the API of {name} is not recorded: run `cargo xtask api --update`")
        })?;
        if recorded != now {
            changed.push(format!("{name}:\n{}", difference(&recorded, &now)));
        }
    }
    if changed.is_empty() {
        return Ok(Report::default());
    }
    bail!(
        "the public API is not the recorded one; if that is meant, run `cargo xtask api --update` and say so in CHANGELOG.md\n{}",
        changed.join("\n")
    )
}

/// All declarations that can be reached from the crate's root, sorted.
fn extract(root: &Path) -> Result<String> {
    let mut lines = BTreeSet::new();
    let mut modules = vec![String::new()];
    while let Some(module) = modules.pop() {
        let folder = root.join(module.replace("::", "/"));
        let page = read(&folder.join("index.html"))?;
        for text in item::re_exports(&page) {
            lines.insert(format!("re-export {module}: {text}"));
        }
        for link in item::links(&page) {
            let name = place(&module, &link.name);
            if link.kind == "mod" {
                lines.insert(format!("mod {name}"));
                modules.push(name);
                continue;
            }
            let page = read(&folder.join(&link.file))?;
            for declaration in item::declarations(&page) {
                lines.insert(format!("{} {name}: {declaration}", link.kind));
            }
        }
    }
    Ok(lines.into_iter().map(|line| line + "\n").collect())
}

fn place(module: &str, name: &str) -> String {
    if module.is_empty() {
        name.to_owned()
    } else {
        format!("{module}::{name}")
    }
}

fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("{} could not be read", file.display()))
}

/// The lines that only one of both has.
fn difference(before: &str, now: &str) -> String {
    let (old, new): (BTreeSet<&str>, BTreeSet<&str>) =
        (before.lines().collect(), now.lines().collect());
    let gone = old.difference(&new).map(|line| format!("- {line}"));
    let come = new.difference(&old).map(|line| format!("+ {line}"));
    gone.chain(come).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn a_difference_names_what_went_and_what_came() {
        assert_eq!(difference("a\nb\n", "b\nc\n"), "- a\n+ c");
    }
}
