//! The tasks of the project: `cargo xtask <part>`, or `cargo xtask test` for all of them.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks to a person"
)]

mod api;
mod bench;
mod cargo;
mod clients;
mod conformance;
mod curl;
mod deny;
mod edge;
mod fuzz;
#[cfg(test)]
mod guide;
mod instructions;
mod lab;
mod layers;
mod msrv;
mod namespace;
mod outcome;
mod package;
mod readme;
mod run;
mod same_bytes;
#[cfg(test)]
mod security;
mod servers;
mod setup;
mod summary;
mod workspace;

use std::process::ExitCode;

use outcome::{Outcome, passed};
use workspace::Workspace;

/// One task that can be run alone.
#[derive(Debug)]
struct Part {
    name: &'static str,
    about: &'static str,
    run: fn(&Workspace, &[String]) -> Outcome,
    /// Whether it mostly waits for others, and so begins at once, beside those before it.
    waits: bool,
}

/// Every part, in the order in which `test` runs them: the quick ones first, and those
/// that share build artefacts next to each other.
const PARTS: &[Part] = &[
    Part {
        name: "fmt",
        about: "formatting",
        run: |w, _| passed(cargo::fmt(w)),
        waits: false,
    },
    Part {
        name: "layers",
        about: "who may know whom, and revision dates in one file",
        run: |w, _| passed(layers::check(w)),
        waits: false,
    },
    Part {
        name: "msrv",
        about: "the stated minimum Rust version holds",
        run: |w, _| msrv::check(w),
        waits: false,
    },
    Part {
        name: "clippy",
        about: "lints, warnings denied",
        run: |w, _| passed(cargo::clippy(w)),
        waits: false,
    },
    Part {
        name: "unit",
        about: "unit, integration and UI tests",
        run: |w, _| cargo::unit(w),
        waits: false,
    },
    Part {
        name: "doctest",
        about: "documentation tests",
        run: |w, _| passed(cargo::doctest(w)),
        waits: false,
    },
    Part {
        name: "doc",
        about: "documentation builds, warnings denied",
        run: |w, _| passed(cargo::doc(w)),
        waits: false,
    },
    Part {
        name: "api",
        about: "the public API is the recorded one (--update records it)",
        run: api::check,
        waits: false,
    },
    Part {
        name: "features",
        about: "no default features, and each feature alone",
        run: |w, _| passed(cargo::features(w)),
        waits: false,
    },
    Part {
        name: "instructions",
        about: "instructions a call are as recorded (--update records, --profile WORKLOAD shows)",
        run: instructions::run,
        waits: false,
    },
    Part {
        name: "setup",
        about: "Node packages and Python environment, into target/, and programs of Debian's",
        run: |w, _| passed(setup::all(w)),
        waits: true,
    },
    Part {
        name: "lab",
        about: "the lab's own commands, and the same bytes on both transports",
        run: |w, _| lab::check(w),
        waits: false,
    },
    Part {
        name: "clients",
        about: "clients that others wrote call tools, and talk two-way",
        run: |w, _| clients::check(w),
        waits: false,
    },
    Part {
        name: "conformance",
        about: "the official conformance suite",
        run: |w, _| conformance::check(w),
        waits: false,
    },
    Part {
        name: "edge",
        about: "browsers, proxies, faults and ends before a server [part…] [--soak]",
        run: edge::check,
        waits: false,
    },
    Part {
        name: "readme",
        about: "the README's own commands",
        run: |w, _| readme::check(w),
        waits: false,
    },
    Part {
        name: "deny",
        about: "bans, licenses and sources of dependencies",
        run: |w, _| passed(deny::check(w)),
        waits: false,
    },
    Part {
        name: "package",
        about: "every crate builds from its tarball",
        run: |w, _| passed(package::check(w)),
        waits: false,
    },
];

/// What is run alone, and not by `test`.
const ALONE: &[Part] = &[
    Part {
        name: "bench",
        about: "what a call costs, beside bare axum and beside peers [--rounds N] [--seconds S] [--only a,b] [--subjects ours,floor] [--write-docs]; not a part of `test`",
        run: bench::run,
        waits: false,
    },
    Part {
        name: "fuzz",
        about: "libFuzzer on the targets of fuzz/ [--minutes N] [target…]; not a part of `test`",
        run: fuzz::run,
        waits: false,
    },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let workspace = Workspace::find();
    match args.split_first() {
        Some((name, _)) if name == "test" => summary::run(&workspace, PARTS.iter(), &[]),
        Some((name, rest)) => match all().find(|part| part.name == *name) {
            Some(part) => summary::run(&workspace, std::iter::once(part), rest),
            None => usage(&format!("There is no part named `{name}`.")),
        },
        None => usage("Which part?"),
    }
}

fn all() -> impl Iterator<Item = &'static Part> {
    PARTS.iter().chain(ALONE)
}

/// Says what can be run.
fn usage(problem: &str) -> ExitCode {
    eprintln!("{problem} Run `cargo xtask test` for everything, or one of:");
    for part in all() {
        eprintln!("  cargo xtask {:<12} {}", part.name, part.about);
    }
    ExitCode::from(2)
}
