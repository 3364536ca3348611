//! Fuzzing: `cargo xtask fuzz [--minutes N] [target…]`.
//!
//! It takes libFuzzer, through cargo-fuzz, which wants flags of the compiler that are not
//! stable: a nightly toolchain if there is one, and otherwise the one in use, told to take
//! them all the same. What the targets are is in `fuzz/`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use crate::outcome::{Outcome, Report};
use crate::run::{Task, tail};
use crate::workspace::Workspace;

/// The one place that names its version.
const VERSION: &str = "0.13.2";
const MINUTES: u64 = 10;
/// The longest input that is made; what is sent over a network is mostly shorter.
const LONGEST: usize = 4096;
/// How long a run may take beyond its time: a build, or an input that hangs.
const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    minutes: u64,
    targets: Vec<String>,
}

pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Outcome {
    let wanted = Wanted::read(args, &targets(workspace)?)?;
    ensure!(
        Task::new("c++").args(["--version"]).output().is_ok(),
        "libFuzzer is C++, and there is no compiler for it: install `g++` or `clang`"
    );
    let program = install(workspace)?;
    let mut notes = Vec::new();
    for target in &wanted.targets {
        println!("{target}, for {} min", wanted.minutes);
        let note = fuzz(workspace, &program, target, wanted.minutes)?;
        println!("{note}");
        notes.push(note);
    }
    Ok(Report::with_notes(notes))
}

impl Wanted {
    fn read(args: &[String], known: &[String]) -> Result<Self> {
        let mut wanted = Self {
            minutes: MINUTES,
            targets: Vec::new(),
        };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            if arg == "--minutes" {
                let minutes = args.next().and_then(|text| text.parse().ok());
                wanted.minutes = minutes
                    .filter(|minutes| *minutes > 0)
                    .context("`--minutes` takes a number, such as `--minutes 60`")?;
            } else if known.contains(arg) {
                wanted.targets.push(arg.clone());
            } else {
                bail!("there is no target `{arg}`; there are {}", known.join(", "));
            }
        }
        if wanted.targets.is_empty() {
            wanted.targets = known.to_vec();
        }
        Ok(wanted)
    }
}

/// The targets, by the names of their files.
fn targets(workspace: &Workspace) -> Result<Vec<String>> {
    let folder = workspace.root.join("fuzz/fuzz_targets");
    let entries = folder.read_dir().context("there are no fuzz targets")?;
    let mut names = Vec::new();
    for entry in entries {
        let path = entry?.path();
        names.extend(path.file_stem().map(|it| it.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

/// Fuzzes one target, and says how often it ran. Inputs that are kept for the next time
/// stay in the build folder; those that are checked in are only read.
fn fuzz(workspace: &Workspace, program: &Path, target: &str, minutes: u64) -> Result<String> {
    let home = workspace.target.join("fuzz");
    let (grown, found) = (
        home.join("corpus").join(target),
        home.join("artifacts").join(target),
    );
    for folder in [&grown, &found] {
        std::fs::create_dir_all(folder).context("the build folder cannot be written to")?;
    }
    let seeds = workspace.root.join("fuzz/corpus").join(target);
    let (name, value) = toolchain();
    let output = Task::new(program)
        .args(["run", "--target-dir"])
        .args([&home])
        .args([target])
        .args([&grown, &seeds])
        .args(["--", "-timeout=30", "-print_final_stats=1"])
        .args([
            format!("-max_total_time={}", minutes * 60),
            format!("-max_len={LONGEST}"),
            format!("-artifact_prefix={}/", found.display()),
        ])
        .dir(&workspace.root)
        .without_own_package()
        .without_env("CARGO")
        .env(name, value)
        .limit(Duration::from_secs(minutes * 60) + PATIENCE)
        .output()?;
    if !output.status.success() {
        bail!(
            "{}\n`{target}` was broken, or could not be run; its end is above. An input that \
             breaks it is in {}: put it into fuzz/corpus/{target}, under a name that says \
             what it is",
            tail(&output.stderr),
            found.display()
        );
    }
    let runs = executions(&output.stderr).context("libFuzzer does not say how often it ran")?;
    Ok(format!(
        "{target}: {minutes} min, {runs} executions, nothing found"
    ))
}

/// What makes the compiler take the flags of the fuzzer.
fn toolchain() -> (&'static str, &'static str) {
    let nightly = Task::new("rustup")
        .args(["run", "nightly", "rustc", "--version"])
        .output();
    match nightly {
        Ok(output) if output.status.success() => ("RUSTUP_TOOLCHAIN", "nightly"),
        _ => ("RUSTC_BOOTSTRAP", "1"),
    }
}

/// How often the target ran, as libFuzzer says at the end.
fn executions(output: &str) -> Option<u64> {
    let mut lines = output.lines();
    let count = lines.find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    count?.trim().parse().ok()
}

/// Builds cargo-fuzz once, unoptimised.
fn install(workspace: &Workspace) -> Result<PathBuf> {
    let tools = workspace.target.join("tools");
    let program = tools.join("bin").join("cargo-fuzz");
    if let Ok(output) = Task::new(&program).args(["--version"]).output()
        && output.stdout.trim() == format!("cargo-fuzz {VERSION}")
    {
        return Ok(program);
    }
    let build = tools.join("build-fuzz");
    workspace
        .cargo(["install", "cargo-fuzz", "--version", VERSION, "--locked"])
        .args(["--debug", "--force"])
        .args(["--root".as_ref(), tools.as_os_str()])
        .env("CARGO_TARGET_DIR", &build)
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_INCREMENTAL", "0")
        .run()
        .context("cargo-fuzz could not be built")?;
    std::fs::remove_dir_all(&build)
        .context("the build folder of cargo-fuzz could not be removed")?;
    Ok(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &[&str]) -> Result<Wanted> {
        let own = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        Wanted::read(&own(args), &own(&["decode", "cursors"]))
    }

    #[test]
    fn targets_and_minutes_are_read_in_any_order() {
        let wanted = read(&["cursors", "--minutes", "60"]).unwrap();
        assert_eq!((wanted.minutes, &*wanted.targets[0]), (60, "cursors"));
        let wanted = read(&[]).unwrap();
        assert_eq!((wanted.minutes, wanted.targets.len()), (10, 2));
        for bad in [&["decod"][..], &["--minutes"], &["--minutes", "0"]] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_count_is_read_from_among_other_lines() {
        let output = "Done 7 runs\nstat::number_of_executed_units: 77\nstat::x: 1\n";
        assert_eq!(executions(output), Some(77));
        assert_eq!(executions(""), None);
    }

    #[test]
    fn every_target_has_inputs_and_a_program() {
        let workspace = Workspace::find();
        let manifest = std::fs::read_to_string(workspace.root.join("fuzz/Cargo.toml")).unwrap();
        for target in targets(&workspace).unwrap() {
            assert!(workspace.root.join("fuzz/corpus").join(&target).is_dir());
            assert!(
                manifest.contains(&format!("name = \"{target}\"")),
                "{target}"
            );
        }
    }
}
