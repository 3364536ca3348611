//! Every crate that is meant for the registry compiles from what would be uploaded.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::run::Task;
use crate::workspace::Workspace;

/// Packs all publishable crates, unpacks them beside each other, and checks them there: what
/// a crate has and did not pack is missing then.
///
/// Cargo's own check builds each crate by itself, with other features of what they have in
/// common each time, which takes minutes.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let packages: Vec<Crate> = workspace.packages()?.iter().filter_map(Crate::of).collect();
    let mut task = workspace.cargo(["package", "--no-verify"]);
    // In a checkout that is being worked on, what is not committed yet is tested too.
    if std::env::var_os("CI").is_none() {
        task = task.args(["--allow-dirty"]);
    }
    for package in &packages {
        task = task.args(["--package", &package.name]);
    }
    task.run()?;
    let packed = workspace.target.join("package");
    let unpacked = packed.join("unpacked");
    if unpacked.exists() {
        std::fs::remove_dir_all(&unpacked).context("older packages cannot be removed")?;
    }
    std::fs::create_dir_all(&unpacked)?;
    for package in &packages {
        package.unpack(&packed, &unpacked)?;
    }
    std::fs::write(unpacked.join("Cargo.toml"), manifest(&packages))?;
    std::fs::copy(
        workspace.root.join("Cargo.lock"),
        unpacked.join("Cargo.lock"),
    )?;
    workspace
        .cargo(["check", "--workspace", "--all-features", "--offline"])
        .args(["--target-dir".as_ref(), workspace.target.as_os_str()])
        .dir(&unpacked)
        .run()
}

/// A crate that is meant for the registry.
#[derive(Debug, PartialEq)]
struct Crate {
    name: String,
    version: String,
}

impl Crate {
    /// One of the workspace; none where it is not published.
    fn of(package: &Value) -> Option<Self> {
        // `publish = false` is an empty list of registries.
        if package["publish"].as_array().is_some_and(Vec::is_empty) {
            return None;
        }
        let text = |member: &str| Some(package[member].as_str()?.to_owned());
        Some(Self {
            name: text("name")?,
            version: text("version")?,
        })
    }

    fn folder(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }

    /// Unpacks it as new: what it holds is dated long ago, and would be taken for what was
    /// compiled before.
    fn unpack(&self, packed: &Path, to: &Path) -> Result<()> {
        let archive = packed.join(format!("{}.crate", self.folder()));
        Task::new("tar")
            .args(["--extract", "--gzip", "--touch", "--file"])
            .args([&archive])
            .args(["--directory".as_ref(), to.as_os_str()])
            .run()
    }
}

/// A workspace of them, in which each finds the others.
fn manifest(packages: &[Crate]) -> String {
    let mut members = String::new();
    let mut patches = String::new();
    for package in packages {
        let folder = package.folder();
        // Writing to a string does not fail.
        let _ = write!(members, "\"{folder}\", ");
        let _ = writeln!(patches, "{} = {{ path = \"{folder}\" }}", package.name);
    }
    format!("[workspace]\nresolver = \"3\"\nmembers = [{members}]\n\n[patch.crates-io]\n{patches}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn crates_that_are_published_are_members_and_found_by_the_others() {
        let packages = [
            json!({"name": "ours", "version": "0.1.0", "publish": null}),
            json!({"name": "private", "version": "0.0.0", "publish": []}),
        ];
        let packages: Vec<Crate> = packages.iter().filter_map(Crate::of).collect();
        let text = manifest(&packages);
        assert!(text.contains("members = [\"ours-0.1.0\", ]"), "{text}");
        assert!(text.contains("ours = { path = \"ours-0.1.0\" }"), "{text}");
        assert!(!text.contains("private"), "{text}");
    }
}
