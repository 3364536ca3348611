//! Calls a second, beside bare axum doing the same: `cargo xtask bench`.
//!
//! Each round measures every subject once, so that what else the machine does falls on all
//! of them alike. The server has one core and the load the other. Not a part of `test`:
//! it wants a machine that does nothing else.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use crate::outcome::{Outcome, Report};
use crate::run::Task;
use crate::servers::{HttpServer, START};
use crate::workspace::Workspace;

const ROUNDS: usize = 5;
const SECONDS: &str = "3s";
const CONNECTIONS: &str = "32";
/// Longer than one measurement takes.
const LIMIT: Duration = Duration::from_secs(30);

/// What is measured: a server, and the tool that is called.
struct Subject {
    name: &'static str,
    program: &'static str,
    tool: &'static str,
    rates: Vec<f64>,
}

pub(crate) fn run(workspace: &Workspace) -> Outcome {
    wrk()?;
    let build = ["build", "--profile", "dist", "--package"];
    let ours = ["toolsmith", "--example", "bench"];
    workspace.cargo(build).args(ours).run()?;
    workspace.cargo(build).args(["floor"]).run()?;
    let subject = |name, program, tool| Subject {
        name,
        program,
        tool,
        rates: Vec::new(),
    };
    let mut subjects = [
        subject("floor: bare axum", "floor", "add"),
        subject("async fn", "examples/bench", "add"),
        subject("plain fn on the pool", "examples/bench", "add_blocking"),
    ];
    same_answers(workspace, &subjects)?;
    for _ in 0..ROUNDS {
        for subject in &mut subjects {
            let rate = measure(workspace, subject)?;
            subject.rates.push(rate);
        }
    }
    Ok(Report::with_notes(table(&mut subjects)))
}

/// Whoever is compared must send the same bytes.
fn same_answers(workspace: &Workspace, subjects: &[Subject]) -> Result<()> {
    let mut answers = Vec::new();
    for subject in subjects {
        let server = start(workspace, subject)?;
        let mut call = Task::new("curl").args(["-sS", &server.url, "--data-binary"]);
        call = call.args([body(subject.tool)]);
        for field in fields(subject.tool) {
            call = call.args(["-H", &field]);
        }
        answers.push(call.output()?.success()?.stdout);
    }
    ensure!(
        answers.iter().all(|a| *a == answers[0]) && answers[0].contains(r#""text":"5""#),
        "the answers differ:\n{}",
        answers.join("\n")
    );
    Ok(())
}

fn start(workspace: &Workspace, subject: &Subject) -> Result<HttpServer> {
    let program = workspace.target.join("dist").join(subject.program);
    let server = Task::new("taskset").args(["-c", "0"]).args([program]);
    let server = match subject.program {
        "floor" => server,
        _ => server.args(["--transport", "http", "--port", "0"]),
    };
    HttpServer::start(server.into_command(), START)
}

fn measure(workspace: &Workspace, subject: &Subject) -> Result<f64> {
    let server = start(workspace, subject)?;
    let script = workspace.target.join("bench.lua");
    let fields = fields(subject.tool).map(|field| {
        let (name, value) = field.split_once(": ").unwrap_or_default();
        format!("wrk.headers[{name:?}] = {value:?}\n")
    });
    let text = format!(
        "wrk.method = \"POST\"\nwrk.body = [[{}]]\n{}",
        body(subject.tool),
        fields.concat()
    );
    std::fs::write(&script, text).context("writing the load's script")?;
    let load = Task::new("taskset")
        .args([
            "-c",
            "1",
            "wrk",
            "-t1",
            "-c",
            CONNECTIONS,
            "-d",
            SECONDS,
            "-s",
        ])
        .args([script.as_os_str()])
        .args([&server.url])
        .limit(LIMIT)
        .output()?
        .success()?;
    if load.stdout.contains("Non-2xx") || load.stdout.contains("Socket errors") {
        bail!("{} failed calls:\n{}", subject.name, load.stdout);
    }
    let mut lines = load.stdout.lines();
    let rate = lines.find_map(|line| line.strip_prefix("Requests/sec:"));
    rate.context("no rate")?.trim().parse().context("no number")
}

/// Medians with their spread, and the share of the floor.
fn table(subjects: &mut [Subject]) -> Vec<String> {
    let mut floor = 0.0;
    let mut lines = Vec::new();
    for subject in subjects {
        subject.rates.sort_by(f64::total_cmp);
        let median = subject.rates[subject.rates.len() / 2];
        if floor == 0.0 {
            floor = median;
        }
        lines.push(format!(
            "{:<22} {median:>8.0} calls/s ({:.0} to {:.0}), {:.2} of the floor",
            subject.name,
            subject.rates[0],
            subject.rates[subject.rates.len() - 1],
            median / floor
        ));
    }
    lines
}

fn body(tool: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}","arguments":{{"a":2,"b":3}},"_meta":{{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{{}}}}}}}}"#
    )
}

fn fields(tool: &str) -> [String; 5] {
    [
        "Content-Type: application/json".to_owned(),
        "Accept: application/json, text/event-stream".to_owned(),
        "MCP-Protocol-Version: 2026-07-28".to_owned(),
        "Mcp-Method: tools/call".to_owned(),
        format!("Mcp-Name: {tool}"),
    ]
}

/// The load comes from a tool that is not ours.
fn wrk() -> Result<()> {
    if Task::new("wrk").args(["-v"]).output().is_ok() {
        return Ok(());
    }
    Task::new("apt-get").args(["update"]).run()?;
    Task::new("apt-get")
        .args(["install", "--yes", "wrk"])
        .run()
        .context("`wrk` is needed for the load; install it")
}
