use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::*;

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Note {
    id: i64,
    text: String,
}

#[test]
fn rows_and_parameters_are_what_serde_makes_of_them() {
    for (_directory, stores) in both() {
        let db = with_table(&stores);
        let put = |id, text: &str| Note {
            id,
            text: text.to_owned(),
        };
        let insert = "INSERT INTO notes VALUES (:id, :text)";
        assert_eq!(db.execute(insert, put(1, "one")).wait(), Ok(1));
        let map = BTreeMap::from([("id", "2"), ("text", "two")]);
        assert_eq!(db.execute(insert, &map).wait(), Ok(1));
        let in_order = "INSERT INTO notes VALUES (?1, ?2)";
        assert_eq!(db.execute(in_order, (3, "three")).wait(), Ok(1));
        let all = "SELECT id, text FROM notes ORDER BY id";
        let notes: Vec<Note> = db.query(all, ()).wait().unwrap();
        assert_eq!(notes, [put(1, "one"), put(2, "two"), put(3, "three")]);
        let tuples: Vec<(i64, String)> = db.query(all, ()).wait().unwrap();
        assert_eq!(tuples[2], (3, "three".to_owned()));
        let texts = db.query::<String>("SELECT text FROM notes WHERE id > ?1 ORDER BY id", 1);
        assert_eq!(texts.wait().unwrap(), ["two", "three"]);
        let none = db.query_one::<Note>("SELECT * FROM notes WHERE id = ?1", [9]);
        assert_eq!(none.wait(), Ok(None));
        let null = db.query_one::<Option<i64>>("SELECT NULL", ());
        assert_eq!(null.wait(), Ok(Some(None)));
        let made = db.query_one::<i64>("INSERT INTO notes (text) VALUES (?1) RETURNING id", ["x"]);
        assert_eq!(made.wait(), Ok(Some(4)));
    }
}

#[test]
fn what_does_not_fit_is_said() {
    let stores = Stores::in_memory(&StoreOptions::default());
    let db = with_table(&stores);
    let said = |error: crate::store::StoreError| error.to_string();
    let few = db.execute("INSERT INTO notes VALUES (?1, ?2)", [1]).wait();
    assert_eq!(
        said(few.unwrap_err()),
        "the statement takes 2 parameters and was given 1"
    );
    let many = db.execute("DELETE FROM notes", [1]).wait();
    assert_eq!(
        said(many.unwrap_err()),
        "the statement takes 0 parameters and was given 1"
    );
    let unnamed = db.execute(
        "INSERT INTO notes VALUES (:id, :text)",
        BTreeMap::from([("id", 1)]),
    );
    let unnamed = said(unnamed.wait().unwrap_err());
    assert!(unnamed.contains("2 parameters and 1"), "{unnamed}");
    assert!(said(db.execute("DELETE FROM nots", ()).wait().unwrap_err()).contains("nots"));
    db.execute("INSERT INTO notes VALUES (1, 'a')", ())
        .wait()
        .unwrap();
    let twice = db.execute("INSERT INTO notes VALUES (2, 'a')", ()).wait();
    assert!(twice.unwrap_err().is_constraint());
    let number = db.query_one::<i64>("SELECT text FROM notes", ()).wait();
    assert!(number.unwrap_err().is_type());
    // A double-quoted word is a name, and never a text by mistake.
    assert!(db.query::<String>("SELECT \"missing\"", ()).wait().is_err());
}

