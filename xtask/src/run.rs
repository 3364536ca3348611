//! Child processes: each has a time limit, and none outlives us.

use std::ffi::OsStr;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// How often a child is asked whether it has ended.
const POLL: Duration = Duration::from_millis(20);
/// Unless a task says otherwise: long enough for a cold build on two cores.
const LIMIT: Duration = Duration::from_secs(20 * 60);
/// How much of a child's output an error shows.
const SHOWN: usize = 4000;

/// A command to run to its end.
#[derive(Debug)]
pub(crate) struct Task {
    command: Command,
    limit: Duration,
}

impl Task {
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            command: Command::new(program),
            limit: LIMIT,
        }
    }

    pub(crate) fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn without_env(mut self, name: impl AsRef<OsStr>) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Hides what cargo told us about our own package, which is not about the next one.
    pub(crate) fn without_own_package(mut self) -> Self {
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                self.command.env_remove(&name);
            }
        }
        self
    }

    pub(crate) fn dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.command.current_dir(dir);
        self
    }

    pub(crate) fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs it with our own output, and fails if it does.
    pub(crate) fn run(mut self) -> Result<()> {
        let line = self.line();
        println!("$ {line}");
        let mut child = Running::spawn(self.command.stdin(Stdio::null()), &line)?;
        let status = child.wait(self.limit)?;
        if !status.success() {
            bail!("`{line}` ended with {status}; its output is above");
        }
        Ok(())
    }

    /// Runs it and keeps what it prints. A failing status is the caller's to judge.
    pub(crate) fn output(mut self) -> Result<Output> {
        let line = self.line();
        self.command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = Running::spawn(&mut self.command, &line)?;
        let stdout = child.child.stdout.take().map(collect);
        let stderr = child.child.stderr.take().map(collect);
        let status = child.wait(self.limit)?;
        Ok(Output {
            line,
            status,
            stdout: text(stdout),
            stderr: text(stderr),
        })
    }

    /// The command that starts it, for whoever keeps the process.
    pub(crate) fn into_command(self) -> Command {
        self.command
    }

    /// The command as a person would type it, without machine paths to the program.
    pub(crate) fn line(&self) -> String {
        let program = Path::new(self.command.get_program());
        let name = program.file_name().unwrap_or(program.as_os_str());
        let words = std::iter::once(name).chain(self.command.get_args());
        words
            .map(|word| word.to_string_lossy())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// What a task printed.
#[derive(Debug)]
pub(crate) struct Output {
    line: String,
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Output {
    /// Fails, with what was printed, unless the task succeeded.
    pub(crate) fn success(self) -> Result<Self> {
        if self.status.success() {
            return Ok(self);
        }
        bail!(
            "`{}` ended with {}:\n{}{}",
            self.line,
            self.status,
            tail(&self.stdout),
            tail(&self.stderr)
        )
    }
}

/// The end of a text, which is where an error usually stands.
pub(crate) fn tail(text: &str) -> &str {
    let mut start = text.len().saturating_sub(SHOWN);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

/// A child process that is ended, with all that it started, when this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) child: Child,
    line: String,
}

impl Running {
    pub(crate) fn spawn(command: &mut Command, line: &str) -> Result<Self> {
        let child = command
            .spawn()
            .with_context(|| format!("`{line}` did not start; is it installed?"))?;
        Ok(Self {
            child,
            line: line.to_owned(),
        })
    }

    /// Waits for the end, at most so long.
    pub(crate) fn wait(&mut self, limit: Duration) -> Result<ExitStatus> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if start.elapsed() > limit {
                bail!(
                    "`{}` was ended: it took longer than {} s",
                    self.line,
                    limit.as_secs()
                );
            }
            std::thread::sleep(POLL);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        // A cargo or a shell has children of its own, which hold ports and locks.
        let family = descendants(self.child.id());
        let _ = self.child.kill();
        let _ = self.child.wait();
        for id in family {
            let _ = Command::new("kill")
                .args(["-KILL", &id.to_string()])
                .stderr(Stdio::null())
                .status();
        }
    }
}

/// All processes below this one, read from `/proc`; empty where there is none.
fn descendants(root: u32) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pairs: Vec<(u32, u32)> = entries
        .flatten()
        .filter_map(|entry| {
            let id = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            // The second field is the name in parentheses, which may hold anything.
            let parent = stat
                .rsplit_once(')')?
                .1
                .split_whitespace()
                .nth(1)?
                .parse()
                .ok()?;
            Some((id, parent))
        })
        .collect();
    let mut family = vec![root];
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        family.extend(
            pairs
                .iter()
                .filter(|(_, p)| *p == parent)
                .map(|(id, _)| *id),
        );
        next += 1;
    }
    family.split_off(1)
}

fn collect(mut pipe: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        bytes
    })
}

fn text(reader: Option<JoinHandle<Vec<u8>>>) -> String {
    let bytes = reader
        .and_then(|thread| thread.join().ok())
        .unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};

    use super::*;

    #[test]
    fn a_task_over_its_limit_ends_with_its_children() {
        let mut command = Command::new("sh");
        command
            .args(["-c", "sleep 300 & echo started; wait"])
            .stdout(Stdio::piped());
        let mut running = Running::spawn(&mut command, "sh").unwrap();
        let mut stdout = BufReader::new(running.child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let error = running
            .wait(Duration::from_millis(100))
            .unwrap_err()
            .to_string();
        assert!(error.contains("longer than"), "{error}");
        let began = Instant::now();
        drop(running);
        // The pipe ends when its last holder does, which is the grandchild.
        stdout.read_line(&mut line).unwrap();
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "the grandchild ran on"
        );
    }

    #[test]
    fn a_failing_task_says_what_it_printed() {
        let output = Task::new("sh")
            .args(["-c", "echo broken >&2; exit 3"])
            .output()
            .unwrap();
        let error = output.success().unwrap_err().to_string();
        assert!(error.contains("broken") && error.contains('3'), "{error}");
    }
}
