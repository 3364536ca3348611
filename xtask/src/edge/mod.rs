//! What stands between clients and a server, with the real things: `cargo xtask edge`.
//!
//! Each part starts the example `edge` as it needs it. `cargo xtask test` runs those that
//! are quick; `cargo xtask edge NAME…` runs parts by their names, and `--soak` runs what has
//! to last.

mod acme;
mod browser;
mod calls;
mod certificate;
mod container;
mod debian;
mod drain;
mod faults;
mod inspector;
mod kit;
mod load;
mod oauth;
mod options;
#[cfg(test)]
mod page;
mod proc;
mod proxies;
mod scripts;
mod systemd;

use anyhow::{Result, bail};

use crate::outcome::{Outcome, Report};
use crate::workspace::Workspace;
use kit::Kit;
use options::Options;

/// What a part found out that is worth a line.
type Notes = Vec<String>;

/// One part, which can be run alone.
#[derive(Debug)]
struct EdgePart {
    name: &'static str,
    /// Whether `cargo xtask test` runs it.
    quick: bool,
    /// Whether `--soak` runs it, for minutes.
    lasts: bool,
    run: fn(&Kit<'_>) -> Result<Notes>,
}

const PARTS: &[EdgePart] = &[
    EdgePart {
        name: "browser",
        quick: true,
        lasts: false,
        run: browser::check,
    },
    EdgePart {
        name: "oauth",
        quick: true,
        lasts: false,
        run: oauth::check,
    },
    EdgePart {
        name: "acme",
        quick: true,
        lasts: false,
        run: acme::check,
    },
    EdgePart {
        name: "inspector",
        quick: true,
        lasts: false,
        run: inspector::check,
    },
    EdgePart {
        name: "proxies",
        quick: true,
        lasts: false,
        run: proxies::check,
    },
    EdgePart {
        name: "drain",
        quick: true,
        lasts: true,
        run: drain::check,
    },
    EdgePart {
        name: "faults",
        quick: true,
        lasts: true,
        run: faults::check,
    },
    EdgePart {
        name: "systemd",
        quick: true,
        lasts: false,
        run: systemd::check,
    },
    EdgePart {
        name: "container",
        quick: true,
        lasts: false,
        run: container::check,
    },
];

/// Makes sure that what the parts need of Debian is there.
pub(crate) fn programs() -> Result<()> {
    browser::programs()?;
    proxies::programs()?;
    acme::programs()
}

pub(crate) fn check(workspace: &Workspace, args: &[String]) -> Outcome {
    let options = Options::read(args, PARTS)?;
    let kit = Kit::new(workspace, options.soak)?;
    let mut notes = Vec::new();
    let mut failures = Vec::new();
    // Also after a failure, so that one run shows all that is wrong.
    for part in options.parts {
        println!("-- {}", part.name);
        match (part.run)(&kit) {
            Ok(found) => notes.extend(found.iter().map(|it| format!("{}: {it}", part.name))),
            Err(error) => failures.push(format!("{}: {error:#}", part.name)),
        }
    }
    if !failures.is_empty() {
        bail!("{}", failures.join("\n"));
    }
    Ok(Report::with_notes(notes))
}
