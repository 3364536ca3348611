//! Real programs: the examples, built once and started as a user starts them.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::OnceCell;

use super::endpoint::Endpoint;
use super::pipe::Pipe;

/// How long an example may take to build.
const BUILD: Duration = Duration::from_secs(600);

/// The program of an example, built with the features given, or with all: as `cargo xtask`
/// builds it, so that both use what one has built.
pub(crate) async fn example(name: &str, features: Option<&str>) -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--quiet", "--bin", name])
        .args(["--message-format", "json"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    // What cargo told this test of its package. Some crates are built anew when that changes.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&name);
        }
    }
    if let Some(features) = features {
        // A folder of its own, so that the builds do not undo each other.
        let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("features");
        cargo.args(["-p", "examples", "--no-default-features"]);
        cargo.args(["--features", features]);
        cargo.arg("--target-dir").arg(target);
    } else {
        cargo.args(["--workspace", "--all-features"]);
    }
    let built = tokio::time::timeout(BUILD, cargo.output()).await;
    let built = built.unwrap().unwrap();
    let messages = String::from_utf8(built.stdout).unwrap();
    let messages = messages.lines().map(serde_json::from_str::<Value>);
    let mut programs = messages.filter_map(|m| Some(m.ok()?["executable"].as_str()?.to_owned()));
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{name} was not built: {said}");
    PathBuf::from(programs.next_back().unwrap())
}

/// The hello example, built once for all tests.
async fn hello() -> PathBuf {
    static HELLO: OnceCell<PathBuf> = OnceCell::const_new();
    HELLO.get_or_init(|| example("hello", None)).await.clone()
}

/// A program that runs, and is ended with the test.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
}

impl Program {
    /// Starts a program with nothing set in its environment that it would read.
    pub(crate) fn start<S: AsRef<OsStr>>(
        program: PathBuf,
        arguments: &[S],
        environment: &[(&str, &str)],
    ) -> Self {
        let mut command = std::process::Command::new(program);
        command
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::piped());
        Self::of(command)
    }

    /// Starts what a command says, with nothing set in its environment that it would read.
    pub(crate) fn of(mut command: std::process::Command) -> Self {
        let set: Vec<_> = command
            .get_envs()
            .map(|(name, _)| name.to_owned())
            .collect();
        for (name, _) in std::env::vars_os() {
            let is_ours = name.to_string_lossy().starts_with("TOOLSMITH_");
            if is_ours && !set.contains(&name) {
                command.env_remove(name);
            }
        }
        let mut child = Command::from(command)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, log }
    }

    /// Starts the hello example.
    pub(crate) async fn hello(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::start(hello().await, arguments, environment)
    }

    /// Starts the hello example on a port of its own, and waits until it listens.
    pub(crate) async fn hello_http(arguments: &[&str]) -> (Self, Endpoint) {
        let all = [&["--transport", "http", "--port", "0"], arguments].concat();
        let mut program = Self::hello(&all, &[]).await;
        let url = program.url().await;
        (program, Endpoint::at(&url))
    }

    /// Waits for the line with the address of the endpoint.
    pub(crate) async fn url(&mut self) -> String {
        let line = self.logged("MCP endpoint: ").await;
        let (_, url) = line.split_once("MCP endpoint: ").unwrap();
        url.to_owned()
    }

    /// The next line on standard error.
    pub(crate) async fn log_line(&mut self) -> Option<String> {
        super::soon("a line of the log", self.log.next_line())
            .await
            .unwrap()
    }

    /// Waits for a line on standard error that holds a text.
    pub(crate) async fn logged(&mut self, text: &str) -> String {
        let mut seen = Vec::new();
        while let Some(line) = self.log_line().await {
            if line.contains(text) {
                return line;
            }
            seen.push(line);
        }
        panic!("`{text}` was not logged, only: {seen:#?}");
    }

    /// A conversation over its standard input and output.
    pub(crate) fn pipe(&mut self) -> Pipe {
        let to = self.child.stdin.take().unwrap();
        let from = self.child.stdout.take().unwrap();
        Pipe::new(Box::new(to), Box::new(from))
    }

    /// The id of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Tells it to stop, as a supervisor does.
    pub(crate) async fn terminate(&self) {
        self.signal("-TERM").await;
    }

    /// Sends it a signal.
    pub(crate) async fn signal(&self, signal: &str) {
        let id = self.id().to_string();
        let told = Command::new("kill").args([signal, &id]).status().await;
        assert!(told.unwrap().success());
    }

    /// Waits until it ends.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        super::soon("the end", self.child.wait()).await.unwrap()
    }

    /// Waits until it ends, and gives its exit code, standard output and standard error.
    pub(crate) async fn output(mut self) -> (Option<i32>, String, String) {
        drop(self.child.stdin.take());
        let mut stdout = String::new();
        if let Some(mut from) = self.child.stdout.take() {
            super::soon("the output", from.read_to_string(&mut stdout))
                .await
                .unwrap();
        }
        let mut stderr = String::new();
        while let Some(line) = self.log_line().await {
            stderr.push_str(&line);
            stderr.push('\n');
        }
        (self.ended().await.code(), stdout, stderr)
    }
}
