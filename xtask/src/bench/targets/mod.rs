//! What is to be reached, and whether it was.

mod verdict;

use super::results::{Results, Table};
use super::workload::{Better, Figure};

pub(super) use verdict::{Verdict, json, rows};

/// Judges whatever was measured.
pub(super) fn judge(results: &Results) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for table in &results.tables {
        verdicts.extend(of(table));
        verdicts.extend(best_peers(table));
    }
    if let (Some(table), Some(verdict)) = (results.table("i-32"), beside_rmcp(results)) {
        let at = verdicts.iter().position(|it| it.workload == table.workload);
        verdicts.insert(at.unwrap_or(verdicts.len()), verdict);
    }
    verdicts
}

/// Whether a bound is from below or from above.
const LEAST: bool = true;
const MOST: bool = false;

/// The targets of one workload, as far as there are figures.
fn of(table: &Table) -> Vec<Verdict> {
    let workload = table.workload;
    let verdict = |what: &str, got: Option<f64>, at_least, bound, digits, unit| {
        Some(Verdict {
            workload,
            what: what.to_owned(),
            got: got?,
            bound,
            at_least,
            digits,
            unit,
        })
    };
    let ratio = |subject, key| table.ratio(subject, key).map(|it| it.median);
    let above = |key| table.above("ours", key).map(|it| it.median);
    let median = |key| table.spread("ours", key).map(|it| it.median);
    let share = |what, subject, bound| verdict(what, ratio(subject, "rate"), LEAST, bound, 3, "");
    let all = match workload {
        "a" | "b" => vec![
            share("`async fn`, share of the floor", "ours", 0.80),
            share("plain `fn`, share of the floor", "ours-plain", 0.40),
        ],
        "c-modern-1" | "c-legacy-1" => {
            vec![verdict("added p50", above("p50"), MOST, 3.0, 1, "µs")]
        }
        "c-modern-2" | "c-legacy-2" => {
            let got = ratio("ours", "p99");
            vec![verdict(
                "p99 as a multiple of the floor's",
                got,
                MOST,
                1.5,
                2,
                "",
            )]
        }
        "d" => vec![share("share of the floor", "ours", 0.80)],
        "e" | "g" => vec![share("share of the floor", "ours", 0.70)],
        "f" => vec![share("share of the floor", "ours", 0.90)],
        "h" => {
            let all = multiple(table, "p99");
            let worst = multiple(table, "worst");
            vec![
                verdict("opened a second", median("rate"), LEAST, 20_000.0, 0, ""),
                verdict("resident", median("bytes"), MOST, 512.0, 0, "bytes"),
                verdict(
                    "p99 of all as a multiple of the first 1,000's",
                    all,
                    MOST,
                    5.0,
                    2,
                    "",
                ),
                verdict(
                    "p99 of the worst 1,000 as a multiple of the first's",
                    worst,
                    MOST,
                    5.0,
                    2,
                    "",
                ),
            ]
        }
        "i-1" => vec![share("share of a line echo", "ours", 0.80)],
        "j" => vec![
            verdict(
                "start as a multiple of the floor's",
                ratio("ours", "start"),
                MOST,
                1.5,
                2,
                "",
            ),
            verdict(
                "memory as a multiple of the floor's",
                ratio("ours", "memory"),
                MOST,
                2.0,
                2,
                "",
            ),
        ],
        "j-size" => vec![verdict(
            "default features",
            median("mib"),
            MOST,
            6.0,
            2,
            "MiB",
        )],
        "build" => table
            .figures
            .iter()
            .map(|figure| {
                let rmcp = table.spread("rmcp", figure.key)?.median;
                let got = median(figure.key);
                let what = format!("{}, beside rmcp's", figure.title);
                verdict(&what, got, MOST, rmcp, figure.digits, "")
            })
            .collect(),
        _ => Vec::new(),
    };
    all.into_iter().flatten().collect()
}

/// How much worse a time is than that of the first thousand, in the same round.
fn multiple(table: &Table, key: &str) -> Option<f64> {
    let row = table.row("ours")?;
    let (values, first) = (row.series.get(key)?, row.series.get("first")?);
    super::sample::Spread::of_ratios(values, first).map(|it| it.median)
}

fn beside_rmcp(results: &Results) -> Option<Verdict> {
    let table = results.table("i-32")?;
    let rmcp = &table.row("rmcp")?.series.get("rate")?[..];
    let ours = table.row("ours")?.series.get("rate")?;
    let ratio = super::sample::Spread::of_ratios(ours, rmcp)?;
    Some(Verdict {
        workload: table.workload,
        what: "as a multiple of rmcp".to_owned(),
        got: ratio.median,
        bound: 5.0,
        at_least: LEAST,
        digits: 2,
        unit: "",
    })
}

