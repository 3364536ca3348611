//! What a call costs, beside bare axum and beside what others offer: `cargo xtask bench`.
//!
//! Each round of a workload measures every subject once, so that what else the machine does
//! falls on all of them alike. The server has one core and the load the other. Not a part of
//! `test`: it wants a machine that does nothing else.

mod checking;
pub(crate) mod client;
mod docs;
mod load;
mod machine;
pub(crate) mod message;
mod oha;
mod options;
mod peers;
mod picture;
mod pin;
pub(crate) mod process;
mod report;
pub(crate) mod request;
mod results;
mod sample;
pub(crate) mod session;
mod subject;
mod targets;
mod workload;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::outcome::{Outcome, Report};
use crate::workspace::Workspace;
use machine::Machine;
use options::Options;
use peers::Peers;
use results::{Results, Table};
use subject::Subject;
use workload::Workload;

/// What every workload needs to know.
#[derive(Debug)]
struct Bench<'a> {
    workspace: &'a Workspace,
    options: Options,
    peers: Peers,
    /// Where everything that is made for it, and by it, goes.
    home: PathBuf,
}

pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Outcome {
    let options = Options::read(args)?;
    let home = workspace.target.join("bench");
    std::fs::create_dir_all(&home).context("the build folder cannot be written to")?;
    if options.write_docs {
        docs::write(workspace, &home)?;
        return Ok(Report::default());
    }
    pin::two_cores()?;
    load::install()?;
    let subjects = subject::chosen(&options);
    subject::build(workspace, &subjects)?;
    let bench = Bench {
        workspace,
        peers: Peers::install(workspace, &subjects)?,
        options,
        home,
    };
    let machine = Machine::look(&bench)?;
    let mut results = Results::new(machine, &bench.options);
    let mut problems = Vec::new();
    for workload in workload::ALL.iter().filter(|it| bench.options.wants(it.id)) {
        let table = measure(&bench, workload, &subjects)
            .with_context(|| format!("workload {}", workload.id))?;
        problems.extend(table.problems());
        if table.rows.is_empty() {
            continue;
        }
        println!("\n{}", report::table(&table, "##"));
        results.tables.push(table);
    }
    pin::ourselves(pin::BOTH)?;
    let notes = report::write(&bench, &results)?;
    if problems.is_empty() {
        return Ok(Report::with_notes(notes));
    }
    bail!("{}\n{}", notes.join("\n"), problems.join("\n"))
}

impl Bench<'_> {
    /// A list of tools as ours sends it, for the floor.
    fn list(&self) -> PathBuf {
        self.home.join("list.json")
    }
}

/// Every round measures each subject once: A B C A B C.
fn measure(bench: &Bench<'_>, workload: &Workload, subjects: &[&Subject]) -> Result<Table> {
    pin::ourselves(workload.kind.own_core())?;
    let mut table = Table::new(workload);
    let mut runners = Vec::new();
    for subject in subjects {
        let Some(row) = table.add(subject, workload) else {
            continue;
        };
        if row.left_out.is_some() {
            runners.push(None);
            continue;
        }
        println!("{}: {} starts", workload.id, subject.id);
        let runner = workload.kind.start(workload.id, bench, subject);
        runners.push(row.unless_it_fails(runner));
    }
    for round in 0..workload.kind.rounds(&bench.options) {
        for (row, runner) in table.rows.iter_mut().zip(&mut runners) {
            let Some(started) = runner else { continue };
            let measured = started.round(round, row);
            println!(
                "{}: round {}, {}",
                workload.id,
                round + 1,
                row.last(workload)
            );
            if row.unless_it_fails(measured).is_none() {
                *runner = None;
            }
        }
    }
    Ok(table)
}
