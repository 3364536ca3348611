//! Clients that answer, listen, cancel and come back: every capability of the protocol in
//! which the client has a part of its own, as far as each client supports it.

use std::thread;

use anyhow::{Context as _, Result, anyhow, ensure};
use serde_json::Value;

use super::{BOTH, Era, Kit, LIMIT, Server, Transport, text};
use crate::run::Task;

const SERVER: &str = "two-way";

/// What is talked about, by the names under which the scripts know it.
const CAPABILITIES: &[&str] = &[
    "elicitation",
    "url",
    "sampling",
    "roots",
    "progress",
    "logging",
    "cancellation",
    "updates",
    "list-changed",
    "resumption",
    "tasks",
];

/// A client, and what it cannot do.
struct Client {
    name: &'static str,
    eras: &'static [Era],
    task: fn(&Kit) -> Task,
    left_out: &'static [LeftOut],
}

/// A capability that is not asked of a client, with the reason.
struct LeftOut {
    capability: &'static str,
    /// In this era alone; in both where there is none.
    era: Option<Era>,
    /// On this transport alone; on both where there is none.
    transport: Option<Transport>,
    reason: &'static str,
}

/// What the protocol itself leaves out, whoever the client is.
const BY_THE_PROTOCOL: &[LeftOut] = &[
    LeftOut {
        capability: "resumption",
        era: Some(Era::Modern),
        transport: None,
        reason: "revision 2026-07-28 has none: a call whose stream broke is made again",
    },
    LeftOut {
        capability: "resumption",
        era: Some(Era::Legacy),
        transport: Some(Transport::Stdio),
        reason: "a pipe has no streams to come back to",
    },
];

const CLIENTS: &[Client] = &[
    Client {
        name: "Python FastMCP",
        eras: BOTH,
        task: |kit| {
            // Its warnings are about what the newest revision has dropped.
            Task::new(&kit.python)
                .args([kit.scripts.join("two_way/fastmcp_client.py")])
                .env("PYTHONWARNINGS", "ignore")
        },
        left_out: &[LeftOut {
            capability: "tasks",
            era: Some(Era::Legacy),
            transport: None,
            reason: "fastmcp-tasks 4.1, which FastMCP has them from, knows the extension of the modern era alone",
        }],
    },
    Client {
        name: "TypeScript client",
        eras: BOTH,
        task: |kit| kit.node.script("two_way/typescript.mjs"),
        left_out: &[LeftOut {
            capability: "tasks",
            era: None,
            transport: None,
            reason: "@modelcontextprotocol/client 2.4 has the types of tasks, and no calls for them",
        }],
    },
    // It speaks the legacy era alone.
    Client {
        name: "TypeScript SDK v1",
        eras: &[Era::Legacy],
        task: |kit| kit.node.script("two_way/typescript-v1.mjs"),
        left_out: &[],
    },
    Client {
        name: "rmcp",
        eras: BOTH,
        task: |kit| Task::new(kit.built.join("rmcp-client")),
        left_out: &[LeftOut {
            capability: "tasks",
            era: Some(Era::Legacy),
            transport: None,
            reason: "rmcp 3.9 knows the extension of the modern era alone",
        }],
    },
];

impl LeftOut {
    fn concerns(&self, capability: &str, era: Era, transport: Transport) -> bool {
        self.capability == capability
            && self.era.is_none_or(|only| only == era)
            && self.transport.is_none_or(|only| only == transport)
    }

    fn line(&self, who: &str) -> String {
        let era = self.era.map_or("", |era| era.name());
        let transport = self.transport.map_or("", |transport| transport.name());
        let places = [who, era, transport, self.capability];
        let places: Vec<&str> = places.into_iter().filter(|it| !it.is_empty()).collect();
        format!("left out: {}: {}", places.join(", "), self.reason)
    }
}

/// One client on one transport in one era.
struct Conversation<'a> {
    client: &'a Client,
    era: Era,
    transport: Transport,
    target: &'a [String],
    asked: Vec<&'static str>,
    left_out: Vec<&'static str>,
}

impl<'a> Conversation<'a> {
    fn new(client: &'a Client, era: Era, transport: Transport, target: &'a [String]) -> Self {
        let reasons = || BY_THE_PROTOCOL.iter().chain(client.left_out);
        let (left_out, asked) = CAPABILITIES
            .iter()
            .partition(|it| reasons().any(|out| out.concerns(it, era, transport)));
        Self {
            client,
            era,
            transport,
            target,
            asked,
            left_out,
        }
    }

    fn run(&self, kit: &Kit) -> Result<()> {
        let task = (self.client.task)(kit).args([self.era.name(), &self.asked.join(",")]);
        let output = task.args(self.target).limit(LIMIT).output()?.success()?;
        let line = output.stdout.lines().last().unwrap_or_default();
        let seen: Value =
            serde_json::from_str(line).with_context(|| format!("it printed {line}"))?;
        judge(&seen, self.era, &self.asked)
    }

