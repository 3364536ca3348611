//! The size of a program with one tool.

use anyhow::{Context as _, Result};

use super::{Bench, Better, Figure, Row, Runner, Subject};
use crate::bench::subject::Program;

pub(super) const FIGURES: &[Figure] = &[Figure::new("mib", "MiB", Better::Less, 2)];

/// The example `hello`, built for release with the features of a subject.
#[derive(Debug)]
pub(super) struct Size<'a> {
    bench: &'a Bench<'a>,
    full: bool,
}

impl<'a> Size<'a> {
    pub(super) fn new(bench: &'a Bench<'a>, subject: &Subject) -> Self {
        let full = subject.program == Program::OursFull;
        Self { bench, full }
    }
}

impl Runner for Size<'_> {
    fn round(&mut self, _: usize, row: &mut Row) -> Result<()> {
        let workspace = self.bench.workspace;
        let build = workspace.cargo(["build", "--release", "--package", "examples"]);
        let features: &[&str] = if self.full {
            &["--features", "full"]
        } else {
            &[]
        };
        build.args(["--bin", "hello"]).args(features).run()?;
        let built = workspace.target.join("release/hello");
        let file = built.metadata().context("the example is not there")?;
        row.push("mib", file.len() as f64 / f64::from(1 << 20));
        Ok(())
    }
}
