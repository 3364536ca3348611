//! Where and with what it was measured.

use anyhow::Result;
use serde_json::{Value, json};

use super::{Bench, oha};
use crate::run::Task;

/// The machine, the versions, the date and the commit.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) date: String,
    pub(super) commit: String,
    pub(super) processor: String,
    pub(super) cores: usize,
    pub(super) memory_mib: u64,
    pub(super) kernel: String,
    /// How busy it was before: processes that wanted to run, over a minute.
    pub(super) load: String,
    pub(super) versions: Vec<(&'static str, String)>,
}

impl Machine {
    pub(super) fn look(bench: &Bench<'_>) -> Result<Self> {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let root = &bench.workspace.root;
        let git = |words: &[&str]| said(Task::new("git").args(words).dir(root));
        let changed = !git(&["status", "--porcelain", "--untracked-files=no"]).is_empty();
        let memory = field(&read("/proc/meminfo"), "MemTotal");
        let kib: u64 = memory.trim_end_matches(" kB").parse().unwrap_or(0);
        let load = read("/proc/loadavg");
        Ok(Self {
            date: said(Task::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"])),
            commit: git(&["rev-parse", "--short=12", "HEAD"])
                + if changed { " and changes" } else { "" },
            processor: field(&read("/proc/cpuinfo"), "model name"),
            cores: std::thread::available_parallelism()?.get(),
            memory_mib: kib / 1024,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            load: load.split(' ').next().unwrap_or_default().to_owned(),
            versions: versions(bench),
        })
    }

    pub(super) fn json(&self) -> Value {
        let versions = self.versions.iter();
        let versions = versions.map(|(name, version)| ((*name).to_owned(), json!(version)));
        json!({
            "date": self.date,
            "commit": self.commit,
            "processor": self.processor,
            "cores": self.cores,
            "memory_mib": self.memory_mib,
            "kernel": self.kernel,
            "load_before": self.load,
            "versions": Value::Object(versions.collect()),
        })
    }
}

fn versions(bench: &Bench<'_>) -> Vec<(&'static str, String)> {
    let root = &bench.workspace.root;
    let lock = std::fs::read_to_string(root.join("Cargo.lock")).unwrap_or_default();
    let mut versions = vec![
        ("rustc", said(Task::new("rustc").args(["--version"]))),
        ("wrk", first_words(&said(Task::new("wrk").args(["-v"])))),
        ("oha", oha::VERSION.to_owned()),
        ("toolsmith", locked(&lock, "toolsmith")),
        ("axum", locked(&lock, "axum")),
        ("tokio", locked(&lock, "tokio")),
        ("rmcp", locked(&lock, "rmcp")),
    ];
    if let Some(python) = &bench.peers.python {
        let pins = bench.workspace.xtask().join("python/requirements.txt");
        let pins = std::fs::read_to_string(pins).unwrap_or_default();
        let pin = pins.lines().find_map(|line| line.strip_prefix("fastmcp=="));
        versions.push(("fastmcp", pin.unwrap_or_default().to_owned()));
        versions.push(("python", said(Task::new(python).args(["--version"]))));
    }
    if let Some(node) = &bench.peers.node {
        let manifest = std::fs::read_to_string(node.dir.join("package.json")).unwrap_or_default();
        versions.push(("typescript sdk", dependencies(&manifest)));
        versions.push(("node", said(Task::new(&node.program).args(["--version"]))));
    }
    versions
}

/// The first line that a command prints.
fn said(task: Task) -> String {
    let output = task.output().map(|it| it.stdout).unwrap_or_default();
    output.lines().next().unwrap_or_default().trim().to_owned()
}

/// Without the copyright.
fn first_words(text: &str) -> String {
    text.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

/// The value of `name : value` in a file of the system's.
fn field(text: &str, name: &str) -> String {
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    let found = lines.find(|(it, _)| it.trim() == name);
    found.map_or_else(String::new, |(_, value)| value.trim().to_owned())
}

/// The version of a package in a lock file of cargo's.
fn locked(lock: &str, name: &str) -> String {
    let mark = format!("name = \"{name}\"\nversion = \"");
    let rest = lock.split_once(&mark).map(|(_, rest)| rest);
    let version = rest.and_then(|rest| rest.split('"').next());
    version.unwrap_or_default().to_owned()
}

/// The dependencies of a Node package, as it names them.
fn dependencies(manifest: &str) -> String {
    let manifest: Value = serde_json::from_str(manifest).unwrap_or_default();
    let dependencies = manifest["dependencies"].as_object();
    let named = dependencies.into_iter().flatten();
    let named = named.map(|(name, version)| format!("{name} {}", version.as_str().unwrap_or("?")));
    named.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_lock_files() {
        let lock = "[[package]]\nname = \"rmcp-macros\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"rmcp\"\nversion = \"3.9.0\"\nsource = \"x\"\n";
        assert_eq!(locked(lock, "rmcp"), "3.9.0");
        assert_eq!(locked(lock, "axum"), "");
        let manifest = r#"{"dependencies":{"@m/sdk":"1.2.3","express":"5"}}"#;
        assert_eq!(dependencies(manifest), "@m/sdk 1.2.3, express 5");
    }

    #[test]
    fn fields_of_the_system_are_read() {
        assert_eq!(field("a\t: b\nmodel name\t: C: 3\n", "model name"), "C: 3");
    }
}
