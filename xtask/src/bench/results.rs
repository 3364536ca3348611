//! What was measured, as it is kept.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::{Value, json};

use super::machine::Machine;
use super::options::Options;
use super::sample::Spread;
use super::subject::{Place, Subject};
use super::workload::{Better, Figure, Workload};

/// A whole run.
#[derive(Debug)]
pub(super) struct Results {
    pub(super) machine: Machine,
    pub(super) rounds: usize,
    pub(super) seconds: u64,
    /// Every workload and every subject.
    pub(super) full: bool,
    pub(super) tables: Vec<Table>,
}

/// What came of a workload.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) workload: &'static str,
    pub(super) title: &'static str,
    pub(super) figures: &'static [Figure],
    pub(super) rows: Vec<Row>,
}

/// What came of a subject in it.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) subject: &'static str,
    pub(super) name: &'static str,
    /// By the key of a figure, a value for each round.
    pub(super) series: BTreeMap<&'static str, Vec<f64>>,
    /// Answers that were not 2xx, connections that broke, and answers that said the wrong.
    pub(super) failed: u64,
    /// How many answers were looked at.
    pub(super) checked: u64,
    pub(super) note: Option<String>,
    /// Why there are no figures.
    pub(super) left_out: Option<String>,
    /// What went wrong, which fails the run. Where it could not be measured at all, there are
    /// no figures.
    pub(super) problem: Option<String>,
}

impl Results {
    pub(super) fn new(machine: Machine, options: &Options) -> Self {
        Self {
            machine,
            rounds: options.rounds,
            seconds: options.seconds,
            full: options.is_full(),
            tables: Vec::new(),
        }
    }

    pub(super) fn table(&self, workload: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.workload == workload)
    }

    pub(super) fn json(&self, targets: Value) -> Value {
        json!({
            "machine": self.machine.json(),
            "rounds": self.rounds,
            "seconds": self.seconds,
            "full": self.full,
            "workloads": self.tables.iter().map(Table::json).collect::<Vec<_>>(),
            "targets": targets,
        })
    }
}

impl Table {
    pub(super) fn new(workload: &Workload) -> Self {
        Self {
            workload: workload.id,
            title: workload.title,
            figures: workload.figures,
            rows: Vec::new(),
        }
    }

    /// Makes a row for a subject, where it is to have one.
    pub(super) fn add(&mut self, subject: &Subject, workload: &Workload) -> Option<&mut Row> {
        let left_out = match subject.place(workload.id) {
            Place::None => return None,
            Place::LeftOut(reason) => Some(reason.to_owned()),
            Place::Measured => None,
        };
        self.rows.push(Row {
            subject: subject.id,
            name: subject.name,
            left_out,
            note: subject.note(workload.id),
            ..Row::default()
        });
        self.rows.last_mut()
    }

    pub(super) fn row(&self, subject: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.subject == subject)
    }

    pub(super) fn spread(&self, subject: &str, key: &str) -> Option<Spread> {
        self.row(subject)?.spread(key)
    }

    /// The share of the floor that a subject has, round by round.
    pub(super) fn ratio(&self, subject: &str, key: &str) -> Option<Spread> {
        let floor = self.row("floor")?.series.get(key)?;
        Spread::of_ratios(self.row(subject)?.series.get(key)?, floor)
    }

    /// How much a subject is above the floor, round by round.
    pub(super) fn above(&self, subject: &str, key: &str) -> Option<Spread> {
        let floor = self.row("floor")?.series.get(key)?;
        Spread::of_differences(self.row(subject)?.series.get(key)?, floor)
    }

    /// What the run fails for.
    pub(super) fn problems(&self) -> Vec<String> {
        let problem = |row: &Row| {
            let text = row
                .problem
                .clone()
                .or_else(|| (row.failed > 0).then(|| format!("{} answers failed", row.failed)))?;
            Some(format!(
                "workload {}, {}: {text}",
                self.workload, row.subject
            ))
        };
        self.rows.iter().filter_map(problem).collect()
    }

    fn json(&self) -> Value {
        let figures = self.figures.iter().map(|figure| {
            let better = match figure.better {
                Better::More => "more",
                Better::Less => "less",
                Better::Neither => "neither",
            };
            json!({"key": figure.key, "title": figure.title, "better": better})
        });
        json!({
            "id": self.workload,
            "title": self.title,
            "figures": figures.collect::<Vec<_>>(),
            "rows": self.rows.iter().map(|row| self.row_json(row)).collect::<Vec<_>>(),
        })
    }

    fn row_json(&self, row: &Row) -> Value {
        let spread =
            |spread: Spread| json!({"median": spread.median, "min": spread.min, "max": spread.max});
        let series = row.series.iter().map(|(key, values)| {
            let figure = json!({
                "rounds": values,
                "spread": Spread::of(values).map(spread),
                "to_floor": self.ratio(row.subject, key).map(spread),
            });
            ((*key).to_owned(), figure)
        });
        json!({
            "subject": row.subject,
            "name": row.name,
            "figures": Value::Object(series.collect()),
            "failed": row.failed,
            "checked": row.checked,
            "note": row.note,
            "left_out": row.left_out,
            "problem": row.problem,
        })
    }
}

impl Row {
    pub(super) fn push(&mut self, key: &'static str, value: f64) {
        self.series.entry(key).or_default().push(value);
    }

    pub(super) fn spread(&self, key: &str) -> Option<Spread> {
        Spread::of(self.series.get(key)?)
    }

    /// Keeps what went wrong instead of figures, so that the others are measured.
    pub(super) fn unless_it_fails<T>(&mut self, result: Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                let text = format!("{error:#}");
                println!("{}: {text}", self.subject);
                self.series.clear();
                self.problem = Some(text);
                None
            }
        }
    }

    /// The newest figures, for who watches the run.
    pub(super) fn last(&self, workload: &Workload) -> String {
        let figures = workload.figures.iter().filter_map(|figure| {
            let value = self.series.get(figure.key)?.last()?;
            Some(format!("{} {}", figure.show(*value), figure.title))
        });
        let figures: Vec<String> = figures.collect();
        format!("{}: {}", self.subject, figures.join(", "))
    }
}