/// Ours must be ahead of every peer in what subjects are compared by. What a call costs the
/// server says no more than its rate; building is compared with rmcp alone.
fn best_peers(table: &Table) -> Vec<Verdict> {
    let figures = table.figures.iter().enumerate().filter(|(index, figure)| {
        table.workload != "build"
            && figure.key != "cost"
            && (*index == 0 || figure.to_floor || figure.key == "bytes")
    });
    figures
        .filter_map(|(_, figure)| best_peer(table, figure))
        .collect()
}

fn best_peer(table: &Table, figure: &Figure) -> Option<Verdict> {
    let peers = table
        .rows
        .iter()
        .filter(|row| row.subject != "floor" && !row.subject.starts_with("ours"));
    let peers = peers.filter_map(|row| Some((row.name, row.spread(figure.key)?.median)));
    let ahead = |a: &f64, b: &f64| match figure.better {
        Better::Less => b.total_cmp(a),
        _ => a.total_cmp(b),
    };
    let (name, best) = peers.max_by(|a, b| ahead(&a.1, &b.1))?;
    Some(Verdict {
        workload: table.workload,
        what: format!("{}, beside the best peer ({name})", figure.title),
        got: table.spread("ours", figure.key)?.median,
        bound: best,
        at_least: figure.better == Better::More,
        digits: figure.digits,
        unit: "",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::results::Row;
    use crate::bench::workload;

    fn table(id: &str, rows: &[(&'static str, &'static str, f64)]) -> Table {
        let workload = workload::ALL.iter().find(|it| it.id == id).unwrap();
        let mut table = Table::new(workload);
        for (subject, key, value) in rows {
            if table.row(subject).is_none() {
                table.rows.push(Row {
                    subject,
                    name: subject,
                    ..Row::default()
                });
            }
            let row = table.rows.iter_mut().find(|it| it.subject == *subject);
            row.unwrap().push(key, *value);
        }
        table
    }

    fn lines(table: &Table) -> String {
        let verdicts = of(table).into_iter().chain(best_peers(table));
        verdicts.map(|it| it.line() + "\n").collect()
    }

    #[test]
    fn a_share_is_held_or_missed_by_so_much() {
        let rates = [("floor", "rate", 100.0), ("ours", "rate", 82.0)];
        let text = lines(&table("a", &rates));
        assert!(
            text.contains("0.820, target ≥ 0.800: held by 0.020"),
            "{text}"
        );
        assert!(!text.contains("plain"), "{text}");
        let text = lines(&table("f", &rates));
        assert!(text.contains("missed by 0.080"), "{text}");
    }

    #[test]
    fn a_time_is_bounded_from_above() {
        let times = [
            ("floor", "p50", 20.0),
            ("ours", "p50", 24.5),
            ("rmcp", "p50", 60.0),
        ];
        let text = lines(&table("c-modern-1", &times));
        assert!(
            text.contains("added p50: 4.5 µs, target ≤ 3.0 µs: missed by 1.5 µs"),
            "{text}"
        );
        assert!(
            text.contains("best peer (rmcp): 24, target ≤ 60: held"),
            "{text}"
        );
    }

    #[test]
    fn sessions_are_judged_by_their_rate_their_size_and_their_worst_thousand() {
        let figures = [
            ("ours", "rate", 30_000.0),
            ("ours", "bytes", 600.0),
            ("ours", "first", 100.0),
            ("ours", "p99", 90.0),
            ("ours", "worst", 550.0),
        ];
        let text = lines(&table("h", &figures));
        assert_eq!(text.matches("held").count(), 2, "{text}");
        assert!(text.contains("missed by 0.50"), "{text}");
        assert!(text.contains("missed by 88 bytes"), "{text}");
    }

    #[test]
    fn a_peer_that_is_ahead_in_one_figure_is_named() {
        let figures = [
            ("floor", "start", 2.0),
            ("ours", "start", 2.0),
            ("rmcp", "start", 3.0),
            ("ours", "memory", 6000.0),
            ("rmcp", "memory", 5500.0),
            ("fastmcp", "memory", 80_000.0),
        ];
        let text = lines(&table("j", &figures));
        assert!(
            text.contains("best peer (rmcp): 2.00, target ≤ 3.00: held"),
            "{text}"
        );
        assert!(
            text.contains("best peer (rmcp): 6000, target ≤ 5500: missed by 500"),
            "{text}"
        );
    }

    #[test]
    fn building_must_be_no_worse_than_rmcp() {
        let figures = [
            ("ours", "cold", 50.0),
            ("rmcp", "cold", 40.0),
            ("ours", "crates", 90.0),
            ("rmcp", "crates", 100.0),
        ];
        let text = lines(&table("build", &figures));
        assert!(
            text.contains("missed by 10.0") && text.contains("held by 10"),
            "{text}"
        );
    }
}
