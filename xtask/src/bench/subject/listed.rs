//! Every subject, in the order of the tables.

use super::{Program, Subject};
use crate::bench::options::{Options, each_once};

const RMCP_HTTP: &[&str] = &["a", "b", "c", "d", "e", "f", "g", "h"];

pub(in crate::bench) const ALL: &[Subject] = &[
    Subject {
        id: "floor",
        group: "floor",
        name: "the floor",
        program: Program::Floor,
        add: "add",
        flags: &[],
        only_in: None,
        cannot: &[("h", "it has no sessions")],
        sessions: 0,
    },
    Subject {
        id: "ours",
        group: "ours",
        name: "Toolsmith, `async fn`",
        program: Program::Ours,
        add: "add",
        flags: &[],
        only_in: None,
        cannot: &[],
        sessions: 100_000,
    },
    Subject {
        id: "ours-plain",
        group: "ours",
        name: "Toolsmith, plain `fn` on the pool",
        program: Program::Ours,
        add: "add_blocking",
        flags: &[],
        only_in: Some(&["a", "b"]),
        cannot: &[],
        sessions: 0,
    },
    Subject {
        id: "ours-full",
        group: "ours",
        name: "Toolsmith with `full`, `async fn`",
        program: Program::OursFull,
        add: "add",
        flags: &[],
        only_in: Some(&["a", "b", "j"]),
        cannot: &[],
        sessions: 0,
    },
    Subject {
        id: "rmcp",
        group: "rmcp",
        name: "rmcp, its defaults",
        program: Program::Rmcp,
        add: "add",
        flags: &[],
        only_in: None,
        cannot: &[],
        sessions: 20_000,
    },
    Subject {
        id: "rmcp-nodelay",
        group: "rmcp",
        name: "rmcp, TCP_NODELAY",
        program: Program::Rmcp,
        add: "add",
        flags: &["--nodelay"],
        only_in: Some(RMCP_HTTP),
        cannot: &[],
        sessions: 20_000,
    },
    Subject {
        id: "rmcp-stateless",
        group: "rmcp",
        name: "rmcp, stateless JSON, TCP_NODELAY",
        program: Program::Rmcp,
        add: "add",
        flags: &["--nodelay", "--stateless"],
        only_in: Some(RMCP_HTTP),
        cannot: &[
            ("g", "an answer in JSON has no room for notifications"),
            ("h", "it keeps no sessions"),
        ],
        sessions: 0,
    },
    Subject {
        id: "fastmcp",
        group: "fastmcp",
        name: "FastMCP (Python)",
        program: Program::Fastmcp,
        add: "add",
        flags: &[],
        only_in: None,
        cannot: &[],
        sessions: 2000,
    },
    Subject {
        id: "typescript",
        group: "typescript",
        name: "TypeScript SDK",
        program: Program::Typescript,
        add: "add",
        flags: &[],
        only_in: None,
        cannot: &[],
        sessions: 2000,
    },
];

/// What was asked for, in the order of the tables.
pub(in crate::bench) fn chosen(options: &Options) -> Vec<&'static Subject> {
    let chosen = ALL.iter();
    chosen
        .filter(|it| options.wants_subject(it.id, it.group))
        .collect()
}

/// Every name that the command line takes.
pub(in crate::bench) fn names() -> Vec<&'static str> {
    each_once(ALL.iter().flat_map(|it| [it.id, it.group]))
}
