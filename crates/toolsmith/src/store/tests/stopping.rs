use std::sync::mpsc;

use super::*;

const ENDLESS: &str =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

#[test]
fn what_nobody_waits_for_any_more_is_stopped() {
    for (_directory, stores) in both() {
        let db = with_table(&stores);
        let (begun, begins) = mpsc::channel();
        let endless = db.transaction(move |db| {
            db.execute("INSERT INTO notes (text) VALUES ('undone')", ())?;
            let _ = begun.send(());
            db.query_one::<i64>(ENDLESS, ())
        });
        begins.recv().unwrap();
        let waits = db.execute("INSERT INTO notes (text) VALUES ('done')", ());
        let never_begun = db.execute("INSERT INTO notes (text) VALUES ('never')", ());
        drop(never_begun);
        drop(endless);
        assert_eq!(waits.wait(), Ok(1));
        assert_eq!(count(&db), 1);
    }
}

/// SQLite undoes the whole transaction when it stops a statement that writes.
#[test]
fn those_of_the_same_burst_are_done_all_the_same() {
    for (_directory, stores) in both() {
        let db = with_table(&stores);
        let (release, wait) = mpsc::channel::<()>();
        let (begun, begins) = mpsc::channel();
        let first = db.transaction(move |_| {
            let _ = wait.recv();
            Ok(())
        });
        let add = |text: &'static str| db.execute("INSERT INTO notes (text) VALUES (?1)", [text]);
        let before = add("before");
        let endless = db.transaction(move |db| {
            let _ = begun.send(());
            let sql = format!(
                "INSERT INTO notes (text) SELECT i FROM ({})",
                ENDLESS.replace("count(*)", "i")
            );
            db.execute(&sql, ())
        });
        let after = add("after");
        drop(release);
        begins.recv().unwrap();
        drop(endless);
        first.wait().unwrap();
        assert_eq!((before.wait(), after.wait()), (Ok(1), Ok(1)));
        assert_eq!(count(&db), 2);
    }
}
