use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::*;
use crate::store::StoreError;

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Visit {
    name: String,
    tags: Vec<String>,
}

#[test]
fn what_is_put_is_there_until_it_is_deleted() {
    for (_directory, stores) in both() {
        let kv = kv(&stores);
        let visit = Visit {
            name: "Ada".to_owned(),
            tags: vec!["a".to_owned()],
        };
        assert_eq!(kv.get::<Visit>("v").wait(), Ok(None));
        kv.put("v", &visit).wait().unwrap();
        assert_eq!(kv.get("v").wait(), Ok(Some(visit)));
        kv.put("v", "other").wait().unwrap();
        assert_eq!(kv.get("v").wait(), Ok(Some("other".to_owned())));
        assert!(kv.get::<u32>("v").wait().unwrap_err().is_type());
        assert_eq!(kv.delete("v").wait(), Ok(true));
        assert_eq!(kv.delete("v").wait(), Ok(false));
        assert_eq!(kv.get::<String>("v").wait(), Ok(None));
    }
}

#[test]
fn tenants_have_keys_of_their_own() {
    for (_directory, stores) in both() {
        stores.kv("acme").put("k", &1).wait().unwrap();
        stores.kv("globex").put("k", &2).wait().unwrap();
        assert_eq!(stores.kv("acme").get("k").wait(), Ok(Some(1)));
        assert_eq!(stores.kv("globex").get("k").wait(), Ok(Some(2)));
        assert_eq!(stores.kv("initech").get::<i32>("k").wait(), Ok(None));
    }
}

#[test]
fn a_list_has_what_begins_so_in_order_and_page_by_page() {
    let stores = Stores::in_memory(&StoreOptions::default());
    let kv = kv(&stores);
    for key in ["b/2", "a/1", "b/10", "b/\u{10ffff}", "c", "b", "b/1"] {
        kv.put(key, key).wait().unwrap();
    }
    let keys = |listed: Vec<(String, String)>| {
        let same = listed.into_iter().map(|(key, value)| {
            assert_eq!(key, value);
            key
        });
        same.collect::<Vec<_>>()
    };
    let all = keys(kv.list("b/").wait().unwrap());
    assert_eq!(all, ["b/1", "b/10", "b/2", "b/\u{10ffff}"]);
    let page = keys(kv.list_after("b/", "b/1", 2).wait().unwrap());
    assert_eq!(page, ["b/10", "b/2"]);
    assert_eq!(keys(kv.list("").wait().unwrap()).len(), 7);
    assert!(kv.list::<String>("d").wait().unwrap().is_empty());
}

#[test]
fn only_what_is_expected_is_changed() {
    let stores = Stores::in_memory(&StoreOptions::default());
    let kv = kv(&stores);
    let set = |expected: Option<&u32>, value: Option<&u32>| {
        kv.compare_and_set("k", expected, value).wait().unwrap()
    };
    assert!(!set(Some(&1), Some(&2)), "there is none yet");
    assert!(set(None, Some(&1)));
    assert!(!set(None, Some(&2)), "there is one");
    assert!(set(Some(&1), Some(&2)));
    assert!(!set(Some(&1), None), "it is 2");
    assert_eq!(kv.get("k").wait(), Ok(Some(2)));
    assert!(set(Some(&2), None));
    assert_eq!(kv.get::<u32>("k").wait(), Ok(None));
    // The order of members is not a difference.
    let map = |names: [&str; 2]| HashMap::from(names.map(|name| (name.to_owned(), 1)));
    kv.put("m", &serde_json::json!({ "x": 1, "y": 1 }))
        .wait()
        .unwrap();
    let (expected, value) = (map(["y", "x"]), map(["a", "b"]));
    let changed = kv
        .compare_and_set("m", Some(&expected), Some(&value))
        .wait();
    assert_eq!(changed, Ok(true));
}

#[test]
fn of_many_who_expect_the_same_one_wins() {
    for (_directory, stores) in both() {
        let kv = kv(&stores);
        let tries: Vec<_> = (0..100)
            .map(|number| kv.compare_and_set("seat", None, Some(&number)))
            .collect();
        let won: Vec<_> = tries.into_iter().map(|it| it.wait().unwrap()).collect();
        let winners: Vec<_> = (0..100).filter(|number| won[*number as usize]).collect();
        assert_eq!(winners.len(), 1, "{winners:?}");
        assert_eq!(kv.get("seat").wait(), Ok(Some(winners[0])));
    }
}

