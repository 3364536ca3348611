//! Where the instructions of a workload go, function by function.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::NAME;
use super::{Workload, callgrind, workloads};
use crate::run::Task;
use crate::workspace::Workspace;

/// How many functions are shown.
const SHOWN: usize = 40;

/// Instructions by function.
type Costs = BTreeMap<String, i64>;

/// Prints what a call of the workload costs in each function, by itself and with all that it
/// calls. As with what is compared, neither the start nor what is prepared is in it.
pub(super) fn print(workspace: &Workspace, name: &str) -> Result<Vec<String>> {
    // Beside the one that is compared, which would be built again otherwise.
    let target = workspace.target.join("profiled");
    workspace
        .cargo(["build", "--package", NAME, "--profile", NAME])
        .env("CARGO_PROFILE_INSTRUCTIONS_DEBUG", "line-tables-only")
        .env("CARGO_PROFILE_INSTRUCTIONS_STRIP", "none")
        .env("CARGO_TARGET_DIR", &target)
        .run()?;
    let program = target.join(NAME).join(NAME);
    let all = workloads(&program)?;
    let names: Vec<&str> = all.iter().map(|it| it.name.as_str()).collect();
    let workload = all.iter().find(|it| it.name == name);
    let workload = workload
        .with_context(|| format!("there is no `{name}`; there are {}", names.join(", ")))?;
    let (once, twice) = (out(&target, name, 1), out(&target, name, 2));
    callgrind::run(&program, workload, 1, &once)?;
    callgrind::run(&program, workload, 2, &twice)?;
    for (about, inclusive) in [("by itself", "no"), ("with all that it calls", "yes")] {
        let costs = a_call(
            &annotated(&once, inclusive)?,
            &annotated(&twice, inclusive)?,
            workload,
        );
        ensure!(!costs.is_empty(), "callgrind_annotate lists no functions");
        println!("\nInstructions of a call of {name}, in each function {about}:");
        for (function, cost) in costs.iter().take(SHOWN) {
            println!("{cost:>9}  {function}");
        }
    }
    Ok(vec![format!(
        "line by line: callgrind_annotate --auto=yes {}",
        twice.display()
    )])
}

fn out(target: &Path, name: &str, halves: u64) -> std::path::PathBuf {
    target.join(format!("callgrind.{name}.{halves}"))
}

fn annotated(out: &Path, inclusive: &str) -> Result<Costs> {
    let text = Task::new("callgrind_annotate")
        .args(["--auto=no", "--threshold=100", "--show-percs=no"])
        .args([format!("--inclusive={inclusive}")])
        .args([out])
        .output()?
        .success()?
        .stdout;
    Ok(costs(&text))
}

/// What one call costs in each function, the most first.
fn a_call(once: &Costs, twice: &Costs, workload: &Workload) -> Vec<(String, i64)> {
    let repeats = i64::try_from(workload.repeats).unwrap_or(i64::MAX);
    let cost = |(function, twice): (&String, &i64)| {
        let more = twice - once.get(function).unwrap_or(&0);
        (function.clone(), more / repeats)
    };
    let mut costs: Vec<(String, i64)> = twice.iter().map(cost).filter(|it| it.1 > 0).collect();
    costs.sort_by_key(|(_, cost)| -cost);
    costs
}

/// The lines `1,234 file:function [program]`, without the program. Functions that share a
/// name are one.
fn costs(text: &str) -> Costs {
    let mut costs = Costs::new();
    for line in text.lines() {
        let Some((count, function)) = line.trim().split_once(' ') else {
            continue;
        };
        let Ok(count) = count.replace(',', "").parse::<i64>() else {
            continue;
        };
        let function = function.trim();
        let function = function.rsplit_once(" [").map_or(function, |it| it.0);
        // How deep the folder of a dependency is says nothing.
        let (file, name) = function.split_once(':').unwrap_or(("", function));
        let file = file.rsplit_once("/src/").map_or(file, |it| it.1);
        if name != "PROGRAM TOTALS" && function != "PROGRAM TOTALS" {
            *costs.entry(format!("{file}:{name}")).or_default() += count;
        }
    }
    costs
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONCE: &str = "\
--------------------------------------------------------------------------------
Ir         \n\
--------------------------------------------------------------------------------
1,200  PROGRAM TOTALS

Ir         file:function
  900  ???:one [/target/program]
  200  /registry/src/index/serde-1/src/de.rs:<T as U>::two [/target/program]
  100  ???:start [/target/program]
";

    #[test]
    fn what_is_done_once_is_not_in_a_call() {
        let twice = ONCE.replace("900", "1,900").replace("200 ", "240 ");
        let workload = Workload {
            name: "call".to_owned(),
            repeats: 10,
        };
        let shown = a_call(&costs(ONCE), &costs(&twice), &workload);
        let wanted = [("???:one", 100), ("de.rs:<T as U>::two", 4)];
        let wanted = wanted.map(|(function, cost)| (function.to_owned(), cost));
        assert_eq!(shown, wanted);
    }
}
