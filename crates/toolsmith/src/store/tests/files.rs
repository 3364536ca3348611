use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::*;

/// All files of tenants.
pub(super) fn files(directory: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    let mut folders = vec![directory.join("tenants")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => all.push(path),
            }
        }
    }
    all.sort();
    all
}

/// The one file of a tenant.
fn file_of_acme(directory: &Path) -> PathBuf {
    let stores = on_disk(directory);
    kv(&stores).put("k", &1).wait().unwrap();
    drop(stores);
    let all = files(directory);
    assert_eq!(all.len(), 1, "closed, it has no log: {all:?}");
    all[0].clone()
}

#[test]
fn what_was_kept_is_there_when_the_directory_is_opened_again() {
    let directory = directory();
    let stores = on_disk(directory.path());
    let db = with_table(&stores);
    db.execute("INSERT INTO notes (text) VALUES ('a')", ())
        .wait()
        .unwrap();
    kv(&stores).put("k", &1).wait().unwrap();
    drop((stores, db));
    let stores = on_disk(directory.path());
    assert_eq!(kv(&stores).get("k").wait(), Ok(Some(1)));
    assert_eq!(count(&stores.db("acme")), 1);
}

#[test]
fn no_tenant_can_name_a_place() {
    let directory = directory();
    let stores = on_disk(directory.path());
    let names = [
        "../../etc/passwd",
        "a/b",
        "..",
        "",
        "con",
        "nul\0",
        "ACME",
        "acme",
        "ä",
    ];
    for (number, name) in names.iter().enumerate() {
        stores.kv(name).put("k", &number).wait().unwrap();
    }
    for (number, name) in names.iter().enumerate() {
        assert_eq!(
            stores.kv(name).get("k").wait(),
            Ok(Some(number)),
            "{name:?}"
        );
    }
    drop(stores);
    let all = files(directory.path());
    assert_eq!(all.len(), names.len());
    for file in all {
        let name = file.file_name().unwrap().to_str().unwrap();
        let hash = name.strip_suffix(".sqlite").unwrap();
        assert!(
            hash.len() == 64 && hash.bytes().all(|it| it.is_ascii_hexdigit()),
            "{name}"
        );
    }
}

#[cfg(unix)]
#[test]
fn what_is_kept_is_for_this_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let outer = directory();
    let directory = outer.path().join("data");
    let file = file_of_acme(&directory);
    for folder in [
        &directory,
        &directory.join("tenants"),
        file.parent().unwrap(),
    ] {
        let mode = fs::metadata(folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{}", folder.display());
    }
}

#[test]
fn one_process_at_a_time_has_the_directory() {
    let directory = directory();
    let stores = on_disk(directory.path());
    let second = Stores::open(directory.path(), &StoreOptions::default());
    let said = format!("{:?}", second.unwrap_err());
    let number = std::process::id().to_string();
    assert!(
        said.contains("in use by another process") && said.contains(&number),
        "{said}"
    );
    drop(stores);
    on_disk(directory.path());
}

#[test]
fn a_directory_that_cannot_be_used_is_refused_at_once() {
    let directory = directory();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let said = format!(
        "{:?}",
        Stores::open(&file, &StoreOptions::default()).unwrap_err()
    );
    assert!(
        said.contains("cannot be used") && said.contains("--data"),
        "{said}"
    );
}

#[test]
fn a_file_of_a_later_version_is_refused_and_left_as_it_is() {
    let directory = directory();
    let file = file_of_acme(directory.path());
    let db = rusqlite::Connection::open(&file).unwrap();
    db.pragma_update(None, "user_version", 999).unwrap();
    db.pragma_update(None, "journal_mode", "DELETE").unwrap();
    drop(db);
    let before = fs::read(&file).unwrap();
    let stores = on_disk(directory.path());
    let error = kv(&stores).get::<i32>("k").wait().unwrap_err();
    assert!(error.is_newer(), "{error:?}");
    assert!(error.to_string().contains("999"), "{error}");
    stores.kv("globex").put("k", &1).wait().unwrap();
    drop(stores);
    assert_eq!(fs::read(&file).unwrap(), before, "it was changed");
}

