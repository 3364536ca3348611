//! What is recorded, and how far what is counted may be from it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::conditions::Conditions;

/// How many percent more or less a call may cost than is recorded. Two runs of the same
/// program differ by less than half a percent.
const ALLOWED: f64 = 5.0;

/// Instructions a call, of each workload.
#[derive(Debug, Default)]
pub(super) struct Baseline {
    pub(super) instructions: BTreeMap<String, u64>,
    pub(super) measured_with: Conditions,
}

impl Baseline {
    pub(super) fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| {
            format!(
                "{} could not be read; record counts with `cargo xtask instructions --update`",
                file.display()
            )
        })?;
        Self::parse(&text).with_context(|| format!("{}", file.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text)?;
        let counts = value["instructions"].as_object();
        let counts = counts.context("there are no `instructions`")?;
        let count = |(name, count): (&String, &Value)| {
            let count = count.as_u64().filter(|count| *count > 0);
            let count = count.with_context(|| format!("the count of `{name}` is no number"));
            count.map(|count| (name.clone(), count))
        };
        Ok(Self {
            instructions: counts.iter().map(count).collect::<Result<_>>()?,
            measured_with: Conditions::from_json(&value["measured_with"])?,
        })
    }

    /// A line for each workload, sorted.
    pub(super) fn write(&self, file: &Path) -> Result<()> {
        let value = json!({
            "instructions": self.instructions,
            "measured_with": self.measured_with.to_json(),
        });
        std::fs::write(file, format!("{value:#}\n"))
            .with_context(|| format!("{} could not be written", file.display()))
    }

    /// Holds what is counted now against this.
    pub(super) fn compare(&self, now: &Self) -> Comparison {
        let names: BTreeSet<&String> = self
            .instructions
            .keys()
            .chain(now.instructions.keys())
            .collect();
        let row = |name: &String| Row {
            name: name.clone(),
            recorded: self.instructions.get(name).copied(),
            now: now.instructions.get(name).copied(),
        };
        Comparison {
            rows: names.into_iter().map(row).collect(),
            other: self.measured_with.differences(&now.measured_with),
        }
    }
}

/// Every workload, recorded and now.
#[derive(Debug)]
pub(super) struct Comparison {
    rows: Vec<Row>,
    /// What else is not as it was.
    other: Vec<String>,
}

#[derive(Debug)]
struct Row {
    name: String,
    recorded: Option<u64>,
    now: Option<u64>,
}

impl Row {
    /// The change in percent; none where there is nothing to compare.
    fn change(&self) -> Option<f64> {
        let (recorded, now) = (self.recorded? as f64, self.now? as f64);
        Some((now - recorded) / recorded * 100.0)
    }

    fn is_within(&self) -> bool {
        self.change().is_some_and(|it| it.abs() <= ALLOWED)
    }

    fn line(&self) -> String {
        let count = |count: Option<u64>| count.map_or_else(|| "–".to_owned(), |it| it.to_string());
        let change = match (self.change(), self.recorded) {
            (Some(change), _) => format!("{change:+.1} %"),
            (None, None) => "is not recorded".to_owned(),
            (None, Some(_)) => "is not there any more".to_owned(),
        };
        format!(
            "{:<16} {:>9} recorded {:>9} now  {change}",
            self.name,
            count(self.recorded),
            count(self.now)
        )
    }
}

impl Comparison {
    pub(super) fn table(&self) -> String {
        let lines: Vec<String> = self.rows.iter().map(Row::line).collect();
        format!("Instructions a call:\n{}", lines.join("\n"))
    }

    /// Says how close it is, or fails with what is too far.
    pub(super) fn judge(&self) -> Result<String> {
        let wrong: Vec<&Row> = self.rows.iter().filter(|row| !row.is_within()).collect();
        let Some(first) = wrong.first() else {
            let changes = self.rows.iter().filter_map(Row::change);
            let most = changes.max_by(|a, b| a.abs().total_cmp(&b.abs()));
            return Ok(format!(
                "{} workloads, none further than {:.1} % from what is recorded",
                self.rows.len(),
                most.unwrap_or_default().abs()
            ));
        };
        let lines: Vec<String> = wrong.iter().map(|row| row.line()).collect();
        let other = self
            .other
            .iter()
            .map(|it| format!("\nThis alone may change counts: they were {it}."));
        bail!(
            "instructions a call are more than {ALLOWED} % from what is recorded:\n{}{}\n\
             `cargo xtask instructions --profile {}` shows where they go. If the change is meant, \
             record it with `cargo xtask instructions --update`, in a commit that says why",
            lines.join("\n"),
            other.collect::<String>(),
            first.name
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn baseline(counts: &[(&str, u64)]) -> Baseline {
        let counts = counts
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count));
        Baseline {
            instructions: counts.collect(),
            measured_with: Conditions::default(),
        }
    }

    fn judge(now: &[(&str, u64)]) -> Result<String> {
        let recorded = baseline(&[("call", 2000), ("decode", 1000)]);
        recorded.compare(&baseline(now)).judge()
    }

    #[test]
    fn five_percent_are_allowed_either_way() {
        let note = judge(&[("call", 2100), ("decode", 950)]).unwrap();
        assert!(
            note.contains("2 workloads") && note.contains("5.0 %"),
            "{note}"
        );
    }

    #[test]
    fn more_fails_with_the_numbers() {
        let error = judge(&[("call", 2102), ("decode", 1000)])
            .unwrap_err()
            .to_string();
        for part in [
            "call",
            "2000 recorded",
            "2102 now",
            "+5.1 %",
            "--update",
            "says why",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
        assert!(!error.contains("decode"), "{error}");
    }

    #[test]
    fn less_fails_so_that_the_baseline_moves() {
        let error = judge(&[("call", 2000), ("decode", 900)])
            .unwrap_err()
            .to_string();
        assert!(error.contains("-10.0 %"), "{error}");
        assert!(error.contains("--profile decode"), "{error}");
    }

    #[test]
    fn a_workload_that_only_one_side_has_fails() {
        let error = judge(&[("call", 2000)]).unwrap_err().to_string();
        assert!(
            error.contains("decode") && error.contains("not there any more"),
            "{error}"
        );
        let now = [("call", 2000), ("decode", 1000), ("encode", 7)];
        let error = judge(&now).unwrap_err().to_string();
        assert!(
            error.contains("encode") && error.contains("is not recorded"),
            "{error}"
        );
        assert!(judge(&[]).is_err());
    }

    #[test]
    fn a_failure_says_that_the_compiler_is_another() {
        let mut recorded = baseline(&[("call", 100)]);
        recorded.measured_with.rustc = "rustc 1".to_owned();
        let mut now = baseline(&[("call", 110)]);
        now.measured_with.rustc = "rustc 2".to_owned();
        let error = recorded.compare(&now).judge().unwrap_err().to_string();
        assert!(
            error.contains("recorded with rustc 1, and this is rustc 2"),
            "{error}"
        );
    }

    #[test]
    fn what_is_written_is_read_again_a_line_for_each() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("baseline.json");
        baseline(&[("call", 2000), ("decode", 1000)])
            .write(&file)
            .unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(
            text.contains("\n    \"call\": 2000,\n    \"decode\": 1000\n"),
            "{text}"
        );
        let read = Baseline::read(&file).unwrap();
        assert_eq!(read.instructions.len(), 2);
        assert!(Baseline::parse(&text.replace("1000", "0")).is_err());
        assert!(Baseline::parse(&text.replace("rustc", "rusty")).is_err());
    }
}
