//! The tables, as a person reads them.

use std::path::Path;

use anyhow::{Context as _, Result};

use super::results::{Results, Row, Table};
use super::targets::{self, Verdict};
use super::workload::Figure;
use super::{Bench, picture};

/// What is written, into the folder of whole runs or of those that left something out.
pub(super) const TABLES: &str = "report.md";
pub(super) const PICTURE: &str = "bench.svg";
const NUMBERS: &str = "results.json";

/// Writes the tables, the picture and the numbers, and returns what to tell about them.
pub(super) fn write(bench: &Bench<'_>, results: &Results) -> Result<Vec<String>> {
    let folder = if results.full {
        bench.home.clone()
    } else {
        bench.home.join("partial")
    };
    std::fs::create_dir_all(&folder).context("the build folder cannot be written to")?;
    let verdicts = targets::judge(results);
    let json = results.json(targets::json(&verdicts));
    let json = serde_json::to_string_pretty(&json)? + "\n";
    put(&folder, NUMBERS, &json)?;
    put(&folder, PICTURE, &picture::draw(results))?;
    put(&folder, TABLES, &whole(results, &verdicts))?;
    let mut notes: Vec<String> = verdicts.iter().map(Verdict::line).collect();
    for name in [TABLES, PICTURE, NUMBERS] {
        let path = folder.join(name);
        let path = path.strip_prefix(&bench.workspace.root).unwrap_or(&path);
        notes.push(format!("written: {}", path.display()));
    }
    Ok(notes)
}

fn put(folder: &Path, name: &str, text: &str) -> Result<()> {
    std::fs::write(folder.join(name), text).with_context(|| format!("writing {name}"))
}

/// Everything, in Markdown.
fn whole(results: &Results, verdicts: &[Verdict]) -> String {
    let mut text = machine(results);
    if !verdicts.is_empty() {
        text.push_str("\n### Targets\n\n");
        text.push_str(&grid(&targets::rows(verdicts)));
    }
    for table in &results.tables {
        text.push_str(&self::table(table, "###"));
    }
    text
}

fn machine(results: &Results) -> String {
    let machine = &results.machine;
    let versions = machine.versions.iter().filter(|(_, it)| !it.is_empty());
    let versions = versions.map(|(name, version)| {
        // Some say their own name, and some do not.
        let named = version.starts_with(name) || version.contains(' ');
        if named {
            version.clone()
        } else {
            format!("{name} {version}")
        }
    });
    format!(
        "Measured on {}, commit {}: {}, {} cores, {} MiB of memory, Linux {}, load {} before. \
         Rounds: {}, of {} s. Medians, and the least and the most of the rounds.\n\n\
         Versions: {}.\n",
        machine.date,
        machine.commit,
        machine.processor,
        machine.cores,
        machine.memory_mib,
        machine.kernel,
        machine.load,
        results.rounds,
        results.seconds,
        versions.collect::<Vec<_>>().join("; ")
    )
}