#[test]
fn a_damaged_file_is_an_error_of_its_tenant_alone() {
    let directory = directory();
    let file = file_of_acme(directory.path());
    let foreign = {
        let path = directory.path().join("foreign");
        let db = rusqlite::Connection::open(&path).unwrap();
        db.execute_batch("CREATE TABLE mine (a)").unwrap();
        drop(db);
        fs::read(path).unwrap()
    };
    let other = {
        let stores = on_disk(directory.path());
        stores.kv("globex").put("k", &1).wait().unwrap();
        drop(stores);
        let all = files(directory.path());
        fs::read(all.iter().find(|it| **it != file).unwrap()).unwrap()
    };
    for damaged in [
        b"no database at all, whatever its name says".to_vec(),
        foreign,
        other,
    ] {
        fs::write(&file, &damaged).unwrap();
        let stores = on_disk(directory.path());
        for _ in 0..2 {
            let error = kv(&stores).get::<i32>("k").wait().unwrap_err();
            assert!(error.is_damaged(), "{error:?}");
        }
        let fine = stores.kv("globex");
        fine.put("k", &2).wait().unwrap();
        drop((stores, fine));
        assert_eq!(fs::read(&file).unwrap(), damaged, "it was changed");
    }
}

#[test]
fn what_nobody_uses_is_closed_and_opened_again() {
    let directory = directory();
    let options = StoreOptions {
        idle: Duration::from_millis(20),
        ..StoreOptions::default()
    };
    let stores = Stores::open(directory.path(), &options).unwrap();
    for number in 0..20 {
        let tenant = stores.kv(&format!("t{number}"));
        tenant.put("k", &number).wait().unwrap();
    }
    let closed = || stores.open_stores() == 0;
    let mut looks = 0;
    while !closed() {
        looks += 1;
        assert!(looks < 1000, "{stores:?}");
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(10));
    }
    assert_eq!(files(directory.path()).len(), 20, "no log is left");
    for number in 0..20 {
        let tenant = stores.kv(&format!("t{number}"));
        assert_eq!(tenant.get("k").wait(), Ok(Some(number)));
    }
}

#[test]
fn no_more_are_open_than_there_is_room_for() {
    let directory = directory();
    let options = StoreOptions {
        memory: 0,
        ..StoreOptions::default()
    };
    let stores = Stores::open(directory.path(), &options).unwrap();
    assert_eq!(stores.most_open(), 8);
    for round in 0..3 {
        for number in 0..50 {
            let tenant = stores.kv(&format!("t{number}"));
            tenant.put("k", &(number + round)).wait().unwrap();
            assert!(stores.open_stores() <= 8, "{stores:?}");
        }
    }
    for number in 0..50 {
        let tenant = stores.kv(&format!("t{number}"));
        assert_eq!(tenant.get("k").wait(), Ok(Some(number + 2)));
    }
    // Many at once are all served, too.
    let all: Vec<_> = (0..50)
        .map(|number| stores.kv(&format!("t{number}")).put("k", &number))
        .collect();
    all.into_iter().for_each(|it| it.wait().unwrap());
}

#[test]
fn in_memory_nothing_is_lost_to_make_room() {
    let options = StoreOptions {
        memory: 0,
        ..StoreOptions::default()
    };
    let stores = Stores::in_memory(&options);
    for number in 0..8 {
        stores
            .kv(&format!("t{number}"))
            .put("k", &number)
            .wait()
            .unwrap();
    }
    let ninth = stores.kv("t8").put("k", &8).wait().unwrap_err();
    assert!(
        ninth.is_busy() && ninth.to_string().contains("--data"),
        "{ninth}"
    );
    for number in 0..8 {
        let tenant = stores.kv(&format!("t{number}"));
        assert_eq!(tenant.get("k").wait(), Ok(Some(number)));
    }
}

#[test]
fn the_log_of_a_file_has_a_bound() {
    let directory = directory();
    let stores = on_disk(directory.path());
    let kv = kv(&stores);
    let value = "v".repeat(100_000);
    let mut longest = 0;
    for number in 0..200 {
        kv.put(format!("k{}", number % 10), &value).wait().unwrap();
        let logs = files(directory.path());
        let log = logs
            .iter()
            .find(|it| it.to_str().unwrap().ends_with("-wal"));
        longest = longest.max(log.map_or(0, |it| fs::metadata(it).unwrap().len()));
    }
    assert!(longest > 0, "there is a log while it is open");
    assert!(longest < 6 << 20, "{longest} bytes");
}
