//! Programs of Debian's that are services when they are installed, and must not become one
//! here.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::run::Task;
use crate::setup;

/// What Debian's packages ask before they start a service; 101 says that they must not.
const POLICY: &str = "/usr/sbin/policy-rc.d";
const NO: &str =
    "printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d";

/// Makes sure that a program can be started, from the package of its name if need be, and
/// gives what it calls itself. No service is started by that.
pub(super) fn service(name: &str, version: &str) -> Result<String> {
    if let Ok(version) = says(name, version) {
        return Ok(version);
    }
    let policy = Policy::set()?;
    setup::debian_package(name)?;
    drop(policy);
    says(name, version)
}

/// The first line that a program says of itself.
fn says(name: &str, version: &str) -> Result<String> {
    // Debian has the programs of services where only root looks by itself.
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Task::new("env")
        .args([&format!("PATH={path}:/usr/sbin"), name, version])
        .output()?
        .success()?;
    let said = output.stdout + &output.stderr;
    let line = said.lines().next().context("it does not say its version")?;
    Ok(match line.contains(name) {
        true => line.to_owned(),
        // One says only the number, and much else.
        false => format!("{name} {}", line.split(' ').next().unwrap_or_default()),
    })
}

/// Keeps services from being started for as long as it lives, unless somebody else has
/// decided on that already.
#[derive(Debug)]
struct Policy {
    is_ours: bool,
}

impl Policy {
    fn set() -> Result<Self> {
        let is_ours = !Path::new(POLICY).exists();
        if is_ours {
            setup::as_root(&["sh", "-c", NO])?;
        }
        Ok(Self { is_ours })
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        if self.is_ours
            && let Err(error) = setup::as_root(&["rm", "-f", POLICY])
        {
            println!("{POLICY} could not be taken away: {error:#}");
        }
    }
}
