//! Every crate that is meant for the registry builds from what would be uploaded.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::workspace::Workspace;

/// Packs and builds all publishable crates together: cargo lays them over the registry,
/// so that each finds those of its own workspace that are not published yet.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let mut task = workspace.cargo(["package", "--workspace"]);
    let packages = workspace.packages()?;
    for package in &packages {
        let text = |member: &str| package[member].as_str().unwrap_or_default().to_owned();
        let (name, version) = (text("name"), text("version"));
        forget_unpacked(&cargo_home()?, &format!("{name}-{version}"))?;
        forget_built(&workspace.target, &name)?;
    }
    for package in &packages {
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

/// Where cargo keeps what it has fetched.
fn cargo_home() -> Result<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    home.context("there is no home folder")
}

/// Removes what cargo unpacked of one of our crates when it was packed before. It goes by
/// name and version, and would build the older content again.
fn forget_unpacked(home: &Path, crate_and_version: &str) -> Result<()> {
    let Ok(registries) = home.join("registry/src").read_dir() else {
        return Ok(());
    };
    for registry in registries {
        let unpacked = registry?.path().join(crate_and_version);
        if unpacked.is_dir() {
            std::fs::remove_dir_all(&unpacked).context("an older package cannot be removed")?;
        }
    }
    Ok(())
}

/// Removes the marks by which cargo knows that one of our crates was built before. It
/// takes what comes from a registry for unchanged as long as the version is.
fn forget_built(build: &Path, name: &str) -> Result<()> {
    let Ok(marks) = build.join("debug/.fingerprint").read_dir() else {
        return Ok(());
    };
    for mark in marks {
        let mark = mark?;
        let of = mark.file_name().to_string_lossy().into_owned();
        // A mark is named by the crate and a hash, and one name may start another.
        if of.rsplit_once('-').is_some_and(|(of, _)| of == name) {
            std::fs::remove_dir_all(mark.path()).context("an older build cannot be removed")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_unpacked_of_our_crate_is_removed_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let registry = home.path().join("registry/src/overlay-1");
        for name in ["ours-0.1.0/src", "ours-core-0.1.0", "theirs-1.0.0"] {
            std::fs::create_dir_all(registry.join(name)).unwrap();
        }
        forget_unpacked(home.path(), "ours-0.1.0").unwrap();
        assert!(!registry.join("ours-0.1.0").exists());
        assert!(registry.join("ours-core-0.1.0").exists());
        assert!(registry.join("theirs-1.0.0").exists());
    }

    #[test]
    fn the_marks_of_our_build_are_removed_and_no_others() {
        let build = tempfile::tempdir().unwrap();
        let marks = build.path().join("debug/.fingerprint");
        for name in ["ours-0a1b", "ours-core-0a1b", "theirs-0a1b"] {
            std::fs::create_dir_all(marks.join(name)).unwrap();
        }
        forget_built(build.path(), "ours").unwrap();
        assert!(!marks.join("ours-0a1b").exists());
        assert!(marks.join("ours-core-0a1b").exists());
        assert!(marks.join("theirs-0a1b").exists());
    }
}
