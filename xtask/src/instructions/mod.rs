//! Instructions a call, against those that are recorded: `cargo xtask instructions`.
//!
//! The program `benches/instructions` does the work, under callgrind. Two runs that differ
//! only in how often they do it tell what doing it once costs. What is counted does not
//! depend on what else the machine does.

mod baseline;
mod callgrind;
mod conditions;
mod profile;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::outcome::{Outcome, Report};
use crate::run::Task;
use crate::setup;
use crate::workspace::Workspace;
use baseline::Baseline;
use callgrind::Workload;
use conditions::Conditions;

/// The package, its program, and the profile that it is built in.
const NAME: &str = "instructions";

/// What is wanted.
#[derive(Debug, PartialEq)]
enum Wanted {
    /// To compare with what is recorded.
    Compare,
    /// To record what is counted now.
    Update,
    /// To see where the instructions of a workload go.
    Profile(String),
}

impl Wanted {
    fn read(args: &[String]) -> Result<Self> {
        let words: Vec<&str> = args.iter().map(String::as_str).collect();
        match words[..] {
            [] => Ok(Self::Compare),
            ["--update"] => Ok(Self::Update),
            ["--profile", workload] => Ok(Self::Profile(workload.to_owned())),
            _ => bail!("instructions takes nothing, or --update, or --profile WORKLOAD"),
        }
    }
}

pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Outcome {
    let wanted = Wanted::read(args)?;
    let file = workspace.root.join("benches/instructions/baseline.json");
    let here = Conditions::find(workspace)?;
    let recorded = match wanted {
        Wanted::Compare => Some(Baseline::read(&file)?),
        _ => None,
    };
    if let Some(recorded) = &recorded
        && recorded.measured_with.machine != here.machine
    {
        return Ok(Report {
            skipped: Some(format!(
                "counts are recorded for {}, and this is {}",
                recorded.measured_with.machine, here.machine
            )),
            notes: Vec::new(),
        });
    }
    setup::program("valgrind", "valgrind")?;
    if let Wanted::Profile(workload) = wanted {
        return profile::print(workspace, &workload).map(Report::with_notes);
    }
    let program = build(workspace)?;
    let now = Baseline {
        instructions: callgrind::count_all(&program, &workloads(&program)?)?,
        measured_with: here,
    };
    match recorded {
        Some(recorded) => {
            let comparison = recorded.compare(&now);
            println!("{}", comparison.table());
            comparison
                .judge()
                .map(|note| Report::with_notes(vec![note]))
        }
        None => {
            // Whoever records it sees what changes.
            let before = Baseline::read(&file).unwrap_or_default();
            println!("{}", before.compare(&now).table());
            now.write(&file)?;
            let note = format!("recorded in {}; say why in the commit", file.display());
            Ok(Report::with_notes(vec![note]))
        }
    }
}

/// Builds the program as it is counted.
fn build(workspace: &Workspace) -> Result<PathBuf> {
    let build = ["build", "--package", NAME, "--profile", NAME];
    workspace.cargo(build).run()?;
    Ok(workspace.target.join(NAME).join(NAME))
}

/// What the program can do, as it says itself.
fn workloads(program: &PathBuf) -> Result<Vec<Workload>> {
    let listed = Task::new(program).output()?.success()?.stdout;
    let read = |line: &str| {
        let (name, repeats) = line.split_once(' ')?;
        Some(Workload {
            name: name.to_owned(),
            repeats: repeats.parse().ok()?,
        })
    };
    let all = listed.lines().map(|line| {
        read(line).with_context(|| format!("`{line}` is no workload with how often to repeat it"))
    });
    all.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_is_read() {
        let read = |args: &[&str]| {
            let args: Vec<String> = args.iter().map(|it| (*it).to_owned()).collect();
            Wanted::read(&args)
        };
        assert_eq!(read(&[]).unwrap(), Wanted::Compare);
        assert_eq!(read(&["--update"]).unwrap(), Wanted::Update);
        let profile = read(&["--profile", "call_modern"]).unwrap();
        assert_eq!(profile, Wanted::Profile("call_modern".to_owned()));
        assert!(read(&["--profile"]).is_err());
        assert!(read(&["--updaet"]).is_err());
    }
}
