//! A target, and whether it was reached.

use serde_json::{Value, json};

/// A target, and how far it was reached.
#[derive(Debug)]
pub(in crate::bench) struct Verdict {
    pub(super) workload: &'static str,
    pub(super) what: String,
    pub(super) got: f64,
    pub(super) bound: f64,
    pub(super) at_least: bool,
    pub(super) digits: usize,
    pub(super) unit: &'static str,
}

impl Verdict {
    fn held(&self) -> bool {
        match self.at_least {
            true => self.got >= self.bound,
            false => self.got <= self.bound,
        }
    }

    fn show(&self, value: f64) -> String {
        let space = if self.unit.is_empty() { "" } else { " " };
        format!("{value:.*}{space}{}", self.digits, self.unit)
    }

    fn wanted(&self) -> String {
        let sign = if self.at_least { "≥" } else { "≤" };
        format!("{sign} {}", self.show(self.bound))
    }

    fn judgement(&self) -> String {
        let word = if self.held() { "held" } else { "missed" };
        format!("{word} by {}", self.show((self.got - self.bound).abs()))
    }

    /// For the end of the run.
    pub(in crate::bench) fn line(&self) -> String {
        format!(
            "{}: {}: {}, target {}: {}",
            self.workload,
            self.what,
            self.show(self.got),
            self.wanted(),
            self.judgement()
        )
    }
}

/// The table of all of them.
pub(in crate::bench) fn rows(verdicts: &[Verdict]) -> Vec<Vec<String>> {
    let header = ["workload and figure", "target", "reached", "and so"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    rows.extend(verdicts.iter().map(|it| {
        vec![
            format!("{}: {}", it.workload, it.what),
            it.wanted(),
            it.show(it.got),
            it.judgement(),
        ]
    }));
    rows
}

pub(in crate::bench) fn json(verdicts: &[Verdict]) -> Value {
    let all = verdicts.iter().map(|it| {
        json!({
            "workload": it.workload, "what": it.what, "reached": it.got, "target": it.bound,
            "at_least": it.at_least, "unit": it.unit, "held": it.held(),
        })
    });
    all.collect()
}
