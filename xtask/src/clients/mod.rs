//! Clients that others wrote, on both transports, in every era that they speak: each lists
//! the tools of the hello example and calls one, and those with handlers of their own talk
//! two-way with the server of the `two_way` example.

mod listing;
mod two_way;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::Value;

use crate::outcome::{Outcome, Report};
use crate::servers::{HttpServer, START};
use crate::setup::{self, Node};
use crate::workspace::Workspace;

/// How long one conversation may take, a client's own start included.
const LIMIT: Duration = Duration::from_secs(60);
/// A module finds its packages by where it lies, so that these are copied there.
const MODULES: &[&str] = &[
    "typescript.mjs",
    "typescript-v1.mjs",
    "two_way/talk.mjs",
    "two_way/typescript.mjs",
    "two_way/typescript-v1.mjs",
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Era {
    Legacy,
    Modern,
}

const BOTH: &[Era] = &[Era::Legacy, Era::Modern];

impl Era {
    fn name(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Modern => "modern",
        }
    }

    /// The newest revision of the era, which client and server must agree on.
    fn revision(self) -> &'static str {
        match self {
            Self::Legacy => "2025-11-25",
            Self::Modern => "2026-07-28",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Transport {
    Http,
    Stdio,
}

impl Transport {
    fn name(self) -> &'static str {
        match self {
            Self::Http => "HTTP",
            Self::Stdio => "stdio",
        }
    }
}

/// A server, and the words by which a client finds it on each transport.
#[derive(Debug)]
struct Server {
    http: HttpServer,
    targets: [(Transport, Vec<String>); 2],
}

impl Server {
    /// Starts an example over HTTP; over stdio, every client starts its own.
    fn start(program: &Path) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(["--transport", "http", "--port", "0"]);
        let http = HttpServer::start(command, START)?;
        let targets = [
            (Transport::Http, vec![http.url.clone()]),
            (
                Transport::Stdio,
                vec!["--".to_owned(), program.display().to_string()],
            ),
        ];
        Ok(Self { http, targets })
    }
}

/// Everything that a client run needs.
#[derive(Debug)]
struct Kit {
    node: Node,
    python: PathBuf,
    scripts: PathBuf,
    /// Where our own programs were built.
    built: PathBuf,
    scratch: PathBuf,
}

pub(crate) fn check(workspace: &Workspace) -> Outcome {
    let node = setup::node(workspace)?;
    let python = setup::python(workspace)?;
    let built = workspace.build_debug()?;
    let scripts = workspace.xtask().join("clients");
    std::fs::create_dir_all(node.dir.join("two_way"))?;
    for name in MODULES {
        std::fs::copy(scripts.join(name), node.dir.join(name))?;
    }
    let scratch = workspace.target.join("clients");
    std::fs::create_dir_all(&scratch)?;
    let kit = Kit {
        node,
        python,
        scripts,
        built,
        scratch,
    };

    let mut failures = Vec::new();
    let server = Server::start(&kit.built.join("hello"))?;
    let failed = listing::run_all(&kit, &server);
    failures.extend(with_log(failed, &server));
    let server = Server::start(&kit.built.join("two_way"))?;
    let failed = two_way::run_all(&kit, &server);
    failures.extend(with_log(failed, &server));
    if !failures.is_empty() {
        bail!("{}", failures.join("\n"));
    }
    Ok(Report::with_notes(two_way::left_out()))
}

/// Failures, and what the server over HTTP said while they happened.
fn with_log(mut failures: Vec<String>, server: &Server) -> Vec<String> {
    if !failures.is_empty() {
        failures.push(format!("the server over HTTP said:\n{}", server.http.log()));
    }
    failures
}

/// A string as it is, and anything else as JSON, so that a wrong answer can be read.
fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
