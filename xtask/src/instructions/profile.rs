//! Where the instructions of a workload go, function by function.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use super::NAME;
use super::{Workload, callgrind, workloads};
use crate::run::Task;
use crate::workspace::Workspace;

/// How many functions are shown.
const SHOWN: usize = 40;

/// Instructions by function.
type Costs = BTreeMap<String, i64>;

/// Prints what a call of the workload costs in each function, with all that it calls and by
/// itself. As with what is compared, neither the start nor what is prepared is in it.
pub(super) fn print(workspace: &Workspace, name: &str) -> Result<Vec<String>> {
    let program = super::build(workspace)?;
    let all = workloads(&program)?;
    let names: Vec<&str> = all.iter().map(|it| it.name.as_str()).collect();
    let workload = all.iter().find(|it| it.name == name);
    let workload = workload
        .with_context(|| format!("there is no `{name}`; there are {}", names.join(", ")))?;
    // With lines it would count a function again for each file that is inlined into it.
    let counted = Counted::of(&program, workload)?;
    counted.list("with all that it calls", "yes", with_all)?;
    let with_lines = build_with_lines(workspace)?;
    let counted = Counted::of(&with_lines, workload)?;
    let about = "by itself; what is inlined stands under the file that it came from";
    counted.list(about, "no", by_itself)?;
    let twice = counted.twice.display();
    Ok(vec![
        format!("who calls what: callgrind_annotate --tree=caller --inclusive=yes {twice}"),
        format!("line by line: callgrind_annotate --auto=yes {twice}"),
    ])
}

/// Builds the program with line numbers, beside the one that is compared, which would have
/// to be built again otherwise.
fn build_with_lines(workspace: &Workspace) -> Result<PathBuf> {
    let target = workspace.target.join("profiled");
    workspace
        .cargo(["build", "--package", NAME, "--profile", NAME])
        .env("CARGO_PROFILE_INSTRUCTIONS_DEBUG", "line-tables-only")
        .env("CARGO_PROFILE_INSTRUCTIONS_STRIP", "none")
        .env("CARGO_TARGET_DIR", &target)
        .run()?;
    Ok(target.join(NAME).join(NAME))
}

/// What callgrind wrote of the two runs of a program, beside the program.
struct Counted<'a> {
    workload: &'a Workload,
    once: PathBuf,
    twice: PathBuf,
}

impl<'a> Counted<'a> {
    fn of(program: &Path, workload: &'a Workload) -> Result<Self> {
        let out = |halves: u64| {
            let out = program.with_file_name(format!("callgrind.{}.{halves}", workload.name));
            callgrind::run(program, workload, halves, &out)?;
            anyhow::Ok(out)
        };
        Ok(Self {
            workload,
            once: out(1)?,
            twice: out(2)?,
        })
    }

    /// Prints the functions that cost the most.
    fn list(&self, about: &str, inclusive: &str, read: fn(&str) -> Costs) -> Result<()> {
        let costs = |out: &Path| annotated(out, inclusive).map(|text| read(&text));
        let costs = a_call(&costs(&self.once)?, &costs(&self.twice)?, self.workload);
        ensure!(!costs.is_empty(), "callgrind_annotate lists no functions");
        let name = &self.workload.name;
        println!("\nInstructions of a call of {name}, in each function {about}:");
        for (function, cost) in costs.iter().take(SHOWN) {
            println!("{cost:>9}  {function}");
        }
        Ok(())
    }
}

fn annotated(out: &Path, inclusive: &str) -> Result<String> {
    let annotated = Task::new("callgrind_annotate")
        .args(["--auto=no", "--threshold=100", "--show-percs=no"])
        .args([format!("--inclusive={inclusive}")])
        .args([out])
        .output()?;
    Ok(annotated.success()?.stdout)
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

/// Files and functions. Where both are the same, generic code was compiled several times.
fn by_itself(text: &str) -> Costs {
    let mut costs = Costs::new();
    for (count, file, function) in lines(text) {
        *costs.entry(format!("{file}: {function}")).or_default() += count;
    }
    costs
}

/// Functions, each once, without those that only lead to the work.
fn with_all(text: &str) -> Costs {
    let mut costs = Costs::new();
    for (count, _, function) in lines(text) {
        let cost = costs.entry(function.to_owned()).or_default();
        *cost = count.max(*cost);
    }
    costs.retain(|function, _| {
        let is_start = [
            "std::rt::",
            "std::sys::",
            "core::ops::",
            "instructions::",
            "0x",
        ];
        !is_start.iter().any(|it| function.starts_with(it)) && !function.contains("main")
    });
    costs
}

/// What `1,234 file:function [program]` says, in each such line.
fn lines(text: &str) -> impl Iterator<Item = (i64, &str, &str)> {
    text.lines().filter_map(|line| {
        let (count, rest) = line.trim().split_once(' ')?;
        let count = count.replace(',', "").parse().ok()?;
        let (file, function) = rest.trim().split_once(':')?;
        // In which folder a dependency is says nothing.
        let file = file.rsplit_once("/src/").map_or(file, |it| it.1);
        let function = function.rsplit_once(" [").map_or(function, |it| it.0);
        Some((count, file, function))
    })
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
        let shown = a_call(&by_itself(ONCE), &by_itself(&twice), &workload);
        let wanted = [("???: one", 100), ("de.rs: <T as U>::two", 4)];
        let wanted = wanted.map(|(function, cost)| (function.to_owned(), cost));
        assert_eq!(shown, wanted);
    }
    #[test]
    fn what_came_from_several_files_is_counted_once() {
        let text = "900 a.rs:one [p]\n900 b.rs:one [p]\n900 main.rs:instructions::main [p]\n";
        let wanted = Costs::from([("one".to_owned(), 900)]);
        assert_eq!(with_all(text), wanted);
        assert_eq!(by_itself(text).len(), 3);
    }
}
