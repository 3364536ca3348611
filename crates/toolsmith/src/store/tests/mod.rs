//! What a tenant's store keeps and refuses, on disk and in memory.

mod bursts;
mod durable;
mod files;
mod keys;
mod room;
mod sql;
mod stopping;

use std::path::Path;

use super::{Db, Kv, StoreOptions, Stores};

/// Stores on disk and in memory, for what is to be the same in both.
fn both() -> [(tempfile::TempDir, Stores); 2] {
    let (one, other) = (directory(), directory());
    let on_disk = on_disk(one.path());
    [
        (one, on_disk),
        (other, Stores::in_memory(&StoreOptions::default())),
    ]
}

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn on_disk(path: &Path) -> Stores {
    Stores::open(path, &StoreOptions::default()).unwrap()
}

/// The database of a tenant with a table to write to.
fn with_table(stores: &Stores) -> Db {
    let db = stores.db("acme");
    db.execute_batch("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE)")
        .wait()
        .unwrap();
    db
}

fn count(db: &Db) -> i64 {
    let count = db.query_one("SELECT count(*) FROM notes", ()).wait();
    count.unwrap().unwrap()
}

fn kv(stores: &Stores) -> Kv {
    stores.kv("acme")
}