#[test]
fn a_tool_has_its_own_tables_and_no_others() {
    for (_directory, stores) in both() {
        let db = with_table(&stores);
        kv(&stores).put("secret", &1).wait().unwrap();
        let refused = [
            ("ATTACH DATABASE 'other.sqlite' AS other", "ATTACH"),
            ("DETACH DATABASE main", "ATTACH"),
            ("PRAGMA journal_mode = DELETE", "journal_mode"),
            ("PRAGMA synchronous = OFF", "synchronous"),
            ("PRAGMA max_page_count = 1000000", "max_page_count"),
            ("PRAGMA writable_schema = ON", "writable_schema"),
            ("PRAGMA user_version = 99", "user_version"),
            ("PRAGMA locking_mode = NORMAL", "locking_mode"),
            ("SELECT load_extension('x')", "extension"),
            ("BEGIN", "Db::transaction"),
            ("COMMIT", "Db::transaction"),
            ("ROLLBACK", "Db::transaction"),
            ("SAVEPOINT mine", "Db::transaction"),
            ("COMMIT -- toolsmith_", "Db::transaction"),
            ("CREATE TEMP TABLE t (a)", "use a table"),
            ("SELECT * FROM toolsmith_kv", "toolsmith_kv"),
            ("SELECT * FROM Toolsmith_KV", "toolsmith_"),
            ("DELETE FROM toolsmith_kv", "toolsmith_kv"),
            ("UPDATE toolsmith_about SET value = 1", "toolsmith_about"),
            ("DROP TABLE toolsmith_kv", "toolsmith_"),
            ("CREATE TABLE toolsmith_mine (a)", "toolsmith_mine"),
            ("CREATE INDEX i ON toolsmith_kv (value)", "toolsmith_kv"),
            (
                "CREATE TRIGGER t AFTER INSERT ON toolsmith_kv BEGIN SELECT 1; END",
                "toolsmith_kv",
            ),
            ("ALTER TABLE toolsmith_kv RENAME TO mine", "toolsmith_"),
            // The very words of a statement of the library's own.
            (
                "SELECT value FROM toolsmith_kv WHERE key = ?1 AND (expires IS NULL OR expires > ?2)",
                "toolsmith_kv",
            ),
        ];
        for (sql, word) in refused {
            for error in [
                db.execute(sql, ()).wait().unwrap_err(),
                db.query::<i64>(sql, ()).wait().unwrap_err(),
                db.execute_batch(sql).wait().unwrap_err(),
            ] {
                assert!(error.is_denied(), "{sql}: {error:?}");
                assert!(error.to_string().contains(word), "{sql}: {error}");
            }
        }
        assert!(db.execute("VACUUM INTO 'copy.sqlite'", ()).wait().is_err());
        assert_eq!(kv(&stores).get("secret").wait(), Ok(Some(1)));
        let columns = db.query::<String>("SELECT name FROM pragma_table_info('notes')", ());
        assert_eq!(columns.wait().unwrap(), ["id", "text"]);
    }
}

#[test]
fn a_trigger_or_a_view_may_do_no_more_than_its_statement() {
    let stores = Stores::in_memory(&StoreOptions::default());
    let db = with_table(&stores);
    let trigger = "CREATE TRIGGER spy AFTER INSERT ON notes BEGIN DELETE FROM toolsmith_kv; END";
    kv(&stores).put("k", &1).wait().unwrap();
    // Whether it is refused when it is made or when it runs is SQLite's to say.
    if db.execute_batch(trigger).wait().is_ok() {
        let fired = db
            .execute("INSERT INTO notes (text) VALUES ('a')", ())
            .wait();
        assert!(fired.unwrap_err().is_denied());
    }
    let view = "CREATE VIEW spies AS SELECT * FROM toolsmith_kv";
    if db.execute_batch(view).wait().is_ok() {
        let seen = db.query::<String>("SELECT key FROM spies", ()).wait();
        assert!(seen.unwrap_err().is_denied());
    }
    assert_eq!(kv(&stores).get("k").wait(), Ok(Some(1)));
}

#[test]
fn a_query_gives_no_more_than_there_is_room_for() {
    let stores = Stores::in_memory(&StoreOptions::default());
    let db = stores.db("acme");
    let numbers = |most: u32| {
        format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {most}) SELECT i FROM n"
        )
    };
    assert_eq!(
        db.query::<i64>(numbers(100_000), ()).wait().unwrap().len(),
        100_000
    );
    assert!(
        db.query::<i64>(numbers(100_001), ())
            .wait()
            .unwrap_err()
            .is_too_large()
    );
    let large = db
        .query::<serde_json::Value>("SELECT zeroblob(20 << 20)", ())
        .wait();
    assert!(large.unwrap_err().is_too_large());
    let sum = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT hex(zeroblob(7000000)) FROM n";
    assert!(
        db.query::<String>(sum, ())
            .wait()
            .unwrap_err()
            .is_too_large()
    );
}
