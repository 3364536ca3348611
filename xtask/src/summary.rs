//! Runs parts one after the other and says what came of each.

use std::collections::HashMap;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::anyhow;

use crate::Part;
use crate::namespace;
use crate::outcome::Outcome;
use crate::workspace::Workspace;

/// Runs every part, also after a failure, so that one run shows all that is wrong.
pub(crate) fn run<'a>(
    workspace: &Workspace,
    parts: impl Iterator<Item = &'a Part> + Clone,
    args: &[String],
) -> ExitCode {
    let start = Instant::now();
    let rows = thread::scope(|scope| {
        let early = parts.clone().filter(|part| part.waits);
        let early: Vec<_> = early
            .map(|part| (part.name, scope.spawn(|| row(workspace, part, args))))
            .collect();
        let mut early: HashMap<_, _> = early.into_iter().collect();
        let rows = parts.map(|part| {
            println!("\n== {}: {}", part.name, part.about);
            let row = match early.remove(part.name) {
                Some(begun) => begun.join().unwrap_or_else(|_| Row::panicked(part)),
                None => row(workspace, part, args),
            };
            println!("== {}", row.line());
            row
        });
        rows.collect::<Vec<_>>()
    });
    print(&rows, start.elapsed())
}

/// Runs a part.
fn row(workspace: &Workspace, part: &Part, args: &[String]) -> Row {
    let began = Instant::now();
    let outcome = (part.run)(workspace, args);
    Row {
        name: part.name,
        time: began.elapsed(),
        outcome,
    }
}

#[derive(Debug)]
struct Row {
    name: &'static str,
    time: Duration,
    outcome: Outcome,
}

impl Row {
    fn panicked(part: &Part) -> Self {
        Self {
            name: part.name,
            time: Duration::ZERO,
            outcome: Err(anyhow!("it panicked; what it said is above")),
        }
    }

    fn line(&self) -> String {
        let word = match &self.outcome {
            Err(_) => "FAILED",
            Ok(report) if report.skipped.is_some() => "skipped",
            Ok(_) => "passed",
        };
        format!(
            "{:<12} {word:<8} {:>7.1} s",
            self.name,
            self.time.as_secs_f64()
        )
    }
}

fn print(rows: &[Row], total: Duration) -> ExitCode {
    println!("\n== summary, {:.1} s in all", total.as_secs_f64());
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for row in rows {
        println!("{}", row.line());
        match &row.outcome {
            Err(error) => {
                failed += 1;
                println!("    {}", format!("{error:#}").replace('\n', "\n    "));
            }
            Ok(report) => {
                match &report.skipped {
                    Some(reason) => {
                        skipped += 1;
                        println!("    skipped: {reason}");
                    }
                    None => passed += 1,
                }
                for note in &report.notes {
                    println!("    {note}");
                }
            }
        }
    }
    // Whoever started us inside of a namespace has a closing line of its own.
    if !namespace::is_inside() {
        println!("{passed} passed, {failed} failed, {skipped} skipped");
    }
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
