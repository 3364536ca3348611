//! Where things are.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::run::Task;

/// The checkout and its build folder.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The folder of the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Where cargo builds, and where everything that is fetched for tests goes.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// The workspace that this command belongs to.
    pub(crate) fn find() -> Self {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest
            .parent()
            .map_or_else(|| manifest.clone(), Path::to_path_buf);
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => root.join(folder),
            None => root.join("target"),
        };
        Self { root, target }
    }

    /// This crate's own folder, with the inputs of its parts.
    pub(crate) fn xtask(&self) -> PathBuf {
        self.root.join("xtask")
    }

    /// A cargo command in the workspace. It keeps nothing for the next compilation or for a
    /// debugger: that takes more room than all else together, and a fresh machine never
    /// reads it.
    pub(crate) fn cargo<const N: usize>(&self, args: [&str; N]) -> Task {
        let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Task::new(program)
            .args(args)
            .dir(&self.root)
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .without_own_package()
    }

    /// `cargo metadata` of the workspace's own packages.
    pub(crate) fn packages(&self) -> Result<Vec<Value>> {
        let output = self
            .cargo(["metadata", "--format-version", "1", "--no-deps"])
            .output()?
            .success()?;
        let mut metadata: Value = serde_json::from_str(&output.stdout)
            .context("cargo metadata printed something else than JSON")?;
        match metadata["packages"].take() {
            Value::Array(packages) => Ok(packages),
            _ => anyhow::bail!("cargo metadata lists no packages"),
        }
    }

    /// Builds every command and example once, with the feature set of the tests, so that
    /// all parts share one set of artefacts. Returns the folder that they are in.
    pub(crate) fn build_debug(&self) -> Result<PathBuf> {
        self.cargo(["build", "--workspace", "--all-features", "--bins"])
            .run()?;
        Ok(self.target.join("debug"))
    }
}
