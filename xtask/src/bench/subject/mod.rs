//! What is measured: how it is built, started and called, and what it is not asked for.

mod built;
mod listed;

use anyhow::Result;

use super::options::letter;
use super::request::{Call, TOOLS};
use super::{Bench, pin};
use crate::run::Task;
use crate::servers::{HttpServer, START};

pub(super) use built::build;
pub(super) use listed::{ALL, chosen, names};

/// In less, a slow server answers none of a thousand connections, in seconds.
const SHORTEST: u64 = 3;

/// The program that a subject is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    Floor,
    Ours,
    OursFull,
    Rmcp,
    Fastmcp,
    Typescript,
}

/// A row of the tables.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) id: &'static str,
    /// What is chosen with it on the command line.
    pub(super) group: &'static str,
    pub(super) name: &'static str,
    pub(super) program: Program,
    /// The tool that adds two numbers.
    pub(super) add: &'static str,
    /// How it is served over HTTP.
    flags: &'static [&'static str],
    /// The workloads, by letter, in whose tables it has a row. All where there is none.
    only_in: Option<&'static [&'static str]>,
    /// The workloads, by letter, that it cannot do, with the reason.
    cannot: &'static [(&'static str, &'static str)],
    /// How many sessions it opens in the workload of sessions.
    pub(super) sessions: usize,
}

/// Whether a subject has a row in a workload's table.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    Measured,
    /// It has a row that says why there are no figures.
    LeftOut(&'static str),
    None,
}

impl Subject {
    pub(super) fn place(&self, workload: &str) -> Place {
        let letter = letter(workload);
        // What building costs, and sizes, are of projects and files of their own.
        let shown = match workload {
            "build" => matches!(self.id, "ours" | "rmcp"),
            "j-size" => matches!(self.id, "ours" | "ours-full"),
            _ => self.only_in.is_none_or(|them| them.contains(&letter)),
        };
        let reason = self.cannot.iter().find(|(it, _)| *it == letter);
        match reason {
            _ if !shown => Place::None,
            Some((_, reason)) => Place::LeftOut(reason),
            None => Place::Measured,
        }
    }

    /// How it is told to differ from its defaults for a workload.
    pub(super) fn more_flags(&self, workload: &str) -> &'static [&'static str] {
        match (self.program, workload) {
            // The sample of answers that is looked at opens sessions, too.
            (Program::Ours | Program::OursFull, "h") => &["--max-sessions", "120000"],
            (Program::Typescript, "b" | "c-legacy-1" | "c-legacy-2" | "h") => &["--sessions"],
            _ => &[],
        }
    }

    /// How long a measurement takes.
    pub(super) fn seconds(&self, workload: &str, wanted: u64) -> u64 {
        match (self.program, workload) {
            (Program::Fastmcp, "d") => wanted.max(12),
            (_, "d") => wanted.max(SHORTEST),
            _ => wanted,
        }
    }

    /// What a reader of the table should know.
    pub(super) fn note(&self, workload: &str) -> Option<String> {
        let flags = self.more_flags(workload);
        let seconds = self.seconds(workload, 0);
        match (flags, seconds) {
            ([], 0 | SHORTEST) => None,
            ([], _) => Some(format!("measured for {seconds} s a round, or more")),
            (flags, _) => Some(format!("served with `{}`", flags.join(" "))),
        }
    }

    /// A command that serves HTTP on a port that is free.
    pub(super) fn http(&self, bench: &Bench<'_>, before: Task, workload: &str) -> Task {
        let mut task = self.program(bench, before);
        task = match self.program {
            Program::Floor => task,
            // A thousand connections of one address and the one that looks are over what one
            // address may have.
            Program::Ours | Program::OursFull => task.args([
                "--transport",
                "http",
                "--port",
                "0",
                "--max-connections-per-address",
                "2000",
            ]),
            _ => task.args(["http"]),
        };
        task.args(self.flags).args(self.more_flags(workload))
    }

    /// A command that serves a pipe.
    pub(super) fn stdio(&self, bench: &Bench<'_>) -> Task {
        let task = self.program(bench, pin::on(pin::SERVER));
        match self.program {
            Program::Floor => task.args(["--echo-lines"]),
            Program::Ours | Program::OursFull => task,
            _ => task.args(["stdio"]),
        }
    }

    /// Starts it for a load of one kind of call, and says where to send that.
    pub(super) fn serve(&self, bench: &Bench<'_>, workload: &str, call: Call) -> Result<Served> {
        let mut task = self.http(bench, pin::on(pin::SERVER), workload);
        if call == Call::List {
            task = match self.program {
                Program::Floor => task.args(["--list".as_ref(), bench.list().as_os_str()]),
                _ => task.args(["--tools", &(TOOLS - self.own_tools()).to_string()]),
            };
        }
        let server = HttpServer::start(task.into_command(), START)?;
        let mut url = server.url.clone();
        if self.program == Program::Floor {
            url = url.replace("/mcp", call.floor_path());
        }
        Ok(Served { server, url })
    }

    /// How many tools it has without being told to have more.
    fn own_tools(&self) -> usize {
        match self.program {
            Program::Ours | Program::OursFull => 4,
            _ => 3,
        }
    }

    fn program(&self, bench: &Bench<'_>, before: Task) -> Task {
        let kept = |name| built::kept(bench.workspace, name);
        match self.program {
            Program::Floor => before.args([kept("floor")]),
            Program::Ours => before.args([kept("bench")]),
            Program::OursFull => before.args([kept("bench-full")]),
            Program::Rmcp => before.args([kept("rmcp-peer")]),
            Program::Fastmcp => before.args(bench.peers.fastmcp()),
            Program::Typescript => before.args(bench.peers.typescript()),
        }
    }
}

/// A server, and where its calls go.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) server: HttpServer,
    pub(super) url: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::workload;

    fn subject(id: &str) -> &'static Subject {
        ALL.iter().find(|it| it.id == id).unwrap()
    }

    #[test]
    fn what_cannot_be_done_has_a_reason() {
        assert_eq!(subject("floor").place("a"), Place::Measured);
        assert!(matches!(subject("floor").place("h"), Place::LeftOut(why) if !why.is_empty()));
        assert_eq!(subject("ours-plain").place("c-modern-1"), Place::None);
        assert_eq!(subject("ours-full").place("j"), Place::Measured);
        assert_eq!(subject("rmcp-nodelay").place("i-1"), Place::None);
        assert_eq!(subject("fastmcp").place("build"), Place::None);
    }

    #[test]
    fn every_row_is_of_a_workload_that_there_is() {
        let known = workload::names();
        for subject in ALL {
            let only = subject.only_in.unwrap_or_default().iter();
            for letter in only.chain(subject.cannot.iter().map(|(letter, _)| letter)) {
                assert!(known.contains(letter), "{}: {letter}", subject.id);
            }
        }
    }
}