/// A workload under a heading.
pub(super) fn table(table: &Table, heading: &str) -> String {
    let mut rows = vec![header(table)];
    rows.extend(table.rows.iter().map(|row| cells(table, row)));
    let mut text = format!("\n{heading} {}: {}\n\n", table.workload, table.title);
    text.push_str(&grid(&rows));
    for row in &table.rows {
        for remark in [&row.left_out, &row.problem, &row.note]
            .into_iter()
            .flatten()
        {
            text.push_str(&format!("\n- {}: {}", row.name, one_line(remark)));
        }
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

fn header(table: &Table) -> Vec<String> {
    let mut cells = vec![String::new()];
    for (index, figure) in table.figures.iter().enumerate() {
        cells.push(figure.title.to_owned());
        if index == 0 {
            cells.push("least to most".to_owned());
        }
        if figure.to_floor {
            cells.push("of the floor".to_owned());
        }
    }
    cells.extend(["looked at".to_owned(), "failed".to_owned()]);
    cells
}

fn cells(table: &Table, row: &Row) -> Vec<String> {
    let mut cells = vec![row.name.to_owned()];
    for (index, figure) in table.figures.iter().enumerate() {
        let spread = row.spread(figure.key);
        let show = |value: Option<f64>| value.map_or("–".to_owned(), |it| number(figure, it));
        cells.push(show(spread.map(|it| it.median)));
        if index == 0 {
            let least = show(spread.map(|it| it.min));
            cells.push(match spread {
                Some(spread) => format!("{least} to {}", show(Some(spread.max))),
                None => least,
            });
        }
        if figure.to_floor {
            let ratio = table.ratio(row.subject, figure.key);
            cells.push(ratio.map_or("–".to_owned(), |it| format!("{:.3}", it.median)));
        }
    }
    cells.extend([row.checked, row.failed].map(|count| grouped(&count.to_string())));
    cells
}

/// With commas, as large numbers are read.
pub(super) fn number(figure: &Figure, value: f64) -> String {
    grouped(&figure.show(value))
}

fn grouped(text: &str) -> String {
    let (whole, rest) = match text.split_once('.') {
        Some((whole, rest)) => (whole, format!(".{rest}")),
        None => (text, String::new()),
    };
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) && grouped != "-" {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + &rest
}

/// A table in Markdown, whose columns stand under each other in a terminal, too.
fn grid(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
            .max(3)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        for (column, cell) in row.iter().enumerate() {
            let width = widths[column];
            let padded = if column == 0 {
                format!("| {cell:<width$} ")
            } else {
                format!("| {cell:>width$} ")
            };
            text.push_str(&padded);
        }
        text.push_str("|\n");
        if index == 0 {
            for (column, width) in widths.iter().enumerate() {
                let dashes = "-".repeat(*width);
                let right = if column == 0 { ' ' } else { ':' };
                text.push_str(&format!("| {}{right}", &dashes));
            }
            text.push_str("|\n");
        }
    }
    text
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::workload::{self, Workload};

    fn workload(id: &str) -> &'static Workload {
        workload::ALL.iter().find(|it| it.id == id).unwrap()
    }

    #[test]
    fn a_row_has_its_median_its_spread_and_its_share() {
        let mut table = Table::new(workload("a"));
        for (subject, rates) in [("floor", [1e5, 2e5, 1.5e5]), ("ours", [9e4, 1e5, 1.2e5])] {
            let mut row = Row {
                subject,
                name: subject,
                ..Row::default()
            };
            rates.iter().for_each(|rate| row.push("rate", *rate));
            table.rows.push(row);
        }
        table.rows.push(Row {
            subject: "me",
            name: "me",
            left_out: Some("it cannot".to_owned()),
            ..Row::default()
        });
        let text = self::table(&table, "###");
        let line = text
            .lines()
            .find(|line| line.starts_with("| ours"))
            .unwrap();
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        assert_eq!(
            cells[2..5],
            ["100,000", "90,000 to 120,000", "0.800"],
            "{text}"
        );
        assert!(text.contains("- me: it cannot"), "{text}");
    }

    #[test]
    fn numbers_are_grouped() {
        let figure = &workload("a").figures[0];
        assert_eq!(number(figure, 1_234_567.0), "1,234,567");
        assert_eq!(number(figure, 999.0), "999");
        assert_eq!(number(figure, -1000.0), "-1,000");
        assert_eq!(number(&workload("j").figures[0], 1234.5), "1,234.50");
    }

    #[test]
    fn every_line_of_a_grid_is_as_wide() {
        let own = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let text = grid(&[own(["", "µs"]), own(["long name", "1"])]);
        let widths: Vec<usize> = text.lines().map(|line| line.chars().count()).collect();
        assert!(widths.iter().all(|it| *it == widths[0]), "{text}");
        assert_eq!(widths.len(), 3);
    }
}
