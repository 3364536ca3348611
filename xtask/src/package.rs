//! Every crate that is meant for the registry builds from what would be uploaded.

use anyhow::Result;

use crate::workspace::Workspace;

/// Packs and builds all publishable crates together: cargo lays them over the registry,
/// so that each finds those of its own workspace that are not published yet.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let mut task = workspace.cargo(["package", "--workspace"]);
    for package in workspace.packages()? {
        // `publish = false` is an empty list of registries.
        if package["publish"].as_array().is_some_and(Vec::is_empty) {
            task = task.args(["--exclude", package["name"].as_str().unwrap_or_default()]);
        }
    }
    // In a checkout that is being worked on, what is not committed yet is tested too.
    if std::env::var_os("CI").is_none() {
        task = task.args(["--allow-dirty"]);
    }
    task.run()
}
