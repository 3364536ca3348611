//! The documented table of errors and the one in the code are the same.

use toolsmith_core::protocol::ErrorKind;

#[test]
fn logs_and_metrics_name_a_kind_in_small_letters() {
    for row in ErrorKind::TABLE {
        let kind = format!("{:?}", row.kind);
        assert_eq!(row.name.replace('_', ""), kind.to_lowercase());
        assert_eq!(row.name, row.name.to_lowercase(), "{kind}");
    }
    assert_eq!(ErrorKind::CallTimeout.name(), "call_timeout");
}

#[test]
fn the_page_on_errors_is_the_table_in_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors.md");
    let page = std::fs::read_to_string(path).unwrap();
    let documented: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains("| -3"))
        .collect();
    let rows: Vec<String> = ErrorKind::TABLE
        .iter()
        .map(|row| {
            format!(
                "| {:?} | {} | {} | {} | {} |",
                row.kind, row.code, row.legacy_status, row.modern_status, row.meaning
            )
        })
        .collect();
    assert_eq!(
        documented, rows,
        "docs/errors.md must list exactly the rows of ErrorKind::TABLE"
    );
}
