//! The load: wrk, which is not ours, and a look at a sample of the answers beside it.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::checking::{self, Expected, Seen};
use super::request::Request;
use super::{pin, process};
use crate::run::Task;
use crate::setup;

/// How many requests of a session are made beforehand. Their ids come round again only when
/// all others were used, so that no two in flight are the same.
const POOL: usize = 4096;
/// How long wrk waits for an answer.
const PATIENCE: &str = "20s";
/// The least that wrk can be told to run for.
const WHOLE: Duration = Duration::from_secs(1);

/// What is sent, how, and from where.
#[derive(Debug)]
pub(super) struct Load<'a> {
    pub(super) url: &'a str,
    /// The request, in pieces around its id where each is to have one of its own.
    pub(super) request: &'a Request,
    pub(super) own_ids: Option<u64>,
    pub(super) connections: usize,
    pub(super) time: Duration,
    pub(super) core: &'a str,
    pub(super) server: u32,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) wrk: Wrk,
    pub(super) seen: Seen,
    /// How long the server ran on its core, in seconds.
    pub(super) busy: f64,
}

/// What wrk counted. Times are in microseconds.
#[derive(Debug, PartialEq)]
pub(super) struct Wrk {
    pub(super) seconds: f64,
    pub(super) requests: f64,
    pub(super) bytes: f64,
    pub(super) statuses: u64,
    pub(super) sockets: u64,
    pub(super) p50: f64,
    pub(super) p99: f64,
}

impl Load<'_> {
    /// Runs it, and looks at answers to `next` all the while.
    pub(super) fn run(
        &self,
        home: &Path,
        next: impl Fn(u64) -> (Request, Expected) + Send,
    ) -> Result<Loaded> {
        let script = home.join("load.lua");
        std::fs::write(&script, self.script()).context("writing the load's script")?;
        let over = AtomicBool::new(false);
        let before = process::cpu(self.server)?;
        let (wrk, seen) = std::thread::scope(|scope| {
            let watcher = scope.spawn(|| checking::watch(self.url, &over, next));
            let wrk = self.wrk(&script);
            over.store(true, Ordering::Relaxed);
            (wrk, watcher.join())
        });
        let busy = process::cpu(self.server)? - before;
        Ok(Loaded {
            wrk: wrk?,
            seen: seen.ok().context("whoever looks at the answers broke")?,
            busy,
        })
    }

    fn wrk(&self, script: &Path) -> Result<Wrk> {
        let mut task = pin::on(self.core);
        if self.time < WHOLE {
            // Told to stop, it prints what it has counted so far.
            let time = self.time.as_secs_f64().to_string();
            task = task.args(["timeout", "--preserve-status", "--signal=INT", &time]);
        }
        let seconds = self.time.max(WHOLE).as_secs();
        let output = task
            .args(["wrk", "-t1", "--latency", "--timeout", PATIENCE])
            .args(["-c", &self.connections.to_string()])
            .args(["-d", &format!("{seconds}s"), "-s"])
            .args([script.as_os_str()])
            .args([self.url])
            .limit(self.time + Duration::from_secs(60))
            .output()?
            .success()?;
        Wrk::read(&output.stdout).with_context(|| format!("wrk printed:\n{}", output.stdout))
    }

    /// What makes wrk send the request and print what it counted.
    fn script(&self) -> String {
        let fields = self.request.fields.iter();
        let fields = fields.map(|(name, value)| format!("wrk.headers[{name:?}] = {value:?}\n"));
        let body = &self.request.body;
        let own_ids = self.own_ids.and_then(|first| {
            let (head, tail) = body.split_once(&first.to_string())?;
            Some(format!(
                "local pool, last = {{}}, 0\n\
                 init = function() for i = 1, {POOL} do pool[i] = wrk.format(nil, nil, nil, [[{head}]] .. ({first} + i) .. [[{tail}]]) end end\n\
                 request = function() last = last % {POOL} + 1; return pool[last] end\n"
            ))
        });
        format!(
            "wrk.method = \"POST\"\nwrk.body = [[{body}]]\n{}{}{DONE}",
            fields.collect::<String>(),
            own_ids.unwrap_or_default()
        )
    }
}

/// wrk's own words are rounded.
const DONE: &str = r#"
done = function(summary, latency)
  local e = summary.errors
  print(string.format('RESULT {"us":%d,"requests":%d,"bytes":%d,"status":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d,"p50":%d,"p99":%d}',
    summary.duration, summary.requests, summary.bytes, e.status, e.connect, e.read, e.write, e.timeout, latency:percentile(50), latency:percentile(99)))
end
"#;

impl Wrk {
    fn read(output: &str) -> Result<Self> {
        let mut lines = output.lines();
        let line = lines.find_map(|line| line.strip_prefix("RESULT "));
        let result: Value = serde_json::from_str(line.context("it counted nothing")?)?;
        let number = |name: &str| result[name].as_f64().with_context(|| format!("no {name}"));
        let count = |name: &str| result[name].as_u64().with_context(|| format!("no {name}"));
        Ok(Self {
            seconds: number("us")? / 1e6,
            requests: number("requests")?,
            bytes: number("bytes")?,
            statuses: count("status")?,
            sockets: count("connect")? + count("read")? + count("write")? + count("timeout")?,
            p50: number("p50")?,
            p99: number("p99")?,
        })
    }
}

/// The load comes from a tool that is not ours.
pub(super) fn install() -> Result<()> {
    if Task::new("wrk").args(["-v"]).output().is_ok() {
        return Ok(());
    }
    setup::debian_package("wrk")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::request::{Call, FIRST_ID};

    #[test]
    fn what_wrk_counted_is_read_from_among_its_words() {
        let output = "Running 1s test\nRequests/sec: 1209.57\nRESULT {\"us\":2000000,\"requests\":10,\"bytes\":900,\"status\":1,\"connect\":1,\"read\":2,\"write\":3,\"timeout\":4,\"p50\":104,\"p99\":676}\n";
        let wrk = Wrk::read(output).unwrap();
        assert_eq!((wrk.seconds, wrk.requests, wrk.bytes), (2.0, 10.0, 900.0));
        assert_eq!((wrk.statuses, wrk.sockets), (1, 10));
        assert_eq!((wrk.p50, wrk.p99), (104.0, 676.0));
        assert!(Wrk::read("Requests/sec: 1209.57\n").is_err());
    }

    #[test]
    fn requests_of_a_session_have_ids_of_their_own() {
        let request = Call::LegacyAdd.request("add", FIRST_ID, Some("s"));
        let mut load = Load {
            url: "http://127.0.0.1:1/mcp",
            request: &request,
            own_ids: Some(FIRST_ID),
            connections: 1,
            time: WHOLE,
            core: "1",
            server: 1,
        };
        let script = load.script();
        assert!(
            script.contains("({\"jsonrpc\"") || script.contains(r#""id":]] .. (1000001 + i)"#),
            "{script}"
        );
        load.own_ids = None;
        assert!(!load.script().contains("pool"), "{}", load.script());
    }
}
