//! What is done with every subject, and what is counted.

mod build;
mod http;
mod projects;
mod sessions;
mod size;
mod start;
mod stdio;

use anyhow::Result;

use super::options::{Options, each_once, letter};
use super::request::Call;
use super::results::Row;
use super::subject::Subject;
use super::{Bench, pin};

/// A workload, which becomes a table.
#[derive(Debug)]
pub(super) struct Workload {
    /// A letter, and what tells it from others of its family.
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    /// What is counted. The first is what subjects are compared by.
    pub(super) figures: &'static [Figure],
    pub(super) kind: Kind,
}

/// Something that is counted.
#[derive(Debug)]
pub(super) struct Figure {
    pub(super) key: &'static str,
    pub(super) title: &'static str,
    pub(super) better: Better,
    pub(super) digits: usize,
    /// Whether it is also shown as a share of the floor's.
    pub(super) to_floor: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Better {
    More,
    Less,
    Neither,
}

impl Figure {
    const fn new(key: &'static str, title: &'static str, better: Better, digits: usize) -> Self {
        Self {
            key,
            title,
            better,
            digits,
            to_floor: false,
        }
    }

    const fn beside_the_floor(mut self) -> Self {
        self.to_floor = true;
        self
    }

    pub(super) fn show(&self, value: f64) -> String {
        format!("{value:.*}", self.digits)
    }
}

const RATE: Figure = Figure::new("rate", "calls/s", Better::More, 0).beside_the_floor();
const P50: Figure = Figure::new("p50", "p50 µs", Better::Less, 0);
const P99: Figure = Figure::new("p99", "p99 µs", Better::Less, 0);
/// What a call took of the server's core, and how much of the core that was.
const COST: Figure = Figure::new("cost", "server µs/call", Better::Less, 1).beside_the_floor();
const BUSY: Figure = Figure::new("busy", "core busy %", Better::Neither, 0);

const THROUGHPUT: &[Figure] = &[RATE, P50, P99, COST, BUSY];
const LATENCY: &[Figure] = &[
    Figure::new("p50", "p50 µs", Better::Less, 0).beside_the_floor(),
    Figure::new("p99", "p99 µs", Better::Less, 0).beside_the_floor(),
    Figure::new("rate", "calls/s", Better::More, 0),
];

/// How it is done.
#[derive(Debug)]
pub(super) enum Kind {
    /// So many connections, from this core.
    Http(Call, usize, &'static str),
    Sessions,
    /// So many calls in flight.
    Stdio(usize),
    Start,
    Size,
    Build,
}

/// A subject that takes part, until this is dropped.
pub(super) trait Runner {
    /// Measures once, and adds what it counted to the row.
    fn round(&mut self, round: usize, row: &mut Row) -> Result<()>;
}

impl Kind {
    pub(super) fn start<'a>(
        &self,
        workload: &'static str,
        bench: &'a Bench<'a>,
        subject: &'a Subject,
    ) -> Result<Box<dyn Runner + 'a>> {
        Ok(match self {
            Self::Http(call, connections, core) => {
                let load = (*call, *connections, *core);
                Box::new(http::Http::start(bench, subject, workload, load)?)
            }
            Self::Sessions => Box::new(sessions::Sessions::new(bench, subject)?),
            Self::Stdio(in_flight) => Box::new(stdio::Stdio::start(bench, subject, *in_flight)?),
            Self::Start => Box::new(start::Start::new(bench, subject)),
            Self::Size => Box::new(size::Size::new(bench, subject)),
            Self::Build => Box::new(build::Build::new(bench, subject)?),
        })
    }

    /// Where we ourselves are while it runs, and what we start without saying where.
    pub(super) fn own_core(&self) -> &'static str {
        match self {
            Self::Http(..) | Self::Sessions | Self::Stdio(_) => pin::LOAD,
            Self::Start => pin::SERVER,
            Self::Size | Self::Build => pin::BOTH,
        }
    }

    pub(super) fn rounds(&self, options: &Options) -> usize {
        match self {
            Self::Start => options.rounds * 4,
            Self::Http(_, _, pin::SERVER) => options.rounds * http::SLICES,
            Self::Size => 1,
            _ => options.rounds,
        }
    }
}

pub(super) const ALL: &[Workload] = &[
    Workload {
        id: "a",
        title: "modern call, 32 connections",
        figures: THROUGHPUT,
        kind: Kind::Http(Call::ModernAdd, 32, pin::LOAD),
    },
    Workload {
        id: "b",
        title: "call in one legacy session, 32 connections",
        figures: THROUGHPUT,
        kind: Kind::Http(Call::LegacyAdd, 32, pin::LOAD),
    },
    Workload {
        id: "c-modern-1",
        title: "modern call, 1 connection, server and load on one core",
        figures: LATENCY,
        kind: Kind::Http(Call::ModernAdd, 1, pin::SERVER),
    },
    Workload {
        id: "c-modern-2",
        title: "modern call, 1 connection, server and load on two cores",
        figures: LATENCY,
        kind: Kind::Http(Call::ModernAdd, 1, pin::LOAD),
    },
    Workload {
        id: "c-legacy-1",
        title: "call in a legacy session, 1 connection, server and load on one core",
        figures: LATENCY,
        kind: Kind::Http(Call::LegacyAdd, 1, pin::SERVER),
    },
    Workload {
        id: "c-legacy-2",
        title: "call in a legacy session, 1 connection, server and load on two cores",
        figures: LATENCY,
        kind: Kind::Http(Call::LegacyAdd, 1, pin::LOAD),
    },
    Workload {
        id: "d",
        title: "modern call, 1,000 connections",
        figures: THROUGHPUT,
        kind: Kind::Http(Call::ModernAdd, 1000, pin::LOAD),
    },
    Workload {
        id: "e",
        title: "modern echo of 64 KiB, 32 connections",
        figures: THROUGHPUT,
        kind: Kind::Http(Call::Echo, 32, pin::LOAD),
    },
    Workload {
        id: "f",
        title: "modern `tools/list` of 100 tools, 32 connections",
        figures: THROUGHPUT,
        kind: Kind::Http(Call::List, 32, pin::LOAD),
    },
    Workload {
        id: "g",
        title: "modern call that sends 10 progress notifications, 32 connections",
        figures: THROUGHPUT,
        kind: Kind::Http(Call::Progress, 32, pin::LOAD),
    },
    Workload {
        id: "h",
        title: "legacy sessions opened by `initialize`, 32 connections",
        figures: sessions::FIGURES,
        kind: Kind::Sessions,
    },
    Workload {
        id: "i-1",
        title: "calls over stdio, 1 in flight",
        figures: stdio::FIGURES,
        kind: Kind::Stdio(1),
    },
    Workload {
        id: "i-32",
        title: "calls over stdio, 32 in flight",
        figures: stdio::FIGURES,
        kind: Kind::Stdio(32),
    },
    Workload {
        id: "j",
        title: "from the start to the first answer, and idle memory",
        figures: start::FIGURES,
        kind: Kind::Start,
    },
    Workload {
        id: "j-size",
        title: "release binary of the hello example",
        figures: size::FIGURES,
        kind: Kind::Size,
    },
    Workload {
        id: "build",
        title: "building a hello project, debug profile",
        figures: build::FIGURES,
        kind: Kind::Build,
    },
];

/// Every name that the command line takes.
pub(super) fn names() -> Vec<&'static str> {
    each_once(ALL.iter().flat_map(|it| [letter(it.id), it.id]))
}