    /// Says how it went, and returns what went wrong.
    fn report(&self, result: Result<()>) -> Option<String> {
        let (name, transport) = (self.client.name, self.transport.name());
        let label = format!("{name:<18} {transport:<6} {:<7}", self.era.name());
        if let Err(error) = result {
            println!("{label} FAILED");
            return Some(format!("{label} {error:#}"));
        }
        println!("{label} {}: {}", self.era.revision(), self.asked.join(", "));
        if !self.left_out.is_empty() {
            println!("{:>34} left out: {}", "", self.left_out.join(", "));
        }
        None
    }
}

/// Runs every client, on both transports at the same time, and returns what went wrong.
pub(super) fn run_all(kit: &Kit, server: &Server) -> Vec<String> {
    let mut failures = Vec::new();
    for (client, era) in CLIENTS
        .iter()
        .flat_map(|c| c.eras.iter().map(move |e| (c, *e)))
    {
        let conversations: Vec<_> = server
            .targets
            .iter()
            .map(|(transport, target)| Conversation::new(client, era, *transport, target))
            .collect();
        thread::scope(|scope| {
            let run = |it| scope.spawn(move || Conversation::run(it, kit));
            let running: Vec<_> = conversations.iter().map(run).collect();
            for (conversation, thread) in conversations.iter().zip(running) {
                let panicked = |_| Err(anyhow!("the thread that ran it panicked"));
                let result = thread.join().unwrap_or_else(panicked);
                failures.extend(conversation.report(result));
            }
        });
    }
    failures
}

/// Every reason why something is left out, for the summary.
pub(super) fn left_out() -> Vec<String> {
    let by_protocol = BY_THE_PROTOCOL.iter().map(|out| out.line("all clients"));
    let by_clients = CLIENTS.iter().flat_map(|client| {
        let eras = BOTH.iter().filter(|era| !client.eras.contains(era));
        let eras = eras.map(|era| {
            let era = era.name();
            format!(
                "left out: {}, {era}: it does not speak that era",
                client.name
            )
        });
        let capabilities = client.left_out.iter().map(|out| out.line(client.name));
        eras.chain(capabilities)
    });
    by_protocol.chain(by_clients).collect()
}

fn judge(seen: &Value, era: Era, asked: &[&str]) -> Result<()> {
    let revision = text(&seen["revision"]);
    ensure!(
        revision == era.revision(),
        "negotiated {revision}, not {}",
        era.revision()
    );
    let server = text(&seen["server"]);
    ensure!(
        server == SERVER,
        "the server is called {server}, not {SERVER}"
    );
    // What is not in the answer at all was not tried.
    let problems: Vec<String> = asked
        .iter()
        .filter_map(|name| match seen["seen"].get(name) {
            Some(Value::Null) => None,
            Some(problem) => Some(format!("{name}: {}", text(problem))),
            None => Some(format!("{name}: it was not tried")),
        })
        .collect();
    ensure!(problems.is_empty(), "{}", problems.join("\n  "));
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_capability_that_failed_or_was_not_tried_is_told() {
        let seen = json!({
            "revision": "2025-11-25",
            "server": SERVER,
            "seen": {"roots": null, "tasks": "saw nothing"},
        });
        judge(&seen, Era::Legacy, &["roots"]).unwrap();
        let error = judge(&seen, Era::Legacy, &["roots", "tasks", "url"]).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("tasks: saw nothing"), "{error}");
        assert!(error.contains("url: it was not tried"), "{error}");
        assert!(judge(&seen, Era::Modern, &["roots"]).is_err());
    }

    #[test]
    fn what_is_left_out_is_a_capability_and_has_a_reason() {
        let all = CLIENTS.iter().flat_map(|client| client.left_out);
        for out in all.chain(BY_THE_PROTOCOL) {
            assert!(CAPABILITIES.contains(&out.capability), "{}", out.line(""));
            assert!(!out.reason.is_empty(), "{}", out.line(""));
        }
    }

    #[test]
    fn a_reason_concerns_its_era_and_transport_alone() {
        let out = LeftOut {
            capability: "tasks",
            era: Some(Era::Legacy),
            transport: Some(Transport::Stdio),
            reason: "no calls for them",
        };
        assert!(out.concerns("tasks", Era::Legacy, Transport::Stdio));
        assert!(!out.concerns("tasks", Era::Legacy, Transport::Http));
        assert!(!out.concerns("tasks", Era::Modern, Transport::Stdio));
        assert!(!out.concerns("roots", Era::Legacy, Transport::Stdio));
        assert_eq!(
            out.line("a client"),
            "left out: a client, legacy, stdio, tasks: no calls for them"
        );
    }
}