#[test]
fn what_has_a_time_is_gone_after_it_and_leaves_nothing() {
    let stores = Stores::in_memory(&StoreOptions::default());
    let kv = kv(&stores);
    for number in 0..10 {
        let soon = kv.put_for(format!("gone/{number}"), &number, Duration::ZERO);
        soon.wait().unwrap();
    }
    kv.put_for("kept", &1, Duration::from_secs(3600))
        .wait()
        .unwrap();
    assert_eq!(kv.get::<i32>("gone/1").wait(), Ok(None));
    assert_eq!(kv.list::<i32>("gone").wait(), Ok(Vec::new()));
    assert_eq!(kv.get("kept").wait(), Ok(Some(1)));
    assert_eq!(kv.delete("gone/9").wait(), Ok(false));
    assert_eq!(
        kv.compare_and_set("gone/9", None, Some(&5)).wait(),
        Ok(true)
    );
    let rows = stores.ask(
        "acme",
        crate::store::work::Lane::System,
        None,
        |connection| {
            let mut count = connection.own("SELECT count(*) FROM toolsmith_kv")?;
            Ok(count.query_row([], |row| row.get::<_, i64>(0))?)
        },
    );
    assert_eq!(rows.wait(), Ok(2), "what was over is still kept");
    // A value that is put without a time has none.
    kv.put("kept", &2).wait().unwrap();
    assert_eq!(kv.get("kept").wait(), Ok(Some(2)));
}

#[test]
fn a_transaction_is_whole_or_nothing() {
    for (_directory, stores) in both() {
        let kv = kv(&stores);
        kv.put("a", &1).wait().unwrap();
        let failed = kv.transaction(|kv| {
            kv.put("a", &2)?;
            kv.put("b", &2)?;
            Err::<(), _>(StoreError::own("no"))
        });
        let failed = failed.wait().unwrap_err();
        assert!(failed.is_own() && failed.to_string() == "no", "{failed:?}");
        assert_eq!(kv.get("a").wait(), Ok(Some(1)));
        assert_eq!(kv.get::<i32>("b").wait(), Ok(None));
        let panicked = kv.transaction(|kv| -> Result<(), StoreError> {
            kv.put("a", &3)?;
            panic!("on purpose")
        });
        assert_eq!(
            panicked.wait().unwrap_err().to_string(),
            "a transaction panicked and was undone"
        );
        assert_eq!(kv.get("a").wait(), Ok(Some(1)), "and the store goes on");
    }
}

#[test]
fn keys_and_values_have_bounds() {
    let stores = Stores::in_memory(&StoreOptions::default());
    let kv = kv(&stores);
    let long = "k".repeat(512);
    kv.put(long.clone(), &1).wait().unwrap();
    assert_eq!(kv.get(long.clone()).wait(), Ok(Some(1)));
    for key in [String::new(), long + "k"] {
        assert!(kv.put(key, &1).wait().unwrap_err().is_too_large());
    }
    let most = "v".repeat((1 << 20) - 2);
    kv.put("v", &most).wait().unwrap();
    assert!(
        kv.put("v", &(most + "v"))
            .wait()
            .unwrap_err()
            .is_too_large()
    );
}

#[test]
fn the_database_and_the_keys_are_changed_in_one_transaction() {
    let stores = Stores::in_memory(&StoreOptions::default());
    let db = with_table(&stores);
    let failed = db.transaction(|db| {
        db.execute("INSERT INTO notes (text) VALUES (?1)", ["a"])?;
        db.kv().put("notes", &1)?;
        Err::<(), _>(StoreError::own("no"))
    });
    assert!(failed.wait().unwrap_err().is_own());
    assert_eq!(
        (count(&db), kv(&stores).get::<i32>("notes").wait()),
        (0, Ok(None))
    );
    let done = db.transaction(|db| {
        db.execute("INSERT INTO notes (text) VALUES (?1)", ["a"])?;
        db.kv().put("notes", &1)
    });
    done.wait().unwrap();
    assert_eq!(
        (count(&db), kv(&stores).get("notes").wait()),
        (1, Ok(Some(1)))
    );
}
