//! Servers under test: started, waited for, and ended.

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};

use crate::run::Running;

/// What a server prints before its address, on standard error.
const MARK: &str = "-> MCP endpoint: ";
/// The same in a log of JSON.
const JSON_MARK: &str = "\"endpoint\":\"";
/// How long a built server may take to listen.
pub(crate) const START: Duration = Duration::from_secs(15);

/// A server over HTTP that runs until this is dropped.
#[derive(Debug)]
pub(crate) struct HttpServer {
    /// Where it listens, as it says itself.
    pub(crate) url: String,
    log: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
    /// The lines up to and with the address.
    pub(crate) start_up: Vec<String>,
    running: Running,
}

impl HttpServer {
    /// Starts a server and waits until it says where it listens.
    pub(crate) fn start(command: Command, limit: Duration) -> Result<Self> {
        Self::start_with(command, Stdio::null(), limit)
    }

    /// Starts a server that is given something as its standard input, and waits until it
    /// says where it listens.
    pub(crate) fn start_with(mut command: Command, stdin: Stdio, limit: Duration) -> Result<Self> {
        let line = format!("{command:?}");
        command
            .stdin(stdin)
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut running = Running::spawn(&mut command, &line)?;
        let stderr = running
            .child
            .stderr
            .take()
            .context("standard error was not piped")?;
        let log = Arc::new(Mutex::new(Vec::new()));
        let (send, lines) = channel();
        let keep = Arc::clone(&log);
        // Read to the end, so that the server never waits for us to take its log.
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                keep.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(line.clone());
                let _ = send.send(line);
            }
        });
        let start_up =
            wait_for_mark(&lines, limit).with_context(|| format!("{line} did not start"))?;
        let url = start_up.last().and_then(|line| endpoint(line));
        let url = url.context("no address")?.to_owned();
        Ok(Self {
            url,
            log,
            reader: Some(reader),
            start_up,
            running,
        })
    }

    /// The address that it listens on, without scheme and path; the URL may be another one,
    /// which others know it by.
    pub(crate) fn address(&self) -> Option<&str> {
        let lines = self.start_up.iter().rev().map(String::as_str);
        let mut rest = lines.filter_map(|line| Some(line.split_once("http://")?.1));
        rest.next_back()?.split(['/', ' ']).next()
    }

    /// The process, for who measures it.
    pub(crate) fn id(&self) -> u32 {
        self.running.child.id()
    }

    /// Waits for its end, at most so long.
    pub(crate) fn wait(&mut self, limit: Duration) -> Result<ExitStatus> {
        self.running.wait(limit)
    }

    /// Waits for its end, at most so long, and gives everything that it said.
    pub(crate) fn last_words(&mut self, limit: Duration) -> Result<(ExitStatus, String)> {
        let status = self.running.wait(limit)?;
        if let Some(reader) = self.reader.take() {
            reader.join().map_err(|_| anyhow!("its log was not read"))?;
        }
        Ok((status, self.log()))
    }

    /// Everything that it said on standard error so far.
    pub(crate) fn log(&self) -> String {
        self.log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .join("\n")
    }
}

/// The address in a line that says it.
fn endpoint(line: &str) -> Option<&str> {
    if let Some((_, url)) = line.split_once(MARK) {
        return Some(url.trim());
    }
    let (_, rest) = line.split_once(JSON_MARK)?;
    rest.split('"').next()
}

fn wait_for_mark(lines: &Receiver<String>, limit: Duration) -> Result<Vec<String>> {
    let start = Instant::now();
    let mut seen = Vec::new();
    loop {
        match lines.recv_timeout(limit.saturating_sub(start.elapsed())) {
            Ok(line) => {
                let found = endpoint(&line).is_some();
                seen.push(line);
                if found {
                    return Ok(seen);
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                bail!(
                    "no line with `{MARK}` within {} s; it said:\n{}",
                    limit.as_secs(),
                    seen.join("\n")
                )
            }
            Err(RecvTimeoutError::Disconnected) => bail!("it ended; it said:\n{}", seen.join("\n")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn the_address_is_read_from_the_start_up_lines() {
        let script = "echo first http://127.0.0.1:8 x >&2; echo '-> MCP endpoint: http://127.0.0.1:7/mcp' >&2; sleep 30";
        let server = HttpServer::start(shell(script), START).unwrap();
        assert_eq!(server.url, "http://127.0.0.1:7/mcp");
        assert_eq!(server.start_up.len(), 2);
        assert!(server.log().starts_with("first"));
        assert_eq!(server.address(), Some("127.0.0.1:8"));
    }

    #[test]
    fn the_address_is_read_from_a_log_of_json_and_the_log_to_its_end() {
        let script = r#"echo '{"message":"started","endpoint":"http://127.0.0.1:7/mcp"}' >&2; echo last >&2"#;
        let mut server = HttpServer::start(shell(script), START).unwrap();
        assert_eq!(server.url, "http://127.0.0.1:7/mcp");
        let (status, said) = server.last_words(START).unwrap();
        assert!(status.success() && said.ends_with("\nlast"), "{said}");
    }

    #[test]
    fn a_server_that_ends_says_why() {
        let error = HttpServer::start(shell("echo no port >&2; exit 1"), START).unwrap_err();
        assert!(format!("{error:#}").contains("no port"), "{error:#}");
    }
}
