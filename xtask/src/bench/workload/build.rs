//! What a hello project costs to build: from nothing, after an edit, and in crates.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use super::projects::{self, BODY};
use super::{Bench, Better, Figure, Row, Runner, Subject};
use crate::run::Task;

/// How many builds from nothing there are, at most; each takes long.
const COLD: usize = 3;

pub(super) const FIGURES: &[Figure] = &[
    Figure::new("cold", "s from nothing", Better::Less, 1),
    Figure::new("edit", "s after a one-line edit", Better::Less, 2),
    Figure::new("crates", "crates", Better::Less, 0),
];

/// A project, its downloads done.
#[derive(Debug)]
pub(super) struct Build<'a> {
    bench: &'a Bench<'a>,
    dir: PathBuf,
}

impl<'a> Build<'a> {
    pub(super) fn new(bench: &'a Bench<'a>, subject: &Subject) -> Result<Self> {
        let dir = projects::write(bench, subject)?;
        let build = Self { bench, dir };
        build.cargo(["fetch", "--quiet"]).run()?;
        Ok(build)
    }

    /// Cargo as a user has it, without the settings of whoever runs the bench.
    fn cargo<const N: usize>(&self, args: [&str; N]) -> Task {
        let mut task = self.bench.workspace.cargo(args).dir(&self.dir);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PROFILE_") || text.starts_with("CARGO_INCREMENTAL") {
                task = task.without_env(&name);
            }
        }
        task.env("CARGO_TARGET_DIR", self.dir.join("target"))
    }

    fn build(&self) -> Result<f64> {
        let began = Instant::now();
        let output = self.cargo(["build", "--offline", "--quiet"]).output()?;
        output.success()?;
        Ok(began.elapsed().as_secs_f64())
    }

    /// Changes the one line, each time to another.
    fn edit(&self, round: usize) -> Result<()> {
        let main = self.dir.join("src/main.rs");
        let text = std::fs::read_to_string(&main)?;
        let whole = text.split('\n').map(|line| match line.find(BODY) {
            Some(_) if round == 0 => line.replace(BODY, &format!("{BODY} + 0")),
            Some(_) => line.replace(&format!("+ {}", round - 1), &format!("+ {round}")),
            None => line.to_owned(),
        });
        let edited = whole.collect::<Vec<_>>().join("\n");
        ensure!(edited != text, "there was nothing to edit");
        std::fs::write(main, edited).context("editing")
    }

    /// The crates that are compiled, with the project's own.
    fn crates(&self) -> Result<usize> {
        let tree = self.cargo(["tree", "--offline", "--prefix", "none"]);
        let output = tree.args(["--edges", "normal,build"]).output()?.success()?;
        Ok(unique(&output.stdout))
    }
}

impl Runner for Build<'_> {
    fn round(&mut self, round: usize, row: &mut Row) -> Result<()> {
        let target = self.dir.join("target");
        if round < COLD {
            if target.exists() {
                std::fs::remove_dir_all(&target).context("emptying the build folder")?;
            }
            row.push("cold", self.build()?);
        }
        self.edit(round)?;
        row.push("edit", self.build()?);
        if round == 0 {
            row.push("crates", self.crates()? as f64);
        }
        Ok(())
    }
}

/// How many packages a tree names; it names some more than once.
fn unique(tree: &str) -> usize {
    let packages = tree.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?, words.next()?))
    });
    packages.collect::<BTreeSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_that_is_named_twice_counts_once() {
        let tree = "hello v0.1.0 (/x)\nserde v1.0.0\nsyn v2.0.0 (proc-macro)\nserde v1.0.0 (*)\n\nsyn v1.0.0\n";
        assert_eq!(unique(tree), 4);
    }
}
