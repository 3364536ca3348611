//! The minimum Rust version: stated, and true.

use anyhow::{Context as _, Result, bail};

use crate::outcome::{Outcome, Report};
use crate::run::Task;
use crate::workspace::Workspace;

/// Checks that every package states one minimum, and that the workspace compiles with it.
pub(crate) fn check(workspace: &Workspace) -> Outcome {
    let stated = stated(workspace)?;
    let rustc = Task::new("rustc")
        .args(["--version"])
        .dir(&workspace.root)
        .output()?
        .success()?;
    let version = rustc
        .stdout
        .split_whitespace()
        .nth(1)
        .context("rustc states no version")?
        .to_owned();
    if version.contains("nightly") {
        bail!("the toolchain in use is {version}; this project is checked with stable Rust only");
    }
    let (minimum, used) = (minor(&stated)?, minor(&version)?);
    if used < minimum {
        bail!(
            "the toolchain in use is {version}, but rust-version is {stated}: run `rustup update stable`"
        );
    }
    if used == minimum {
        return note(format!(
            "rust-version is {stated} and the toolchain is {version}: the whole run is the test of it"
        ));
    }
    let task = Task::new("cargo")
        .args([
            &format!("+{stated}"),
            "check",
            "--workspace",
            "--all-features",
        ])
        .dir(&workspace.root)
        .without_env("RUSTUP_TOOLCHAIN")
        .without_env("CARGO")
        // Another compiler would make cargo throw away what the rest of the run shares.
        .env("CARGO_TARGET_DIR", workspace.target.join("msrv"));
    task.run().with_context(|| {
        format!("the toolchain in use is {version}; to check rust-version {stated}, run `rustup toolchain install {stated} --profile minimal`")
    })?;
    note(format!(
        "rust-version {stated}: checked with cargo +{stated}"
    ))
}

fn note(text: String) -> Outcome {
    Ok(Report::with_notes(vec![text]))
}

/// The one `rust-version` of all packages.
fn stated(workspace: &Workspace) -> Result<String> {
    let mut found: Option<String> = None;
    for package in workspace.packages()? {
        let name = &package["name"];
        let version = package["rust_version"]
            .as_str()
            .with_context(|| format!("{name} states no rust-version"))?;
        match &found {
            Some(other) if other != version => {
                bail!("{name} states rust-version {version}, others state {other}")
            }
            _ => found = Some(version.to_owned()),
        }
    }
    found.context("the workspace has no packages")
}

/// `1.95.0` as `(1, 95)`.
fn minor(version: &str) -> Result<(u32, u32)> {
    let mut numbers = version.split(['.', '-']);
    let mut next = || numbers.next()?.parse().ok();
    next()
        .zip(next())
        .with_context(|| format!("`{version}` is no Rust version"))
}

#[cfg(test)]
mod tests {
    use super::minor;

    #[test]
    fn versions_compare_by_number() {
        assert!(minor("1.100.0").unwrap() > minor("1.95").unwrap());
        assert_eq!(minor("1.95.0-beta.2").unwrap(), minor("1.95").unwrap());
        assert!(minor("stable").is_err());
    }
}
