//! What counts depend on beside the code.

use std::env::consts::{ARCH, OS};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::run::Task;
use crate::workspace::Workspace;

/// What was counted with.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Conditions {
    /// Elsewhere the counts are others altogether, and are not compared.
    pub(super) machine: String,
    /// What compiled it. Its dependencies are those of `Cargo.lock`.
    pub(super) rustc: String,
    /// Whose `malloc` and `memcpy` are counted along.
    pub(super) libc: String,
}

impl Conditions {
    pub(super) fn find(workspace: &Workspace) -> Result<Self> {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let rustc = Task::new(rustc).args(["--version"]).dir(&workspace.root);
        let libc = Task::new("getconf").args(["GNU_LIBC_VERSION"]).output();
        let libc = libc.ok().filter(|it| it.status.success());
        Ok(Self {
            machine: machine(),
            rustc: rustc.output()?.success()?.stdout.trim().to_owned(),
            libc: libc.map_or_else(String::new, |it| it.stdout.trim().to_owned()),
        })
    }

    pub(super) fn from_json(value: &Value) -> Result<Self> {
        let text = |name: &str| {
            let text = value[name].as_str().map(str::to_owned);
            text.with_context(|| format!("`measured_with` has no `{name}`"))
        };
        Ok(Self {
            machine: text("machine")?,
            rustc: text("rustc")?,
            libc: text("libc")?,
        })
    }

    pub(super) fn to_json(&self) -> Value {
        json!({"libc": self.libc, "machine": self.machine, "rustc": self.rustc})
    }

    /// What of these is not as it was, in words.
    pub(super) fn differences(&self, now: &Self) -> Vec<String> {
        let pairs = [(&self.rustc, &now.rustc), (&self.libc, &now.libc)];
        let other = pairs.into_iter().filter(|(recorded, now)| recorded != now);
        other
            .map(|(recorded, now)| format!("recorded with {recorded}, and this is {now}"))
            .collect()
    }
}

/// The kind of machine. Valgrind shows programs one of a few processors of its own, by
/// whether the real one has AVX2, so that the C library picks the same `memcpy` on each.
fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let mut words = info.split_whitespace();
    match words.any(|word| word == "avx2") {
        true => format!("{ARCH} {OS} avx2"),
        false => format!("{ARCH} {OS}"),
    }
}
