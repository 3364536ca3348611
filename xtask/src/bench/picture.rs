//! The figures as bars, in SVG, for light and dark pages.

use super::report::number;
use super::results::{Results, Table};
use super::workload::Better;

const WIDTH: usize = 1240;
const COLUMN: usize = 600;
const NAMES: usize = 250;
const BARS: usize = 240;
const LINE: usize = 20;
const HEADING: usize = 34;
const TOP: usize = 56;

const STYLE: &str = "\
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.title { font-weight: 600; }
.ours { fill: #0969da; } .floor { fill: #8c959f; } .peer { fill: #bf8700; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .ours { fill: #58a6ff; } .floor { fill: #6e7681; } .peer { fill: #d29922; }
}
";

/// Draws what subjects are compared by in each workload.
pub(super) fn draw(results: &Results) -> String {
    let mut columns = [(TOP, String::new()), (TOP, String::new())];
    for table in results.tables.iter().filter(|it| !it.rows.is_empty()) {
        let shorter = usize::from(columns[1].0 < columns[0].0);
        let (y, drawn) = &mut columns[shorter];
        drawn.push_str(&group(table, 20 + shorter * COLUMN, *y));
        *y += HEADING + table.rows.len() * LINE;
    }
    let height = columns[0].0.max(columns[1].0) + LINE;
    let head = format!(
        "A longer bar is better; the longest is the best of its workload. {}, commit {}",
        results.machine.date, results.machine.commit
    );
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n<style>\n{STYLE}</style>\n{}{}{}</svg>\n",
        words(20, 28, "", &head),
        columns[0].1,
        columns[1].1
    )
}

fn group(table: &Table, x: usize, y: usize) -> String {
    let Some(figure) = table.figures.first() else {
        return String::new();
    };
    let median = |subject: &str| Some(table.spread(subject, figure.key)?.median);
    let values = table.rows.iter().filter_map(|row| median(row.subject));
    let less = figure.better == Better::Less;
    let best = if less {
        values.fold(f64::INFINITY, f64::min)
    } else {
        values.fold(0.0, f64::max)
    };
    let title = format!("{}: {}, {}", table.workload, table.title, figure.title);
    let mut drawn = words(x, y + 20, "title", &title);
    for (index, row) in table.rows.iter().enumerate() {
        let middle = y + HEADING + index * LINE;
        drawn.push_str(&words(x, middle + 5, "", row.name));
        let Some(value) = median(row.subject) else {
            drawn.push_str(&words(x + NAMES, middle + 5, "", "–"));
            continue;
        };
        let share = if less { best / value } else { value / best };
        let length = (share * BARS as f64).max(1.0);
        let class = match row.subject {
            "floor" => "floor",
            it if it.starts_with("ours") => "ours",
            _ => "peer",
        };
        drawn.push_str(&format!(
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{length:.1}\" height=\"14\" rx=\"2\"/>\n",
            x + NAMES,
            middle - 6
        ));
        let end = x + NAMES + length as usize + 6;
        drawn.push_str(&words(end, middle + 5, "", &number(figure, value)));
    }
    drawn
}

fn words(x: usize, y: usize, class: &str, text: &str) -> String {
    let text = text.replace('`', "");
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let class = match class {
        "" => String::new(),
        class => format!(" class=\"{class}\""),
    };
    format!("<text x=\"{x}\" y=\"{y}\"{class}>{text}</text>\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::results::Row;
    use crate::bench::workload;

    fn table(id: &str, values: &[(&'static str, &'static str, f64)]) -> Table {
        let workload = workload::ALL.iter().find(|it| it.id == id).unwrap();
        let mut table = Table::new(workload);
        for (subject, key, value) in values {
            let mut row = Row {
                subject,
                name: subject,
                ..Row::default()
            };
            row.push(key, *value);
            table.rows.push(row);
        }
        table.rows.push(Row {
            subject: "me",
            name: "<me>",
            ..Row::default()
        });
        table
    }

    #[test]
    fn every_subject_has_a_bar_as_long_as_it_is_good() {
        let drawn = group(
            &table("a", &[("floor", "rate", 200.0), ("ours", "rate", 100.0)]),
            0,
            0,
        );
        assert_eq!(drawn.matches("<rect").count(), 2, "{drawn}");
        assert!(
            drawn.contains("class=\"floor\"") && drawn.contains("width=\"240.0\""),
            "{drawn}"
        );
        assert!(
            drawn.contains("class=\"ours\"") && drawn.contains("width=\"120.0\""),
            "{drawn}"
        );
        assert!(drawn.contains("&lt;me>") && drawn.contains('–'), "{drawn}");
    }

    #[test]
    fn of_times_the_shortest_has_the_longest_bar() {
        let times = [("floor", "p50", 20.0), ("rmcp", "p50", 80.0)];
        let drawn = group(&table("c-modern-1", &times), 0, 0);
        assert!(
            drawn.contains("class=\"floor\" x=\"250\" y=\"28\" width=\"240.0\""),
            "{drawn}"
        );
        assert!(
            drawn.contains("class=\"peer\" x=\"250\" y=\"48\" width=\"60.0\""),
            "{drawn}"
        );
    }
}
